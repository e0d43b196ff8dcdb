"""Handles on files and directories: what reaches through one, and how many there may be."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import file_host as fat
from support.effort import EFFORT
from support.fat_volumes import content, error_of
from support.file_host import FatHost

pytestmark = pytest.mark.no_machine

HANDLES_MAX = 256


@pytest.fixture
def host(fat_host: Path, image: Path) -> Iterator[FatHost]:
    """A volume with a directory of two levels and a file beside it."""
    with FatHost(fat_host, image) as running:
        for name in ("docs", "docs/sub"):
            running.make_directory(f"disk0:/{name}")
        for name in ("secret", "docs/a", "docs/sub/b"):
            running.create(f"disk0:/{name}")
            running.write(f"disk0:/{name}", name.encode())
        yield running


def test_paths_are_below_the_handle_whatever_they_look_like(host: FatHost) -> None:
    with host.through(host.open("disk0:/docs")):
        for path in ("a", "/a", "disk0:a", "x:///a", ":a"):
            assert host.read(path) == b"docs/a"
        assert [entry.name for entry in host.list("")] == ["sub", "a"]
        for path in ("secret", "../secret", "disk0:/secret", "sub/../../secret", "docs/a", "."):
            assert error_of(host.stat, path) == fat.NOT_FOUND
        assert error_of(host.stat, "a/b") == fat.NOT_A_DIRECTORY
        assert error_of(host.stat, "n" * 4085) == fat.BAD_REQUEST


def test_the_same_path_and_rights_are_the_same_handle(host: FatHost) -> None:
    docs = host.open("disk0:/docs")
    assert host.open("disk0:///docs/") == docs
    assert host.open("disk0:/docs", fat.MAY_READ | fat.MAY_WRITE) == docs
    assert host.open("disk0:/docs", fat.MAY_READ) != docs
    with host.through(host.open("disk0:")):
        assert host.open("docs") == docs
    with host.through(docs):
        assert host.open("") == docs


def test_what_a_handle_stands_for_is_not_made_removed_or_renamed_by_it(host: FatHost) -> None:
    for path in ("disk0:/docs", "disk0:/secret", "disk0:"):
        with host.through(host.open(path)):
            for itself in ("", "/", "disk0:/"):
                assert error_of(host.create, itself) == fat.EXISTS
                assert error_of(host.make_directory, itself) == fat.EXISTS
                assert error_of(host.remove, itself) == fat.BAD_REQUEST
                assert error_of(host.remove_directory, itself) == fat.BAD_REQUEST
                assert error_of(host.rename, itself, "new") == fat.BAD_REQUEST
    with host.through(host.open("disk0:/docs")):
        assert error_of(host.rename, "a", "/") == fat.BAD_REQUEST


def test_a_handle_without_a_right_is_protected(host: FatHost) -> None:
    with host.through(host.open("disk0:/docs", fat.MAY_READ)):
        assert host.read("a") == b"docs/a"
        for action, *arguments in (
            (host.create, "c"),
            (host.make_directory, "c"),
            (host.remove, "a"),
            (host.remove_directory, "sub"),
            (host.rename, "a", "c"),
            (host.write, "a", b"x"),
            (host.truncate, "a", 0),
            (host.set_time, "a", 0),
            (host.open, "a", fat.MAY_WRITE),
        ):
            assert error_of(action, *arguments) == fat.PROTECTED
        host.sync("")
    with host.through(host.open("disk0:/docs", fat.MAY_WRITE)):
        host.write("a", b"changed")
        assert host.stat("a").size == 7
        assert error_of(host.read, "a") == fat.PROTECTED
        assert error_of(lambda: list(host.list(""))) == fat.PROTECTED
        assert host.send(fat.SIZE, b"a\0")[0] == 0
        assert host.send(fat.LOAD, bytes(8) + b"a\0")[0] == 0
        assert host.send(fat.QUERY_SIZE, bytes(4) + b"a\0")[1][8:12] == b"\xff" * 4
        assert (
            host.send(fat.LOAD_PAGE, struct.pack("<QQQ", 0, 0, 1) + b"a\0")[1][4:8] == b"\xff" * 4
        )
        assert error_of(host.open, "a", fat.MAY_READ) == fat.PROTECTED
    assert error_of(host.open, "disk0:/docs", 4) == fat.BAD_REQUEST
    assert error_of(host.open, "disk0:/none") == fat.NOT_FOUND


def test_a_handle_stands_for_a_path_and_not_for_what_was_there(host: FatHost) -> None:
    handle = host.open("disk0:/docs")
    host.rename("disk0:/docs", "disk0:/moved")
    with host.through(handle):
        assert error_of(host.stat, "a") == fat.NOT_FOUND
    host.make_directory("disk0:/docs")
    host.create("disk0:/docs/other")
    with host.through(handle):
        assert [entry.name for entry in host.list("")] == ["other"]


def test_when_all_handles_are_held_there_is_no_more_until_some_are_let_go(host: FatHost) -> None:
    host.make_directory("disk0:/many")
    for number in range(HANDLES_MAX + 1):
        host.create(f"disk0:/many/{number}")
    handles = [host.open(f"disk0:/many/{number}") for number in range(HANDLES_MAX)]
    assert len(set(handles)) == HANDLES_MAX
    assert error_of(host.open, f"disk0:/many/{HANDLES_MAX}") == fat.NO_SPACE
    assert host.open("disk0:/many/7") == handles[7]
    host.let_go()
    new = host.open(f"disk0:/many/{HANDLES_MAX}")
    assert new not in handles
    for old in handles:
        with host.through(old):
            assert error_of(host.stat, "") == fat.NOT_FOUND


def test_large_files_with_long_names_in_deep_directories_are_served_by_handles(
    host: FatHost,
) -> None:
    handle, name = host.open("disk0:/docs"), "語" * 255
    for depth in range(20):
        with host.through(handle):
            host.make_directory(f"level {depth}")
            handle = host.open(f"level {depth}")
    with host.through(handle):
        host.create(name)
        host.write(name, content(300_000))
        host.sync("")
        assert [entry.name for entry in host.list("")] == [name]
        file = host.open(name)
    with host.through(file):
        assert host.read("") == content(300_000)


def test_a_path_too_long_for_a_page_is_a_bad_request(host: FatHost) -> None:
    handle, name = host.open("disk0:"), "n" * 255
    for _ in range(15):
        with host.through(handle):
            host.make_directory(name)
            handle = host.open(name)
    with host.through(handle):
        assert error_of(host.make_directory, name) == fat.BAD_REQUEST
        host.make_directory(name[:200])


@pytest.mark.parametrize("seed", range(max(1, int(20 * EFFORT))))
def test_nonsense_through_a_handle_changes_nothing_outside(host: FatHost, seed: int) -> None:
    chance = random.Random(seed)
    handles = [host.open("disk0:/docs/sub"), host.open("disk0:/docs/sub", fat.MAY_READ), 12345]
    names = ("", "b", "c", "../a", "disk0:/secret", "/", "sub", "x/y", ":", "b/", "\xe9")
    for _ in range(200):
        tag = chance.choice([*range(109, 123), 1, 2, 104, 105])
        path = chance.choice(names).encode() + b"\0"
        if chance.random() < 0.3:
            path += chance.choice(names).encode() + b"\0"
        head = struct.pack("<Q", chance.choice([0, 1, 2, 3, 5000, 1 << 40]))
        if tag == fat.WRITE:
            head += struct.pack("<II", chance.randrange(100), chance.choice([len(path), 3, 4096]))
        with host.through(chance.choice(handles)):
            reply, _ = host.send(tag, head + path + bytes(chance.randrange(100)))
        assert -12 <= reply <= 4097
    assert host.read("disk0:/secret") == b"secret"
    assert host.read("disk0:/docs/a") == b"docs/a"
    assert [entry.name for entry in host.list("disk0:/docs")] == ["sub", "a"]
