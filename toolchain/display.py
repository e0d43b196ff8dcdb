"""`--display`: the machine's screen in the host's terminal, while it runs.

Only cells that have changed are written. The picture is on the terminal's second
screen, so what was there before comes back.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TextIO

import trio

from anos_sim.hw.config import FramebufferConfig
from anos_sim.hw.framebuffer import Framebuffer

from .screen_picture import Grid, ScreenPicture
from .screen_text import CELL_COLUMNS, CELL_ROWS, Cell, ScreenFont

FRAMES_PER_SECOND = 20
BEGIN = "\x1b[?1049h\x1b[?25l\x1b[0m\x1b[2J"
END = "\x1b[0m\x1b[?25h\x1b[?1049l"
CLEAR = "\x1b[0m\x1b[2J"
DEFAULT_SIZE = (80, 24)
COLUMNS, ROWS = range(40, 257), range(12, 129)
"""Sizes of a screen, in characters, that the log viewer can use."""


def has_true_colour(environment: Mapping[str, str]) -> bool:
    """Does the terminal say that it shows 24-bit colours?"""
    return environment.get("COLORTERM", "") in ("truecolor", "24bit") or environment.get(
        "TERM", ""
    ).endswith("-direct")


def colour_256(colour: int) -> int:
    """The colour of a 256-colour terminal that is next to 0xRRGGBB: of its cube or its greys."""
    levels = (0, 95, 135, 175, 215, 255)
    parts = [colour >> shift & 0xFF for shift in (16, 8, 0)]
    steps = [min(range(6), key=lambda step: abs(levels[step] - part)) for part in parts]
    grey = min(range(24), key=lambda step: abs(8 + 10 * step - sum(parts) // 3))
    off_cube = sum((levels[step] - part) ** 2 for step, part in zip(steps, parts, strict=True))
    off_grey = sum((8 + 10 * grey - part) ** 2 for part in parts)
    if off_grey < off_cube:
        return 232 + grey
    return 16 + 36 * steps[0] + 6 * steps[1] + steps[2]


class Painter:
    """Brings a terminal from what it shows to a picture, with as little as possible."""

    def __init__(self, true_colour: bool) -> None:
        self._true_colour = true_colour
        self._shown: Grid = []
        self._ink = self._paper = -1

    def forget(self) -> None:
        """The terminal has been cleared."""
        self._shown = []
        self._ink = self._paper = -1

    def paint(self, grid: Grid) -> str:
        """What to write to the terminal; empty if it shows the picture already."""
        parts: list[str] = []
        shown = self._shown
        for number, row in enumerate(grid):
            before = shown[number] if number < len(shown) else []
            if row != before:
                self._paint_row(parts, number, row, before)
        self._shown = [list(row) for row in grid]
        return "".join(parts)

    def _paint_row(
        self, parts: list[str], number: int, row: list[Cell], before: list[Cell]
    ) -> None:
        at = -1
        for column, cell in enumerate(row):
            if column < len(before) and before[column] == cell:
                continue
            if at != column:
                parts.append(f"\x1b[{number + 1};{column + 1}H")
            character, ink, paper = cell
            if ink != self._ink and character != " ":
                parts.append(self._colour(38, ink))
                self._ink = ink
            if paper != self._paper:
                parts.append(self._colour(48, paper))
                self._paper = paper
            parts.append(character)
            at = column + 1

    def _colour(self, which: int, colour: int) -> str:
        if self._true_colour:
            return f"\x1b[{which};2;{colour >> 16};{colour >> 8 & 0xFF};{colour & 0xFF}m"
        return f"\x1b[{which};5;{colour_256(colour)}m"


class Display:
    """Shows what is on the screen, whichever that is now, on a terminal while it is entered."""

    def __init__(
        self,
        screen: Callable[[], Framebuffer],
        font: ScreenFont | None,
        stream: TextIO,
        true_colour: bool,
    ) -> None:
        self._screen = screen
        self._font = font
        self._picture = ScreenPicture(screen(), font)
        self._stream = stream
        self._painter = Painter(true_colour)
        self._size = (0, 0)

    def __enter__(self) -> Display:
        """Take the terminal's second screen."""
        self._write(BEGIN)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give the terminal back."""
        self._write(END)

    async def run(self) -> None:
        """Show what changes, until cancelled."""
        while True:
            self.show()
            await trio.sleep(1 / FRAMES_PER_SECOND)

    def show(self) -> None:
        """Show what is on the screen now."""
        size = window_size(self._stream)
        if size != self._size:
            self._size = size
            self._painter.forget()
            self._write(CLEAR)
        screen = self._screen()
        if screen is not self._picture.screen:  # the machine was rebooted
            self._picture = ScreenPicture(screen, self._font)
        painted = self._painter.paint(self._picture.look(*size))
        if painted:
            self._write(painted)

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def window_size(stream: TextIO) -> tuple[int, int]:
    """Columns and rows of the terminal's window, at least one each."""
    try:
        columns, rows = os.get_terminal_size(stream.fileno())
    except OSError:
        return DEFAULT_SIZE
    return (columns or DEFAULT_SIZE[0], rows or DEFAULT_SIZE[1])


def screen_for(columns: int, rows: int) -> FramebufferConfig:
    """A screen whose characters are those of a window, as far as there are such screens."""
    columns = min(max(columns, COLUMNS[0]), COLUMNS[-1]) // 8 * 8  # whole pages
    rows = min(max(rows, ROWS[0]), ROWS[-1])
    return FramebufferConfig(columns * CELL_COLUMNS, rows * CELL_ROWS)
