"""The tests of capabilities and messages find faults that are put there for them."""

from __future__ import annotations

import ast

import pytest

from support.effort import EFFORT
from support.mutants import MUTANTS, Mutant, is_caught, stage3

SAMPLE = [MUTANTS[0], MUTANTS[4], MUTANTS[8]]
"""A few that are found within seconds; `make check` takes them all."""


def test_each_fault_is_one_place_in_a_file() -> None:
    """If this fails, the code has changed: adapt the list in tests/support/mutants.py."""
    for mutant in MUTANTS:
        text = (stage3() / mutant.file).read_text()
        assert text.count(mutant.old) == 1, f"{mutant.file}: {mutant.why}"
        ast.parse(text.replace(mutant.old, mutant.new))


@pytest.mark.no_machine  # its tests choose a machine themselves
@pytest.mark.parametrize("mutant", MUTANTS if EFFORT >= 6 else SAMPLE, ids=lambda each: each.why)
def test_a_fault_is_found(mutant: Mutant) -> None:
    caught, _ = is_caught(mutant)
    assert caught
