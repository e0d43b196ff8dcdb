"""Page tables: four levels in RAM, one 8-byte store a mapping.

An entry without the accessed bit is in no TLB, so only changing an entry that has
it costs a flush. The bits are the architecture's (hw/arch).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from functools import cache
from itertools import compress

from anos_sim.hw.arch import PageBits
from anos_sim.hw.memory import FRAME_SHIFT
from anos_sim.hw.vcpu import EVERY_PAGE

from .abi import PAGE_BYTES, USER_END, MapFlags
from .errors import OutOfFrames
from .physical import PhysicalMemory

MAP_WRITE, MAP_EXEC, MAP_NOCACHE = int(MapFlags.WRITE), int(MapFlags.EXEC), int(MapFlags.NOCACHE)
ALL_FLAGS = int(MapFlags.READ | MapFlags.WRITE | MapFlags.EXEC | MapFlags.NOCACHE)
_ENTRIES = 512
PAGE_MASK = -PAGE_BYTES


@cache
def _protections(kinds: PageBits, execute_everywhere: bool) -> list[int]:
    """Entry bits for each combination of map flags."""
    made = []
    for flags in range(ALL_FLAGS + 1):
        may_execute = flags & MAP_EXEC or execute_everywhere
        bits = kinds.present | kinds.user | (kinds.execute if may_execute else kinds.no_execute)
        bits |= kinds.write if flags & MAP_WRITE else 0
        made.append(bits | (kinds.no_cache if flags & MAP_NOCACHE else 0))
    return made


class PageTable:
    """The translations of the user half of one process's memory.

    `root` is the physical address of the top table. `_writable` is the kernel's
    own TLB: page number to word index, of memory pages that the program may write;
    `generation` grows when a page in it changes, so what was found there holds as
    long as that stays. Every counted frame that an entry names is referenced once
    by that entry.
    """

    def __init__(self, physical: PhysicalMemory, execute_everywhere: bool) -> None:
        self.physical = physical
        self.execute_everywhere = execute_everywhere
        self.bits = bits = physical.bits
        self._present, self._write, self._user = bits.present, bits.write, bits.user
        self._accessed, self._cow, self._device = bits.accessed, bits.cow, bits.device
        self._frame_mask, self._frame_shift = bits.frame_mask, bits.frame_shift
        self._protections = _protections(bits, execute_everywhere)
        self.root = physical.tables.allocate()
        self.generation = 0
        self._writable: dict[int, int] = {}
        self._words = physical.words
        self._frames = physical.frames
        self._zero_frame = physical.zero_frame
        self._leaves: dict[int, int] = {}
        self._tables: list[int] = [self.root]

    def entry(self, address: int) -> int:
        """Return the page-table entry of an address, 0 if there is none."""
        leaf = self._leaves.get(address >> 21)
        return self._words[leaf + (address >> FRAME_SHIFT & 511)] if leaf is not None else 0

    def slot(self, address: int) -> int:
        """Where in `PhysicalMemory.words` the entry of an address is, as long as the space lives.

        Raises:
            OutOfFrames: a table was needed and there is none; nothing changed.
        """
        leaf = self._leaves.get(address >> 21)
        if leaf is None:
            leaf = self._make_leaf(address)
        return leaf + (address >> FRAME_SHIFT & 511)

    def set_entry(self, address: int, entry: int) -> None:
        """Change one entry. References are the caller's; flushing is done here.

        Raises:
            OutOfFrames: a table was needed and there is none; nothing changed.
        """
        self.swap_entry(address, entry)

    def swap_entry(self, address: int, entry: int) -> int:
        """Change one entry and return what was there; otherwise like `set_entry`."""
        leaf = self._leaves.get(address >> 21)
        if leaf is None:
            leaf = self._make_leaf(address)
        slot = leaf + (address >> FRAME_SHIFT & 511)
        words = self._words
        before = words[slot]
        words[slot] = entry
        if before & self._accessed:
            self.flush(address & PAGE_MASK)
        if self._writable.pop(address >> FRAME_SHIFT, None) is not None:
            self.generation += 1
        return before

    def replace_entry(self, address: int, entry: int) -> None:
        """Change one entry and release the frame that was there."""
        before = self.swap_entry(address, entry)
        if before & self._present:
            self.release_entry(before)

    def release_entry(self, entry: int) -> None:
        """Drop the reference that an entry held."""
        if not entry & self._device:
            frame = (entry & self._frame_mask) >> self._frame_shift
            if frame != self._zero_frame:
                self._frames.release(frame)

    def flush(self, page: int = EVERY_PAGE) -> None:
        """Make every CPU that may hold the entry of a page, or any, drop it before it runs."""
        for target in self.physical.flush_targets:
            target.flush(self.root, page)

    def protection(self, flags: int) -> int:
        """Entry bits for map flags, by the policy's rule for EXEC."""
        return self._protections[flags & ALL_FLAGS]

    def reserve(self, base: int, size_bytes: int) -> None:
        """Make all tables that a range needs, or none.

        Raises:
            OutOfFrames: there are not enough; nothing has changed.
        """
        first, last = base >> 21, (base + size_bytes - 1) >> 21
        if first == last and first in self._leaves:
            return
        if last - first + 1 - len(self._leaves) > self.physical.tables.free_count:
            raise OutOfFrames
        missing = [index for index in range(first, last + 1) if index not in self._leaves]
        uppers = 2 * ((last >> 9) - (first >> 9) + 2)
        if missing and len(missing) + uppers > self.physical.tables.free_count:
            raise OutOfFrames
        for index in missing:
            self._make_leaf(index << 21)

    def _make_leaf(self, address: int) -> int:
        if self.physical.tables.free_count < 3:
            raise OutOfFrames
        bits, table = self.bits, self.root
        for shift in (39, 30, 21):
            slot = (table >> 3) + (address >> shift & 511)
            if not self._words[slot]:
                below = self.physical.tables.allocate()
                self._tables.append(below)
                self._words[slot] = below >> FRAME_SHIFT << bits.frame_shift | bits.table
            table = bits.frame(self._words[slot]) << FRAME_SHIFT
        leaf = table >> 3
        self._leaves[address >> 21] = leaf
        return leaf

    def mappings(self, begin: int = 0, end: int = USER_END) -> Iterator[tuple[int, int]]:
        """All present pages of a range as (address, entry), lowest first.

        Changing entries meanwhile is fine; the cost is that of what is mapped.
        """
        for index in sorted(self._leaves):
            if not begin >> 21 <= index <= end - 1 >> 21:
                continue
            leaf = self._leaves[index]
            entries = self._words[leaf : leaf + _ENTRIES].tolist()
            for offset in compress(range(_ENTRIES), entries):
                entry, address = entries[offset], (index << 21) + (offset << FRAME_SHIFT)
                if entry & self._present and begin <= address < end:
                    yield address, entry

    def tables(self, base: int, size_bytes: int) -> Iterator[tuple[int, list[int]]]:
        """The entries of a range, a table at a time where there are tables: (address, entries)."""
        end = base + size_bytes
        for index in sorted(self._leaves):
            if base >> 21 <= index <= end - 1 >> 21:
                low, high = max(base, index << 21), min(end, (index + 1) << 21)
                slot = self._leaves[index] + (low >> FRAME_SHIFT & 511)
                yield low, self._words[slot : slot + (high - low >> FRAME_SHIFT)].tolist()

    def put(self, address: int, entries: list[int]) -> None:
        """Change entries of one table. References and flushing are the caller's."""
        slot = self._leaves[address >> 21] + (address >> FRAME_SHIFT & 511)
        self.generation += 1
        self._writable.clear()
        self._words[slot : slot + len(entries)] = array("Q", entries)

    def _release(self, slot: int, count: int) -> None:
        """Drop the references of entries that are about to change, and flush if one is in use."""
        used = 0
        for entry in self._words[slot : slot + count].tolist():
            if entry:
                used |= entry
                self.release_entry(entry)
        if used & self._accessed:
            self.flush()

    def _spans(self, base: int, size_bytes: int) -> Iterator[tuple[int, int]]:
        """A range as (first slot, slot count), a table at a time, where there are tables."""
        end = base + size_bytes
        first, last = base >> 21, (end - 1) >> 21
        leaves = self._leaves
        indices = range(first, last + 1) if last - first < len(leaves) else sorted(leaves)
        for index in indices:
            if first <= index <= last and index in leaves:
                low = max(base, index << 21)
                count = (min(end, (index + 1) << 21) - low) >> FRAME_SHIFT
                yield leaves[index] + (low >> FRAME_SHIFT & 511), count
