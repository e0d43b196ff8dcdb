"""Calls 86 to 88: how a process ends, and who hears of it (ours)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import lifecycle
from . import notification as notifications
from .abi import ProcessEnd, Rights, Sysno
from .notification import Notification
from .process import Process, ProcessState
from .sys_capability import find_object
from .syscall import syscall
from .watch import Watch

if TYPE_CHECKING:
    from .kernel import Kernel
    from .thread import Thread

MASK32 = 0xFFFF_FFFF


@syscall(Sysno.EXIT_PROCESS)
def exit_process(kernel: Kernel, caller: Thread, status: int) -> None:
    """End the caller's process with a status; nothing returns."""
    status &= MASK32
    cause = f"it exited with status {status}"
    lifecycle.end_process(kernel, caller.process, cause, ProcessEnd.EXITED, status)


@syscall(Sysno.WATCH_PROCESS)
def watch_process(
    kernel: Kernel, caller: Thread, process_cookie: int, cookie: int, bits: int
) -> int:
    """Have bits signalled when a process ends, or now if it has. Bits of earlier calls stay.

    Raises:
        SyscallError(FAILURE): no such process, or no such notification.
        SyscallError(INCAPABLE): no right to observe the one or to signal the other.
    """
    by, process = find_object(kernel, caller, process_cookie, Process, Rights.OBSERVE)
    through, notification = find_object(kernel, caller, cookie, Notification, Rights.SEND)
    if process.state is ProcessState.DEAD:
        notifications.signal(kernel, notification, bits, caller)
    else:
        Watch(process, notification, by, through, bits).remember()
    return 0


@syscall(Sysno.PROCESS_STATUS)
def process_status(kernel: Kernel, caller: Thread, cookie: int) -> int:
    """How far a process is: ProcessEnd << 32 | its exit status.

    Raises:
        SyscallError(FAILURE): no such process.
        SyscallError(INCAPABLE): no right to observe it.
    """
    _, process = find_object(kernel, caller, cookie, Process, Rights.OBSERVE)
    kernel.not_before(process.end_ps)
    return process.end << 32 | process.status
