"""Letters on the screen: which character a cell of the framebuffer shows.

The log viewer draws with a font of its own, 8 by 16 pixels a character. The host
finds that font as the object `font` of the program, where the programs' symbols are, and
recognises each cell that has one letter in two colours.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

CELL_COLUMNS, CELL_ROWS = 8, 16
FIRST = " "
DRAWER = "kterminal.elf"
SYMBOL = "font"
UPPER_HALF = "\u2580"
_PIXELS = struct.Struct(f"<{CELL_COLUMNS * CELL_ROWS}I")
_CACHE_MAX = 1 << 14

Cell = tuple[str, int, int]
"""A character with the colours of ink and paper, 0xRRGGBB."""


class ScreenFont:
    """A font; `glyphs` are its rows, 16 bytes a character, the leftmost pixel highest."""

    def __init__(self, glyphs: bytes) -> None:
        self._characters = {
            glyphs[at : at + CELL_ROWS]: chr(ord(FIRST) + at // CELL_ROWS)
            for at in range(0, len(glyphs), CELL_ROWS)
        }
        self._cache: dict[bytes, Cell] = {}

    def cell(self, pixels: bytes) -> Cell:
        """What a cell shows: its character, or else its upper and lower half."""
        found = self._cache.get(pixels)
        if found is None:
            if len(self._cache) >= _CACHE_MAX:
                self._cache.clear()
            found = self._cache[pixels] = self._recognise(pixels)
        return found

    def _recognise(self, data: bytes) -> Cell:
        pixels = [pixel & 0xFFFFFF for pixel in _PIXELS.unpack(data)]
        colours = sorted(set(pixels))
        if len(colours) == 1:
            return " ", colours[0], colours[0]
        if len(colours) == 2:
            for ink, paper in (colours, reversed(colours)):
                character = self._characters.get(_rows(pixels, ink))
                if character is not None:
                    return character, ink, paper
        half = len(pixels) // 2
        return UPPER_HALF, mean(pixels[:half]), mean(pixels[half:])


def _rows(pixels: list[int], ink: int) -> bytes:
    rows = bytearray()
    for at in range(0, len(pixels), CELL_COLUMNS):
        bits = 0
        for pixel in pixels[at : at + CELL_COLUMNS]:
            bits = bits << 1 | (pixel == ink)
        rows.append(bits)
    return bytes(rows)


def mean(pixels: list[int]) -> int:
    """The colour in the middle of all these."""
    count = len(pixels)
    red, green, blue = (
        sum(pixel >> shift & 0xFF for pixel in pixels) // count for shift in (16, 8, 0)
    )
    return red << 16 | green << 8 | blue


def find_font(folders: Iterable[Path]) -> ScreenFont | None:
    """The font of the program that draws, if one of these folders has it with its symbols."""
    for folder in folders:
        path = folder / DRAWER
        glyphs = _object(path.read_bytes(), SYMBOL) if path.is_file() else b""
        if glyphs and len(glyphs) % CELL_ROWS == 0:
            return ScreenFont(glyphs)
    return None


def _object(data: bytes, name: str) -> bytes:
    """The initial value of a program's object; empty if it has none of that name."""
    try:
        elf = ELFFile(io.BytesIO(data))
        table = elf.get_section_by_name(".symtab")
        symbols = table.get_symbol_by_name(name) if isinstance(table, SymbolTableSection) else None
        if symbols:
            begin, size = symbols[0]["st_value"], symbols[0]["st_size"]
            section = elf.get_section(symbols[0]["st_shndx"])
            at = begin - section["sh_addr"]
            return bytes(section.data()[at : at + size])
    except (ELFError, TypeError, ValueError):
        pass
    return b""
