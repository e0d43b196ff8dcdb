"""Threads: what runs, and why it does not."""

from __future__ import annotations

import ctypes
from enum import Enum
from typing import TYPE_CHECKING

import attrs

from anos_sim.hw.vcpu import HISTORY_MAX, HISTORY_WORDS

from .abi import SLICE_TICKS, ThreadClass

if TYPE_CHECKING:
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
    PARKED = "parked"
    """It jumps to itself and will do so for ever."""
    DEAD = "dead"


@attrs.define(eq=False)
class Thread:
    """One thread of control (TCB).

    `blocked_on` is the one object it waits for in a blocking state, else None.
    `context` is the host's copy of its registers; while `loaded_on` names a CPU,
    that CPU's engine has the newer ones. A thread that was never run has
    `entry` and `stack_pointer` instead.
    """

    tid: int
    process: Process
    entry: int
    stack_pointer: int
    thread_class: int = ThreadClass.NORMAL
    priority: int = 0
    state: ThreadState = ThreadState.NEW
    blocked_on: object | None = None
    slice_left: int = SLICE_TICKS
    context: int = 0
    loaded_on: Cpu | None = None
    last_cpu: Cpu | None = None
    fresh: bool = True
    has_result: bool = False
    result_type: int = 0
    result_value: int = 0
    ready_ps: int = 0
    cpu_ps: int = 0
    started_ps: int = 0
    switches: int = 0
    history: ctypes.Array[ctypes.c_uint64] = attrs.field(
        factory=lambda: (ctypes.c_uint64 * HISTORY_WORDS)(), repr=False
    )
    history_address: int = 0

    level: int = 0
    """Its place in a run queue; lower goes first."""

    def __attrs_post_init__(self) -> None:
        self.history_address = ctypes.addressof(self.history)
        self.level = (3 - self.thread_class) << 8 | self.priority

    def last_calls(self) -> list[tuple[int, tuple[int, ...], int, int | None]]:
        """The last system calls, newest first: (cookie, arguments, pc, status or None)."""
        count = self.history[0]
        calls = []
        for number in range(count - 1, max(-1, count - 1 - HISTORY_MAX), -1):
            record = self.history[2 + number % HISTORY_MAX * 8 : 10 + number % HISTORY_MAX * 8]
            status = None if record[7] == 1 else ctypes.c_int64(record[7]).value
            calls.append((record[0], tuple(record[1:6]), record[6], status))
        return calls

    def __str__(self) -> str:
        return f"{self.process.name}/{self.tid}"
