"""Memory objects: frames that several processes map, each by a right of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from anos_sim.hw.memory import FRAME_SHIFT

from .abi import PAGE_BYTES, ObjectKind
from .errors import OutOfFrames
from .objects import KernelObject

if TYPE_CHECKING:
    from .address_space import AddressSpace
    from .physical import PhysicalMemory


@attrs.define(eq=False)
class MemoryObject(KernelObject):
    """Some frames, not contiguous, zeroed when it is made.

    It holds one reference to each of its frames until the last capability to it
    goes; a page that is mapped, or carried by a message, holds another.
    """

    number: int
    physical: PhysicalMemory = attrs.field(repr=False)
    frames: list[int] = attrs.field(repr=False)

    @property
    def identity(self) -> tuple[ObjectKind, int]:
        """Its number."""
        return ObjectKind.MEMORY, self.number

    @property
    def extent(self) -> tuple[int, int]:
        """It begins at 0; its bytes."""
        return 0, len(self.frames) * PAGE_BYTES

    def __str__(self) -> str:
        return f"memory object {self.number}"

    @property
    def in_use(self) -> bool:
        """Is a page of it mapped anywhere, or on its way in a message?"""
        counts = self.physical.frames.counts
        return any(counts[frame] > 1 for frame in self.frames)

    def map(self, space: AddressSpace, base: int, offset: int, size_bytes: int, flags: int) -> None:
        """Map a part over whatever is there. Raises `OutOfFrames` with nothing changed."""
        space.reserve(base, size_bytes)
        space.unmap(base, size_bytes)
        bits = space.protection(flags) | space.bits.shared
        first, shift = offset >> FRAME_SHIFT, space.bits.frame_shift
        for index, frame in enumerate(self.frames[first : first + (size_bytes >> FRAME_SHIFT)]):
            self.physical.frames.reference(frame)
            space.set_entry(base + index * PAGE_BYTES, frame << shift | bits)

    def end(self) -> None:
        """The last capability is gone: let the frames go."""
        for frame in self.frames:
            del self.physical.memory_objects[frame]
            self.physical.frames.release(frame)
        self.frames = []


def create(number: int, physical: PhysicalMemory, page_count: int) -> MemoryObject:
    """Make one. Raises `OutOfFrames` with nothing changed."""
    if page_count > physical.frames.free_count:
        raise OutOfFrames
    made = MemoryObject(number, physical, [])
    try:
        for _ in range(page_count):
            frame = physical.frames.allocate()
            physical.memory_objects[frame] = made
            made.frames.append(frame)
    except OutOfFrames:
        made.end()
        raise
    return made
