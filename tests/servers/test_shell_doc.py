"""docs/shell.md: what it shows is what happens."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.host_build import ROOT
from support.shell import run_shell

TEXT = (ROOT / "docs" / "shell.md").read_text()
PROMPT = re.compile(r"^disk0:/\S*> ", re.MULTILINE)
SESSIONS = [
    block
    for block in re.findall(r"^```\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    if PROMPT.match(block)
]


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The document's program."""
    folder = tmp_path_factory.mktemp("words")
    source = re.search(r"^```c\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    assert source
    (folder / "words.c").write_text(source[1])
    compiler = Path(sys.executable).with_name("anos-cc")
    subprocess.run([compiler, "words.c", "-o", "words.elf"], cwd=folder, check=True)
    return (folder / "words.elf").read_bytes()


@pytest.mark.parametrize("session", SESSIONS, ids=range(len(SESSIONS)))
def test_a_session_is_as_it_is_shown(session: str, words: bytes) -> None:
    lines = session.splitlines()
    commands = [line.partition("> ")[2] for line in lines if PROMPT.match(line)]
    said = run_shell(*commands, programs={"words.elf": words}).transcript
    parts = session.split("...\n")
    shown = "(?:.*\n)*?".join(re.escape(part) for part in parts)
    assert re.search(shown, said), said


def test_every_command_has_its_place() -> None:
    listed = re.findall(r"^  (\w+) +\S", run_shell("help").answer("help"), re.MULTILINE)
    named = set(re.findall(r"`(\w+)[^`]*`", TEXT))
    assert set(listed) - named == set()
