"""Policy files for `anos-sim caps check`: TOML, an array of tables for each kind of rule.

`[[only]]`: who may hold rights to something. `[[at_most]]`: what a process may hold.
`[[no_path]]`: what must not flow. docs/capabilities.md describes the keys. Mistakes
are told with the line of the key.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NoReturn

import attrs

from anos_sim.stage3.abi import CALLS, Rights
from anos_sim.toolchain.errors import UserError

INFORMATION, CAPABILITIES = "information", "capabilities"
NOW, PASSING = "now", "passing"
RIGHTS = {str(right.name).lower(): int(right) for right in Rights}
CALL_NAMES = {
    name: call.symbol.removeprefix("anos_")
    for call in CALLS
    for name in (call.symbol.removeprefix("anos_"), call.number.name.lower())
}
"""By the name in a boot config, in lower case, or the one in C: what the kernel calls it."""
_RANGE = re.compile(r"memory (0x[0-9a-fA-F]+|\d+)-(0x[0-9a-fA-F]+|\d+)")
_KEYS: dict[str, tuple[str, ...]] = {
    "only": ("object", "covering", "holders", "rights", "why"),
    "at_most": ("process", "holds", "may_grant", "why"),
    "no_path": ("from", "to", "carrying", "after", "trusted", "why"),
}
_REQUIRED = {"only": ("holders",), "at_most": ("process", "holds"), "no_path": ("from", "to")}


@attrs.frozen
class Only:
    """Nobody but `holders` has one of `rights` (0: any) to the objects.

    `text` says which are meant, `objects` are the names that find them. `covering` has
    the first and last address that a range of memory must contain to be meant.
    """

    place: str
    why: str
    text: str
    objects: tuple[str, ...]
    covering: tuple[int, int] | None
    holders: tuple[str, ...]
    rights: int


@attrs.frozen
class AtMost:
    """Processes hold nothing but this, and pass on nothing but `may_grant` (None: all of it)."""

    place: str
    why: str
    processes: tuple[str, ...]
    holds: tuple[str, ...]
    may_grant: tuple[str, ...] | None


@attrs.frozen
class NoPath:
    """No way from one to the other, but through who is trusted."""

    place: str
    why: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    carrying: str
    after: str
    trusted: tuple[str, ...]


Rule = Only | AtMost | NoPath


def read_policy(name: str) -> list[Rule]:
    """The rules of a file, in its order by kind.

    Raises:
        UserError: it cannot be read or has a mistake; says where.
    """
    try:
        text = Path(name).read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot read {name}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{name} is no text: {error.reason}") from None
    return parse_policy(text, name)


def parse_policy(text: str, name: str) -> list[Rule]:
    """The rules of a text; `name` is what mistakes are told of."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{name} is no valid TOML: {error}") from None
    rules: list[Rule] = []
    for kind, entries in tables.items():
        if kind not in _KEYS:
            known = ", ".join(f"[[{each}]]" for each in _KEYS)
            _complain(name, line_of(text, kind), f"there are no {kind!r} rules; use {known}")
        if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
            _complain(name, line_of(text, kind), f"a rule begins with [[{kind}]]")
        for index, table in enumerate(entries):
            rules.append(_Table(text, name, kind, index, table).rule())
    if not rules:
        raise UserError(f"{name} has no rules; begin one with [[only]], [[at_most]] or [[no_path]]")
    return rules


def line_of(text: str, kind: str, index: int = 0, key: str | None = None) -> int:
    """The line of a rule's key, or of the rule if that has no line of its own."""
    header = re.compile(rf"\s*\[\[?\s*[\"']?{re.escape(kind)}\b|\s*{re.escape(kind)}\s*[.=]")
    lines = text.splitlines()
    seen, begin = -1, 1
    for number, line in enumerate(lines, 1):
        if header.match(line):
            seen += 1
            if seen == index:
                begin = number
                break
    if key is None:
        return begin
    wanted = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[.=]")
    for number in range(begin + 1, len(lines) + 1):
        line = lines[number - 1]
        if re.match(r"\s*\[\[?\s*\w", line) and "=" not in line:
            break
        if wanted.match(line):
            return number
    return begin


def _complain(name: str, line: int, reason: str) -> NoReturn:
    raise UserError(f"{name}:{line}: {reason}")


