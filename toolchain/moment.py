"""A moment of a run, and the run up to it.

A moment is a virtual time or the number of an event (`anos-sim events` shows them); the
state at an event is that right after what made it has been done.
"""

from __future__ import annotations

import re

import attrs

from anos_sim.hw.clock import NEVER
from anos_sim.stage3.event_log import EventLog
from anos_sim.stage3.events import Event
from anos_sim.stage3.outcome import Outcome

from .duration import parse_duration
from .errors import UserError
from .options import RunOptions
from .session import Session

_EVENT = re.compile(r"(?:#|event:)?(\d+)")


@attrs.frozen
class Moment:
    """A point in a run: a virtual time, or the number of an event."""

    time_ps: int | None = None
    event: int | None = None


def parse_moment(text: str) -> Moment:
    """Read `20ms`, `1.5s`, `#1234`, `event:1234` or `1234`.

    Raises:
        UserError: it is neither a duration nor a number.
    """
    match = _EVENT.fullmatch(text.strip())
    if match is not None:
        return Moment(event=int(match[1]))
    try:
        return Moment(time_ps=parse_duration(text))
    except UserError as error:
        raise UserError(f"--at {error}; or give the number of an event, as in #1234") from None


def shorten(options: RunOptions, moment: Moment, end_ps: int) -> RunOptions:
    """The same run up to a moment, if that comes before its end."""
    if moment.event is not None:
        moment = Moment(_time_of(options, moment.event) + 1)
    if moment.time_ps is not None and moment.time_ps < min(end_ps, options.end_ps or NEVER):
        options = attrs.evolve(options, end_ps=moment.time_ps, until=None)
    return options


def _time_of(options: RunOptions, number: int) -> int:
    """When an event happened, in picoseconds: the run is done once to find out."""
    session = Session(options)
    try:
        log = EventLog(keep=False)
        found: list[int] = []
        last = 0

        def hear(events: list[Event]) -> None:
            nonlocal last
            last = events[-1].number
            if number <= last and not found:
                found.append(events[number - last - 1].time_ps)
                session.kernel.end(Outcome(0, "the event has been found"))

        log.listen(hear)
        session.kernel.record(log)
        session.run()
        log.close()
    finally:
        session.close()
    if not found:
        raise UserError(f"there is no event {number}: the run has {last:,}")
    return found[0]
