"""Address spaces against a model of what a program sees; no frame is lost on the way."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from anos_sim.hw.arch import ARCHITECTURES, DEFAULT, Architecture
from anos_sim.hw.memory import Memory
from anos_sim.stage3 import lifecycle
from anos_sim.stage3.abi import MASK64, PAGE_BYTES, USER_END
from anos_sim.stage3.address_space import AddressSpace
from anos_sim.stage3.errors import OutOfFrames
from anos_sim.stage3.physical import FlushTarget, PhysicalMemory
from anos_sim.stage3.process import Process
from support.invariants import check_spaces

READ, WRITE, EXEC, NO_CACHE = 1, 2, 4, 8
BASE = (5 << 21) - 6 * PAGE_BYTES
"""Twelve pages around the border of two page tables."""
PAGES = st.integers(0, 11)
COUNTS = st.integers(1, 4)


def physical_memory(each: Architecture) -> PhysicalMemory:
    """RAM of 32 MiB, where an architecture has it, without any engine."""
    memory = Memory(32 << 20, each.addresses.ram)
    uses = memoryview(bytearray(8 * (memory.end >> 12))).cast("Q")
    return PhysicalMemory(memory, uses, each.pages)


@pytest.fixture(params=ARCHITECTURES)
def physical(request: pytest.FixtureRequest) -> PhysicalMemory:
    """The same, of one and the other."""
    return physical_memory(ARCHITECTURES[request.param])


def at(page: int) -> int:
    """The address of one of the twelve pages."""
    return BASE + page * PAGE_BYTES


def as_process(space: AddressSpace) -> Process:
    """Just enough of a process for `copy_region`."""
    return Process(1, space, {}, {}, {})


class SpaceMachine(RuleBasedStateMachine):
    """Two spaces. The model knows, a page: its first byte, and whether it may be written."""

    architecture = DEFAULT

    def __init__(self) -> None:
        super().__init__()
        self.physical = physical_memory(self.architecture)
        self.spaces = [AddressSpace(self.physical, False) for _ in range(2)]
        self.pages: list[dict[int, tuple[int, bool]]] = [{}, {}]
        self.automap: list[set[int]] = [set(), set()]

    who = st.integers(0, 1)

    @rule(who=who, page=PAGES, count=COUNTS, flags=st.sampled_from([READ, READ | WRITE]))
    def map_zero(self, who: int, page: int, count: int, flags: int) -> None:
        self.spaces[who].map_zero(at(page), count * PAGE_BYTES, flags)
        for each in range(page, page + count):
            self.pages[who][each] = (0, bool(flags & WRITE))

    @rule(who=who, page=PAGES, count=COUNTS)
    def unmap(self, who: int, page: int, count: int) -> None:
        self.spaces[who].unmap(at(page), count * PAGE_BYTES)
        for each in range(page, page + count):
            self.pages[who].pop(each, None)

    @rule(who=who, page=PAGES, count=COUNTS)
    def create_region(self, who: int, page: int, count: int) -> None:
        self.spaces[who].regions.create(at(page), at(page + count), 1)
        self.automap[who] |= set(range(page, page + count))

    @rule(who=who, page=PAGES, value=st.integers(0, 255))
    def store(self, who: int, page: int, value: int) -> None:
        done = self.spaces[who].store(at(page), bytes([value]))
        if self.may_write(who, page):
            assert done
            self.pages[who][page] = (value, True)
        else:
            assert not done

    @rule(who=who, page=st.integers(0, 10), value=st.integers(0, 255))
    def store_across(self, who: int, page: int, value: int) -> None:
        """Two bytes on two pages: both or none."""
        done = self.spaces[who].store(at(page + 1) - 1, bytes([7, value]))
        assert done == (self.may_write(who, page) and self.may_write(who, page + 1))
        # The test of the first page may have made it appear.
        if self.may_write(who, page):
            self.pages[who].setdefault(page, (0, True))
        if done:
            self.pages[who][page + 1] = (value, True)

    @rule(who=who, page=PAGES)
    def load(self, who: int, page: int) -> None:
        data = self.spaces[who].load(at(page), 1)
        if page in self.pages[who]:
            assert data == bytes([self.pages[who][page][0]])
        elif page in self.automap[who]:
            assert data == bytes(1)
            self.pages[who][page] = (0, True)
        else:
            assert data is None

    @rule(parent=who, page=PAGES, count=COUNTS)
    def share(self, parent: int, page: int, count: int) -> None:
        """Copy-on-write at process creation, two-sided: from then on they are apart."""
        spaces = [as_process(space) for space in self.spaces]
        child = 1 - parent
        lifecycle.copy_region(spaces[parent], spaces[child], at(page), count * PAGE_BYTES, False)
        for each in range(page, page + count):
            if each in self.pages[parent]:
                self.pages[child][each] = (self.pages[parent][each][0], True)

    def may_write(self, who: int, page: int) -> bool:
        """By the model: may the program write this page?"""
        if page in self.pages[who]:
            return self.pages[who][page][1]
        return page in self.automap[who]

    @invariant()
    def every_frame_is_counted(self) -> None:
        check_spaces(self.physical, self.spaces, [])

    def teardown(self) -> None:
        for space in self.spaces:
            space.destroy()
        frames, tables = self.physical.frames, self.physical.tables
        assert frames.free_count == frames.total_count - 1
        assert tables.free_count == (4 << 20) // PAGE_BYTES


SpaceMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestSpaces = SpaceMachine.TestCase


class RiscvSpaceMachine(SpaceMachine):
    """The same in another format of entries, with RAM elsewhere."""

    architecture = ARCHITECTURES["riscv64"]


RiscvSpaceMachine.TestCase.settings = SpaceMachine.TestCase.settings
TestRiscvSpaces = RiscvSpaceMachine.TestCase


@pytest.fixture
def space(physical: PhysicalMemory) -> AddressSpace:
    """An empty space that honours EXEC."""
    return AddressSpace(physical, execute_everywhere=False)


def test_one_sided_sharing_shows_the_child_what_the_parent_writes(physical: PhysicalMemory) -> None:
    """STAGE3's rule: anos-abi 3.3, step 2."""
    parent, child = AddressSpace(physical, True), AddressSpace(physical, True)
    parent.map_zero(BASE, PAGE_BYTES, READ | WRITE)
    parent.store(BASE, b"1")
    lifecycle.copy_region(as_process(parent), as_process(child), BASE, PAGE_BYTES, True)
    parent.store(BASE, b"2")
    assert child.load(BASE, 1) == b"2"
    child.store(BASE, b"3")
    parent.store(BASE, b"4")
    assert child.load(BASE, 1) == b"3"
    assert parent.load(BASE, 1) == b"4"


