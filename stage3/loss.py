"""What goes when capabilities are lost: waits, mappings, interrupt vectors, objects.

Losing is being revoked, dropped or held by a process that ends. A right that
is gone may not be used any longer by what was begun with it: who waits by it
wakes with INCAPABLE, what was mapped by it is unmapped, vectors are freed. Only
a page that a message carries stays with its receiver until the reply. Frames
that a device writes to stay their owner's, so a running DMA command can finish.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import devices, ipc
from .abi import Rights, Status
from .capability import Capability
from .channel import Channel, Message, Receive
from .interrupt import InterruptVector
from .objects import PhysicalRange
from .physical import FRAME_MASK, WRITE
from .process import Process, ProcessState

if TYPE_CHECKING:
    from .kernel import Kernel

INCAPABLE = int(Status.INCAPABLE)
MAY_WRITE = int(Rights.WRITE)


def gone(kernel: Kernel, lost: list[Capability]) -> None:
    """These capabilities have just died: end what rested on them, in their order."""
    holders: dict[Process, None] = {}
    unmap: dict[Process, list[PhysicalRange]] = {}
    objects: dict[Channel | InterruptVector, None] = {}
    for capability in lost:
        target = capability.target
        holders[capability.holder] = None
        if isinstance(target, PhysicalRange):
            unmap.setdefault(capability.holder, []).append(target)
        elif isinstance(target, Channel | InterruptVector):
            objects[target] = None
    for process in holders:
        _wake(kernel, process)
    for process, ranges in unmap.items():
        if process.state is not ProcessState.DEAD:
            _unmap(process, ranges)
    for target in objects:
        if isinstance(target, Channel):
            if not target.receiver_count:
                ipc.destroy_channel(kernel, target)
        elif not target.capability_count:
            devices.release_vector(kernel, target, Status.INCAPABLE)


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


def _unmap(process: Process, ranges: list[PhysicalRange]) -> None:
    """Take away the pages of ranges that nothing the process holds still allows it to map so."""
    held = [
        (each.target.start, each.target.end, each.rights)
        for each in process.ranges
        if type(each.target) is PhysicalRange
    ]

    def is_lost(entry: int) -> bool:
        address = entry & FRAME_MASK
        if not any(each.start <= address < each.end for each in ranges):
            return False
        needed = Rights.READ | (MAY_WRITE if entry & WRITE else 0)
        return not any(
            start <= address < end and rights & needed == needed for start, end, rights in held
        )

    process.space.unmap_where(is_lost)
