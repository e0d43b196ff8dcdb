"""--display: what a terminal shows is what is on the machine's screen."""

from __future__ import annotations

from typing import TextIO, cast

import pytest

from anos_sim.hw.framebuffer import Framebuffer
from anos_sim.toolchain.cli import main
from anos_sim.toolchain.display import (
    Display,
    Painter,
    colour_256,
    has_true_colour,
    screen_for,
)
from anos_sim.toolchain.options import elf_folder
from anos_sim.toolchain.screen_picture import ScreenPicture
from anos_sim.toolchain.screen_text import UPPER_HALF, ScreenFont, find_font
from support.emulator import Emulator
from support.pseudo_terminal import TerminalRun

RED, BLUE, GREEN = 0xFF0000, 0x0000FF, 0x00FF00
LETTER = bytes((0, 0, 0x10, 0x38, 0x6C, 0xC6, 0xC6, 0xC6, 0xFE, 0xC6, 0xC6, 0xC6, 0, 0, 0, 0))
"""An A of the log viewer's font."""


def fill(screen: Framebuffer, begin: int, end: int, colour: int) -> None:
    """Colour whole lines of pixels."""
    data = colour.to_bytes(4, "little") * (screen.width * (end - begin))
    screen.view[begin * screen.pitch : end * screen.pitch] = data


def draw(screen: Framebuffer, column: int, row: int, glyph: bytes, ink: int, paper: int) -> None:
    """Draw a character."""
    for line, bits in enumerate(glyph):
        at = (row * 16 + line) * screen.pitch + column * 32
        for bit in range(8):
            colour = ink if bits >> (7 - bit) & 1 else paper
            screen.view[at + 4 * bit : at + 4 * bit + 4] = colour.to_bytes(4, "little")


@pytest.fixture
def font() -> ScreenFont:
    found = find_font([elf_folder()])
    assert found is not None
    return found


def test_a_letter_in_two_colours_is_recognised_and_other_pixels_are_half_blocks(
    font: ScreenFont,
) -> None:
    screen = Framebuffer(128, 64)
    draw(screen, 2, 1, LETTER, RED, BLUE)
    fill(screen, 48, 56, GREEN)
    fill(screen, 56, 64, RED)
    grid = ScreenPicture(screen, font).look(16, 4)
    assert grid[1][2] == ("A", RED, BLUE)
    assert grid[0][0] == (" ", 0, 0)
    assert grid[3] == [(UPPER_HALF, GREEN, RED)] * 16


def test_a_screen_that_is_larger_than_the_window_is_scaled_and_keeps_its_shape(
    font: ScreenFont,
) -> None:
    screen = Framebuffer(1280, 800)
    fill(screen, 0, 400, RED)
    fill(screen, 400, 800, BLUE)
    for columns, rows in ((80, 24), (200, 10), (3, 3), (1, 1)):
        grid = ScreenPicture(screen, font).look(columns, rows)
        assert len(grid) <= rows
        assert all(len(row) <= columns for row in grid)
        assert grid[0][0][1] == RED
        assert grid[-1][0][2] == BLUE
    grid = ScreenPicture(screen, font).look(80, 24)
    assert (len(grid[0]), len(grid)) == (76, 24)
    assert grid[11][0] == (UPPER_HALF, RED, RED)
    assert grid[12][0] == (UPPER_HALF, BLUE, BLUE)


def test_only_what_has_changed_is_written_and_the_result_is_the_picture(font: ScreenFont) -> None:
    screen, terminal = Framebuffer(128, 64), Emulator()
    picture, painter = ScreenPicture(screen, font), Painter(true_colour=True)
    terminal.write(painter.paint(picture.look(16, 4)))
    assert painter.paint(picture.look(16, 4)) == ""
    draw(screen, 15, 3, LETTER, RED, BLUE)
    before = terminal.written
    terminal.write(painter.paint(picture.look(16, 4)))
    assert terminal.written - before < 60
    assert terminal.cells[3, 15] == ("A", "2;255;0;0", "2;0;0;255")
    assert terminal.line(3) == " " * 15 + "A"


def test_the_terminal_is_given_back_also_after_an_exception(font: ScreenFont) -> None:
    screen, terminal = Framebuffer(128, 64), Emulator()
    display = Display(lambda: screen, font, cast(TextIO, terminal), true_colour=False)

    def fail() -> None:
        with display:
            display.show()
            assert terminal.second_screen
            assert not terminal.cursor
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not terminal.second_screen
    assert terminal.cursor


def test_a_terminal_of_256_colours_gets_the_nearest_one() -> None:
    assert [colour_256(each) for each in (0, 0xFFFFFF, 0xFF0000, 0x808080, 0x00A848)] == [
        16, 231, 196, 244, 35,
    ]  # fmt: skip
    assert has_true_colour({"COLORTERM": "truecolor"})
    assert not has_true_colour({"TERM": "xterm-256color"})


@pytest.mark.parametrize("size", [(1, 1), (79, 24), (80, 24), (237, 61), (1000, 500)])
def test_there_is_a_screen_for_every_window(size: tuple[int, int]) -> None:
    screen = screen_for(*size)
    assert screen.width * screen.height * 4 % 4096 == 0
    if 40 <= size[0] <= 256 and 12 <= size[1] <= 128:
        assert size[0] - 8 < screen.width // 8 <= size[0]
        assert screen.height // 16 == size[1]


def test_a_run_shows_its_log_in_the_terminal_and_gives_that_back() -> None:
    run = TerminalRun(["run", "--display", "--tour"], columns=120, rows=40)
    try:
        assert run.end() == 0
        assert b"SYSTEM" in run.seen
        assert run.seen.find(b"\x1b[?1049l") > run.seen.find(b"initialisation")
        assert b"run hash" in run.seen[run.seen.find(b"\x1b[?1049l") :]
        assert run.modes() == run.before
    finally:
        run.close()


def test_without_a_terminal_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--display"]) == 2
    assert "--display needs a terminal" in capsys.readouterr().err
