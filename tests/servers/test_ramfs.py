"""Files in memory: any requests in any order, limits, and memory that comes back."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.stateful import initialize, rule, run_state_machine_as_test

from support import file_host as fat
from support.effort import EFFORT
from support.fat_volumes import MIB, content, error_of
from support.file_host import RamHost, build_ram_host
from support.file_machine import Requests

pytestmark = pytest.mark.no_machine

CHUNK_BYTES = 64 * 4096


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ramfs, compiled for the host once."""
    return build_ram_host(tmp_path_factory.mktemp("ram_host"))


@pytest.fixture
def host(program: Path) -> Iterator[RamHost]:
    """Room for 4 MiB."""
    with RamHost(program, 4 * MIB) as running:
        yield running


class RamRequests(Requests):
    """Names are told apart by case. At the end all is removed, and nothing remains in use."""

    mount = "ram:"

    def __init__(self) -> None:
        super().__init__(str)

    @initialize()
    def open(self) -> None:
        self.host = RamHost(self.program, 64 * MIB)

    @rule()
    def list_the_root(self) -> None:
        assert self.host is not None
        assert self.host.stat("ram:").name == "ram"

    def teardown(self) -> None:
        if isinstance(self.host, RamHost):
            with self.host:
                for path, entry in reversed(list(self.host.walk("ram:"))):
                    if entry.is_directory:
                        self.host.remove_directory(path)
                    else:
                        self.host.remove(path)
                assert self.host.used() == 0


def test_any_requests_in_any_order_are_answered_as_the_model_does(program: Path) -> None:
    RamRequests.program = program
    run_state_machine_as_test(
        RamRequests,
        settings=settings(max_examples=int(50 * EFFORT), stateful_step_count=40, deadline=None),
    )


def append_for_ever(host: RamHost, path: str) -> None:
    """Make a file longer until that cannot be."""
    while True:
        host.write(path, b"x" * 3000, host.stat(path).size)


def fill(host: RamHost, path: str) -> int:
    """Make a file as long as it can be; how long that is."""
    host.create(path)
    assert error_of(append_for_ever, host, path) == fat.NO_SPACE
    return host.stat(path).size


def create_for_ever(host: RamHost) -> None:
    """Make files until there can be no more."""
    for number in range(1 << 20):
        host.create(f"ram:/d/{number}")


def test_at_the_limit_there_is_no_space_and_what_is_there_stays(host: RamHost) -> None:
    host.make_directory("ram:/d")
    host.create("ram:/d/small")
    host.write("ram:/d/small", b"small")
    size = fill(host, "ram:/large")
    assert 3.9 * MIB < size <= 4 * MIB
    assert error_of(create_for_ever, host) == fat.NO_SPACE
    assert error_of(host.make_directory, "ram:/more") == fat.NO_SPACE
    assert error_of(host.rename, "ram:/d/small", "ram:/" + "n" * 255) == fat.NO_SPACE
    assert host.read("ram:/d/small") == b"small"
    assert host.read("ram:/large") == b"x" * size
    assert host.used() <= 4 * MIB
    host.remove("ram:/large")
    assert fill(host, "ram:/again") > size - 200_000


def test_a_machine_without_memory_is_no_space_too(program: Path) -> None:
    with RamHost(program, 64 * MIB, chunks=3) as host:
        size = fill(host, "ram:/large")
        assert 2 * CHUNK_BYTES < size < 3 * CHUNK_BYTES
        assert host.read("ram:/large") == b"x" * size


def test_memory_goes_back_to_the_machine(host: RamHost) -> None:
    fill(host, "ram:/large")
    assert host.chunks() >= 15
    host.truncate("ram:/large", 5000)
    assert host.chunks() <= 2
    assert host.read("ram:/large") == b"x" * 5000
    host.truncate("ram:/large", 8192)
    assert host.read("ram:/large") == b"x" * 5000 + bytes(3192)
    host.remove("ram:/large")
    assert host.used() == 0


def test_a_gigabyte_with_holes_takes_what_was_written(host: RamHost) -> None:
    host.create("ram:/sparse")
    host.truncate("ram:/sparse", 1 << 30)
    for offset in (0, 123_456_789, (1 << 30) - 3):
        host.write("ram:/sparse", b"end", offset)
    assert host.stat("ram:/sparse").size == 1 << 30
    assert host.used() < 100_000
    for offset in (0, 123_456_789, (1 << 30) - 3):
        assert host.ask(fat.READ, "ram:/sparse", offset)[1][:3] == b"end"
    reply, page = host.ask(fat.READ, "ram:/sparse", 500_000_000)
    assert (reply, page) == (4097, bytes(4096))
    assert host.ask(fat.READ, "ram:/sparse", 1 << 30)[0] == 1
    assert error_of(host.truncate, "ram:/sparse", 1 << 60) == fat.TOO_LARGE
    assert error_of(host.write, "ram:/sparse", b"x", (1 << 64) - 1) == fat.TOO_LARGE
    host.remove("ram:/sparse")
    assert host.used() == 0


