"""Notification objects: 64 bits that anybody with the right may set, and who waits for them.

Signalling never blocks and carries nothing else; bits that nobody waits for stay
set until somebody takes them. Interrupts, timers and deaths of processes can so
be waited for in one place.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import attrs

from .abi import ObjectKind, Status
from .events import EventKind
from .objects import KernelObject

if TYPE_CHECKING:
    from .capability import Capability
    from .kernel import Kernel
    from .process import Process
    from .thread import Thread
    from .watch import Watch

INCAPABLE, TIMED_OUT = int(Status.INCAPABLE), int(Status.TIMED_OUT)


@attrs.define(eq=False)
class NotificationWait:
    """A thread's wait for one of the bits of `mask`, by a capability, perhaps `timed`."""

    thread: Thread
    notification: Notification
    capability: Capability
    mask: int
    timed: bool = False


@attrs.define(eq=False)
class Notification(KernelObject):
    """64 bits and the threads that wait for some of them, first come first served.

    Always: no bit is set that one of the waiting threads waits for. It ends with
    the last capability to it. `watches` are the processes whose end sets bits here.
    """

    number: int
    bits: int = 0
    signalled_ps: int = 0
    """When bits were set last: nobody takes them earlier."""
    waiting: deque[NotificationWait] = attrs.field(factory=deque, repr=False)
    watches: dict[tuple[Process, Capability], Watch] = attrs.field(factory=dict, repr=False)

    @property
    def identity(self) -> tuple[ObjectKind, int]:
        """Its number."""
        return ObjectKind.NOTIFICATION, self.number

    def __str__(self) -> str:
        return f"notification {self.number}"

    def take(self, mask: int) -> int:
        """Clear those bits of a mask that are set, and return them."""
        taken = self.bits & mask
        self.bits &= ~mask
        return taken


def signal(kernel: Kernel, notification: Notification, bits: int, by: Thread | None) -> None:
    """Set bits; each waiting thread, in order, takes those it waits for."""
    notification.bits |= bits
    notification.signalled_ps = max(notification.signalled_ps, kernel.now_ps())
    if kernel.events is not None:
        kernel.emit(EventKind.SIGNAL, by, notification.number, bits)
    for wait in list(notification.waiting):
        taken = notification.take(wait.mask)
        if taken:
            stop_waiting(kernel, wait)
            _tell_taken(kernel, wait.thread, notification, taken)
            kernel.wake(wait.thread, 0, taken)


def take(kernel: Kernel, thread: Thread, notification: Notification, mask: int) -> int:
    """Take the bits of a mask that are set, if any are, for a thread that runs."""
    taken = notification.take(mask)
    if taken:
        kernel.not_before(notification.signalled_ps)
        _tell_taken(kernel, thread, notification, taken)
    return taken


def _tell_taken(kernel: Kernel, thread: Thread, notification: Notification, taken: int) -> None:
    if kernel.events is not None:
        kernel.emit(EventKind.WAIT, thread, notification.number, taken)


def start_waiting(kernel: Kernel, wait: NotificationWait, timeout_ns: int) -> None:
    """Queue a wait, whose thread is blocked by now; 0 ns is for ever."""
    wait.notification.waiting.append(wait)
    if timeout_ns:
        wait.timed = True
        kernel.wake_after(timeout_ns, _time_out, kernel, wait)


def _time_out(kernel: Kernel, wait: NotificationWait) -> None:
    wait.timed = False
    stop_waiting(kernel, wait)
    kernel.wake(wait.thread, TIMED_OUT, 0)


def stop_waiting(kernel: Kernel, wait: NotificationWait) -> None:
    """Take a wait out of its notification's queue, and its limit out of the clock."""
    if wait.timed:
        wait.timed = False
        kernel.forget_wake(kernel, wait)
    wait.notification.waiting.remove(wait)


def end(kernel: Kernel, notification: Notification) -> None:
    """The last capability is gone: who still waits wakes with INCAPABLE."""
    for wait in list(notification.waiting):
        stop_waiting(kernel, wait)
        kernel.wake(wait.thread, INCAPABLE, 0)
    for watch in list(notification.watches.values()):
        watch.forget()
