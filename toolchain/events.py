"""`anos-sim events`: print a file of events, or some of it, as lines."""

from __future__ import annotations

import argparse
import sys

from anos_sim.stage3.events import Event, EventKind

from .duration import parse_duration
from .errors import UserError
from .event_file import EventFile


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "events",
        help="print the events that `run --events` has written",
        description="Print a file of events, one a line: number, virtual time in ns, CPU, process "
        "and thread, kind, details. docs/events.md tells the kinds.",
    )
    parser.add_argument(
        "file", metavar="FILE", help="what `anos-sim run --events FILE` has written"
    )
    parser.add_argument(
        "--kind", action="append", default=[], metavar="KIND", help="only this kind; again for more"
    )
    parser.add_argument(
        "--process", metavar="NAME", help="only of this process, by its name or its pid"
    )
    parser.add_argument(
        "--from", dest="begin", metavar="TIME", help="from this virtual time, as 2ms"
    )
    parser.add_argument("--to", dest="end", metavar="TIME", help="to this virtual time")
    parser.set_defaults(run=run_events)


def run_events(arguments: argparse.Namespace) -> int:
    """Do it; returns the exit status."""
    kinds = {read_kind(name) for name in arguments.kind} or set(EventKind)
    begin = parse_duration(arguments.begin) if arguments.begin else 0
    end = parse_duration(arguments.end) if arguments.end else None
    file = EventFile(arguments.file)
    for event in file:
        in_time = begin <= event.time_ps and (end is None or event.time_ps <= end)
        if in_time and event.kind in kinds and is_of(event, arguments.process):
            print(f"{event.number:>8} {event.line()}")
    if file.end is None:
        sys.stdout.flush()
        print(
            f"anos-sim: {file.path} stops before its end: the run did not finish", file=sys.stderr
        )
    return 0


def read_kind(name: str) -> EventKind:
    """The kind of this name.

    Raises:
        UserError: there is none.
    """
    for kind in EventKind:
        if kind.label == name:
            return kind
    labels = ", ".join(kind.label for kind in EventKind)
    raise UserError(f"--kind {name}: there is no such kind; there are {labels}")


def is_of(event: Event, process: str | None) -> bool:
    """Is it an event of this process (a name or a pid; None: of any)?"""
    return process in (None, event.process, str(event.pid))
