"""Address spaces: what the pages of a process are, and safe access to them.

An entry without the user bit is a page that its program may not touch until it is
protected otherwise (`protection.py`).

The addresses a program hands to the kernel are allegations: `readable` and
`writable` test a whole range as the program's own access would, serving
demand-zero and copy-on-write on the way.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable

from anos_sim.hw.memory import FRAME_SHIFT
from anos_sim.hw.vcpu import MAY_RUN

from .abi import PAGE_BYTES, USER_END
from .errors import OutOfFrames
from .page_table import MAP_WRITE, PageTable
from .physical import OFFSET_MASK, PhysicalMemory
from .region import RegionMap

_NOTHING = array("Q", bytes(PAGE_BYTES))


class AddressSpace(PageTable):
    """The user half of one process's memory.

    `windows` has, per page where a message's page is mapped, the entry that was
    set aside for it. Pages where that ever was are in `_window_pages`, by number, and
    never in `_writable`: to open and to close a window need not care for it.
    """

    def __init__(self, physical: PhysicalMemory, execute_everywhere: bool) -> None:
        super().__init__(physical, execute_everywhere)
        self.regions = RegionMap()
        self.windows: dict[int, int] = {}
        self._window_pages: set[int] = set()
        self._frame_or_cow = self._frame_mask | self._cow
        self._not_accessed = ~self._accessed

    # ---- windows of messages ----

    def open_window(self, page: int, slot: int, entry: int, keep: bool) -> int:
        """Map a message's page; with `keep`, what was there is set aside until it closes.

        `slot` is `slot(page)`. The entry's reference to the frame is the caller's. Returns
        what was set aside, -1 if nothing: who finds it there again, and no window, may
        exchange the two without asking.
        """
        words, windows = self._words, self.windows
        before = words[slot]
        words[slot] = entry
        if before & self._accessed:
            before &= self._not_accessed
            self.flush(page)
        self._window_pages.add(page >> FRAME_SHIFT)
        if self._writable.pop(page >> FRAME_SHIFT, None) is not None:
            self.generation += 1
        if keep and page not in windows:
            windows[page] = before
            return before
        if before & self._present:
            self.release_entry(before)
        return -1

    def close_window(self, page: int, slot: int, entry: int) -> bool:
        """Put back what was there; False if the message's page, mapped by `entry`, no longer is.

        The reference that the window had is then the caller's.
        """
        before = self.windows.get(page)
        if before is None:
            return False
        words = self._words
        now = words[slot]
        if now != entry:
            if (now ^ entry) & self._frame_or_cow:
                return False
            if now & self._accessed:
                self.flush(page)
        del self.windows[page]
        words[slot] = before
        return True

    # ---- ranges ----

    def map_zero(self, base: int, size_bytes: int, flags: int) -> None:
        """Map the shared zero page, copy-on-write where WRITE is asked for.

        What was mapped there is released. Raises `OutOfFrames` with nothing changed.
        """
        entry = self._zero_frame << self._frame_shift | self.protection(flags & ~MAP_WRITE)
        if flags & MAP_WRITE:
            entry |= self._cow
        if size_bytes == PAGE_BYTES:
            self.replace_entry(base, entry)
            if self.windows:
                self._forget_windows(base, size_bytes)
            return
        self.reserve(base, size_bytes)
        self._forget_windows(base, size_bytes)
        for slot, count in self._spans(base, size_bytes):
            self._release(slot, count)
            self._words[slot : slot + count] = array("Q", [entry]) * count

    def unmap(self, base: int, size_bytes: int) -> None:
        """Clear entries, present or not, and release what they named."""
        if size_bytes == PAGE_BYTES:
            if self.entry(base):
                self.replace_entry(base, 0)
            if self.windows:
                self._forget_windows(base, size_bytes)
            return
        self._forget_windows(base, size_bytes)
        for slot, count in self._spans(base, size_bytes):
            self._release(slot, count)
            self._words[slot : slot + count] = _NOTHING[:count]

    def unmap_where(self, is_lost: Callable[[int], bool]) -> None:
        """Unmap the pages whose entries `is_lost` says so of, those that windows hide included.

        The window of a message stays: that page is its sender's.
        """
        for address, entry in list(self.mappings()):
            if address not in self.windows and is_lost(entry):
                self.replace_entry(address, 0)
        for page, entry in list(self.windows.items()):
            if entry & self._present and is_lost(entry):
                self.windows[page] = 0
                self.release_entry(entry)

    def _forget_windows(self, base: int, size_bytes: int) -> None:
        """The program maps or unmaps over a message's window: nothing will be put back."""
        self.generation += 1
        self._writable.clear()
        if self.windows:
            for page in [page for page in self.windows if base <= page < base + size_bytes]:
                entry = self.windows.pop(page)
                if entry & self._present:
                    self.release_entry(entry)

    def destroy(self) -> None:
        """Release every frame and table. The space is unusable afterwards."""
        self._forget_windows(0, USER_END)
        for _, entry in self.mappings():
            self.release_entry(entry)
        for table in self._tables:
            self.physical.tables.release(table)
        self._tables.clear()
        self._leaves.clear()
        self.regions = RegionMap()

    # ---- faults ----

    def serve_write(self, address: int) -> int:
        """Make a page writable if the program may write it; its frame address, or -1.

        Copy-on-write pages become the process's own, pages of an AUTOMAP region
        appear. Raises `OutOfFrames` if that needs memory and there is none.
        """
        entry = self.entry(address)
        if entry & self._present:
            if entry & self._write:
                return (entry & self._frame_mask) >> self._frame_shift << FRAME_SHIFT
            if not entry & self._cow:
                return -1
            return self._own_copy(address, entry)
        if address >= USER_END or not self.regions.automap(address):
            return -1
        frame = self.physical.frames.allocate()
        try:
            self.set_entry(address, frame << self._frame_shift | self.protection(MAP_WRITE))
        except OutOfFrames:
            self.physical.frames.release(frame)
            raise
        return frame << FRAME_SHIFT

    def _own_copy(self, address: int, entry: int) -> int:
        physical = self.physical
        shift = self._frame_shift
        shared = (entry & self._frame_mask) >> shift
        kept = entry & ~(self._frame_mask | self._cow | self._accessed) | self._write
        if shared == self._zero_frame:
            frame = physical.frames.allocate()
        elif physical.frames.counts[shared] == 1:
            self.set_entry(address, shared << shift | kept)
            return shared << FRAME_SHIFT
        else:
            frame = physical.frames.allocate()
            begin = shared << FRAME_SHIFT
            physical.memory.write(
                frame << FRAME_SHIFT, physical.memory.view[begin : begin + PAGE_BYTES]
            )
        self.replace_entry(address, frame << shift | kept)
        return frame << FRAME_SHIFT

    def serve_read(self, address: int, fetch: bool = False) -> int:
        """Make a page readable if the program may read it; its frame address, or -1."""
        entry = self.entry(address)
        if entry & self._present:
            if not entry & self._user or (fetch and not self.bits.may_execute(entry)):
                return -1
            return (entry & self._frame_mask) >> self._frame_shift << FRAME_SHIFT
        if address >= USER_END or not self.regions.automap(address):
            return -1
        if fetch and not self.execute_everywhere:
            return -1
        zero = self._zero_frame
        self.set_entry(address, zero << self._frame_shift | self.protection(0) | self._cow)
        return zero << FRAME_SHIFT

    # ---- access for the kernel ----

    def writable(self, address: int, size_bytes: int) -> bool:
        """May the program write this whole range? Serves every page of it."""
        return self._test(address, size_bytes, self.serve_write)

    def readable(self, address: int, size_bytes: int) -> bool:
        """May the program read this whole range? Serves every page of it."""
        return self._test(address, size_bytes, self.serve_read)

    def _test(self, address: int, size_bytes: int, serve: object) -> bool:
        if address + size_bytes > USER_END:
            return False
        assert callable(serve)
        page = address & ~OFFSET_MASK
        begin, end = self.physical.memory.begin, self.physical.memory.kernel_begin
        try:
            while page < address + size_bytes:
                found = serve(page)
                if not begin <= found < end:
                    return False
                page += PAGE_BYTES
        except OutOfFrames:
            return False
        return True

    def word_slot(self, address: int) -> int:
        """Where in `PhysicalMemory.words` the program's 8 bytes at `address` are.

        -1 if it may not write them, if they are not aligned, or where windows open.
        """
        base = self._writable.get(address >> FRAME_SHIFT)
        if base is not None and not address & 7:
            return base + (address >> 3 & 511)
        return self._find_word_slot(address)

    def _find_word_slot(self, address: int) -> int:
        number = address >> FRAME_SHIFT
        if address & 7 or number in self._window_pages or not self.writable(address, 8):
            return -1
        base = self.bits.frame(self.entry(address)) << 9
        self._writable[number] = base
        return base + (address >> 3 & 511)

    def peek_word(self, address: int) -> int:
        """8 aligned bytes of a page that is there; 0 if it is not. Changes nothing."""
        entry = self.entry(address) if address < USER_END and not address & 7 else 0
        if entry & (self._present | self._device) != self._present:
            return 0
        return self._words[(self.bits.frame(entry) << 9) + (address >> 3 & 511)]

    def store_word(self, address: int, value: int) -> bool:
        """Store 8 bytes as the program would; False, and nothing stored, if it may not."""
        slot = self.word_slot(address)
        if slot < 0:
            return self.store(address, value.to_bytes(8, "little"))
        self._words[slot] = value
        if self.physical.uses[slot >> 9] & MAY_RUN:
            self.physical.memory.on_store(slot >> 9, 1)
        return True

    def store(self, address: int, data: bytes | memoryview) -> bool:
        """Store bytes as the program would; False, and nothing stored, if it may not."""
        if not self.writable(address, len(data)):
            return False
        done = 0
        while done < len(data):
            at = address + done
            page = self.bits.frame(self.entry(at)) << FRAME_SHIFT
            count = min(len(data) - done, PAGE_BYTES - (at & OFFSET_MASK))
            self.physical.memory.write(page | at & OFFSET_MASK, data[done : done + count])
            done += count
        return True

    def load(self, address: int, size_bytes: int) -> bytes | None:
        """Read bytes as the program would; None if it may not."""
        if not self.readable(address, size_bytes):
            return None
        pieces = []
        end = address + size_bytes
        while address < end:
            page = self.bits.frame(self.entry(address)) << FRAME_SHIFT
            count = min(end - address, PAGE_BYTES - (address & OFFSET_MASK))
            pieces.append(self.physical.memory.read(page | address & OFFSET_MASK, count))
            address += count
        return b"".join(pieces)

    def load_text(self, address: int, size_bytes_max: int) -> bytes | None:
        """Read up to a NUL, at most `size_bytes_max` bytes; None if a byte is out of reach."""
        pieces = []
        while size_bytes_max > 0:
            count = min(size_bytes_max, PAGE_BYTES - (address & OFFSET_MASK))
            piece = self.load(address, count)
            if piece is None:
                return None
            nul = piece.find(0)
            if nul >= 0:
                pieces.append(piece[:nul])
                break
            pieces.append(piece)
            address += count
            size_bytes_max -= count
        return b"".join(pieces)
