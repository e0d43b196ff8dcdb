"""A parser of exactly the subset of capDL that `anos-sim caps --capdl` writes.

The grammar is the one in docs/capabilities.md, a function a rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import attrs

TOKEN = re.compile(r"--[^\n]*|\s+|(0x[0-9a-f]+|\d+|[A-Za-z][A-Za-z0-9_@]*|[{}()=:,])|(.)")
TYPES = ("ep", "notification", "tcb", "cnode", "ut", "frame", "irq")
Slot = tuple[str, int]


@attrs.define
class Module:
    """What was read: the type and parameters of each object, the slots, the parent of each slot."""

    arch: str = ""
    objects: dict[str, tuple[str, dict[str, int]]] = attrs.field(factory=dict)
    slots: dict[Slot, tuple[str, str, int]] = attrs.field(factory=dict)
    """By cnode and number: the object, the rights' letters, the badge."""
    parents: dict[Slot, Slot] = attrs.field(factory=dict)


class Parser:
    """Recursive descent; deep trees are no problem since `cdt` keeps a stack of its own."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0
        self.module = Module()

    def parse(self) -> Module:
        """module ::= 'arch' name objects caps cdt"""
        self.expect("arch")
        self.module.arch = self.name()
        self.expect("objects", "{")
        while self.peek() != "}":
            self.object()
        self.expect("}", "caps", "{")
        while self.peek() != "}":
            self.holder()
        self.expect("}", "cdt", "{")
        self.tree()
        self.expect("}")
        assert self._at == len(self._tokens), f"more behind the end: {self.peek()}"
        return self.module

    def object(self) -> None:
        """object ::= name '=' type [ '(' parameter { ',' parameter } ')' ]"""
        name = self.name()
        assert name not in self.module.objects, f"{name} is declared twice"
        self.expect("=")
        kind = self.name()
        assert kind in TYPES, kind
        parameters: dict[str, int] = {}
        if self.peek() == "(":
            for _ in self.listed():
                self.parameter(parameters)
        self.module.objects[name] = kind, parameters

    def parameter(self, parameters: dict[str, int]) -> None:
        """parameter ::= number 'bits' | number 'k' | 'paddr' ':' number"""
        if self.peek() == "paddr":
            self.expect("paddr", ":")
            parameters["paddr"] = self.number()
        else:
            number = self.number()
            unit = self.next()
            assert unit in ("bits", "k"), unit
            parameters[unit] = number

    def holder(self) -> None:
        """holder ::= name '{' { number ':' name [ '(' right { ',' right } ')' ] } '}'"""
        cnode = self.name()
        kind, parameters = self.module.objects[cnode]
        assert kind == "cnode"
        self.expect("{")
        while self.peek() != "}":
            slot = self.number()
            self.expect(":")
            target = self.name()
            assert target in self.module.objects, f"{target} is not declared"
            rights, badge = "", 0
            if self.peek() == "(":
                for _ in self.listed():
                    if self.peek() == "badge":
                        self.expect("badge", ":")
                        badge = self.number()
                    else:
                        rights = self.name()
                        assert re.fullmatch("R?W?X?G?", rights), rights
            assert (cnode, slot) not in self.module.slots, f"two in slot {slot}"
            assert slot < 1 << parameters["bits"], "the cnode is too small"
            self.module.slots[cnode, slot] = target, rights, badge
        self.expect("}")

    def tree(self) -> None:
        """tree ::= { slot [ '{' tree '}' ] };  slot ::= '(' name ',' number ')'"""
        above: list[Slot] = []
        latest: Slot | None = None
        while self.peek() == "(" or above:
            if self.peek() == "(":
                latest = self.slot()
                if above:
                    assert latest not in self.module.parents, f"{latest} has two parents"
                    self.module.parents[latest] = above[-1]
                if self.peek() == "{":
                    self.next()
                    above.append(latest)
            else:
                self.expect("}")
                above.pop()

    def slot(self) -> Slot:
        """A reference to a slot that has been filled."""
        self.expect("(")
        cnode = self.name()
        self.expect(",")
        slot = cnode, self.number()
        self.expect(")")
        assert slot in self.module.slots, f"{slot} is empty"
        return slot

    def listed(self) -> Iterator[None]:
        """'(' item { ',' item } ')', a turn for each item."""
        self.expect("(")
        yield
        while self.peek() == ",":
            self.next()
            yield
        self.expect(")")

    # ---- tokens ----

    def peek(self) -> str:
        """The next token, empty at the end."""
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def next(self) -> str:
        """Take it."""
        token = self.peek()
        self._at += 1
        return token

    def expect(self, *tokens: str) -> None:
        """Take exactly these."""
        for token in tokens:
            found = self.next()
            assert found == token, f"{token!r} expected, there is {found!r}"

    def name(self) -> str:
        """An identifier."""
        token = self.next()
        assert token[:1].isalpha(), f"a name expected, there is {token!r}"
        return token

    def number(self) -> int:
        """A number, decimal or hex; `8k` are two tokens."""
        token = self.next()
        assert token[:1].isdigit(), f"a number expected, there is {token!r}"
        return int(token, 0)


def _tokens(text: str) -> Iterator[str]:
    for match in TOKEN.finditer(text):
        assert match[2] is None, f"no token begins with {match[2]!r}"
        if match[1] is not None:
            yield match[1]


def parse(text: str) -> Module:
    """Read a module; an AssertionError says where it is none of the subset."""
    return Parser(text).parse()