def test_the_last_owner_writes_in_place(physical: PhysicalMemory) -> None:
    parent, child = AddressSpace(physical, False), AddressSpace(physical, False)
    parent.map_zero(BASE, PAGE_BYTES, READ | WRITE)
    parent.store(BASE, b"1")
    frame = parent.bits.frame(parent.entry(BASE))
    lifecycle.copy_region(as_process(parent), as_process(child), BASE, PAGE_BYTES, False)
    child.store(BASE, b"2")
    parent.store(BASE, b"3")
    assert parent.bits.frame(parent.entry(BASE)) == frame


@pytest.mark.parametrize(
    ("flags", "everywhere", "executable"),
    [(READ, False, False), (READ | EXEC, False, True), (READ, True, True)],
)
def test_exec_is_honoured_where_the_policy_does(
    physical: PhysicalMemory, flags: int, everywhere: bool, executable: bool
) -> None:
    space = AddressSpace(physical, everywhere)
    space.map_zero(BASE, PAGE_BYTES, flags)
    assert space.bits.may_execute(space.entry(BASE)) == executable
    assert (space.serve_read(BASE, fetch=True) >= 0) == executable


def test_nocache_reaches_the_entry(space: AddressSpace) -> None:
    """Where there is such a bit."""
    bit = space.bits.no_cache
    assert space.protection(READ | NO_CACHE) & bit == bit
    assert not space.protection(READ) & bit


def test_an_automap_page_is_no_code(space: AddressSpace) -> None:
    space.regions.create(BASE, BASE + PAGE_BYTES, 1)
    assert space.serve_read(BASE, fetch=True) == -1
    assert space.serve_read(BASE) >= 0
    assert not space.bits.may_execute(space.entry(BASE))


@pytest.mark.parametrize("address", [USER_END, USER_END - 4, 1 << 63, MASK64 - 7, MASK64])
def test_no_address_beyond_the_user_half_is_within_reach(space: AddressSpace, address: int) -> None:
    space.regions.create(USER_END - PAGE_BYTES, 1 << 63, 1)
    assert not space.writable(address, 8)
    assert not space.readable(address, 8)
    assert space.load(address, 8) is None
    assert not space.store(address, bytes(8))
    assert not space.store_word(address, 1)
    assert space.word_slot(address) == -1


