"""One CPU as the kernel sees it: its vCPU, its run queue, its current thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anos_sim.hw.vcpu import ARGUMENT0, FLUSH, FLUSH_COUNT, NOW, ROOT, Vcpu

from .physical import FlushTarget
from .scheduler import RunQueue

if TYPE_CHECKING:
    from .thread import Thread


class Cpu(FlushTarget):
    """`thread` runs on it; `next` was woken by the thread that just left and goes first.

    The engine keeps the registers of the thread that ran last, often one that
    has blocked since, and TLB entries of one address space (`holds`).
    """

    def __init__(self, vcpu: Vcpu) -> None:
        self.vcpu = vcpu
        self.index = vcpu.index
        self.state = vcpu.state
        self.arguments = vcpu.state[ARGUMENT0 : ARGUMENT0 + 5]
        self.queue = RunQueue()
        self.thread: Thread | None = None
        self.next: Thread | None = None
        self.next_tick_ps = 0
        self.switched = 0
        self._stale_since = -1

    @property
    def now_ps(self) -> int:
        """Local time of this CPU."""
        return self.state[NOW]

    def has_work(self) -> bool:
        """Is there a thread to run here?"""
        return self.thread is not None or self.next is not None or bool(self.queue.levels)

    def push(self, thread: Thread) -> None:
        """Queue a thread behind the one that goes next."""
        following = self.next
        if following is not None:
            self.next = None
            self.queue.push(following)
        self.queue.push(thread)

    def holds(self, root: int) -> bool:
        """May its TLB have entries of the address space with this root?"""
        return self.state[ROOT] == root

    def flush(self) -> None:
        """Drop all translations before the next run."""
        self.state[FLUSH] = 1

    def flush_at_end(self) -> None:
        """Do so unless that has happened when its burst ends (`end_burst`)."""
        self._stale_since = self.state[FLUSH_COUNT]

    def end_burst(self) -> None:
        """Other CPUs are about to run: what they change must not be seen through old entries."""
        if self._stale_since == self.state[FLUSH_COUNT]:
            self.state[FLUSH] = 1
        self._stale_since = -1

    def flush_count(self) -> int:
        """How often that has happened."""
        return self.state[FLUSH_COUNT]

    def leave(self, root: int) -> None:
        """An address space ends: its tables will be someone else's."""
        if self.state[ROOT] == root:
            self.state[ROOT] = 0
            self.state[FLUSH] = 1
