"""Every rule of the ABI has a check whose name cites it."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from anos_sim.toolchain.conformance import PROGRAMS
from support.rows import ROWS, Row

TESTS = Path(__file__).resolve().parent
TEXT = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
"""A string in C, on one line."""


@cache
def names() -> tuple[str, ...]:
    """What checks are called: every string of a listed program, and every test in Python."""
    found = []
    for program in PROGRAMS:
        (path,) = (*TESTS.glob(f"guest/{program.name}.c"), *TESTS.glob(f"guest/*/{program.name}.c"))
        source = path.read_text()
        found += TEXT.findall(re.sub(r'"\s*\n\s*"', "", source))
    for path in sorted(TESTS.rglob("test_*.py")):
        found += re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE)
    return tuple(found)


@pytest.mark.parametrize("row", ROWS, ids=Row.name)
def test_every_row_has_a_check(row: Row) -> None:
    assert any(name.startswith(row.name()) for name in names()), f"{row.place}: {row.rule}"


def test_there_is_a_row_for_every_call_and_section() -> None:
    places = {row.place for row in ROWS}
    calls = {f"1.8/{number}" for number in range(1, 27)}
    sections = {"4.6", *(f"{section}.{part}" for section in (4, 5) for part in range(1, 6))}
    sections |= {f"6.{part}" for part in range(1, 11)} | {f"7.{part}" for part in range(1, 6)}
    assert calls | sections <= places


def test_checks_cite_places_that_have_rows() -> None:
    """A check that begins with a place begins with one of these."""
    places = {row.place for row in ROWS} | {"2"}
    cited = {name.split()[0] for name in names() if re.match(r"\d+(\.\d+)?(/\d+)? [a-z]", name)}
    unknown = {place for place in cited if place not in places and not place.startswith("1.2/")}
    assert unknown == set()
