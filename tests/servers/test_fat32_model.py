"""fat32drv against a model of its protocol: any requests in any order."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from support import fat_host as fat
from support.effort import EFFORT
from support.fat_host import FatHost, FileError
from support.fat_image import make_volume
from support.power_cut import complaints, read_all

KINDS = {
    "FAT12": (12, 1440 << 10, ()),
    "FAT16, clusters of a sector": (16, 5 << 20, ("-s", "1")),
    "FAT16": (16, 16 << 20, ()),
    "FAT32, clusters of a sector": (32, 34 << 20, ("-s", "1")),
    "FAT32, clusters of a page": (32, 300 << 20, ("-s", "8")),
}
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
    """A file, or with `children` a directory; they are found regardless of case."""

    name: str = ""
    content: bytes = b""
    children: dict[str, Node] | None = None


class Model:
    """What the driver should hold. Raises FileError as it should answer."""

    def __init__(self) -> None:
        self.root = Node(children={})

    def parent(self, path: str) -> tuple[Node, list[Node], str]:
        """The directory that a path's last name is in, and those above it."""
        node, above = self.root, []
        *folders, name = path.split("/")
        for folder in folders:
            assert node.children is not None
            if folder.lower() not in node.children:
                raise FileError(fat.NOT_FOUND)
            node = node.children[folder.lower()]
            above.append(node)
            if node.children is None:
                raise FileError(fat.NOT_A_DIRECTORY)
        return node, above, name

    def find(self, path: str) -> Node:
        """What a path names."""
        parent, _, name = self.parent(path)
        assert parent.children is not None
        if name.lower() not in parent.children:
            raise FileError(fat.NOT_FOUND)
        return parent.children[name.lower()]

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
        if name.lower() in parent.children:
            raise FileError(fat.EXISTS)
        parent.children[name.lower()] = Node(name, children=children)

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
        del parent.children[name.lower()]

    def rename(self, old: str, new: str) -> None:
        """FILE_RENAME."""
        node = self.find(old)
        parent, above, name = self.parent(new)
        assert parent.children is not None
        if any(other is node for other in above):
            raise FileError(fat.BAD_REQUEST)
        target = parent.children.get(name.lower())
        if target is not None and target is not node:
            if (target.children is None) != (node.children is None):
                raise FileError(
                    fat.NOT_A_DIRECTORY if node.children is not None else fat.IS_A_DIRECTORY
                )
            if target.children is not None:
                raise FileError(fat.EXISTS)
        self.drop(old)
        node.name = target.name if target is not None and target is not node else name
        parent.children[name.lower()] = node

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

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.image = self.folder / "image"
        self.model = Model()
        self.host: FatHost | None = None
        self.number = 0

    @initialize(kind=st.sampled_from(sorted(KINDS)))
    def open(self, kind: str) -> None:
        bits, size, options = KINDS[kind]
        make_volume(self.image, bits, size, *options)
        self.host = FatHost(self.program, self.image)

    def both(self, request: str, path: str, *arguments: Any, **keys: Any) -> None:
        """Ask both; the answers are the same."""
        errors = []
        ends = [f"disk0:/{end}" if isinstance(end, str) else end for end in arguments]
        for side, first, rest in (
            (self.model, path, arguments),
            (self.host, f"disk0:/{path}", ends),
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
        self.host.sync()

    @rule()
    def restart(self) -> None:
        assert self.host is not None
        self.host.sync()
        with self.host:
            pass
        self.host = FatHost(self.program, self.image)

    @invariant()
    def holds_the_same(self) -> None:
        if self.host is not None:
            found = {
                path.removeprefix("disk0:/"): None if entry.is_directory else self.host.read(path)
                for path, entry in self.host.walk("disk0:")
            }
            assert found == self.model.all()

    def teardown(self) -> None:
        if self.host is not None:
            self.host.sync()
            with self.host:
                pass
            assert complaints(self.image) == []
            files = {path: data for path, data in self.model.all().items() if data is not None}
            assert read_all(self.image, self.folder / "read") == files
        shutil.rmtree(self.folder)


def test_any_requests_in_any_order_are_answered_as_the_model_does(fat_host: Path) -> None:
    Requests.program = fat_host
    run_state_machine_as_test(
        Requests,
        settings=settings(max_examples=int(25 * EFFORT), stateful_step_count=40, deadline=None),
    )
