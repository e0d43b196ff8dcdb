"""Futexes: threads of one process that wait until a word in its memory changes.

The kernel only compares and queues; what the word means is the program's affair.
A word is known by its address in the process, so two processes that share memory
do not wake each other by it: a notification does that.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import attrs

from .abi import Status

if TYPE_CHECKING:
    from .kernel import Kernel
    from .process import Process
    from .thread import Thread

TIMED_OUT = int(Status.TIMED_OUT)


@attrs.define(eq=False)
class FutexWait:
    """A thread's wait for a word, perhaps `timed`. It is in its process's table until it ends."""

    thread: Thread
    word: int
    timed: bool = False

    def __str__(self) -> str:
        return f"word {self.word:#x}"


def start_waiting(kernel: Kernel, wait: FutexWait, timeout_ns: int) -> None:
    """Queue a wait, whose thread is blocked by now; 0 ns is for ever."""
    wait.thread.process.futexes.setdefault(wait.word, deque()).append(wait)
    if timeout_ns:
        wait.timed = True
        kernel.wake_after(timeout_ns, _time_out, kernel, wait)


def _time_out(kernel: Kernel, wait: FutexWait) -> None:
    wait.timed = False
    stop_waiting(kernel, wait)
    kernel.wake(wait.thread, TIMED_OUT, 0)


def stop_waiting(kernel: Kernel, wait: FutexWait) -> None:
    """Take a wait out of its queue, and its limit out of the clock."""
    if wait.timed:
        wait.timed = False
        kernel.forget_wake(kernel, wait)
    futexes = wait.thread.process.futexes
    queue = futexes[wait.word]
    queue.remove(wait)
    if not queue:
        del futexes[wait.word]


def wake(kernel: Kernel, process: Process, word: int, count: int) -> int:
    """Wake up to `count` threads that wait for a word, the first ones first; returns how many."""
    woken = list(process.futexes.get(word, ()))[:count]
    for wait in woken:
        stop_waiting(kernel, wait)
        kernel.wake(wait.thread, 0, 0)
    return len(woken)
