"""The framebuffer as characters: letters where there are any, half blocks elsewhere.

A window of the terminal that is as large as the screen has characters shows it cell by
cell, with its letters as letters. Any other one shows it scaled, two pixels a character:
the upper one is the ink of a half block and the lower one its paper.
"""

from __future__ import annotations

from itertools import pairwise

from anos_sim.hw.framebuffer import PIXEL_BYTES, Framebuffer

from .screen_text import CELL_COLUMNS, CELL_ROWS, UPPER_HALF, Cell, ScreenFont

Grid = list[list[Cell]]
"""Rows of cells."""


class ScreenPicture:
    """The picture of one framebuffer; what has not changed is not looked at again."""

    def __init__(self, screen: Framebuffer, font: ScreenFont | None) -> None:
        self.screen = screen
        self._font = font
        self._size = (0, 0)
        self._bands: list[tuple[int, int]] = []
        self._seen: list[bytes] = []
        self._grid: Grid = []

    def fits(self, columns: int, rows: int) -> bool:
        """Does a window show each cell of the screen?"""
        screen = self.screen
        return (
            self._font is not None
            and columns * CELL_COLUMNS >= screen.width
            and rows * CELL_ROWS >= screen.height
        )

    def look(self, columns: int, rows: int) -> Grid:
        """The picture as it is now, at most so many columns and rows."""
        if self._size != (columns, rows):
            self._size = (columns, rows)
            self._bands = self._cut(columns, rows)
            self._seen = [b""] * len(self._bands)
            self._grid = [[] for _ in self._bands]
        view, pitch = self.screen.view, self.screen.pitch
        for number, (begin, end) in enumerate(self._bands):
            band = view[begin * pitch : end * pitch]
            if band != self._seen[number]:
                self._seen[number] = bytes(band)
                self._grid[number] = self._row(self._seen[number], end - begin)
        return self._grid

    def _cut(self, columns: int, rows: int) -> list[tuple[int, int]]:
        """Which lines of pixels are in which row."""
        screen = self.screen
        if self.fits(columns, rows):
            self._width = screen.width // CELL_COLUMNS
            count = screen.height // CELL_ROWS
        else:
            scale = max(screen.width / columns, screen.height / (2 * rows), 1.0)
            self._width = max(1, int(screen.width / scale))
            count = max(1, int(screen.height / scale / 2))
        return [
            (screen.height * row // count, screen.height * (row + 1) // count)
            for row in range(count)
        ]

    def _row(self, band: bytes, lines: int) -> list[Cell]:
        if self._font is not None and self.fits(*self._size):
            return [self._font.cell(cell) for cell in self._cells(band)]
        half = max(1, lines // 2)
        pitch = self.screen.pitch
        upper = self._means(band[: half * pitch])
        lower = self._means(band[half * pitch :]) if lines > half else upper
        return [(UPPER_HALF, *pair) for pair in zip(upper, lower, strict=True)]

    def _cells(self, band: bytes) -> list[bytes]:
        pitch, size = self.screen.pitch, CELL_COLUMNS * PIXEL_BYTES
        lines = [band[at : at + pitch] for at in range(0, CELL_ROWS * pitch, pitch)]
        return [
            b"".join([line[at : at + size] for line in lines])
            for at in range(0, self._width * size, size)
        ]

    def _means(self, band: bytes) -> list[int]:
        """The mean colour of each column of a half row, from every second line of it."""
        pitch, width = self.screen.pitch, self.screen.width
        lines = [band[at : at + pitch] for at in range(0, len(band), pitch * 2)]
        edges = [width * column // self._width for column in range(self._width + 1)]
        colours = []
        for begin, end in pairwise(edges):
            count = len(lines) * (end - begin)
            colour = 0
            for channel in (2, 1, 0):
                first, last = begin * PIXEL_BYTES + channel, end * PIXEL_BYTES
                total = sum([sum(line[first:last:PIXEL_BYTES]) for line in lines])
                colour = colour << 8 | total // count
            colours.append(colour)
        return colours
