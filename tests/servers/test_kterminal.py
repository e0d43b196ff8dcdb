"""kterminal: the log on the screen, compared with a model that is a list of lines."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.boot import boot_system
from support.host_build import build_for_host
from support.screen import BANNER_ROWS, COLUMNS, ROWS, glyphs, read_screen

SHIM = Path(__file__).resolve().parents[1] / "support" / "screen_host.c"
BANNER = "Kernel log of anos-sim"
TEXT = st.sampled_from("ab~ \n\n\r\x07é") | st.characters(codec="utf-8", exclude_characters="\t")


@pytest.fixture(scope="session")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """kterminal, compiled once for the host; its framebuffer lies where the sanitizer has none."""
    program = tmp_path_factory.mktemp("terminal") / "terminal"
    return build_for_host(
        program, "kterminal", SHIM, "-Dmain=terminal_main", address_sanitizer=False
    )


def draw(terminal: Path, text: bytes, columns: int, rows: int, read_bytes: int = 4096) -> list[str]:
    """What is on a screen of so many cells when the log has been `text`."""
    width, height = columns * COLUMNS, rows * ROWS
    command = [str(terminal), str(width), str(height), str(read_bytes)]
    done = subprocess.run(command, input=text, capture_output=True, check=True)
    pixels = done.stdout
    assert len(pixels) == width * height * 4
    rgb = bytearray(width * height * 3)
    for position, colour in enumerate((2, 1, 0)):
        rgb[position::3] = pixels[colour::4]
    return read_screen(bytes(rgb), width, height)


def expected(text: str, columns: int, rows: int) -> list[str]:
    """The same by a model: break lines where they are too long, keep the last ones."""
    lines = []
    for line in text.replace("\r", "").split("\n"):
        shown = "".join(c if " " <= c <= "~" else "?" for c in line)
        lines += [shown[at : at + columns] for at in range(0, len(shown), columns)] or [""]
    shown_rows = rows - BANNER_ROWS
    lines = lines[-shown_rows:]
    return [line.ljust(columns) for line in lines + [""] * (shown_rows - len(lines))]


def test_every_character_has_a_picture_of_its_own() -> None:
    assert "".join(glyphs().values()) == "".join(map(chr, range(32, 127)))


def test_the_banner_stands_above_the_log(terminal: Path) -> None:
    screen = draw(terminal, b"hello\nworld\n", 40, 8)
    assert [line.strip() for line in screen[:3]] == ["", BANNER, ""]
    assert [line.rstrip() for line in screen[3:]] == ["hello", "world", "", "", ""]


def test_a_character_that_the_font_has_not_is_one_question_mark(terminal: Path) -> None:
    screen = draw(terminal, "größe 😀 日本\n".encode(), 40, 8)
    assert screen[3].rstrip() == "gr??e ? ??"


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(TEXT, max_size=600),
    columns=st.integers(22, 50).map(lambda columns: columns & ~1),
    rows=st.integers(4, 12),
    read_bytes=st.integers(1, 100),
)
def test_the_screen_shows_the_end_of_the_log(
    text: str, columns: int, rows: int, read_bytes: int, terminal: Path
) -> None:
    screen = draw(terminal, text.encode(), columns, rows, read_bytes)
    assert screen[BANNER_ROWS:] == expected(text, columns, rows)


def test_tabs_go_to_the_next_eighth_column(terminal: Path) -> None:
    screen = draw(terminal, b"a\tb\n1234567\tc\n12345678\td\n", 40, 8)
    assert [line.rstrip() for line in screen[3:6]] == [
        "a       b",
        "1234567 c",
        "12345678        d",
    ]


def test_a_large_log_scrolls_on_a_large_screen(terminal: Path) -> None:
    text = "".join(f"line {number}\n" for number in range(5000))
    screen = draw(terminal, text.encode(), 160, 50)
    assert screen[BANNER_ROWS:] == expected(text, 160, 50)


@pytest.mark.parametrize(("columns", "rows"), [(300, 150), (240, 67), (1, 4), (0, 0), (80, 3)])
def test_no_size_of_the_screen_is_an_error(columns: int, rows: int, terminal: Path) -> None:
    command = [str(terminal), str(columns * COLUMNS), str(rows * ROWS), "4096"]
    text = b"long line " * 100 + b"\n" * 200
    done = subprocess.run(command, input=text, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_booted_system_shows_its_log() -> None:
    booted = boot_system()
    screen = booted.machine.framebuffer
    shown = read_screen(screen.pixels(), screen.width, screen.height)
    booted.close()
    text = [line.rstrip() for line in shown]
    assert text[1].strip() == BANNER
    log = [line.text for line in booted.lines]
    assert len(log) < len(text) - BANNER_ROWS, "it scrolls: look at its end only"
    for line in filter(None, log):
        assert line.rstrip() in text
