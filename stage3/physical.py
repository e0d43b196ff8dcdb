"""What all address spaces share: RAM, its frames, the zero page, and the bits of an entry.

An entry is as the CPU wants it (`PhysicalMemory.bits`, hw/arch); three of the bits that
the MMU ignores are ours: `cow` (a write gets its own copy), `device` (not a counted frame)
and `shared` (RAM that is mapped by a right: part of a memory object, or named by its
physical address; never copy-on-write, and not handed on to new processes).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from anos_sim.hw.arch import DEFAULT, PageBits
from anos_sim.hw.memory import FRAME_SHIFT, Memory

from .abi import PAGE_BYTES
from .frame import FrameAllocator, TableAllocator

if TYPE_CHECKING:
    from .memory_object import MemoryObject

OFFSET_MASK = PAGE_BYTES - 1


class FlushTarget(Protocol):
    """Whose TLBs have to follow the page tables (`hw.vcpu.Board` is one)."""

    def flush(self, root: int, page: int) -> None:
        """A page of the address space with this root has changed: go on with no old entries."""


class PhysicalMemory:
    """What all address spaces share: RAM, its frames, the tables, the zero page."""

    def __init__(self, memory: Memory, uses: memoryview, bits: PageBits = DEFAULT.pages) -> None:
        self.memory = memory
        self.bits = bits
        self.words = memory.words
        self.uses = uses
        self.frames = FrameAllocator(memory)
        self.tables = TableAllocator(memory)
        self.flush_targets: list[FlushTarget] = []
        self.memory_objects: dict[int, MemoryObject] = {}
        """Whose each frame is that belongs to a memory object."""
        self.zero_frame = self.frames.allocate()
        self.zero_address = self.zero_frame << FRAME_SHIFT

    def copy(self, entry: int) -> int:
        """An entry as `entry` is, but with a frame of its own. Raises `OutOfFrames`."""
        bits = self.bits
        address, frame = bits.frame(entry) << FRAME_SHIFT, self.frames.allocate()
        self.memory.write(frame << FRAME_SHIFT, self.memory.view[address : address + PAGE_BYTES])
        return entry & ~bits.frame_mask | frame << bits.frame_shift

    def reference(self, entry: int) -> None:
        """Count the reference that a new entry holds."""
        frame = self.bits.frame(entry)
        if not entry & self.bits.device and frame != self.zero_frame:
            self.frames.reference(frame)
