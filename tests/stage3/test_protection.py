"""Protection: all pages of a range or none, and what is in them stays."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anos_sim.stage3.abi import PAGE_BYTES, USER_END, MapFlags, RegionFlags, Sysno
from support.direct import DirectKernel
from support.invariants import check_kernel

AT = 0x5000_0000
PAGES = 8
R, W, X = int(MapFlags.READ), int(MapFlags.WRITE), int(MapFlags.EXEC)
KINDS = ["nothing", "zero", "written", "region", "region, read", "region, written"]
PROTECTIONS = [0, R, R | W, R | X, R | W | X]


def lay_out(direct: DirectKernel, kinds: list[str]) -> None:
    """Pages from AT on, one of each kind asked for."""
    space = direct.system.space
    for index, kind in enumerate(kinds):
        address = AT + index * PAGE_BYTES
        if kind.startswith("region"):
            space.regions.create(address, address + PAGE_BYTES, RegionFlags.AUTOMAP)
        elif kind != "nothing":
            space.map_zero(address, PAGE_BYTES, R | W)
        if kind.endswith("read"):
            space.serve_read(address)
        elif kind.endswith("written"):
            space.store(address, bytes([index + 1]) * 8)


def entries(direct: DirectKernel) -> list[int]:
    """The entries of all those pages."""
    addresses = range(AT, AT + PAGES * PAGE_BYTES, PAGE_BYTES)
    space = direct.system.space
    return [space.entry(address) & ~space.bits.accessed for address in addresses]


pages = st.lists(st.sampled_from(KINDS), min_size=PAGES, max_size=PAGES)
ranges = st.tuples(st.integers(0, PAGES - 1), st.integers(1, PAGES))
steps = st.lists(st.tuples(ranges, st.sampled_from(PROTECTIONS)), min_size=1, max_size=6)


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(["derived", "bearer"]), pages, steps)
def test_it_does_what_a_small_model_does(
    policy: str, kinds: list[str], changes: list[tuple[tuple[int, int], int]]
) -> None:
    """The model: each page that is mapped, or may appear, has the flags it was given last."""
    with DirectKernel(policy) as direct:
        lay_out(direct, kinds)
        free = direct.kernel.frames.free_count
        flags_of = {
            index: R | W | (X if policy == "bearer" else 0)
            for index, kind in enumerate(kinds)
            if kind != "nothing"
        }
        for (first, count), flags in changes:
            wanted = range(first, min(PAGES, first + count))
            size = len(wanted) * PAGE_BYTES
            before = entries(direct)
            status = direct.status(direct.main, Sysno.PROTECT, size, AT + first * PAGE_BYTES, flags)
            possible = all(index in flags_of for index in wanted)
            possible = possible and (policy == "bearer" or flags & (W | X) != W | X)
            assert status == ("OK" if possible else "FAILURE")
            if possible:
                everywhere = X if policy == "bearer" and flags else 0
                flags_of |= dict.fromkeys(wanted, flags | everywhere)
            else:
                assert entries(direct) == before
        assert direct.kernel.frames.free_count == free
        check_kernel(direct.kernel)
        space = direct.system.space
        for index, flags in flags_of.items():
            address = AT + index * PAGE_BYTES
            content = bytes([index + 1]) * 8 if kinds[index].endswith("written") else bytes(8)
            assert space.load(address, 8) == (content if flags & R else None)
            may_run = space.serve_read(address, fetch=True) >= 0
            assert may_run == (bool(flags & X) and (policy == "derived" or bool(flags & R)))
            assert space.store(address, b"new text") == bool(flags & W)
            assert space.load(address, 8) == (
                b"new text" if flags & W else content if flags & R else None
            )


def test_a_page_in_use_is_flushed() -> None:
    with DirectKernel() as direct:
        lay_out(direct, ["written"])
        space = direct.system.space
        space.set_entry(AT, space.entry(AT) | space.bits.accessed)
        flushed: list[int] = []

        class Target:
            def flush(self, root: int, page: int) -> None:
                flushed.append(root)

        direct.kernel.physical.flush_targets.append(Target())
        direct.value(Sysno.PROTECT, PAGE_BYTES, AT, R)
        assert flushed == [space.root]
        bits = space.bits
        readable = bits.present | bits.user | bits.no_execute
        assert space.entry(AT) & ~bits.frame_mask == readable


@pytest.mark.parametrize("size", [USER_END - AT, 1 << 46, 1 << 40])
@pytest.mark.parametrize("flags", PROTECTIONS[:4])
def test_huge_sizes_are_refused_or_done_at_once(size: int, flags: int) -> None:
    """A terabyte of a region cannot be read-only page by page, but readable and writable it is."""
    with DirectKernel() as direct:
        space = direct.system.space
        assert direct.status(direct.main, Sysno.PROTECT, size, AT, flags) == "FAILURE"
        space.regions.create(AT, AT + size, RegionFlags.AUTOMAP)
        expected = "OK" if flags == R | W else "FAILURE"
        assert direct.status(direct.main, Sysno.PROTECT, size, AT, flags) == expected
        assert space.store(AT + size - 8, b"8 bytes.")


def test_ten_thousand_pages_take_no_time_each() -> None:
    with DirectKernel() as direct:
        size = 10_000 * PAGE_BYTES
        direct.system.space.map_zero(AT, size, R | W)
        begin = time.process_time()
        for flags in (R, 0, R | X, R | W):
            direct.value(Sysno.PROTECT, size, AT, flags)
        assert time.process_time() - begin < 1


def test_what_two_have_becomes_a_copy_and_what_one_has_does_not() -> None:
    with DirectKernel() as direct:
        lay_out(direct, ["written", "written"])
        space, frames = direct.system.space, direct.kernel.frames
        built = direct.value(Sysno.BUILD_PROCESS, 1)
        direct.value(Sysno.MAP_INTO, built, AT, AT, PAGE_BYTES, R)
        for flags in (R, R | W):
            direct.value(Sysno.PROTECT, 2 * PAGE_BYTES, AT, flags)
        free = frames.free_count
        space.store(AT + PAGE_BYTES, b"mine")
        assert frames.free_count == free
        space.store(AT, b"mine")
        assert frames.free_count == free - 1
        process = next(iter(direct.kernel.building))
        assert process.space.load(AT, 4) == b"\1\1\1\1"
