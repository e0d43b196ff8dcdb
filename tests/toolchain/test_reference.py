"""docs/protocols.md says what the tables and the headers say."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from anos_sim.stage3 import abi
from anos_sim.toolchain.guest.errors import BuildError
from anos_sim.toolchain.guest.header import load_abi
from anos_sim.toolchain.guest.reference import BEGIN, END, read_refusals, render, update

ROOT = Path(__file__).resolve().parents[2]
PROTOCOLS = ROOT / "docs" / "protocols.md"
if not PROTOCOLS.exists():
    pytest.skip("the documents are in a checkout only", allow_module_level=True)

REFUSALS = read_refusals(ROOT / "stage3")
HEADERS = ("block.h", "device.h", "file.h", "log.h", "process.h", "vfs.h")
LINE_CHARS_MAX = 110

_STRUCT = re.compile(r"^`struct (\w+)`, (\d+) bytes")
_FIELD = re.compile(r"^\| (\d+) \| `(.+?)(\w+)(\[\d*\])?` \|")


def documented() -> Iterator[tuple[str, int, list[tuple[int, str, str, str]]]]:
    """Every structure in the document: name, size, fields as (offset, type, name, array)."""
    name, size, fields = "", 0, list[tuple[int, str, str, str]]()
    for line in [*PROTOCOLS.read_text().splitlines(), "`struct end`, 0 bytes"]:
        if struct := _STRUCT.match(line):
            if name:
                yield name, size, fields
            name, size, fields = struct[1], int(struct[2]), []
        elif field := _FIELD.match(line):
            fields.append((int(field[1]), field[2].strip(), field[3], field[4] or ""))


def assertions() -> Iterator[str]:
    """C for what the document says of every structure."""
    yield from ("#include <stddef.h>", "#include <stdint.h>", "#include <anos/abi.h>")
    yield from (f'#include "{header}"' for header in HEADERS)
    for name, size, fields in documented():
        yield f'_Static_assert(sizeof(struct {name}) == {size}, "{name}");'
        for offset, c_type, field, array in fields:
            where = f"{name}.{field}"
            yield f'_Static_assert(offsetof(struct {name}, {field}) == {offset}, "{where}");'
            if array != "[]":
                member = f"sizeof(((struct {name} *)0)->{field})"
                yield f'_Static_assert({member} == sizeof({c_type}{array}), "{where}");'


def test_the_committed_text_is_current() -> None:
    printed = PROTOCOLS.read_text().partition(BEGIN)[2].partition(END)[0].strip()
    hint = "make docs brings docs/protocols.md up to date"
    assert printed == render(abi, REFUSALS).strip(), hint


def test_every_structure_is_as_the_headers_have_it(tmp_path: Path) -> None:
    source = tmp_path / "protocols.c"
    source.write_text("\n".join(assertions()) + "\n")
    include = ("-I", ROOT / "servers" / "include", "-I", ROOT / "toolchain" / "libanos" / "include")
    compiler = (sys.executable, "-m", "ziglang", "cc", "-target", "x86_64-linux-musl", "-std=gnu23")
    done = subprocess.run(
        [*compiler, *include, "-c", source, "-o", tmp_path / "protocols.o"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_every_structure_of_the_protocols_is_documented() -> None:
    names = {name for name, _, fields in documented() if fields}
    declared = {
        name
        for header in HEADERS
        for name in re.findall(
            r"^struct (\w+) \{", (ROOT / "servers" / "include" / header).read_text(), re.M
        )
    }
    assert declared | {struct.name for struct in abi.STRUCTS} == names


@pytest.mark.parametrize("call", abi.CALLS, ids=lambda call: call.symbol)
def test_every_call_has_its_handlers_refusals(call: abi.Call) -> None:
    assert call.number.name in REFUSALS
    for status, when in REFUSALS[call.number.name]:
        assert status in abi.Status.__members__
        assert when
        assert "anos-abi" not in when


@pytest.mark.parametrize("name", ["protocols.md", "conformance.md"])
def test_lines_are_short_enough_to_read_in_a_terminal(name: str) -> None:
    lines = (ROOT / "docs" / name).read_text().splitlines()
    assert [line for line in lines if len(line) > LINE_CHARS_MAX] == []


def checkout(folder: Path, text: str) -> Path:
    """A folder with the kernel's files and a document."""
    (folder / "docs").mkdir()
    (folder / "docs" / "protocols.md").write_text(text)
    (folder / "stage3").symlink_to(ROOT / "stage3")
    return folder


def test_updating_replaces_what_is_between_the_comments_and_nothing_else(tmp_path: Path) -> None:
    root = checkout(tmp_path, f"before\n{BEGIN}\nstale\n{END}\nbehind\n")
    assert update(root)
    text = (root / "docs" / "protocols.md").read_text()
    assert text.startswith(f"before\n{BEGIN}\n")
    assert text.endswith(f"{END}\nbehind\n")
    assert "stale" not in text
    assert render(load_abi(ROOT / "stage3" / "abi.py"), REFUSALS) in text
    assert not update(root)


@pytest.mark.parametrize("text", ["", BEGIN, END, f"{END}{BEGIN}"])
def test_a_document_without_the_comments_is_left_alone(tmp_path: Path, text: str) -> None:
    root = checkout(tmp_path, text)
    with pytest.raises(BuildError, match="lacks the comments"):
        update(root)
    assert (root / "docs" / "protocols.md").read_text() == text


def test_there_is_nothing_to_update_without_a_document(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="only a checkout has documents"):
        update(tmp_path)
