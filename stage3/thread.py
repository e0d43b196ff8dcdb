"""Threads: what runs, and why it does not."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

import attrs

from anos_sim.hw.vcpu import THREAD_ID, TIME, Registers

from .abi import SLICE_TICKS, ThreadClass

if TYPE_CHECKING:
    from .channel import Message, Receive
    from .cpu import Cpu
    from .process import Process


class ThreadState(Enum):
    """Every thread is in exactly one of these."""

    NEW = "new"
    READY = "ready"
    RUNNING = "running"
    SENDING = "sending"
    """Its message is queued, or received and not yet answered."""
    RECEIVING = "receiving"
    SLEEPING = "sleeping"
    INTERRUPT = "interrupt"
    LOG = "log"
    NOTIFICATION = "notification"
    FUTEX = "futex"
    PARKED = "parked"
    """It jumps to itself and will do so for ever."""
    DEAD = "dead"


@attrs.define(eq=False)
class Thread:
    """One thread of control (TCB).

    `blocked_on` is the one object it waits for in a blocking state, else None.
    `level` is its place in a run queue: lower goes first.
    """

    tid: int
    process: Process
    registers: Registers = attrs.field(repr=False)
    thread_class: int = ThreadClass.NORMAL
    priority: int = 0
    state: ThreadState = ThreadState.NEW
    blocked_on: object | None = None
    slice_left: int = SLICE_TICKS
    last_cpu: Cpu | None = None
    receive: Receive | None = attrs.field(default=None, repr=False)
    """Its wait for messages, kept for the next one."""
    message: Message | None = attrs.field(default=None, repr=False)
    """What it sends, kept for the next one."""
    ready_ps: int = 0
    address: int = attrs.field(init=False, repr=False)
    """Where the CPUs find its registers."""
    words: memoryview = attrs.field(init=False, repr=False)
    """What its registers and the CPUs share."""
    level: int = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.level = (3 - self.thread_class) << 8 | self.priority
        self.address, self.words = self.registers.address, self.registers.words
        self.words[THREAD_ID] = self.tid

    @property
    def cpu_ps(self) -> int:
        """How long it has run."""
        return self.words[TIME]

    def __str__(self) -> str:
        return f"{self.process.name}/{self.tid}"
