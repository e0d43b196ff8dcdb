"""`anos-sim bt`: where every thread is, with names."""

from __future__ import annotations

import argparse
import json
from typing import Any

from anos_sim.hw.vcpu import ENTRY
from anos_sim.stage3.kernel import Kernel
from anos_sim.stage3.process import Process
from anos_sim.stage3.report import backtrace
from anos_sim.stage3.thread import Thread

from .ps import waits_for
from .replay import add_moment_options, add_process_option, chosen_processes, session_at


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "bt",
        help="boot until quiet and show the backtrace of every thread",
        description="Boot a system until it is quiet (or --for, --until, --at), or run a recording "
        "to --at; then show the backtrace of every thread, innermost function first.",
    )
    add_moment_options(parser)
    add_process_option(parser)
    parser.add_argument("--json", action="store_true", help="as JSON, for scripts")
    parser.set_defaults(run=run_bt)


def run_bt(arguments: argparse.Namespace) -> int:
    """Do it; returns the exit status."""
    session, status = session_at(arguments)
    try:
        kernel = session.kernel
        threads = [
            describe_thread(kernel, process, thread)
            for process in chosen_processes(kernel, arguments.process)
            for thread in process.threads
        ]
    finally:
        session.close()
    print(json.dumps(threads, indent=2) if arguments.json else "\n\n".join(map(_text, threads)))
    return status


def describe_thread(kernel: Kernel, process: Process, thread: Thread) -> dict[str, Any]:
    """Facts about a thread and its way there, as plain data."""
    registers = thread.registers.read()
    names = kernel.architecture
    pc = registers.get(names.pc, thread.registers.words[ENTRY])
    return {
        "pid": process.pid,
        "process": process.name,
        "tid": thread.tid,
        "state": thread.state.value,
        "waits_for": waits_for(kernel, thread),
        "frames": [
            {
                "address": address,
                "function": kernel.symbols.describe(process, address, number > 0).strip(),
            }
            for number, address in enumerate(backtrace(process, pc, registers, names))
        ],
    }


def _text(thread: dict[str, Any]) -> str:
    wait = f", waits for {thread['waits_for']}" if thread["waits_for"] else ""
    lines = [
        f"{thread['process']}[{thread['pid']}] thread {thread['tid']}: {thread['state']}{wait}"
    ]
    for number, frame in enumerate(thread["frames"]):
        lines.append(f"  #{number:<2} {frame['address']:#x} {frame['function']}".rstrip())
    return "\n".join(lines)
