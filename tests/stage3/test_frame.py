"""Frames: none is lost, none is handed out twice, mapped ones are left alone."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from anos_sim.hw.memory import FIRMWARE_BYTES, FRAME_BYTES, FRAME_SHIFT, Memory
from anos_sim.stage3.errors import OutOfFrames
from anos_sim.stage3.frame import FrameAllocator, TableAllocator

SMALL = FIRMWARE_BYTES + (1 << 20)
"""So little RAM that a few rules use it up: 160 managed frames."""


class FrameMachine(RuleBasedStateMachine):
    """Against a model: how many references each frame has, and whether it is only pinned."""

    used = Bundle("used")
    pins = Bundle("pins")

    def __init__(self) -> None:
        super().__init__()
        self.memory = Memory(SMALL)
        self.frames = FrameAllocator(self.memory)
        self.references: Counter[int] = Counter()
        self.pinned: Counter[int] = Counter()

    def hand_out(self, frame: int) -> None:
        """A frame was given to us: it must have been nobody's, and zeroed."""
        assert self.frames.begin <= frame < self.frames.end
        assert not self.references[frame], "it is in use"
        assert not self.pinned[frame], "someone has it mapped"
        at = frame << FRAME_SHIFT
        assert not any(self.memory.view[at : at + FRAME_BYTES])
        self.memory.view[at] = 1
        self.references[frame] = 1

    @rule(target=used)
    def allocate(self) -> object:
        try:
            frame = self.frames.allocate()
        except OutOfFrames:
            taken = {frame for frame in self.references if self.references[frame]}
            taken |= {frame for frame in self.pinned if self.pinned[frame]}
            assert len(taken) == self.frames.total_count
            return multiple()
        self.hand_out(frame)
        return frame

    @rule(target=used, count=st.integers(1, 70))
    def allocate_run(self, count: int) -> object:
        try:
            first = self.frames.allocate_run(count)
        except OutOfFrames:
            free = [
                not self.references[frame] and not self.pinned[frame]
                for frame in range(self.frames.begin, self.frames.end)
            ]
            assert not any(all(free[at : at + count]) for at in range(len(free) - count + 1))
            return multiple()
        for frame in range(first, first + count):
            self.hand_out(frame)
        return multiple(*range(first, first + count))

    @rule(frame=used, target=used)
    def reference(self, frame: int) -> int:
        self.frames.reference(frame)
        self.references[frame] += 1
        return frame

    @rule(frame=consumes(used))
    def release(self, frame: int) -> None:
        self.frames.release(frame)
        self.references[frame] -= 1

    @rule(target=pins, at=st.integers(0, 159))
    def pin(self, at: int) -> object:
        """Somebody maps a free frame by its address."""
        frame = self.frames.begin + at
        if self.references[frame]:
            return multiple()
        self.frames.reference(frame)
        self.pinned[frame] += 1
        return frame

    @rule(frame=consumes(pins))
    def unpin(self, frame: int) -> None:
        self.frames.release(frame)
        self.pinned[frame] -= 1

    @invariant()
    def nothing_is_lost(self) -> None:
        for frame in range(self.frames.begin, self.frames.end):
            expected = self.references[frame] + self.pinned[frame]
            assert self.frames.counts[frame] == expected
        in_use = sum(count > 0 for count in self.references.values())
        pinned = sum(count > 0 for count in self.pinned.values())
        free = self.frames.free_count
        assert free + in_use <= self.frames.total_count
        assert free + in_use + pinned >= self.frames.total_count


FrameMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
TestFrames = FrameMachine.TestCase


def test_everything_can_be_allocated_once_and_comes_back() -> None:
    frames = FrameAllocator(Memory(SMALL))
    all_of_them = [frames.allocate() for _ in range(frames.total_count)]
    assert sorted(all_of_them) == list(range(frames.begin, frames.end))
    with pytest.raises(OutOfFrames):
        frames.allocate()
    for frame in all_of_them:
        frames.release(frame)
    assert frames.free_count == frames.total_count
    assert frames.allocate_run(frames.total_count) == frames.begin


def test_a_run_that_does_not_fit_changes_nothing() -> None:
    frames = FrameAllocator(Memory(SMALL))
    top = frames.allocate_run(frames.total_count // 2)
    hole, _ = frames.allocate(), frames.allocate()
    frames.release(hole)
    before = frames.free_count
    with pytest.raises(OutOfFrames):
        frames.allocate_run(before)
    with pytest.raises(OutOfFrames):
        frames.allocate_run(1 << 52)
    assert frames.free_count == before
    assert top + frames.total_count // 2 == frames.end


def test_frames_outside_managed_memory_are_not_counted() -> None:
    frames = FrameAllocator(Memory(SMALL))
    for frame in (0, frames.begin - 1, frames.end, 1 << 30):
        frames.reference(frame)
        frames.release(frame)
        frames.release(frame)
    assert frames.free_count == frames.total_count


def test_tables_come_from_the_kernels_part_and_are_zero() -> None:
    memory = Memory(32 << 20)
    tables = TableAllocator(memory)
    count = tables.free_count
    assert count == (memory.size_bytes - memory.kernel_begin) // FRAME_BYTES
    found = [tables.allocate() for _ in range(count)]
    assert len(set(found)) == count
    assert min(found) >= memory.kernel_begin
    assert max(found) + FRAME_BYTES <= memory.size_bytes
    with pytest.raises(OutOfFrames):
        tables.allocate()
    memory.view[found[7]] = 99
    tables.release(found[7])
    again = tables.allocate()
    assert again == found[7]
    assert memory.view[again] == 0
