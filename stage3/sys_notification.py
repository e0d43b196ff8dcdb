"""Calls 81 to 83: notification objects (ours)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import notification as notifications
from .abi import Rights, Status, Sysno
from .errors import SyscallError
from .notification import Notification, NotificationWait
from .objects import NOTIFICATION_RIGHTS
from .sys_capability import find_object
from .syscall import syscall
from .thread import ThreadState

if TYPE_CHECKING:
    from .kernel import Kernel
    from .thread import Thread


@syscall(Sysno.CREATE_NOTIFICATION)
def create_notification(kernel: Kernel, caller: Thread) -> int:
    """Make a notification object; its creator holds every right to it."""
    made = Notification(kernel.next_object)
    kernel.next_object += 1
    how = "create_notification"
    return kernel.policy.created(caller.process, made, NOTIFICATION_RIGHTS, how, caller)


@syscall(Sysno.SIGNAL)
def signal(kernel: Kernel, caller: Thread, cookie: int, bits: int) -> int:
    """Set bits and wake who waits for them. It never blocks; no bits are fine.

    Raises:
        SyscallError(FAILURE): no such notification.
        SyscallError(INCAPABLE): no right to send.
    """
    _, notification = find_object(kernel, caller, cookie, Notification, Rights.SEND)
    notifications.signal(kernel, notification, bits, caller)
    return 0


@syscall(Sysno.WAIT)
def wait(kernel: Kernel, caller: Thread, cookie: int, mask: int, timeout_ns: int) -> int | None:
    """Take all set bits of the mask, waiting until there is one; returns them.

    Raises:
        SyscallError(FAILURE): no such notification.
        SyscallError(INCAPABLE): no right to receive, or it is taken away meanwhile.
        SyscallError(BADARGS): an empty mask.
        SyscallError(TIMED_OUT): no bit of the mask was set in time.
    """
    held, notification = find_object(kernel, caller, cookie, Notification, Rights.RECEIVE)
    if not mask:
        raise SyscallError(Status.BADARGS)
    taken = notifications.take(kernel, caller, notification, mask)
    if taken:
        return taken
    waits = NotificationWait(caller, notification, held, mask)
    kernel.block(caller, ThreadState.NOTIFICATION, waits)
    notifications.start_waiting(kernel, waits, timeout_ns)
    return None
