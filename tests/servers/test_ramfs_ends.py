"""ramfs ends at each store to what outlives it: its successor has the files before or after."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import attrs
import pytest

from support import file_host as fat
from support.effort import EFFORT
from support.fat_volumes import MIB, content
from support.file_host import FileError, RamHost, build_ram_host

STORES_MAX = 5000


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ramfs, compiled for the host once, so that it can end."""
    return build_ram_host(tmp_path_factory.mktemp("ram_host"), can_end=True)


@attrs.frozen
class Files:
    """All that there is, in the order in which it is listed; None: a directory."""

    contents: dict[str, bytes | None]
    used: int
    chunks: int

    @classmethod
    def of(cls, host: RamHost) -> Files:
        """What a server has."""
        found = {
            path: None if entry.is_directory else host.read(path)
            for path, entry in host.walk("ram:")
        }
        return cls(found, host.used(), host.chunks())

    def is_between(self, before: Files, after: Files) -> bool:
        """Is it one of them, but for bytes of a file that were being written?"""
        if not min(before.used, after.used) <= self.used <= max(before.used, after.used):
            return False
        if self.chunks > max(before.chunks, after.chunks):
            return False
        return any(
            list(self.contents) == list(whole.contents)
            and all(
                self._is_mixed(data, before.contents.get(path), after.contents.get(path))
                if data is not None and data != whole.contents[path]
                else data == whole.contents[path]
                for path, data in self.contents.items()
            )
            for whole in (before, after)
        )

    @staticmethod
    def _is_mixed(data: bytes, old: bytes | None, new: bytes | None) -> bool:
        """Old bytes and new ones, with the old length: else it would be the new file."""
        if old is None or new is None or len(data) != len(old):
            return False
        return all(byte in pair for byte, *pair in zip(data, old, new, strict=False))


Request = Callable[[RamHost], None]


def attempt(host: RamHost, request: Request) -> int:
    """Make a request: 0 or its error."""
    try:
        request(host)
    except FileError as error:
        return error.code
    return 0


def check_tails(host: RamHost, found: Files) -> None:
    """Behind the end of each file there is nothing; the files get longer."""
    for path, data in found.contents.items():
        if data is not None and len(data) < MIB:
            host.truncate(path, len(data) + 8000)
            assert host.read(path) == data + bytes(8000)


def at_each_store(host: RamHost, request: Request) -> int:
    """Let it end at each store of a request, and then carry it out: how many there were."""
    before = Files.of(host)
    host.save()
    error = attempt(host, request)
    after = Files.of(host)
    for store in range(1, STORES_MAX):
        host.restore()
        host.end(store, store % 7)
        answer = attempt(host, request)
        host.end(0)
        found = Files.of(host)
        if answer != fat.RESTARTED:
            assert (answer, found) == (error, after)
            return store - 1
        assert found.is_between(before, after), f"at store {store}"
        check_tails(host, found)
        assert attempt(host, request) != fat.RESTARTED
    raise AssertionError("the request does not end")


def remove_all(host: RamHost) -> None:
    """Remove whatever there is; nothing remains in use."""
    for path, entry in reversed(list(host.walk("ram:"))):
        (host.remove_directory if entry.is_directory else host.remove)(path)
    assert host.used() == 0


def one_of_each() -> Iterator[Request]:
    """Requests that together do what there is to do."""
    yield lambda host: host.create("ram:/file")
    yield lambda host: host.write("ram:/file", content(700))
    yield lambda host: host.write("ram:/file", content(900)[100:], 100)
    yield lambda host: host.write("ram:/file", content(3900), 3000)
    yield lambda host: host.write("ram:/file", b"far away", 3 * MIB)
    yield lambda host: host.truncate("ram:/file", 5000)
    yield lambda host: host.truncate("ram:/file", 9000)
    yield lambda host: host.make_directory("ram:/directory")
    yield lambda host: host.rename("ram:/file", "ram:/directory/" + "long" * 20)
    yield lambda host: host.create("ram:/directory/other")
    yield lambda host: host.write("ram:/directory/other", content(3000))
    yield lambda host: host.rename("ram:/directory/other", "ram:/file")
    yield lambda host: host.create("ram:/target")
    yield lambda host: host.write("ram:/target", content(3900))
    yield lambda host: host.rename("ram:/file", "ram:/target")
    yield lambda host: host.set_time("ram:/target", 1_700_000_000)
    yield lambda host: host.truncate("ram:/target", 0)
    yield lambda host: host.make_directory("ram:/empty")
    yield lambda host: host.remove_directory("ram:/empty")
    yield lambda host: host.remove("ram:/target")


NAMES = ["a", "b", "directory", "directory/a", "directory/" + "b" * 150]


def any_request(chance: random.Random) -> Request:
    """One message, which may be wrong."""
    path, other = (f"ram:/{chance.choice(NAMES)}" for _ in range(2))
    size, offset = (chance.choice([0, 1, 700, 3800, 4096, 20_000, MIB]) for _ in range(2))
    data = chance.randbytes(min(size, 3800))
    return chance.choice(
        [
            lambda host: host.create(path),
            lambda host: host.make_directory(path),
            lambda host: host.write(path, data, offset),
            lambda host: host.write(path, data, offset),
            lambda host: host.truncate(path, size),
            lambda host: host.rename(path, other),
            lambda host: host.remove(path),
            lambda host: host.remove_directory(path),
        ]
    )


def test_whatever_store_it_ends_at_a_request_is_done_or_not(program: Path) -> None:
    with RamHost(program, 4 * MIB) as host:
        stores = [at_each_store(host, request) for request in one_of_each()]
        assert min(stores) > 0
        assert sum(stores) > 200
        remove_all(host)


@pytest.mark.parametrize("seed", range(max(1, int(12 * EFFORT))))
def test_random_requests_are_done_or_not(program: Path, seed: int) -> None:
    chance = random.Random(seed)
    with RamHost(program, MIB, chunks=2) as host:
        host.make_directory("ram:/directory")
        for _ in range(40):
            at_each_store(host, any_request(chance))
        remove_all(host)


def append(size: int, host: RamHost) -> None:
    """Write behind what there is."""
    host.write("ram:/large", content(3000), size)


def test_without_space_nothing_is_lost_or_leaked(program: Path) -> None:
    with RamHost(program, 16 * MIB, chunks=2) as host:
        host.create("ram:/large")
        size, error = 0, 0
        while error == 0:
            error = attempt(host, partial(append, size))
            size += 3000
        assert at_each_store(host, partial(append, size)) > 0
        assert at_each_store(host, lambda host: host.truncate("ram:/large", 3000)) > 100
        assert host.chunks() == 1
        remove_all(host)


def test_a_successor_lists_in_the_same_order_and_finds_all(program: Path) -> None:
    names = [f"file {number}" for number in range(1000)]
    random.Random(1).shuffle(names)
    with RamHost(program, 16 * MIB) as host:
        for number, name in enumerate(names):
            host.create(f"ram:/{name}")
            host.write(f"ram:/{name}", b"%d" % number)
        for name in names[::3]:
            host.rename(f"ram:/{name}", f"ram:/{name} again")
        before = Files.of(host)
        for _ in range(3):
            host.save()
            host.restore()
            assert Files.of(host) == before
        remove_all(host)
        host.save()
        host.restore()
        assert host.chunks() < before.chunks
