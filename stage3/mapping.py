"""Which rights a mapped page needs, and whether its process has them.

Pages of memory objects, RAM that was mapped by its physical address (`shared` both)
and device registers (`device`) are there by a right that can be taken away. Always,
under `derived`: what a process has mapped so, it holds a capability for that
allows each use which the page-table entry allows; windows of messages excepted.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from typing import TYPE_CHECKING

from anos_sim.hw.arch import PageBits
from anos_sim.hw.memory import FRAME_SHIFT

from .abi import Rights
from .memory_object import MemoryObject
from .objects import PhysicalRange

if TYPE_CHECKING:
    from .process import Process

READ, MAY_WRITE, EXEC = int(Rights.READ), int(Rights.WRITE), int(Rights.EXEC)


def needed(bits: PageBits, entry: int) -> int:
    """The rights that an entry makes use of."""
    rights = READ
    if entry & bits.write:
        rights |= MAY_WRITE
    if bits.may_execute(entry):
        rights |= EXEC
    return rights


def allowed(process: Process) -> Callable[[int], bool]:
    """A test: does a capability of the process, as it holds them now, allow an entry?"""
    objects: dict[MemoryObject, dict[int, None]] = {}
    spans: dict[int, list[tuple[int, int]]] = {}
    for held in process.ranges:
        if isinstance(held.target, MemoryObject):
            objects.setdefault(held.target, {})[held.rights] = None
        elif isinstance(held.target, PhysicalRange):
            spans.setdefault(held.rights, []).append((held.target.start, held.target.end))
    joined = {rights: _join(sorted(each)) for rights, each in spans.items()}
    memory_objects, bits = process.space.physical.memory_objects, process.space.bits

    def is_allowed(entry: int) -> bool:
        frame, need = bits.frame(entry), needed(bits, entry)
        address = frame << FRAME_SHIFT
        target = memory_objects.get(frame)
        if target is not None and any(not need & ~rights for rights in objects.get(target, ())):
            return True
        for rights, (starts, ends) in joined.items():
            if not need & ~rights:
                at = bisect_right(starts, address) - 1
                if at >= 0 and address < ends[at]:
                    return True
        return False

    return is_allowed


def _join(spans: list[tuple[int, int]]) -> tuple[list[int], list[int]]:
    """Sorted spans as starts and ends that do not overlap."""
    starts: list[int] = []
    ends: list[int] = []
    for start, end in spans:
        if ends and start <= ends[-1]:
            ends[-1] = max(ends[-1], end)
        else:
            starts.append(start)
            ends.append(end)
    return starts, ends