def test_a_word_across_two_pages_is_stored_whole(space: AddressSpace) -> None:
    space.map_zero(BASE, 2 * PAGE_BYTES, READ | WRITE)
    across = BASE + PAGE_BYTES - 3
    assert space.store_word(across, 0x1122334455667788)
    assert space.load(across, 8) == bytes.fromhex("8877665544332211")
    space.unmap(BASE + PAGE_BYTES, PAGE_BYTES)
    assert not space.store_word(across, 0)
    assert space.load(across, 3) == bytes.fromhex("887766")


def test_texts_end_at_a_nul_or_at_their_limit(space: AddressSpace) -> None:
    space.map_zero(BASE, PAGE_BYTES, READ | WRITE)
    end = BASE + PAGE_BYTES
    space.store(end - 5, b"abcd\0")
    assert space.load_text(end - 5, 100) == b"abcd"
    space.store(end - 5, b"abcde")
    assert space.load_text(end - 5, 100) is None
    assert space.load_text(end - 5, 5) == b"abcde"
    space.map_zero(end, PAGE_BYTES, READ)
    assert space.load_text(end - 5, 100) == b"abcde"


def test_tables_are_reserved_all_or_none(physical: PhysicalMemory) -> None:
    space = AddressSpace(physical, False)
    before = physical.tables.free_count
    for size in (4 << 30, 1 << 46):
        with pytest.raises(OutOfFrames):
            space.map_zero(0, size, READ)
        assert physical.tables.free_count == before
    assert list(space.mappings()) == []


def test_running_out_of_tables_leaves_the_space_as_it_was(physical: PhysicalMemory) -> None:
    space = AddressSpace(physical, False)
    while physical.tables.free_count > 2:
        physical.tables.allocate()
    with pytest.raises(OutOfFrames):
        space.set_entry(1 << 40, space.bits.present)
    assert space.entry(1 << 40) == 0
    space.regions.create(BASE, BASE + PAGE_BYTES, 1)
    free = physical.frames.free_count
    with pytest.raises(OutOfFrames):
        space.serve_write(BASE)
    assert physical.frames.free_count == free
    assert not space.writable(BASE, 1)


def test_running_out_of_frames_is_told_and_nothing_changes(space: AddressSpace) -> None:
    frames = space.physical.frames
    space.map_zero(BASE, PAGE_BYTES, READ | WRITE)
    while frames.free_count:
        frames.allocate()
    entry = space.entry(BASE)
    with pytest.raises(OutOfFrames):
        space.serve_write(BASE)
    assert space.entry(BASE) == entry
    assert not space.store(BASE, b"x")


class Engine(FlushTarget):
    """A TLB with entries of one space; counts the flushes it is asked for."""

    def __init__(self, space: AddressSpace) -> None:
        self.space = space
        self.flushes = 0

    def flush(self, root: int, page: int) -> None:
        """One more, if it is about its space."""
        self.flushes += root == self.space.root


def test_only_an_entry_that_an_engine_may_hold_costs_a_flush(space: AddressSpace) -> None:
    engine, other = Engine(space), Engine(AddressSpace(space.physical, False))
    space.physical.flush_targets += [engine, other]
    space.map_zero(BASE, PAGE_BYTES, READ | WRITE)
    space.store(BASE, b"x")
    space.unmap(BASE, PAGE_BYTES)
    assert engine.flushes == 0
    changes: list[Callable[[], None]] = [
        lambda: space.unmap(BASE, PAGE_BYTES),
        lambda: space.map_zero(BASE, PAGE_BYTES, READ),
        lambda: space.set_entry(BASE, 0),
    ]
    for change in changes:
        space.map_zero(BASE, PAGE_BYTES, READ | WRITE)
        space.set_entry(BASE, space.entry(BASE) | space.bits.accessed)
        before = engine.flushes
        change()
        assert engine.flushes > before
        space.set_entry(BASE, 0)
    assert other.flushes == 0


def test_mapping_over_a_window_lets_go_of_what_was_set_aside(space: AddressSpace) -> None:
    physical = space.physical
    space.map_zero(BASE, PAGE_BYTES, READ | WRITE)
    space.store(BASE, b"mine")
    space.windows[BASE] = space.entry(BASE)
    frame = physical.frames.allocate()
    space.set_entry(BASE, frame << space.bits.frame_shift | space.protection(WRITE))
    check_spaces(physical, [space], [])
    space.unmap(BASE, PAGE_BYTES)
    assert space.windows == {}
    check_spaces(physical, [space], [])
    assert physical.frames.free_count == physical.frames.total_count - 1