def test_ten_thousand_entries_of_which_some_go_while_they_are_listed(program: Path) -> None:
    names = [f"file number {number} of many" for number in range(10_000)]
    with RamHost(program, 16 * MIB) as host:
        for name in names:
            host.create(f"ram:/{name}")
        listed = []
        for entry in host.list("ram:"):
            listed.append(entry.name)
            if len(listed) % 3 == 0:
                host.remove(f"ram:/{entry.name}")
        assert listed == names
        assert [entry.name for entry in host.list("ram:")] == [
            name for number, name in enumerate(names, 1) if number % 3
        ]


def test_names_of_any_script_and_what_is_no_name(host: RamHost) -> None:
    names = ["語" * 255, "𝄞" * 127 + "x", "ü", "Ü", "a b", "...", '"*<>?|\\', "\ufffd"]
    for name in names:
        host.create(f"ram:/{name}")
        assert error_of(host.create, f"ram:/{name}") == fat.EXISTS
    assert [entry.name for entry in host.list("ram:")] == names
    for bad in ("語" * 256, "𝄞" * 128, ".", "..", "a\x01", "a\x7f", "a:b", "x/"):
        assert error_of(host.create, f"ram:/{bad}") == fat.BAD_NAME
    reply, _ = host.send(fat.CREATE, bytes(8) + b"ram:/\xff\0")
    assert reply == fat.BAD_NAME


def test_a_path_of_twenty_levels(host: RamHost) -> None:
    path = "ram:"
    for level in range(20):
        path += f"/level {level}"
        host.make_directory(path)
    host.create(f"{path}/file")
    host.write(f"{path}/file", content(10_000))
    host.rename("ram:/level 0/level 1", "ram:/moved")
    assert host.read(path.replace("level 0/level 1", "moved", 1) + "/file") == content(10_000)
    assert error_of(host.rename, "ram:/moved", "ram:/moved/level 2/x") == fat.BAD_REQUEST


def test_times_are_the_clocks_and_can_be_set(host: RamHost) -> None:
    host.set_clock(1_700_000_000)
    host.create("ram:/f")
    assert host.stat("ram:/f").modified == 1_700_000_000
    host.set_clock(1_700_000_100)
    host.write("ram:/f", b"x")
    assert host.stat("ram:/f").modified == 1_700_000_100
    host.set_time("ram:/f", 1_600_000_000)
    assert host.stat("ram:/f").modified == 1_600_000_000
    assert error_of(host.set_time, "ram:", 5) == fat.BAD_REQUEST


def test_a_handle_is_all_that_a_program_needs(host: RamHost) -> None:
    host.make_directory("ram:/d")
    host.create("ram:/secret")
    with host.through(host.open("ram:/d")):
        host.create("f")
        host.write("f", b"data")
        assert host.read("ram:/f") == b"data"
        assert error_of(host.stat, "secret") == fat.NOT_FOUND
        assert error_of(host.stat, "../secret") == fat.NOT_FOUND
    assert host.read("ram:/d/f") == b"data"


@pytest.mark.parametrize("seed", range(max(1, int(10 * EFFORT))))
def test_random_requests_are_answered_and_harm_nothing(host: RamHost, seed: int) -> None:
    chance = random.Random(seed)
    host.create("ram:/kept")
    host.write("ram:/kept", content(9000))
    for _ in range(500):
        tag = chance.choice([*range(103, 123), 1, 2])
        path = b"ram:/" + chance.choice([b"", b"a", b"b", b"a/b", b"/", b"\xff", b"a//c/"]) + b"\0"
        head = struct.pack("<Q", chance.choice([0, 1, 4000, 1 << 33, (1 << 64) - 1]))
        if tag == fat.WRITE:
            head += struct.pack("<II", chance.randrange(5000), chance.choice([len(path), 0, 9]))
        body = chance.choice([head + path + path, path, head, chance.randbytes(200)])
        reply, _ = host.send(tag, body, chance.choice([len(body), 0, 4096]))
        assert -12 <= reply < 1 << 62
    assert host.read("ram:/kept") == content(9000)
