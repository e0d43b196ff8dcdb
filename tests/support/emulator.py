"""A terminal as far as the display uses one: places, colours, letters."""

from __future__ import annotations

import re

_PART = re.compile(r"\x1b\[(\??[\d;]*)([A-Za-z])|(.)", re.DOTALL)


class Emulator:
    """`cells` has what is shown by (row, column): the character, its ink and its paper."""

    def __init__(self) -> None:
        self.cells: dict[tuple[int, int], tuple[str, str, str]] = {}
        self.at = (0, 0)
        self.ink = self.paper = ""
        self.second_screen = False
        self.cursor = True
        self.written = 0

    def write(self, text: str) -> int:
        """Show text."""
        self.written += len(text)
        for parameters, final, character in _PART.findall(text):
            if character:
                self.cells[self.at] = (character, self.ink, self.paper)
                self.at = (self.at[0], self.at[1] + 1)
            elif final == "H":
                row, column = parameters.split(";")
                self.at = (int(row) - 1, int(column) - 1)
            elif final == "J":
                self.cells.clear()
            elif final == "m":
                self._colour(parameters)
            elif parameters == "?1049":
                self.second_screen = final == "h"
            elif parameters == "?25":
                self.cursor = final == "h"
            else:
                raise AssertionError(f"unknown sequence {parameters}{final}")
        return len(text)

    def flush(self) -> None:
        """Nothing is held back."""

    def fileno(self) -> int:
        """It has no window to ask for its size."""
        raise OSError

    def _colour(self, parameters: str) -> None:
        which, _, colour = parameters.partition(";")
        if which == "38":
            self.ink = colour
        elif which == "48":
            self.paper = colour
        else:
            self.ink = self.paper = ""

    def line(self, row: int) -> str:
        """A row's characters."""
        columns = [column for at, column in self.cells if at == row]
        return "".join(self.cells[row, column][0] for column in range(max(columns, default=-1) + 1))
