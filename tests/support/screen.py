"""Reading text off a picture that was drawn with kterminal's font."""

from __future__ import annotations

import re
from functools import cache

from .host_build import ROOT

COLUMNS, ROWS = 8, 16
BANNER_ROWS = 3
BLACK, GREEN, GREY = b"\x00\x00\x00", b"\x00\xa8\x48", b"\xc8\xc8\xc8"


@cache
def glyphs() -> dict[tuple[int, ...], str]:
    """The characters of the font, by their rows."""
    text = (ROOT / "servers" / "kterminal" / "font.c").read_text()
    found: dict[tuple[int, ...], str] = {}
    for number, line in enumerate(re.findall(r"^    \{ (.*) \}, /\*", text, re.MULTILINE)):
        rows = [int(row, 0) for row in line.split(", ")]
        found[tuple(rows + [0] * (ROWS - len(rows)))] = chr(ord(" ") + number)
    assert len(found) == ord("~") - ord(" ") + 1, "two characters look the same"
    return found


@cache
def _pictures(ink: bytes, paper: bytes) -> dict[bytes, str]:
    """The characters of the font, by the bytes of a cell's picture."""
    pictures = {}
    for rows, character in glyphs().items():
        bits = "".join(f"{row:08b}" for row in rows)
        pictures[b"".join(ink if bit == "1" else paper for bit in bits)] = character
    return pictures


def read_screen(rgb: bytes, width: int, height: int) -> list[str]:
    """The lines of text on a picture of red, green and blue bytes, with all their spaces."""
    lines = []
    for top in range(0, height - ROWS + 1, ROWS):
        banner = top < BANNER_ROWS * ROWS
        pictures = _pictures(BLACK, GREEN) if banner else _pictures(GREY, BLACK)
        line = ""
        for left in range(0, width - COLUMNS + 1, COLUMNS):
            starts = [(y * width + left) * 3 for y in range(top, top + ROWS)]
            line += pictures[b"".join(rgb[at : at + COLUMNS * 3] for at in starts)]
        lines.append(line)
    return lines
