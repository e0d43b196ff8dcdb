"""Vectors: 159 of them, around and around, and never the one that is a system call."""

from __future__ import annotations

from typing import cast

from anos_sim.stage3.abi import (
    INTERRUPT_QUEUE_MAX,
    INTERRUPT_SLOW_TICKS,
    MSI_FIRST,
    MSI_LAST,
    SLOW_VECTOR,
)
from anos_sim.stage3.interrupt import InterruptVector, VectorTable
from anos_sim.stage3.process import Process
from support.architectures import ADDRESSES as BOARD

OWNER = cast(Process, None)
ADDRESSES = [BOARD.interrupts | cpu << 12 for cpu in range(4)]
EVERY = [(MSI_FIRST, MSI_LAST + 1)]


def allocate(table: VectorTable, addresses: list[int] = ADDRESSES) -> InterruptVector:
    """The next vector, which must exist."""
    vector = table.allocate(OWNER, 0, addresses, EVERY)
    assert vector is not None
    return vector


def test_all_vectors_but_the_system_calls_are_handed_out_once() -> None:
    table = VectorTable()
    numbers = [allocate(table).number for _ in range(159)]
    assert numbers == [n for n in range(MSI_FIRST, MSI_LAST + 1) if n != SLOW_VECTOR]
    assert table.allocate(OWNER, 0, ADDRESSES, EVERY) is None
    assert [vector.number for vector in table.all()] == numbers


def test_a_driver_gets_only_vectors_of_its_ranges() -> None:
    table = VectorTable()
    ranges = [(0x50, 0x52), (0x60, 0x61)]
    made = [table.allocate(OWNER, 0, ADDRESSES, ranges) for _ in range(4)]
    assert [vector.number if vector else None for vector in made] == [0x50, 0x51, 0x60, None]
    assert allocate(table).number == 0x61


def test_they_go_around_before_one_is_used_again() -> None:
    table = VectorTable()
    first = allocate(table)
    table.release(first)
    assert allocate(table).number == MSI_FIRST + 1
    for _ in range(157):
        allocate(table)
    assert allocate(table).number == MSI_FIRST
    assert table.allocate(OWNER, 0, ADDRESSES, EVERY) is None


def test_a_released_vector_is_found_again_wherever_the_hint_stands() -> None:
    table = VectorTable()
    vectors = [allocate(table) for _ in range(159)]
    table.release(vectors[100])
    assert table.find(vectors[100].number) is None
    assert allocate(table).number == vectors[100].number


def test_vectors_are_spread_over_the_cpus() -> None:
    """anos-abi 7.1: CPU[index % ncpu]."""
    table = VectorTable()
    for _ in range(10):
        vector = allocate(table)
        assert vector.address == BOARD.interrupts | (vector.number - MSI_FIRST) % 4 << 12


def test_four_events_wait_and_the_fifth_is_dropped() -> None:
    vector = allocate(VectorTable())
    for _ in range(INTERRUPT_QUEUE_MAX + 1):
        vector.queue(0, tick=5)
    assert len(vector.events) == INTERRUPT_QUEUE_MAX
    assert vector.dropped == 1
    assert not vector.slow


def test_a_consumer_that_is_100_ticks_behind_is_slow_for_ever() -> None:
    vector = allocate(VectorTable())
    for _ in range(INTERRUPT_QUEUE_MAX):
        vector.queue(0, tick=5)
    vector.queue(0, tick=5 + INTERRUPT_SLOW_TICKS)
    assert not vector.slow
    vector.queue(0, tick=6 + INTERRUPT_SLOW_TICKS)
    assert vector.slow
