"""Virtual time and the queue of things that will happen in it.

Time is an integer of picoseconds since power-on. Events fire in the order of
(time, source, count): `source` is the fixed index of who scheduled it and
`count` grows per source, so host timing and hash order never decide anything.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any

PS_PER_NS = 1_000
PS_PER_US = 1_000_000
PS_PER_MS = 1_000_000_000
PS_PER_S = 1_000_000_000_000
NEVER = 1 << 62

Key = tuple[int, int, int]
Event = tuple[int, int, int, Callable[..., None], tuple[Any, ...]]


class Clock:
    """The machine's time (`now_ps`) and its pending events.

    `now_ps` is the local time of whoever acts: the CPU that runs or the event
    that fires. `next_ps` is the time of the earliest event or NEVER. When an
    event is scheduled before `next_ps`, `on_earlier` hears of it, so that a CPU
    in the middle of a burst stops in time.

    Cancelled events stay among the others until they would fire, or are more than half of them.
    """

    def __init__(self, now_ps: int = 0) -> None:
        self.now_ps = now_ps
        self.next_ps = NEVER
        self.on_earlier: Callable[[int], None] = lambda time_ps: None
        self._events: list[Event] = []
        self._counts: list[int] = []
        self._names: list[str] = []
        self._cancelled: set[Key] = set()
        self._by_arguments: list[dict[tuple[Any, ...], list[Key]] | None] = []

    def source(self, name: str, cancellable: bool = False) -> int:
        """Register a source of events; the order of registration breaks ties.

        The arguments of cancellable events must be hashable.
        """
        self._names.append(name)
        self._by_arguments.append({} if cancellable else None)
        self._counts.append(0)
        return len(self._names) - 1

    def at(self, time_ps: int, source: int, action: Callable[..., None], *arguments: Any) -> None:
        """Call `action(*arguments)` at `time_ps`, at the earliest now."""
        self._counts[source] += 1
        self._push((time_ps, source, self._counts[source], action, arguments))

    def after(self, delay_ps: int, source: int, action: Callable[..., None], *args: Any) -> None:
        """Call `action(*args)` after `delay_ps` from now."""
        self.at(self.now_ps + delay_ps, source, action, *args)

    def at_last_first(
        self, time_ps: int, source: int, action: Callable[..., None], *arguments: Any
    ) -> None:
        """As `at`, but of one source's events at the same time the last one fires first."""
        self._counts[source] += 1
        self._push((time_ps, source, -self._counts[source], action, arguments))

    def _push(self, event: Event) -> None:
        by_arguments = self._by_arguments[event[1]]
        if by_arguments is not None:
            by_arguments.setdefault(event[4], []).append(event[:3])
        heapq.heappush(self._events, event)
        if event[0] < self.next_ps:
            self.next_ps = event[0]
            self.on_earlier(event[0])

    def cancel(self, source: int, *arguments: Any) -> None:
        """Forget a cancellable source's events with these arguments; cheap, however many wait."""
        by_arguments = self._by_arguments[source]
        assert by_arguments is not None, "its events are not to be cancelled"
        self._cancelled.update(by_arguments.pop(arguments, ()))
        self._settle()

    def _settle(self) -> None:
        """Let the first event be one that will happen."""
        events, cancelled = self._events, self._cancelled
        if 2 * len(cancelled) > len(events):
            events[:] = [event for event in events if event[:3] not in cancelled]
            heapq.heapify(events)
            cancelled.clear()
        while cancelled and events[0][:3] in cancelled:
            cancelled.remove(heapq.heappop(events)[:3])
        self.next_ps = events[0][0] if events else NEVER

    def fire(self) -> None:
        """Run the earliest event; the clock moves to its time unless it is there already."""
        event = heapq.heappop(self._events)
        time_ps, source, _, action, arguments = event
        by_arguments = self._by_arguments[source]
        if by_arguments is not None:
            keys = by_arguments[arguments]
            keys.remove(event[:3])
            if not keys:
                del by_arguments[arguments]
        self._settle()
        self.now_ps = time_ps
        action(*arguments)

    def pending(self) -> list[tuple[int, str]]:
        """Times and sources of all pending events, earliest first."""
        waiting = [event for event in self._events if event[:3] not in self._cancelled]
        return [(event[0], self._names[event[1]]) for event in sorted(waiting, key=_key)]


def _key(event: Event) -> tuple[int, int, int]:
    return event[:3]
