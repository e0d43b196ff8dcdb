"""What a machine can check about how the project is written."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
if not (ROOT / "pyproject.toml").exists():
    pytest.skip("only a checkout can be tidy", allow_module_level=True)

FOLDERS = {"docs", "hw", "servers", "stage3", "system", "tests", "toolchain"}
FILE_LINES_MAX = 400
LONG_FILES = {"stage3/abi.py": 800}
"""The tables of the ABI belong together: it is the single source of the C headers."""
LINE_CHARS_MAX = 100
BANNED = ("TODO", "FIXME", "XXX", "HACK", "for now", "placeholder")

PYTHON = [
    path for name in ("hw", "stage3", "toolchain") for path in sorted((ROOT / name).rglob("*.py"))
]
TESTS = sorted((ROOT / "tests").rglob("*.py"))
C = [
    path
    for name in ("hw", "system", "servers", "toolchain/libanos", "tests/guest")
    for path in sorted((ROOT / name).rglob("*.[chS]"))
    if path.name != "abi.h"
]

# Which of our folders a file may import, by the folder that it is in; first match wins.
FLOORS = {
    "toolchain/guest": set[str](),
    "toolchain": {"hw", "stage3", "toolchain"},
    "stage3": {"hw"},
    "hw": set[str](),
}


def name_of(path: Path) -> str:
    """A file's name in test ids and messages."""
    return str(path.relative_to(ROOT))


def floor_of(path: Path) -> str:
    """The floor that a file stands on."""
    return next(floor for floor in FLOORS if name_of(path).startswith(f"{floor}/"))


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, with a dot a level in front if it is a relative import."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


@pytest.mark.parametrize("path", PYTHON, ids=name_of)
def test_imports_point_down_only(path: Path) -> None:
    allowed = FLOORS[floor_of(path)]
    for module in imports(path):
        assert not module.startswith(".."), f"{module}: go across folders by anos_sim.*"
        first, _, rest = module.partition(".")
        assert first not in FOLDERS, f"{module}: say anos_sim.{module}"
        if first == "anos_sim":
            assert rest.split(".")[0] in allowed, f"{module} is not below {floor_of(path)}"


@pytest.mark.parametrize(
    "path", [path for path in PYTHON if floor_of(path) == "toolchain/guest"], ids=name_of
)
def test_what_runs_in_the_wheel_build_needs_the_standard_library_only(path: Path) -> None:
    for module in imports(path):
        assert module.startswith(".") or module.split(".")[0] in sys.stdlib_module_names


def public_definitions(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, str | None]]:
    """The name and docstring of every public class and function, with those of public classes."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    for node in body:
        if not isinstance(node, kinds) or node.name.startswith("_"):
            continue
        yield f"{prefix}{node.name}", ast.get_docstring(node)
        if isinstance(node, ast.ClassDef):
            yield from public_definitions(node.body, f"{node.name}.")


@pytest.mark.parametrize("path", PYTHON, ids=name_of)
def test_every_public_thing_says_what_it_is(path: Path) -> None:
    tree = ast.parse(path.read_text())
    missing = [name for name, text in public_definitions(tree.body) if not text]
    assert ast.get_docstring(tree), "the module has no docstring"
    assert not missing


@pytest.mark.parametrize("path", C, ids=name_of)
def test_every_c_file_begins_by_saying_what_it_is(path: Path) -> None:
    assert path.read_text().startswith("/*")


@pytest.mark.parametrize("path", [*PYTHON, *TESTS, *C], ids=name_of)
def test_files_and_lines_are_short_enough_to_read(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert len(lines) <= LONG_FILES.get(name_of(path), FILE_LINES_MAX)
    if path.suffix in (".c", ".h"):  # ruff looks at the Python
        assert [line for line in lines if len(line.expandtabs(8)) > LINE_CHARS_MAX] == []


@pytest.mark.parametrize("path", [*PYTHON, *TESTS, *C], ids=name_of)
def test_nothing_is_left_for_later(path: Path) -> None:
    if path.name == "test_tidy.py":
        return
    found = [word for word in BANNED if re.search(rf"\b{word}\b", path.read_text())]
    assert not found


def test_the_top_level_has_no_other_folders() -> None:
    ignored = (ROOT / ".gitignore").read_text().split()
    known = FOLDERS | {name.rstrip("/") for name in ignored}
    found = {path.name for path in ROOT.iterdir() if path.is_dir()}
    assert {name for name in found - known if not name.startswith(".")} == set()


def test_the_changelog_has_a_place_for_what_comes_next() -> None:
    assert "\n## Unreleased\n" in (ROOT / "CHANGELOG.md").read_text()


def test_the_pinned_compiler_is_the_same_everywhere() -> None:
    from anos_sim.toolchain.guest.zig import ZIG_VERSION

    pins = re.findall(r"ziglang==([\d.]+)", (ROOT / "pyproject.toml").read_text())
    assert set(pins) == {ZIG_VERSION}
