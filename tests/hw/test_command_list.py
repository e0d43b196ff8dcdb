"""PRDT walks: however a transfer is cut up, the same bytes move."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anos_sim.hw.command_list import CommandHeader, PrdtOverflow, gather, read_prdt, scatter
from anos_sim.hw.memory import BusError, Memory

MEMORY = Memory(32 << 20)
TABLE = 0x1000
ROOM = 0x40_0000


def put_prdt(entries: list[tuple[int, int, bool]]) -> CommandHeader:
    data = b"".join(
        struct.pack("<QII", address, 0, count - 1 | interrupt << 31)
        for address, count, interrupt in entries
    )
    MEMORY.write(TABLE + 0x80, data)
    return CommandHeader(0, len(entries), TABLE)


@st.composite
def split_transfers(draw: st.DrawFn) -> tuple[list[tuple[int, int, bool]], int]:
    """Entries of even sizes at places that do not overlap, with room for the transfer."""
    sizes = [2 * half for half in draw(st.lists(st.integers(1, 700), min_size=1, max_size=12))]
    gaps = draw(st.lists(st.integers(0, 50), min_size=len(sizes), max_size=len(sizes)))
    entries, at = [], ROOM
    for size, gap in zip(sizes, gaps, strict=True):
        at += 2 * gap
        entries.append((at, size, draw(st.booleans())))
        at += size
    order = draw(st.permutations(entries))
    return list(order), draw(st.integers(0, sum(sizes)))


@given(split_transfers())
def test_any_split_moves_the_same_bytes(
    transfer: tuple[list[tuple[int, int, bool]], int],
) -> None:
    entries, count = transfer
    data = bytes(index * 31 + index // 251 & 0xFF for index in range(count))
    prdt = read_prdt(MEMORY, put_prdt(entries))
    asked = scatter(MEMORY, prdt, data)
    placed = b"".join(MEMORY.read(at, size) for at, size, _ in entries)
    assert placed[:count] == data
    assert gather(MEMORY, prdt, count) == (data, asked)


def test_nothing_outside_the_entries_is_touched() -> None:
    MEMORY.write(ROOM, b"." * 64)
    header = put_prdt([(ROOM + 8, 4, False), (ROOM + 20, 4, False)])
    scatter(MEMORY, read_prdt(MEMORY, header), b"abcdef")
    assert MEMORY.read(ROOM, 28) == b"........abcd........ef......"


def test_a_table_that_is_too_short_overflows() -> None:
    prdt = read_prdt(MEMORY, put_prdt([(ROOM, 512, False)]))
    with pytest.raises(PrdtOverflow):
        scatter(MEMORY, prdt, bytes(514))
    with pytest.raises(PrdtOverflow):
        gather(MEMORY, prdt, 514)


def test_only_a_full_entry_asks_for_an_interrupt() -> None:
    prdt = read_prdt(MEMORY, put_prdt([(ROOM, 512, True)]))
    assert not scatter(MEMORY, prdt, bytes(510))
    assert scatter(MEMORY, prdt, bytes(512))


def test_the_largest_entry_is_4_mib() -> None:
    (prd,) = read_prdt(MEMORY, put_prdt([(ROOM, 4 << 20, False)]))
    assert prd.byte_count == 4 << 20


def test_bad_addresses_are_bus_errors() -> None:
    prdt = read_prdt(MEMORY, put_prdt([(0x1_0000_0000, 512, False)]))
    with pytest.raises(BusError):
        scatter(MEMORY, prdt, bytes(512))
    with pytest.raises(BusError):
        read_prdt(MEMORY, CommandHeader(0, 65535, MEMORY.kernel_begin - 0x100))
