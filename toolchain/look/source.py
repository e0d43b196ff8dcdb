"""Where events come from: a system that is booted for them, or a file of an earlier run."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from itertools import islice

from anos_sim.stage3.event_log import EventLog
from anos_sim.stage3.events import Event, EventKind
from anos_sim.toolchain.duration import parse_duration
from anos_sim.toolchain.event_file import MAGIC, EventFile
from anos_sim.toolchain.options import add_system_options, read_options
from anos_sim.toolchain.session import Session

BATCH_EVENTS = 4096

Consumer = Callable[[list[Event]], None]


def add_source_options(parser: argparse.ArgumentParser) -> None:
    """Declare a command that looks at a run: what to boot, or a file in place of a machine."""
    add_system_options(parser)
    for action in parser._actions:
        if action.dest == "machine":
            action.metavar = "FILE"
            action.help = (
                "events of an earlier run (`run --events FILE`), or the machine's TOML file. "
                "Without it, or with a machine: boot and look at that run"
            )
    parser.add_argument(
        "--at", metavar="TIME", help="look no further than this virtual time, as 20ms"
    )


def is_event_file(name: str | None) -> bool:
    """Does this file hold events?"""
    if name is None:
        return False
    try:
        with open(name, "rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def consume(arguments: argparse.Namespace, consumer: Consumer) -> int:
    """Hand every event of the run to `consumer`, in batches; returns the exit status.

    A file is read up to --at, --for and --until as a run would go; of a system that is
    booted, reports of deaths go to stderr.

    Raises:
        UserError, ConfigError, ImageError: an option is wrong, or the file damaged.
    """
    if is_event_file(arguments.machine):
        return _consume_file(arguments, consumer)
    session = open_session(arguments)
    try:
        log = EventLog(keep=False)
        log.listen(before(end_ps(arguments), consumer))
        session.kernel.record(log)
        session.reports.append(lambda report: print(report, file=sys.stderr))
        outcome = session.run()
        log.flush()
        if outcome.status:
            print(f"anos-sim: {outcome.cause}", file=sys.stderr)
        return outcome.status
    finally:
        session.close()


def open_session(arguments: argparse.Namespace) -> Session:
    """The booted system that the options describe, not yet run; `close` it."""
    session = Session(read_options(arguments))
    limit = end_ps(arguments)
    if limit is not None:
        session.kernel.end_ps = limit
    return session


def end_ps(arguments: argparse.Namespace) -> int | None:
    """Where --at and --for end the look, if they do."""
    ends = [parse_duration(text) for text in (arguments.at, arguments.duration) if text]
    return min(ends, default=None)


def before(limit_ps: int | None, consumer: Consumer) -> Consumer:
    """The consumer, told only of what happened up to a time.

    CPUs are a little apart in time: an event that is too late may have an earlier one behind it.
    """
    if limit_ps is None:
        return consumer
    return lambda events: consumer([event for event in events if event.time_ps <= limit_ps])


def _consume_file(arguments: argparse.Namespace, consumer: Consumer) -> int:
    file = EventFile(arguments.machine)
    consumer = before(end_ps(arguments), consumer)
    events = iter(file)
    found = False
    while not found and (batch := list(islice(events, BATCH_EVENTS))):
        for number, event in enumerate(batch, start=1):
            if arguments.until is not None and is_line(event, arguments.until):
                del batch[number:]
                found = True
                break
        consumer(batch)
    if arguments.until is not None and not found:
        print(f"anos-sim: no log line contained {arguments.until!r}", file=sys.stderr)
        return 1
    if not found and file.end is None:
        print(
            f"anos-sim: {file.path} stops before its end: the run did not finish", file=sys.stderr
        )
    return 0


def is_line(event: Event, text: str) -> bool:
    """Is it a log line that contains this text?"""
    return event.kind == EventKind.LOG and text in event.text("text")
