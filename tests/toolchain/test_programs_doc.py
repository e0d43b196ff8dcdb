"""docs/programs.md, followed from an empty folder by somebody who believes every word."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest

from support.document import Command, File, follow, is_like, same, steps

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "programs.md"
COMMANDS = {"anos-cc": "anos_sim.toolchain.cc.command", "anos-sim": "anos_sim.toolchain"}
if not DOCUMENT.is_file():
    pytest.skip("only a checkout has docs", allow_module_level=True)
if importlib.util.find_spec("ziglang") is None:
    pytest.skip("anos-cc needs ziglang", allow_module_level=True)

TEXT = DOCUMENT.read_text(encoding="utf-8")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Where the two commands are found, whatever is installed how."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, module in COMMANDS.items():
        path = programs / name
        path.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {module} "$@"\n')
        path.chmod(0o755)
    return {"PATH": f"{programs}:{os.environ['PATH']}"}


@pytest.mark.arch("the document's addresses and costs are x86_64's")
def test_the_document_is_true_word_for_word(tmp_path: Path, environment: dict[str, str]) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    done = list(steps(TEXT))
    assert sum(isinstance(step, File) for step in done) > 8
    assert sum(isinstance(step, Command) for step in done) > 8
    for step in done:
        follow(step, folder, environment)


def test_steps_are_files_and_commands_with_what_they_print() -> None:
    text = "`a.c`:\n\n```c\nint a;\n```\n\n```\n$ cc a.c\nerror\n[exit status 1]\n$ ls\n```\n"
    assert list(steps(text)) == [
        File("a.c", "int a;\n"), Command("cc a.c", ("error",), 1), Command("ls", (), 0),
    ]  # fmt: skip


def test_dots_are_any_lines_and_only_times_and_numbers_of_a_run_may_differ() -> None:
    printed = ["   0.030034 cpu0  hello[9]      one", "two", "three"]
    assert is_like(("...", "two", "..."), printed)
    assert is_like(("   0.1 is no time", "..."), printed) is False
    assert is_like(("   0.090000 cpu3  hello[10]     one", "two", "three"), printed)
    assert not is_like(("...", "two"), printed)
    assert not same("tea has 1", "tea has 2")
