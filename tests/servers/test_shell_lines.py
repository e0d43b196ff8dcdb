"""The shell's line editor, lexer and parser, compiled for the host with sanitizers."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.host_build import ROOT, build_for_host

pytestmark = pytest.mark.no_machine

SHIM = Path(__file__).resolve().parents[1] / "support" / "line_host.c"
USED = {"line.c", "history.c", "lexer.c", "parser.c"}
LEFT_OUT = {path.name for path in (ROOT / "servers" / "shell").glob("*.c")} - USED
UP, DOWN, RIGHT, LEFT = b"\x1b[A", b"\x1b[B", b"\x1b[C", b"\x1b[D"
HOME, END, DELETE = b"\x1b[H", b"\x1b[F", b"\x1b[3~"


@pytest.fixture(scope="session")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of line_host.c."""
    program = tmp_path_factory.mktemp("line") / "line"
    return build_for_host(program, "shell", SHIM, leave_out=LEFT_OUT)


def run(editor: Path, keys: bytes, *arguments: str) -> bytes:
    """What it prints when these keys are typed."""
    done = subprocess.run(
        [editor, *arguments],
        input=keys,
        capture_output=True,
        timeout=60,
        check=False,
        env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"},
    )
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return done.stdout


def lines(editor: Path, keys: bytes) -> list[str]:
    """The lines that come of it."""
    text = run(editor, keys).decode("utf-8", "replace")
    return [line[1:] for line in text.splitlines() if line.startswith("=")]


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (b"plain\n", "plain"),
        (b"return\r", "return"),
        (b"abc\x7f\x7fx\n", "ax"),
        (b"abc" + LEFT + LEFT + b"x\n", "axbc"),
        (b"abc\x02\x02\x06x\n", "abxc"),
        (b"bc" + HOME + b"a" + END + b"d\n", "abcd"),
        (b"bc\x01a\x05d\n", "abcd"),
        (b"\x1b[1~x\x1b[4~y\x1bOHz\n", "zxy"),
        (b"abc" + LEFT + LEFT + DELETE + b"\n", "ac"),
        (b"one two three\x17\x17four\n", "one four"),
        (b"one two" + LEFT * 3 + b"\x15\n", "two"),
        (b"one two" + LEFT * 3 + b"\x0b\n", "one "),
        ("äöü".encode() + LEFT + b"\x7f\n", "äü"),
        (b"a\tb\n", "atabb"),
        (b"half\x04\n", "half"),
        (b"x" * 5000 + b"\n", "x" * 4095),
    ],
)
def test_keys_edit_the_line(editor: Path, keys: bytes, line: str) -> None:
    assert lines(editor, keys) == [line]


def test_the_history_goes_up_and_down(editor: Path) -> None:
    typed = b"one\ntwo\ntwo\n" + b"new" + UP + UP + b"!\n" + b"rest" + UP + DOWN + b"\n" + UP * 99
    assert lines(editor, typed + b"\n")[3:] == ["one!", "rest", "one"]


def test_the_history_keeps_the_last_lines(editor: Path) -> None:
    typed = b"".join(b"line %d\n" % number for number in range(100)) + UP * 200 + b"\n"
    assert lines(editor, typed)[-1] == "line 36"


def test_ctrl_c_abandons_a_line(editor: Path) -> None:
    assert run(editor, b"lost\x03kept\n") == b"^\n=kept\n  [kept]\n  ;\n"


def test_a_line_that_is_typed_is_shown_as_it_is(editor: Path) -> None:
    assert run(editor, b"ls -l\nb\x7f\n", "show") == b"> ls -l\n> b\x1b[1D\x1b[K\n> \n"


@pytest.mark.parametrize(
    ("line", "parsed"),
    [
        ("a b  c", "[a][b][c] ;"),
        ('a \'b c\' "d \\" e" f\\ g', '[a][b c][d " e][f g] ;'),
        ("a '' $? \"$?\" '$?' \\$?", "[a][][7][7][$?][$?] ;"),
        ("a>b", "[a] >[b] ;"),
        ("a >> b < c 2> d", "[a] <[c] >>[b] 2>[d] ;"),
        ("a 2>b", "[a] 2>[b] ;"),
        ("a2>b", "[a2] >[b] ;"),
        ("a | b|c", "[a] [b] [c] ;"),
        ("a&b;c", "[a] & [b] ; [c] ;"),
        ("a && b || c", "[a] && [b] || [c] ;"),
        ("a # b", "[a] ;"),
        ("a#b", "[a#b] ;"),
        ("", ""),
        ("# all", ""),
        ("|", "! a command is missing"),
        ("a |", "! a command is missing"),
        ("a &&", "! a command is missing at the end"),
        ("a >", "! a file's name is missing behind < or >"),
        ("> a", "! a command is missing"),
        ("a > b > c", "! a command is redirected twice"),
        ("'a", "! a ' is never closed"),
        ('"a', '! a " is never closed'),
        ("a\\", "! nothing follows the last \\"),
        ("a " * 63, "! a command has too many words"),
        ("a " * 300, "! the line has too many words"),
        ("a|" * 8 + "a", "! a pipe has too many commands"),
    ],
)
def test_a_line_is_read_as_commands(editor: Path, line: str, parsed: str) -> None:
    printed = run(editor, line.encode() + b"\n").decode().splitlines()[1:]
    assert " ".join(" ".join(printed).split()) == " ".join(parsed.split())


KEYS = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([UP, DOWN, LEFT, RIGHT, HOME, END, DELETE, b"\x1b", b"\x1b[", b"\t", b"\n"]),
    st.sampled_from([b"'", b'"', b"\\", b"|", b">", b"<", b"&", b"$?", b" ", b"x" * 700]),
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keys=st.lists(KEYS, max_size=60).map(b"".join))
def test_no_keys_harm_the_editor(editor: Path, keys: bytes) -> None:
    run(editor, keys.replace(b"\0", b""))
    run(editor, keys, "show")
