"""What goes when capabilities are lost: waits, mappings, interrupt vectors, objects.

Losing is being revoked, dropped or held by a process that ends. A right that
is gone may not be used any longer by what was begun with it: who waits by it
wakes with INCAPABLE, what was mapped by it is unmapped, vectors are freed. Only
a page that a message carries stays with its receiver until the reply. Frames
that a device writes to stay their owner's, so a running DMA command can finish.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import devices, ipc, notification, watch
from .abi import Status
from .capability import Capability
from .channel import Channel, Message, Receive
from .interrupt import InterruptVector
from .mapping import allowed
from .memory_object import MemoryObject
from .notification import Notification, NotificationWait
from .objects import KernelObject, PhysicalRange, SystemCall
from .process import Process, ProcessState

if TYPE_CHECKING:
    from .kernel import Kernel

INCAPABLE = int(Status.INCAPABLE)


def gone(kernel: Kernel, lost: list[Capability]) -> None:
    """These capabilities have just died: end what rested on them, in their order."""
    holders: dict[Process, None] = {}
    unmap: dict[Process, None] = {}
    objects: dict[KernelObject, None] = {}
    for capability in lost:
        target = capability.target
        holders[capability.holder] = None
        if isinstance(target, PhysicalRange) or (
            isinstance(target, MemoryObject) and target.in_use
        ):
            unmap[capability.holder] = None
        if not isinstance(target, SystemCall | PhysicalRange):
            objects[target] = None
    for process in holders:
        _wake(kernel, process)
    for process in unmap:
        if process.maps_by_right and process.state is not ProcessState.DEAD:
            _unmap(process)
    for target in objects:
        _end_if_lost(kernel, target)


def _end_if_lost(kernel: Kernel, target: KernelObject) -> None:
    """Capabilities to an object have gone: it ends by its own rule."""
    if isinstance(target, Channel):
        if not target.receiver_count:
            ipc.destroy_channel(kernel, target)
        return
    if isinstance(target, Process | Notification):
        watch.forget_lost(target)
    if not target.capability_count:
        end(kernel, target)


def end(kernel: Kernel, target: KernelObject) -> None:
    """The last capability to an object is gone, and nothing else needs it."""
    if isinstance(target, InterruptVector):
        devices.release_vector(kernel, target, Status.INCAPABLE)
    elif isinstance(target, Notification):
        notification.end(kernel, target)
    elif isinstance(target, MemoryObject):
        target.end()
    elif isinstance(target, Process):
        watch.forget_lost(target)


def _wake(kernel: Kernel, process: Process) -> None:
    """Threads that wait by a right that is gone wake with INCAPABLE."""
    for thread in process.threads:
        waits_for = thread.blocked_on
        if isinstance(waits_for, Message) and not waits_for.capability.alive:
            if waits_for.channel.alive and not waits_for.abandoned:
                ipc.abandon(kernel, waits_for)
                kernel.wake(thread, INCAPABLE, 0)
        elif isinstance(waits_for, Receive) and not waits_for.capability.alive:
            ipc.stop_waiting(kernel, waits_for)
            kernel.wake(thread, INCAPABLE, 0)
        elif isinstance(waits_for, NotificationWait) and not waits_for.capability.alive:
            notification.stop_waiting(kernel, waits_for)
            kernel.wake(thread, INCAPABLE, 0)


def _unmap(process: Process) -> None:
    """Take away the pages that nothing the process holds still allows it to have so."""
    is_allowed = allowed(process)
    by_right = process.space.bits.by_right
    process.space.unmap_where(lambda entry: bool(entry & by_right) and not is_allowed(entry))
