"""Where events come from: a system that is booted for them, a recording, or a file of events."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import attrs

from anos_sim.hw.clock import NEVER
from anos_sim.stage3.event_log import EventLog
from anos_sim.stage3.events import Event, EventKind
from anos_sim.stage3.outcome import Outcome
from anos_sim.toolchain.duration import parse_duration
from anos_sim.toolchain.event_file import MAGIC, EventFile
from anos_sim.toolchain.moment import Moment, parse_moment
from anos_sim.toolchain.replay import add_moment_options, read_moment_options, tell_reboot
from anos_sim.toolchain.session import Session

BATCH_EVENTS = 4096

Consumer = Callable[[list[Event]], None]


def add_source_options(parser: argparse.ArgumentParser) -> None:
    """Declare a command that looks at a run: what to boot, or a file in place of a machine."""
    add_moment_options(parser)
    for action in parser._actions:
        if action.dest == "machine":
            action.metavar = "FILE"
            action.help = (
                "events (`run --events FILE`), a recording (`run --record FILE.anos`), or the "
                "machine's TOML file. But for events, the run is done (again) to look at it"
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


def moment_of(arguments: argparse.Namespace) -> Moment:
    """How far to look: --at, and --for if that is earlier."""
    moment = parse_moment(arguments.at) if arguments.at else Moment()
    if arguments.duration:
        end_ps = parse_duration(arguments.duration)
        moment = attrs.evolve(moment, time_ps=min(end_ps, moment.time_ps or NEVER))
    return moment


def open_session(arguments: argparse.Namespace) -> Session:
    """The booted system that the options describe, not yet run; `close` it.

    It ends at a moment that is a time, and at a reboot.
    """
    options, _ = read_moment_options(arguments)
    session = Session(options)
    session.follows_reboots = False
    end_ps = moment_of(arguments).time_ps
    if end_ps is not None:
        session.kernel.end_ps = min(end_ps, session.kernel.end_ps)
    return session


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
        return _consume_session(session, moment_of(arguments), consumer)
    finally:
        session.close()


def _consume_session(session: Session, moment: Moment, consumer: Consumer) -> int:
    def hear(events: list[Event]) -> None:
        consumer([event for event in events if is_before(event, moment)])
        if moment.event is not None and events[-1].number >= moment.event:
            session.kernel.end(Outcome(0, "the event has been reached"))

    log = EventLog(keep=False)
    log.listen(hear)
    session.kernel.record(log)
    session.reports.append(lambda report: print(report, file=sys.stderr))
    outcome = session.run()
    tell_reboot(outcome)
    log.flush()
    if outcome.status:
        print(f"anos-sim: {outcome.cause}", file=sys.stderr)
    return outcome.status


def is_before(event: Event, moment: Moment) -> bool:
    """Is it not after this moment? CPUs are a little apart: an earlier one may come later."""
    return (moment.time_ps is None or event.time_ps <= moment.time_ps) and (
        moment.event is None or event.number <= moment.event
    )


class FileEvents(Iterable[Event]):
    """The events of a file as far as --at, --for and --until want them.

    Afterwards `complaint` says what is missing, if anything is; `status` is the exit status.
    """

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._file = EventFile(arguments.machine)
        self._moment = moment_of(arguments)
        self._until: str | None = arguments.until
        self.complaint = ""
        self.status = 0

    def __iter__(self) -> Iterator[Event]:
        for event in self._file:
            if event.kind == EventKind.REBOOT:
                self.complaint = f"{event.text('cause')}: this is what was before that"
                return
            if is_before(event, self._moment):
                yield event
            if self._until is not None and _is_line(event, self._until):
                return
        if self._until is not None:
            self.complaint = f"no log line contained {self._until!r}"
            self.status = 1
        elif self._file.end is None:
            self.complaint = f"{self._file.path} stops before its end: the run did not finish"


def _is_line(event: Event, text: str) -> bool:
    return event.kind == EventKind.LOG and text in event.text("text")


def _consume_file(arguments: argparse.Namespace, consumer: Consumer) -> int:
    events = FileEvents(arguments)
    rest = iter(events)
    while batch := list(islice(rest, BATCH_EVENTS)):
        consumer(batch)
    if events.complaint:
        print(f"anos-sim: {events.complaint}", file=sys.stderr)
    return events.status
