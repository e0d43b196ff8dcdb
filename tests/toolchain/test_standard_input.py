"""Who types, by what is at standard input."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from anos_sim.toolchain.standard_input import Input, standard_input

ASK = "from anos_sim.toolchain.standard_input import standard_input; print(standard_input().name)"


def at(stdin: int | None) -> str:
    """What a program finds at its standard input."""
    command = [sys.executable, "-c", ASK]
    done = subprocess.run(command, stdin=stdin, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_null_device_is_nobody_and_a_pipe_or_a_file_is_a_script(tmp_path: Path) -> None:
    assert at(subprocess.DEVNULL) == "NOBODY"
    reader, writer = os.pipe()
    assert at(reader) == "PIPE"
    path = tmp_path / "script"
    path.write_text("help\n")
    with path.open() as file:
        assert at(file.fileno()) == "PIPE"
    os.close(reader)
    os.close(writer)


def test_a_terminal_that_another_program_has_is_nobody() -> None:
    master, slave = os.openpty()
    assert at(slave) == "NOBODY", "it is not the terminal of this session"
    os.close(master)
    os.close(slave)


def test_a_standard_input_that_is_closed_is_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert standard_input() is Input.NOBODY
