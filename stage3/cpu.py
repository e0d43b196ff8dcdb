"""One CPU as the kernel sees it: its vCPU, its run queue, its current thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anos_sim.hw.vcpu import ARGUMENT0, NOW, TURN_COUNT, Vcpu

from .scheduler import RunQueue

if TYPE_CHECKING:
    from .thread import Thread


class Cpu:
    """`thread` runs on it; `next` was woken by the thread that just left and goes first.

    Its vCPU keeps the registers of threads that ran last, often of some that have
    blocked since: they return at no cost.
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

    @property
    def switched(self) -> int:
        """How often it has turned to a thread and run it."""
        return self.state[TURN_COUNT]

    @property
    def now_ps(self) -> int:
        """Local time of this CPU."""
        return self.state[NOW]

    def has_work(self) -> bool:
        """Is there a thread to run here?"""
        return self.thread is not None or self.next is not None or self.queue.count > 0

    def push(self, thread: Thread) -> None:
        """Queue a thread behind the one that goes next."""
        queue = self.queue
        if self.next is not None:
            queue.push(self.next)
            self.next = None
        queue.push(thread)
