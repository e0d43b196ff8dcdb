"""`anos-sim mem`: who has which memory, and what is left."""

from __future__ import annotations

import argparse
import json
from typing import Any

from anos_sim.hw.arch import PageBits
from anos_sim.hw.memory import FRAME_BYTES
from anos_sim.stage3.abi import PAGE_BYTES
from anos_sim.stage3.kernel import Kernel
from anos_sim.stage3.process import Process
from anos_sim.stage3.region import AUTOMAP

from .replay import add_moment_options, add_process_option, chosen_processes, session_at


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "mem",
        help="boot until quiet and show who has which memory",
        description="Boot a system until it is quiet (or --for, --until, --at), or run a recording "
        "to --at; then show the machine's frames, and each process's pages (own, shared with "
        "others or a message, of a device), what is mapped where, and its regions.",
    )
    add_moment_options(parser)
    add_process_option(parser)
    parser.add_argument("--json", action="store_true", help="as JSON, for scripts")
    parser.set_defaults(run=run_mem)


def run_mem(arguments: argparse.Namespace) -> int:
    """Do it; returns the exit status."""
    session, status = session_at(arguments)
    try:
        kernel = session.kernel
        machine = describe_machine(kernel)
        processes = [
            describe_process(kernel, each) for each in chosen_processes(kernel, arguments.process)
        ]
    finally:
        session.close()
    if arguments.json:
        print(json.dumps({"machine": machine, "processes": processes}, indent=2))
    else:
        print("\n\n".join([_machine_text(machine), *map(_process_text, processes)]))
    return status


def describe_machine(kernel: Kernel) -> dict[str, int]:
    """The machine's memory, in frames of 4 KiB."""
    memory, frames = kernel.memory, kernel.frames
    tables = (memory.end - memory.kernel_begin) // FRAME_BYTES
    return {
        "ram_bytes": memory.size_bytes,
        "frames": frames.total_count,
        "free_frames": frames.free_count,
        "table_frames": tables,
        "free_table_frames": kernel.physical.tables.free_count,
    }


def describe_process(kernel: Kernel, process: Process) -> dict[str, Any]:
    """A process's pages, counted by kind; what is mapped where; its regions."""
    counts = {"own": 0, "shared": 0, "device": 0}
    mappings: list[dict[str, Any]] = []
    frames, bits = kernel.frames, process.space.bits
    for address, entry in process.space.mappings():
        frame = bits.frame(entry)
        if entry & bits.device or not frames.is_managed(frame):
            kind = "device"
        else:
            kind = "own" if frames.counts[frame] == 1 else "shared"
        counts[kind] += 1
        rights = _rights(bits, entry)
        last = mappings[-1] if mappings else None
        if last and last["end"] == address and (last["rights"], last["kind"]) == (rights, kind):
            last["end"] = address + PAGE_BYTES
        else:
            end = address + PAGE_BYTES
            mappings.append({"start": address, "end": end, "rights": rights, "kind": kind})
    return {
        "pid": process.pid,
        "name": process.name,
        **counts,
        "dma_frames": sum(count for _, count in process.dma_runs),
        "mappings": mappings,
        "regions": [
            {"start": each.start, "end": each.end, "automap": bool(each.flags & AUTOMAP)}
            for each in process.space.regions.all()
        ],
    }


def _rights(bits: PageBits, entry: int) -> str:
    write = "c" if entry & bits.cow else "w" if entry & bits.write else "-"
    return "r" + write + ("x" if bits.may_execute(entry) else "-")


def _machine_text(machine: dict[str, int]) -> str:
    used = machine["frames"] - machine["free_frames"]
    tables = machine["table_frames"] - machine["free_table_frames"]
    return (
        f"{machine['ram_bytes'] >> 20} MiB of RAM: {used:,} of {machine['frames']:,} frames used, "
        f"{machine['free_frames']:,} free; {tables:,} of {machine['table_frames']:,} page tables"
    )


def _process_text(process: dict[str, Any]) -> str:
    pages = process["own"] + process["shared"] + process["device"]
    lines = [
        f"{process['name']}[{process['pid']}]: {pages:,} pages, {process['own']:,} own, "
        f"{process['shared']:,} shared, {process['device']:,} of devices"
        + (f"; {process['dma_frames']:,} frames for DMA" if process["dma_frames"] else "")
    ]
    for each in process["mappings"]:
        count = (each["end"] - each["start"]) // PAGE_BYTES
        where = f"{each['start']:#014x}-{each['end']:#014x}"
        lines.append(f"  {where} {each['rights']} {count:>6,} {each['kind']}")
    for each in process["regions"]:
        automap = "memory appears when touched" if each["automap"] else "reserved"
        lines.append(f"  {each['start']:#014x}-{each['end']:#014x} region: {automap}")
    return "\n".join(lines)