class _Table:
    """One rule as it was written."""

    def __init__(
        self, text: str, name: str, kind: str, index: int, table: Mapping[str, Any]
    ) -> None:
        self._text, self._name, self._kind, self._index = text, name, kind, index
        self._table = table
        self._place = f"{name}:{line_of(text, kind, index)}"

    def rule(self) -> Rule:
        """Check it."""
        keys = _KEYS[self._kind]
        for key in self._table:
            if key not in keys:
                near = get_close_matches(key, keys, 1)
                hint = f"did you mean {near[0]}?" if near else f"use {', '.join(keys)}"
                self._wrong(key, f"[[{self._kind}]] has no key {key!r}; {hint}")
        for key in _REQUIRED[self._kind]:
            if key not in self._table:
                self._wrong(None, f"[[{self._kind}]] needs the key {key!r}")
        if self._kind == "only":
            return self._only()
        if self._kind == "at_most":
            return self._at_most()
        return self._no_path()

    def _wrong(self, key: str | None, reason: str) -> NoReturn:
        _complain(self._name, line_of(self._text, self._kind, self._index, key), reason)

    def _only(self) -> Only:
        if ("object" in self._table) == ("covering" in self._table):
            self._wrong(None, "[[only]] needs one of the keys 'object' and 'covering'")
        covering = None
        if "object" in self._table:
            objects = self._objects("object")
            text = ", ".join(self._strings("object"))
        else:
            objects, covering = (), self._range("covering")
            text = f"memory covering {covering[0]:#x}-{covering[1]:#x}"
        rights = 0
        for word in self._strings("rights", ()):
            if word not in RIGHTS:
                self._wrong("rights", f"there is no right {word!r}; there are {', '.join(RIGHTS)}")
            rights |= RIGHTS[word]
        holders = self._strings("holders")
        return Only(self._place, self._why(), text, objects, covering, holders, rights)

    def _at_most(self) -> AtMost:
        holds = self._objects("holds")
        may_grant = self._objects("may_grant") if "may_grant" in self._table else None
        processes = self._strings("process")
        return AtMost(self._place, self._why(), processes, holds, may_grant)

    def _no_path(self) -> NoPath:
        return NoPath(
            self._place,
            self._why(),
            self._strings("from"),
            self._strings("to"),
            self._choice("carrying", (INFORMATION, CAPABILITIES)),
            self._choice("after", (NOW, PASSING)),
            self._strings("trusted", ()),
        )

    def _why(self) -> str:
        return self._string("why") if "why" in self._table else ""

    def _string(self, key: str) -> str:
        value = self._table[key]
        if not isinstance(value, str) or not value:
            self._wrong(key, f"{key} must be a text, not {value!r}")
        return value

    def _strings(self, key: str, default: Sequence[str] | None = None) -> tuple[str, ...]:
        """A list of texts, or one text."""
        value = self._table.get(key, default)
        if isinstance(value, str):
            value = [value]
        if not isinstance(value, list | tuple) or not all(
            isinstance(each, str) and each for each in value
        ):
            self._wrong(key, f"{key} must be a text or a list of texts, not {value!r}")
        return tuple(value)

    def _choice(self, key: str, choices: tuple[str, ...]) -> str:
        value = self._table.get(key, choices[0])
        if value not in choices:
            self._wrong(key, f"{key} is {value!r}; it must be {' or '.join(map(repr, choices))}")
        return str(value)

    def _range(self, key: str) -> tuple[int, int]:
        text = self._string(key)
        match = _RANGE.fullmatch(text)
        if match is None:
            self._wrong(key, f"{text!r} is no range; write 'memory 0x1000-0x1fff'")
        first, last = int(match[1], 0), int(match[2], 0)
        if first > last:
            self._wrong(key, f"{text!r} ends before it begins")
        return first, last

    def _objects(self, key: str) -> tuple[str, ...]:
        """What `caps holders` takes; calls also by their names in a boot config."""
        found: list[str] = []
        for text in self._strings(key):
            kind, _, rest = text.partition(" ")
            if kind != "call":
                found.append(text)
                continue
            name = rest.strip().lower().removeprefix("syscall_")
            calls = [call for known, call in CALL_NAMES.items() if fnmatchcase(known, name)]
            if not calls:
                near = get_close_matches(name, CALL_NAMES, 3)
                hint = f"; did you mean {', '.join(near)}?" if near else ""
                self._wrong(key, f"there is no call {rest!r}{hint}")
            found += [f"call {call}" for call in dict.fromkeys(calls)]
        return tuple(found)
