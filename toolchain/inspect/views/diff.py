"""`anos-sim caps diff --at T1 --at T2`: what has changed in between."""

from __future__ import annotations

import argparse
import json

from anos_sim.toolchain.errors import UserError
from anos_sim.toolchain.inspect.boot import graph_at
from anos_sim.toolchain.inspect.diff import compare, diff_data, diff_lines

from .options import add_run_options, print_lines


def add_parser(views: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the view."""
    parser = views.add_parser(
        "diff",
        help="what has changed between two moments",
        description="Show which capabilities appeared, went, moved or changed their rights between "
        "two moments of one run. With one --at: from there to the end.",
    )
    add_run_options(parser)
    parser.add_argument(
        "--at", action="append", default=[], metavar="MOMENT",
        help="a moment: a virtual time (20ms), or an event's number (#1234); twice",
    )  # fmt: skip
    parser.add_argument("--calls", action="store_true", help="every system call by itself")
    parser.add_argument("--json", action="store_true", help="as JSON, for scripts")
    parser.set_defaults(run=run_diff)


def run_diff(arguments: argparse.Namespace) -> int:
    """Do it; returns the exit status."""
    if len(arguments.at) not in (1, 2):
        raise UserError("caps diff compares two moments: give --at twice, as in --at 1ms --at 20ms")
    old, status = graph_at(arguments, arguments.at[0])
    new, status = graph_at(arguments, arguments.at[1] if len(arguments.at) == 2 else None)
    difference = compare(old, new)
    if arguments.json:
        print(json.dumps(diff_data(difference), indent=2))
    else:
        print_lines(diff_lines(difference, arguments.calls))
    return status
