"""`anos-sim ps`: processes and threads of a system that has been booted."""

from __future__ import annotations

import argparse
import json
from typing import Any

from anos_sim.hw.clock import PS_PER_NS
from anos_sim.stage3.abi import ThreadClass
from anos_sim.stage3.channel import Message, Receive
from anos_sim.stage3.kernel import Kernel
from anos_sim.stage3.notification import NotificationWait
from anos_sim.stage3.thread import Thread, ThreadState

from .duration import show_time
from .replay import add_moment_options, session_at
from .table import render


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "ps",
        help="boot until quiet and list processes and threads",
        description="Boot a system until it is quiet (or --for, --until, --at), or run a recording "
        "to --at; then list its processes and threads: class, state and what it waits for, CPU "
        "time, pages, capabilities.",
    )
    add_moment_options(parser)
    parser.add_argument("--json", action="store_true", help="as JSON, for scripts")
    parser.set_defaults(run=run_ps)


def run_ps(arguments: argparse.Namespace) -> int:
    """Do it; returns the exit status."""
    session, status = session_at(arguments)
    try:
        processes = describe_processes(session.kernel)
    finally:
        session.close()
    if arguments.json:
        print(json.dumps(processes, indent=2))
    else:
        print(_text(processes))
    return status


def describe_processes(kernel: Kernel) -> list[dict[str, Any]]:
    """Facts about all processes, in pid order, as plain data."""
    described = []
    for process in kernel.processes.values():
        threads = [_describe_thread(kernel, thread) for thread in process.threads]
        described.append(
            {
                "pid": process.pid,
                "name": process.name,
                "path": process.path,
                "parent": process.parent.pid if process.parent is not None else 0,
                "pages": sum(1 for _ in process.space.mappings()),
                "capabilities": sum(
                    1 for held in process.capabilities.values() if kernel.policy.name == "bearer"
                    or held.holder is process
                ),
                "cpu_ns": sum(thread["cpu_ns"] for thread in threads),
                "threads": threads,
            }
        )  # fmt: skip
    return described


def _describe_thread(kernel: Kernel, thread: Thread) -> dict[str, Any]:
    return {
        "tid": thread.tid,
        "class": ThreadClass(thread.thread_class).name,
        "state": thread.state.value,
        "waits_for": waits_for(kernel, thread),
        "cpu_ns": thread.cpu_ps // 1000,
        "cpu": thread.last_cpu.index if thread.last_cpu is not None else None,
    }


def waits_for(kernel: Kernel, thread: Thread) -> str:
    """What a thread waits for, for people."""
    on = thread.blocked_on
    if isinstance(on, Message):
        receiver = on.receiver
        return f"reply of {receiver}" if receiver is not None else f"receiver on {on.channel}"
    if isinstance(on, Receive) and on.channel is not None:
        names = kernel.names.of(on.channel)
        return f"message on {names[0] if names else on.channel}"
    if isinstance(on, NotificationWait):
        return str(on.notification)
    if thread.state is ThreadState.LOG:
        return "the kernel log"
    return str(on) if on is not None else ""


def _text(processes: list[dict[str, Any]]) -> str:
    rows = [["PID", "NAME", "TID", "CLASS", "STATE", "CPU TIME", "PAGES", "CAPS", "WAITS FOR"]]
    for process in processes:
        first = True
        for thread in process["threads"]:
            own = [str(process["pid"]), process["name"]] if first else ["", ""]
            counts = [str(process["pages"]), str(process["capabilities"])] if first else ["", ""]
            first = False
            cpu_time = show_time(thread["cpu_ns"] * PS_PER_NS)
            rows.append(
                [*own, str(thread["tid"]), thread["class"], thread["state"], cpu_time, *counts,
                 thread["waits_for"]]
            )  # fmt: skip
    return render(rows, right={0, 2, 5, 6, 7})
