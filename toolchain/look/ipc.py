"""`anos-sim ipc`: who talks to whom, how much, and how long it takes."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

import attrs

from anos_sim.toolchain.duration import show_time
from anos_sim.toolchain.table import render

from .source import add_source_options, consume

if TYPE_CHECKING:
    from .traffic import Way

PS_PER_NS = 1000


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "ipc",
        help="who talks to whom: messages, bytes, latencies",
        description="List who sent to whom over which channel: messages, bytes, and the time from "
        "send to reply (median, 99th percentile, virtual time). FAILED messages ended without an "
        "answer, OPEN ones wait for theirs.",
    )
    add_source_options(parser)
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="as JSON, for scripts")
    output.add_argument("--dot", action="store_true", help="as a graph for Graphviz")
    output.add_argument("--svg", action="store_true", help="as a picture")
    parser.set_defaults(run=run_ipc)


def run_ipc(arguments: argparse.Namespace) -> int:
    """Do it; returns the exit status."""
    from .traffic import Traffic

    traffic = Traffic()
    status = consume(arguments, traffic.hear)
    ways = traffic.ways()
    if arguments.json:
        print(json.dumps([_describe(way) for way in ways], indent=2))
    elif arguments.dot or arguments.svg:
        from .ipc_graph import to_dot, to_svg

        print(to_dot(ways) if arguments.dot else to_svg(ways), end="")
    else:
        print(_text(ways))
    return status


def _describe(way: Way) -> dict[str, object]:
    described: dict[str, object] = {}
    for name, value in attrs.asdict(way).items():
        if name.endswith("_ps"):
            described[name.removesuffix("_ps") + "_ns"] = (
                value / PS_PER_NS if value is not None else None
            )
        else:
            described[name] = value
    return described


def _text(ways: list[Way]) -> str:
    if not ways:
        return "no messages were sent"
    rows = [["CLIENT", "SERVER", "CHANNEL", "MESSAGES", "BYTES", "MEDIAN", "P99", "FAILED", "OPEN"]]
    for way in ways:
        names = [way.client, way.server, way.channel]
        counts = [str(way.messages), str(way.bytes), _time(way.median_ps), _time(way.p99_ps)]
        rows.append([*names, *counts, str(way.failed or ""), str(way.open or "")])
    return render(rows, right={3, 4, 5, 6, 7, 8})


def _time(time_ps: int | None) -> str:
    return show_time(time_ps) if time_ps is not None else "-"
