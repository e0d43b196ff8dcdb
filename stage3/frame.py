"""Physical frames: who has how many references to which.

`FrameAllocator` hands out the frames that programs see; `TableAllocator` those
of the kernel's part of RAM, which hold page tables and nothing else.
"""

from __future__ import annotations

from array import array

from anos_sim.hw.memory import FRAME_BYTES, FRAME_SHIFT, Memory

from .errors import OutOfFrames

ZEROES = bytes(FRAME_BYTES)
_FREE, _USED, _PINNED = 0, 1, 2


class FrameAllocator:
    """Managed RAM, by frame number (address >> 12), with a reference count each.

    A frame is free when its count is 0. A free frame may still be mapped by
    someone who named its address (`map_physical` under `bearer`): such a
    mapping counts, and the frame is passed over until it is gone. What
    `allocate` returns is zeroed. Reuse is last in, first out: warm frames first.
    """

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self.begin = memory.managed_begin >> FRAME_SHIFT
        self.end = memory.kernel_begin >> FRAME_SHIFT
        self.counts = array("I", bytes(4 * self.end))
        self._states = bytearray(self.end)
        self._states[: self.begin] = bytes([_USED]) * self.begin
        self._recycled: list[int] = []
        self._fresh = self.begin
        self._fresh_end = self.end
        self.free_count = self.end - self.begin
        self.total_count = self.end - self.begin

    def is_managed(self, frame: int) -> bool:
        """Is this one of the frames that are counted?"""
        return self.begin <= frame < self.end

    def allocate(self) -> int:
        """Take one zeroed frame, with one reference.

        Raises:
            OutOfFrames: there is none.
        """
        frame = self._pick()
        self.counts[frame] = 1
        self._states[frame] = _USED
        self.free_count -= 1
        self._memory.write(frame << FRAME_SHIFT, ZEROES)
        return frame

    def _pick(self) -> int:
        recycled = self._recycled
        while recycled:
            frame = recycled.pop()
            if self._states[frame] == _FREE:
                if not self.counts[frame]:
                    return frame
                self._states[frame] = _PINNED
                self.free_count -= 1
        while self._fresh < self._fresh_end:
            frame = self._fresh
            self._fresh += 1
            if self._states[frame] == _FREE:
                if not self.counts[frame]:
                    return frame
                self._states[frame] = _PINNED
                self.free_count -= 1
        raise OutOfFrames

    def allocate_run(self, count: int) -> int:
        """Take `count` zeroed frames in a row, one reference each.

        Returns the first frame.

        Raises:
            OutOfFrames: no run is long enough.
        """
        if count > self.free_count:
            raise OutOfFrames
        at = self._states.rfind(bytes(count), self.begin, self._fresh_end)
        while at >= 0 and any(self.counts[at : at + count]):
            at = self._states.rfind(bytes(count), self.begin, at + count - 1)
        if at < 0:
            raise OutOfFrames
        for frame in range(at, at + count):
            self._states[frame] = _USED
            self.counts[frame] = 1
            self._memory.write(frame << FRAME_SHIFT, ZEROES)
        self.free_count -= count
        run = range(at, at + count)
        self._recycled = [frame for frame in self._recycled if frame not in run]
        return at

    def reference(self, frame: int) -> None:
        """Add a reference. Frames outside managed RAM are not counted."""
        if self.begin <= frame < self.end:
            self.counts[frame] += 1

    def release(self, frame: int, references: int = 1) -> None:
        """Drop references; the last one frees the frame."""
        if not self.begin <= frame < self.end:
            return
        count = self.counts[frame] - references
        self.counts[frame] = count
        if not count and self._states[frame] != _FREE:
            self._states[frame] = _FREE
            self.free_count += 1
            self._recycled.append(frame)


class TableAllocator:
    """Frames for page tables, out of reach of programs and devices."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._recycled: list[int] = []
        self._fresh = memory.kernel_begin
        self._end = memory.end
        self.free_count = (self._end - self._fresh) >> FRAME_SHIFT

    def allocate(self) -> int:
        """Take a zeroed table; returns its physical address. Raises `OutOfFrames`."""
        if self._recycled:
            address = self._recycled.pop()
            self._memory.view[address : address + FRAME_BYTES] = ZEROES
        elif self._fresh < self._end:
            address = self._fresh
            self._fresh += FRAME_BYTES
        else:
            raise OutOfFrames
        self.free_count -= 1
        return address

    def release(self, address: int) -> None:
        """Give a table back."""
        self.free_count += 1
        self._recycled.append(address)
