"""The console on kterminal's screen: control characters and sequences (ECMA-48)."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.host_build import build_for_host

pytestmark = pytest.mark.no_machine

SHIM = Path(__file__).resolve().parents[1] / "support" / "console_host.c"
COLUMNS, ROWS = 12, 5
_PART = re.compile(r"\x1b\[([\d;]*)([@-~])|(.)", re.DOTALL)


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The console and its screen, compiled for the host."""
    program = tmp_path_factory.mktemp("console") / "console"
    return build_for_host(program, "kterminal", SHIM, leave_out=("main.c", "framebuffer.c"))


def show(console: Path, text: str, read_bytes: int = 4096) -> tuple[list[str], tuple[int, int]]:
    """The screen's rows and the cursor's place after a text."""
    command = [str(console), str(COLUMNS), str(ROWS), str(read_bytes)]
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=True)
    *rows, cursor = done.stdout.decode().splitlines()
    row, column = cursor.split()
    return rows, (int(row), int(column))


class Model:
    """The same, as simply as can be."""

    def __init__(self) -> None:
        self.rows = [[" "] * COLUMNS for _ in range(ROWS)]
        self.row = self.column = 0

    def write(self, text: str) -> None:
        for parameters, final, character in _PART.findall(text):
            if final:
                numbers = [int(each or 0) for each in parameters.split(";")]
                self.act(final, numbers)
            elif character == "\r":
                self.column = 0
            elif character == "\b":
                self.column = max(0, self.column - 1)
            elif character == "\n":
                self.new_line()
            else:
                if self.column == COLUMNS:
                    self.new_line()
                self.rows[self.row][self.column] = character
                self.column += 1

    def new_line(self) -> None:
        self.column = 0
        if self.row + 1 < ROWS:
            self.row += 1
        else:
            self.rows = [*self.rows[1:], [" "] * COLUMNS]

    def act(self, final: str, numbers: list[int]) -> None:
        count = max(1, numbers[0])
        if final == "A":
            self.row = max(0, self.row - count)
        elif final == "B":
            self.row = min(ROWS - 1, self.row + count)
        elif final == "C":
            self.column = min(COLUMNS - 1, min(self.column, COLUMNS - 1) + count)
        elif final == "D":
            self.column = max(0, self.column - count)
        elif final == "H":
            column = numbers[1] if len(numbers) > 1 else 1
            self.row = min(count, ROWS) - 1
            self.column = min(max(1, column), COLUMNS) - 1
        elif final in "JK":
            whole = numbers[0] == 2
            first = self.row if final == "K" or not whole else 0
            last = self.row if final == "K" else ROWS - 1
            for row in range(first, last + 1):
                begin = self.column if row == self.row and not whole else 0
                self.rows[row][begin:] = [" "] * (COLUMNS - begin)


SEQUENCES = st.builds(
    lambda numbers, final: f"\x1b[{numbers}{final}",
    st.sampled_from(["", "0", "1", "2", "3", "99", "2;5", "9;99", "1;1"]),
    st.sampled_from("ABCDHJKm"),
)
TEXT = st.lists(st.sampled_from(["a", "bc", "\n", "\r", "\b", "line"]) | SEQUENCES, max_size=30)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TEXT, st.sampled_from([1, 3, 4096]))
def test_the_screen_is_that_of_a_model(console: Path, parts: list[str], read_bytes: int) -> None:
    text, model = "".join(parts), Model()
    model.write(text)
    assert show(console, text, read_bytes) == (
        ["".join(row) for row in model.rows],
        (model.row, model.column),
    )


def test_a_line_that_is_edited_in_the_middle_looks_right(console: Path) -> None:
    rows, cursor = show(console, "$ helo\x1b[1Dlo\x1b[K\x1b[1D")
    assert rows[0] == "$ hello     "
    assert cursor == (0, 6)


def test_unknown_sequences_and_control_characters_are_left_out(console: Path) -> None:
    rows, _ = show(console, "a\x1b[1;31mb\x1b[0m\x07c\x1b=d\x1b[99999999999999999999De")
    assert rows[0].rstrip() == "ebcd"
