"""Requests to a filesystem and to a model of the file protocol, in any order: both agree."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from . import file_host as fat
from .file_host import FileError, FileHost

NAMES = [
    "a",
    "A",
    "b.txt",
    "B.TXT",
    "Long name one.txt",
    "long NAME two.txt",
    "ünï",
    "ÜNÏ",
    "x" * 120,
]
SIZES = [0, 1, 500, 512, 700, 4096, 5000, 20_000, 140_000]

paths = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map("/".join)
sizes = st.sampled_from(SIZES)


@attrs.define(eq=False)
class Node:
    """A file, or with `children` a directory."""

    name: str = ""
    content: bytes = b""
    children: dict[str, Node] | None = None


class Model:
    """What the driver should hold. Raises FileError as it should answer."""

    def __init__(self, key: Callable[[str], str]) -> None:
        self.root = Node(children={})
        self.key = key
        """By what a name is found."""

    def parent(self, path: str) -> tuple[Node, list[Node], str]:
        """The directory that a path's last name is in, and those above it."""
        node, above = self.root, []
        *folders, name = path.split("/")
        for folder in folders:
            assert node.children is not None
            if self.key(folder) not in node.children:
                raise FileError(fat.NOT_FOUND)
            node = node.children[self.key(folder)]
            above.append(node)
            if node.children is None:
                raise FileError(fat.NOT_A_DIRECTORY)
        return node, above, name

    def find(self, path: str) -> Node:
        """What a path names."""
        parent, _, name = self.parent(path)
        assert parent.children is not None
        if self.key(name) not in parent.children:
            raise FileError(fat.NOT_FOUND)
        return parent.children[self.key(name)]

    def file(self, path: str) -> Node:
        """The file that a path names."""
        node = self.find(path)
        if node.children is not None:
            raise FileError(fat.IS_A_DIRECTORY)
        return node

    def add(self, path: str, children: dict[str, Node] | None) -> None:
        """A new file or directory."""
        parent, _, name = self.parent(path)
        assert parent.children is not None
        if self.key(name) in parent.children:
            raise FileError(fat.EXISTS)
        parent.children[self.key(name)] = Node(name, children=children)

    def create(self, path: str) -> None:
        """FILE_CREATE."""
        self.add(path, None)

    def make_directory(self, path: str) -> None:
        """FILE_MAKE_DIRECTORY."""
        self.add(path, {})

    def write(self, path: str, data: bytes, offset: int) -> None:
        """FILE_WRITE."""
        node = self.file(path)
        if data:
            old = node.content.ljust(offset, b"\0")
            node.content = old[:offset] + data + old[offset + len(data) :]

    def truncate(self, path: str, size: int) -> None:
        """FILE_TRUNCATE."""
        node = self.file(path)
        node.content = node.content[:size].ljust(size, b"\0")

    def remove(self, path: str) -> None:
        """FILE_REMOVE."""
        self.file(path)
        self.drop(path)

    def remove_directory(self, path: str) -> None:
        """FILE_REMOVE_DIRECTORY."""
        children = self.find(path).children
        if children is None:
            raise FileError(fat.NOT_A_DIRECTORY)
        if children:
            raise FileError(fat.NOT_EMPTY)
        self.drop(path)

    def drop(self, path: str) -> None:
        """Take a name away that is there."""
        parent, _, name = self.parent(path)
        assert parent.children is not None
        del parent.children[self.key(name)]

    def rename(self, old: str, new: str) -> None:
        """FILE_RENAME."""
        node = self.find(old)
        parent, above, name = self.parent(new)
        assert parent.children is not None
        if any(other is node for other in above):
            raise FileError(fat.BAD_REQUEST)
        target = parent.children.get(self.key(name))
        if target is not None and target is not node:
            if (target.children is None) != (node.children is None):
                raise FileError(
                    fat.NOT_A_DIRECTORY if node.children is not None else fat.IS_A_DIRECTORY
                )
            if target.children is not None:
                raise FileError(fat.EXISTS)
        self.drop(old)
        node.name = target.name if target is not None and target is not node else name
        parent.children[self.key(name)] = node

    def all(self) -> dict[str, bytes | None]:
        """Every path with its content; None for directories."""
        found: dict[str, bytes | None] = {}
        todo = [("", self.root)]
        while todo:
            path, node = todo.pop()
            for child in (node.children or {}).values():
                found[path + child.name] = None if child.children is not None else child.content
                todo.append((f"{path}{child.name}/", child))
        return found


class Requests(RuleBasedStateMachine):
    """Each rule is a request to both."""

    program: Path
    mount: str

    def __init__(self, key: Callable[[str], str]) -> None:
        super().__init__()
        self.model = Model(key)
        self.host: FileHost | None = None
        self.number = 0

    def both(self, request: str, path: str, *arguments: Any, **keys: Any) -> None:
        """Ask both; the answers are the same."""
        errors = []
        ends = [f"{self.mount}/{end}" if isinstance(end, str) else end for end in arguments]
        for side, first, rest in (
            (self.model, path, arguments),
            (self.host, f"{self.mount}/{path}", ends),
        ):
            try:
                getattr(side, request)(first, *rest)
                errors.append(0)
            except FileError as error:
                errors.append(error.code)
        assert errors[0] == errors[1], f"{request} {path} {arguments}: {errors}"

    @rule(path=paths)
    def create(self, path: str) -> None:
        self.both("create", path)

    @rule(path=paths)
    def make_directory(self, path: str) -> None:
        self.both("make_directory", path)

    @rule(path=paths, size=sizes, offset=sizes)
    def write(self, path: str, size: int, offset: int) -> None:
        self.number += 1
        self.both("write", path, (b"%d " % self.number * size)[:size], offset)

    @rule(path=paths, size=sizes)
    def truncate(self, path: str, size: int) -> None:
        self.both("truncate", path, size)

    @rule(path=paths)
    def remove(self, path: str) -> None:
        self.both("remove", path)

    @rule(path=paths)
    def remove_directory(self, path: str) -> None:
        self.both("remove_directory", path)

    @rule(old=paths, new=paths)
    def rename(self, old: str, new: str) -> None:
        self.both("rename", old, new)

    @rule()
    def sync(self) -> None:
        assert self.host is not None
        self.host.sync(self.mount)

    @invariant()
    def holds_the_same(self) -> None:
        if self.host is not None:
            found = {
                path.removeprefix(f"{self.mount}/"): (
                    None if entry.is_directory else self.host.read(path)
                )
                for path, entry in self.host.walk(self.mount)
            }
            assert found == self.model.all()
