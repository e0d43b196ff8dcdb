"""Print the system calls and their structures into docs/protocols.md.

    python -m anos_sim.toolchain.guest.reference      in a checkout

What a call is comes from the tables of `stage3/abi.py`; what it refuses, from
the "Raises" section of its handler in `stage3/sys_*.py`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap
from types import ModuleType
from typing import Any

from .errors import BuildError
from .header import ENUM_PREFIXES, load_abi

ROOT = Path(__file__).resolve().parents[2]
BEGIN = "<!-- printed by toolchain/guest/reference.py from here -->"
END = "<!-- to here -->"
LINE_CHARS_MAX = 100

_REFUSAL = re.compile(r"SyscallError\((\w+)\): (.*?)\.?(?=SyscallError|$)")
_ASIDE = re.compile(r" \([^()]*anos-abi[^()]*\)")

Refusals = dict[str, list[tuple[str, str]]]
"""By the name of a call: each status that it refuses with, and when."""


def update(root: Path = ROOT) -> bool:
    """Bring docs/protocols.md up to date; tell whether it was not.

    Raises:
        BuildError: the file or its marker comments are missing.
    """
    path = root / "docs" / "protocols.md"
    if not path.is_file():
        raise BuildError(f"there is no {path}: only a checkout has documents")
    text = path.read_text()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise BuildError(f"{path} lacks the comments between which the system calls are printed")
    printed = render(load_abi(root / "stage3" / "abi.py"), read_refusals(root / "stage3"))
    current = f"{before}{BEGIN}\n\n{printed}\n{END}{after}"
    if current == text:
        return False
    path.write_text(current)
    return True


def read_refusals(stage3: Path) -> Refusals:
    """Collect what the handlers of a kernel's folder say that they refuse."""
    refusals: Refusals = {}
    for path in sorted(stage3.glob("sys_*.py")):
        for node in ast.parse(path.read_text()).body:
            name = _handled_call(node)
            if name is not None:
                doc = ast.get_docstring(node) if isinstance(node, ast.FunctionDef) else None
                section = " ".join((doc or "").partition("Raises:")[2].split())
                found = _REFUSAL.findall(section)
                refusals[name] = [
                    (status, _ASIDE.sub("", when.strip(" ."))) for status, when in found
                ]
    return refusals


def _handled_call(node: ast.stmt) -> str | None:
    """The call whose handler a definition is: X of `@syscall(Sysno.X)`."""
    for decorator in node.decorator_list if isinstance(node, ast.FunctionDef) else ():
        match decorator:
            case ast.Call(ast.Name("syscall"), [ast.Attribute(attr=name)]):
                return str(name)
    return None


def render(abi: ModuleType, refusals: Refusals) -> str:
    """Return the Markdown for the tables in `abi`."""
    lines = ["### Numbers", ""]
    for name, prefix in ENUM_PREFIXES.items():
        numbers = ", ".join(f"{member.name} {int(member)}" for member in getattr(abi, name))
        lines += _paragraph(f"- `{prefix}_...`: {numbers}", indent="  ")
    lines += ["", "### Calls of Anos", ""]
    for call in abi.CALLS:
        if call.number == abi.FIRST_OWN_SYSNO:
            lines += ["### Calls of ours", ""]
        lines += [*_call(call, refusals.get(call.number.name, [])), ""]
    lines += ["### Structures", ""]
    for struct in abi.STRUCTS:
        lines += [*_struct(struct), ""]
    return "\n".join(lines)


def _call(call: Any, refusals: list[tuple[str, str]]) -> Iterator[str]:
    arguments = ", ".join(_declare(c_type, name) for c_type, name in call.arguments)
    yield from (f"#### {call.number.value} {call.number.name}", "")
    yield from (*_paragraph(f"`{call.symbol}({arguments or 'void'})`"), "")
    yield from _paragraph(call.doc.partition(" Errors:")[0])
    if refusals:
        yield ""
    for status, when in refusals:
        yield from _paragraph(f"- {status}: {when}", indent="  ")


def _struct(struct: Any) -> Iterator[str]:
    yield from _paragraph(f"`struct {struct.name}`, {struct.bytes} bytes. {struct.doc}")
    yield from ("", "| At | Field |", "|---|---|")
    for c_type, name, offset in struct.fields:
        yield f"| {offset} | `{_declare(c_type, name)}` |"


def _paragraph(text: str, indent: str = "") -> list[str]:
    return wrap(text, LINE_CHARS_MAX, subsequent_indent=indent, break_on_hyphens=False)


def _declare(c_type: str, name: str) -> str:
    return f"{c_type}{name}" if c_type.endswith("*") else f"{c_type} {name}"


if __name__ == "__main__":
    print("docs/protocols.md is", "updated" if update() else "up to date")
