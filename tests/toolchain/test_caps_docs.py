"""docs/capabilities.md shows the system as it is."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest

from anos_sim.toolchain.inspect import CapabilityGraph, boot_and_snapshot

DOCS = Path(__file__).resolve().parents[2] / "docs"
if not DOCS.is_dir():
    pytest.skip("only a checkout has docs", allow_module_level=True)
CHANGING = re.compile(r"; (sent|received) .*|: \d+ calls?.*|\d[\d,]* (KiB|system calls?)")
"""Counts and sizes in the picture, which change with every program and say nothing new."""


@pytest.fixture(scope="module")
def graph() -> CapabilityGraph:
    """Our own system at its end."""
    return boot_and_snapshot()


def structure(picture: str) -> Counter[str]:
    """What a picture says, without counts, sizes and places."""
    texts = [element.text or "" for element in ElementTree.fromstring(picture).iter()]
    lines = (CHANGING.sub("", text) for text in texts if " capabilities of " not in text)
    return Counter(line.strip() for line in lines)


@pytest.mark.arch("the picture's addresses are x86_64's")
def test_the_picture_is_of_the_system_as_it_is(graph: CapabilityGraph) -> None:
    drawn = structure((DOCS / "capabilities.svg").read_text(encoding="utf-8"))
    current = structure(graph._repr_svg_())
    hint = "`anos-sim caps --svg > docs/capabilities.svg` draws it anew"
    assert (drawn - current, current - drawn) == (Counter(), Counter()), hint


def test_the_structure_of_a_picture_has_holders_objects_and_links(graph: CapabilityGraph) -> None:
    said = structure(graph._repr_svg_())
    assert said["shell[5]"] == 1
    assert said["SYSTEM::VFS"] == 1
    assert said["shell[5] holds channel 2 SYSTEM::VFS: send"] == 1
    assert said["SYSTEM[1] gave shell[5]"] == 1


def test_the_examples_for_python_run(capsys: pytest.CaptureFixture[str]) -> None:
    text = (DOCS / "capabilities.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", text.partition("## From Python")[2], re.DOTALL)
    exec(compile(example, "capabilities.md", "exec"), {})
    printed = capsys.readouterr().out
    assert "SYSTEM[1] (power-on) -> devman[4] (give)" in printed
    assert "shell[5] came to" in printed


def test_the_grammar_is_the_one_that_is_tested() -> None:
    """The parser's rules, in tests/support/capdl.py, quote the grammar's first words."""
    text = (DOCS / "capabilities.md").read_text(encoding="utf-8")
    grammar = text.partition("### The subset of capDL")[2]
    rules = dict(re.findall(r"^(\w+) +::= (.+)$", grammar, re.MULTILINE))
    parser = (DOCS.parent / "tests" / "support" / "capdl.py").read_text(encoding="utf-8")
    for name in ("object", "parameter", "tree"):
        assert f"{name} ::= {rules[name]}" in parser
    kinds = re.findall(r"'(\w+)'", rules["type"])
    assert f"TYPES = {tuple(kinds)!r}".replace("'", '"') in parser
