"""Scripts and pipes type a line when they are asked for one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from anos_sim.toolchain.errors import UserError
from anos_sim.toolchain.script import CONSOLE_END, ENDS_MAX, Pipe, Script, read_script, tour_script


def test_a_script_is_typed_line_by_line_and_then_the_input_ends() -> None:
    script = Script(b"first\nsecond\n\nlast")
    assert [script() for _ in range(4)] == [b"first\n", b"second\n", b"\n", b"last\n"]
    assert [script() for _ in range(ENDS_MAX)] == [CONSOLE_END] * ENDS_MAX
    assert script() == b"", "a guest that reads on waits"


def test_a_pipe_is_read_when_a_line_is_wanted_and_not_before() -> None:
    reader, writer = os.pipe()
    waits: list[int] = []

    def feed() -> None:
        waits.append(len(waits))
        if len(waits) == 1:
            os.write(writer, b"half a ")
        elif len(waits) == 2:
            os.write(writer, b"line\nnext\nwithout end")
        else:
            os.close(writer)

    pipe = Pipe(reader, feed, b"otherwise\n")
    assert waits == []
    assert pipe() == b"half a line\n"
    assert pipe() == b"next\n"
    assert len(waits) == 2
    assert pipe() == b"without end\n"
    assert pipe() == CONSOLE_END
    os.close(reader)


def test_where_nothing_comes_from_a_pipe_something_else_is_typed() -> None:
    reader, writer = os.pipe()
    os.close(writer)
    pipe = Pipe(reader, lambda: None, b"otherwise\n")
    assert [pipe(), pipe()] == [b"otherwise\n", CONSOLE_END]
    os.close(reader)


def test_a_script_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--script: cannot read"):
        read_script(str(tmp_path / "missing"))


def test_the_tour_ends_with_switching_off() -> None:
    assert tour_script().splitlines()[-1] == b"poweroff"
