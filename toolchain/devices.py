"""`anos-sim devices`: the PCI functions of a booted system, and who drives them."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from anos_sim.hw.machine import Machine
from anos_sim.hw.pci import Function
from anos_sim.stage3.kernel import Kernel

from .errors import UserError
from .replay import add_moment_options, session_at


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "devices",
        help="boot until quiet and show the PCI tree with its drivers",
        description="Boot a system until it is quiet (or --for, --until, --at), or run a recording "
        "to --at; then show its PCI functions as a tree: ids, class, memory, interrupts, and the "
        "process that drives each.",
    )
    add_moment_options(parser)
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="as JSON, for scripts")
    output.add_argument("--lspci", action="store_true", help="configuration space, for lspci -F")
    output.add_argument(
        "--dtb", metavar="FILE", help="write the flattened device tree, for dtc; riscv64 has one"
    )
    parser.set_defaults(run=run_devices)


def run_devices(arguments: argparse.Namespace) -> int:
    """Do it; returns the exit status."""
    session, status = session_at(arguments)
    try:
        devices = describe_devices(session.kernel)
        dump = session.machine.config_space_dump() if arguments.lspci else ""
        if arguments.dtb:
            _write_device_tree(session.machine, arguments.dtb)
            return status
    finally:
        session.close()
    if arguments.lspci:
        print(dump)
    elif arguments.json:
        print(json.dumps(devices, indent=2))
    else:
        print(_text(devices))
    return status


def _write_device_tree(machine: Machine, name: str) -> None:
    tree = machine.device_tree()
    if not tree:
        raise UserError(
            f"--dtb: on {machine.architecture.name} no device tree tells of the board, but ACPI "
            "tables; --arch riscv64 has both"
        )
    try:
        Path(name).write_bytes(tree)
    except OSError as error:
        raise UserError(f"--dtb: cannot write {name}: {error.strerror}") from None


def describe_devices(kernel: Kernel) -> list[dict[str, Any]]:
    """Facts about all functions, in bus order, as plain data."""
    drivers: dict[str, list[str]] = {}
    interrupts: dict[str, list[int]] = {}
    for process in kernel.processes.values():
        for function in process.functions:
            drivers.setdefault(function.bdf, []).append(str(process))
            vectors = interrupts.setdefault(function.bdf, [])
            vectors += [vector.number for vector in process.vectors]
    return [
        {
            "bdf": function.bdf,
            "name": function.name,
            "vendor": function.vendor,
            "device": function.device,
            "class": function.class_code,
            "behind": function.bus.bridge.bdf if function.bus.bridge is not None else None,
            "memory": _memory(function),
            "bus_master": function.bus_master,
            "vectors": interrupts.get(function.bdf, []),
            "drivers": drivers.get(function.bdf, []),
        }
        for function in kernel.machine.functions
    ]


def _memory(function: Function) -> list[dict[str, int]]:
    return [
        {"bar": bar.index, "address": function.bar_address(bar), "size_bytes": bar.size_bytes}
        for bar in function.bars
    ]


def _text(devices: list[dict[str, Any]]) -> str:
    depths: dict[str | None, int] = {None: 0}
    lines = []
    for device in devices:
        depth = depths[device["behind"]]
        depths[device["bdf"]] = depth + 1
        indent = "    " * depth
        ids = f"{device['vendor']:04x}:{device['device']:04x} class {device['class']:06x}"
        lines.append(f"{indent}{device['bdf']}  {ids}  {device['name']}")
        details = [
            f"BAR{memory['bar']} {memory['address']:#x}+{memory['size_bytes']:#x}"
            for memory in device["memory"]
        ]
        details += [f"vector {vector:#x}" for vector in device["vectors"]]
        details.append("driver " + (", ".join(device["drivers"]) or "none"))
        lines.append(f"{indent}         {'  '.join(details)}")
    return "\n".join(lines)
