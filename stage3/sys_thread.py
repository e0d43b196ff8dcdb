"""Calls 84, 91 and 92: giving way, and waiting for a word (ours)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import futex
from .abi import Status, Sysno
from .errors import SyscallError
from .futex import FutexWait
from .syscall import syscall
from .thread import ThreadState

if TYPE_CHECKING:
    from .cpu import Cpu
    from .kernel import Kernel
    from .thread import Thread

WORD_BYTES = 4
MASK32 = 0xFFFF_FFFF


@syscall(Sysno.YIELD)
def yield_cpu(kernel: Kernel, caller: Thread) -> int:
    """Go behind the ready threads of the same level on this CPU; lower ones do not run for it."""
    cpu: Cpu = kernel.current  # type: ignore[assignment]
    if kernel.scheduler.yielded(caller, cpu.queue):
        kernel.give_way(cpu)
    return 0


@syscall(Sysno.FUTEX_WAIT)
def futex_wait(
    kernel: Kernel, caller: Thread, word: int, expected: int, timeout_ns: int
) -> int | None:
    """Wait until the word is woken, if it has the expected value now.

    Raises:
        SyscallError(BADARGS): the word is unaligned, or cannot be read.
        SyscallError(FAILURE): it has another value.
        SyscallError(TIMED_OUT): nobody woke it in time.
    """
    if word % WORD_BYTES:
        raise SyscallError(Status.BADARGS)
    value = caller.process.space.load(word, WORD_BYTES)
    if value is None:
        raise SyscallError(Status.BADARGS)
    if int.from_bytes(value, "little") != expected & MASK32:
        raise SyscallError(Status.FAILURE)
    wait = FutexWait(caller, word)
    kernel.block(caller, ThreadState.FUTEX, wait)
    futex.start_waiting(kernel, wait, timeout_ns)
    return None


@syscall(Sysno.FUTEX_WAKE)
def futex_wake(kernel: Kernel, caller: Thread, word: int, count: int) -> int:
    """Wake threads of the caller's process that wait for a word; returns how many."""
    return futex.wake(kernel, caller.process, word, count)
