"""Which thread runs next: per-CPU run queues, four classes, 256 priorities.

A policy is an object with the methods of `Scheduler`; `RoundRobin` is the
default and STAGE3's (anos-abi 6). It decides on the facts it is given and never
looks at the clock or at other CPUs, so runs repeat.
"""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING, Protocol

from .abi import SLICE_TICKS

if TYPE_CHECKING:
    from .thread import Thread


EMPTY = 4 << 8
"""Behind the last level."""


class RunQueue:
    """The ready threads of one CPU, first in, first out within a level.

    A level is (3 - class) << 8 | priority: a higher class goes first, then a
    lower priority. `first_level` is that of the thread that goes first, EMPTY if
    there is none. `_alone` is the only thread that is ready: it is in no level's queue.
    """

    def __init__(self) -> None:
        self._queues: defaultdict[int, deque[Thread]] = defaultdict(deque)
        self._alone: Thread | None = None
        self.first_level = EMPTY
        self.count = 0

    def push(self, thread: Thread) -> None:
        """Append to the back of its level."""
        if not self.count:
            self.count, self.first_level, self._alone = 1, thread.level, thread
            return
        alone = self._alone
        if alone is not None:
            self._alone = None
            self._queues[alone.level].append(alone)
        level = thread.level
        self._queues[level].append(thread)
        self.count += 1
        if level < self.first_level:
            self.first_level = level

    def first(self) -> Thread | None:
        """Return the thread that would be popped."""
        return self._alone or (self._queues[self.first_level][0] if self.count else None)

    def pop(self) -> Thread | None:
        """Take the thread that goes first."""
        alone = self._alone
        if alone is not None:
            self.count, self.first_level, self._alone = 0, EMPTY, None
            return alone
        if not self.count:
            return None
        queue = self._queues[self.first_level]
        thread = queue.popleft()
        self.count -= 1
        if not self.count:
            self.first_level = EMPTY
        elif not queue:
            self._find_first_level()
        return thread

    def remove(self, thread: Thread) -> None:
        """Take out a thread that ends while it is ready."""
        if thread is self._alone:
            self.pop()
            return
        self._queues[thread.level].remove(thread)
        self.count -= 1
        self._find_first_level()

    def _find_first_level(self) -> None:
        if self.count:
            self.first_level = min(level for level, queue in self._queues.items() if queue)
        else:
            self.first_level = EMPTY

    def all(self) -> list[Thread]:
        """Ready threads in the order they would run."""
        if self._alone is not None:
            return [self._alone]
        return [thread for level in sorted(self._queues) for thread in self._queues[level]]


class Scheduler(Protocol):
    """A scheduling policy. Every call is about one CPU's queue."""

    def pick(self, queue: RunQueue) -> Thread | None:
        """Take the next thread, with a new slice."""

    def tick(self, current: Thread, queue: RunQueue) -> bool:
        """10 ms have passed: must `current` give way to what is queued?"""

    def replied(self, current: Thread, queue: RunQueue) -> bool:
        """`current` answered a message: must it give way?"""

    def yielded(self, current: Thread, queue: RunQueue) -> bool:
        """`current` wants to go behind its equals: is there anybody to go before it?"""


class RoundRobin:
    """STAGE3's rules (anos-abi 6.3).

    A strictly higher class preempts; an equal class waits for the slice to run
    out; then even a lower class gets its turn. Every consultation costs the
    current thread one of its ten ticks.
    """

    def pick(self, queue: RunQueue) -> Thread | None:
        """Take the head of the highest non-empty level."""
        thread = queue.pop()
        if thread is not None:
            thread.slice_left = SLICE_TICKS
        return thread

    def tick(self, current: Thread, queue: RunQueue) -> bool:
        """Preempt at the end of the slice or for a higher class."""
        current.slice_left -= 1
        if not queue.count:
            if current.slice_left <= 0:
                current.slice_left = SLICE_TICKS
            return False
        return current.slice_left <= 0 or queue.first_level >> 8 < current.level >> 8

    replied = tick

    def yielded(self, current: Thread, queue: RunQueue) -> bool:
        """Give way to threads of the same level and above, never to those below."""
        return queue.first_level <= current.level
