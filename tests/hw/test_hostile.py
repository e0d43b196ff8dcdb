"""Hostile machine code harms nobody but its own process (docs/reliability.md)."""

from __future__ import annotations

from random import Random

import pytest

from support import hostile
from support.effort import FUZZ_SECONDS
from support.hostile_code import CODE_BYTES_MAX, hostile_code


@pytest.mark.parametrize("name", hostile.MAKERS)
def test_random_and_self_modifying_code_stays_in_its_process(name: str) -> None:
    tally = hostile.fuzz(seed=0, seconds=FUZZ_SECONDS, name=name)
    print(tally.text())
    assert tally.failures == []
    assert tally.cases > 100
    assert tally.traps["SYSCALL"]
    assert tally.traps["EXCEPTION"] or tally.traps["ILLEGAL"]
    assert tally.traps["PAGE_FAULT"]


def test_a_case_is_known_by_its_number() -> None:
    made = [hostile_code(Random("0/7"), hostile.ADDRESSES) for _ in range(2)]
    assert made[0] == made[1]
    assert 0 < len(made[0]) <= CODE_BYTES_MAX


@pytest.mark.parametrize("address", [hostile.KEPT_FRAME, hostile.KEPT_FRAME + 0x1000, 0x1000])
def test_the_fuzzer_sees_a_store_that_should_not_be(address: int) -> None:
    arena = hostile.Arena(engines=1)
    try:
        arena.look()
        arena.memory.write(address, b"\1")
        with pytest.raises(hostile.Broken):
            arena.look()
    finally:
        arena.machine.__exit__()


def test_the_fuzzer_sees_a_healthy_program_that_does_not_go_on() -> None:
    arena = hostile.Arena(engines=1)
    try:
        arena.check_healthy(0)
        arena.check_healthy(1)
        arena.memory.write(hostile.HEALTHY_FRAME, b"\x0f\x0b")
        with pytest.raises(hostile.Broken):
            arena.check_healthy(0)
    finally:
        arena.machine.__exit__()
