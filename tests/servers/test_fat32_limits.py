"""fat32drv at its limits: full disks, large directories and files, bad sectors, no writing."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import file_host as fat
from support.effort import EFFORT
from support.fat_image import FatImage, make_volume, run, tool
from support.fat_volumes import MIB, content, error_of
from support.file_host import FatHost
from support.power_cut import complaints, read_all

pytestmark = pytest.mark.no_machine


def append_for_ever(host: FatHost, path: str, data: bytes) -> None:
    """Make a file longer until that cannot be."""
    while True:
        host.write(path, data, host.stat(path).size)


def fill(host: FatHost, size: int) -> None:
    """Make more files of that size than there is room for."""
    for number in range(300):
        host.create(f"disk0:/{number + 1000 * size}")
        host.write(f"disk0:/{number + 1000 * size}", b"x" * size)


@pytest.mark.parametrize("bits", [12, 16, 32])
def test_a_full_disk_says_so_and_is_intact(bits: int, fat_host: Path, tmp_path: Path) -> None:
    image = tmp_path / "image"
    make_volume(image, bits, {12: 1440 << 10, 16: 5 * MIB, 32: 34 * MIB}[bits], "-s", "1")
    with FatHost(fat_host, image) as host:
        host.create("disk0:/small")
        host.write("disk0:/small", content(3000))
        host.create("disk0:/large")
        data = content(100_000)
        assert error_of(append_for_ever, host, "disk0:/large", data) == fat.NO_SPACE
        size = host.stat("disk0:/large").size
        assert error_of(host.truncate, "disk0:/large", 1 << 30) == fat.NO_SPACE
        for size_left in (600, 1):
            assert error_of(fill, host, size_left) == fat.NO_SPACE
        assert error_of(host.make_directory, "disk0:/sub") == fat.NO_SPACE
        host.write("disk0:/large", b"changed", 5000)
        host.sync()
        held = host.read("disk0:/large")
        expected = bytearray((data * (size // len(data) + 1))[:size])
        expected[5000:5007] = b"changed"
        assert held == expected
        assert host.read("disk0:/small") == content(3000)
        host.remove("disk0:/large")
        host.create("disk0:/again")
        host.write("disk0:/again", data * 8)
        host.sync()
        assert host.read("disk0:/again") == data * 8
    assert complaints(image) == []


def test_a_disk_that_is_filled_through_a_handle_is_intact(fat_host: Path, image: Path) -> None:
    with FatHost(fat_host, image) as host:
        host.make_directory("disk0:/docs")
        host.create("disk0:/docs/small")
        host.create("disk0:/docs/large")
        with host.through(host.open("disk0:/docs/large")):
            assert error_of(append_for_ever, host, "", content(100_000)) == fat.NO_SPACE
            assert error_of(host.truncate, "", 1 << 30) == fat.NO_SPACE
        with host.through(host.open("disk0:/docs")):
            host.write("large", b"changed", 5000)
            assert error_of(append_for_ever, host, "small", b"x" * 600) == fat.NO_SPACE
            host.remove("large")
            host.write("small", content(50_000))
            host.sync("")
        assert host.read("disk0:/docs/small") == content(50_000)
    assert complaints(image) == []


def test_a_root_directory_that_is_full_says_so(fat_host: Path, tmp_path: Path) -> None:
    image = tmp_path / "image"
    make_volume(image, 12, 1440 << 10)
    with FatHost(fat_host, image) as host:
        assert error_of(fill, host, 0) == fat.NO_SPACE
        made = [entry.name for entry in host.list("disk0:")]
        assert made == [str(number) for number in range(224)]
        host.remove("disk0:/100")
        host.create("disk0:/new")
        host.sync()
    assert complaints(image) == []


def test_a_directory_of_ten_thousand_entries(fat_host: Path, image: Path) -> None:
    names = [f"file number {number} of many.dat" for number in range(10_000)]
    with FatHost(fat_host, image) as host:
        host.make_directory("disk0:/many")
        for name in names:
            host.create(f"disk0:/many/{name}")
        for name in names[::5]:
            host.remove(f"disk0:/many/{name}")
        for name in names[1::5]:
            host.rename(f"disk0:/many/{name}", f"disk0:/many/{name.upper()} MOVED")
        assert error_of(host.create, f"disk0:/many/{names[2].upper()}") == fat.EXISTS
        assert error_of(host.stat, f"disk0:/many/{names[0]}") == fat.NOT_FOUND
        host.sync()
        expected = {
            f"{name.upper()} MOVED" if number % 5 == 1 else name
            for number, name in enumerate(names)
            if number % 5
        }
        listed = [entry.name for entry in host.list("disk0:/many")]
        assert len(listed) == len(expected)
        assert set(listed) == expected
        with host.through(host.open("disk0:/many", fat.MAY_READ)):
            assert [entry.name for entry in host.list("")] == listed
            assert host.stat(names[1].upper() + " MOVED").size == 0
    assert complaints(image) == []


def test_paths_may_be_deep(fat_host: Path, image: Path, tmp_path: Path) -> None:
    path = "disk0:"
    with FatHost(fat_host, image) as host:
        for depth in range(30):
            path += f"/directory at depth {depth}"
            host.make_directory(path)
        host.create(f"{path}/bottom.txt")
        host.write(f"{path}/bottom.txt", b"here")
        host.sync()
    assert complaints(image) == []
    assert list(read_all(image, tmp_path / "read").values()) == [b"here"]


@pytest.mark.parametrize("size", [64 * MIB, *([1 << 30] if EFFORT > 1 else [])])
def test_a_large_file(size: int, fat_host: Path, tmp_path: Path) -> None:
    image = tmp_path / "image"
    make_volume(image, 32, size + 64 * MIB)
    with FatHost(fat_host, image) as host:
        host.create("disk0:/large")
        host.truncate("disk0:/large", size)
        host.write("disk0:/large", b"middle", size // 2)
        host.write("disk0:/large", b"end", size - 3)
        host.sync()
        for offset, data in ((0, bytes(6)), (size // 2, b"middle"), (size - 3, b"end")):
            reply, page = host.ask(fat.READ, "disk0:/large", offset)
            assert page[: len(data)] == data
            assert reply == min(4096, size - offset) + 1
        assert host.ask(fat.READ, "disk0:/large", size)[0] == 1
        with host.through(host.open("disk0:/large")):
            host.write("", b"handle", size // 3)
            assert host.ask(fat.READ, "", size // 3)[1][:6] == b"handle"
            assert host.stat("").size == size
            host.sync("")
    assert complaints(image) == []
    assert FatImage(image).data.count(b"middle") == 1


def test_what_is_written_anew_is_not_read_before(fat_host: Path, image: Path) -> None:
    with FatHost(fat_host, image) as host:
        host.create("disk0:/file")
        host.write("disk0:/file", content(100))
        before = host.disk_reads()
        for offset in range(100, 500_000, 3999):
            host.write("disk0:/file", content(3999, offset), offset)
        assert host.disk_reads() - before < 12, "some of the table"
        host.sync()
    with FatHost(fat_host, image) as host:
        host.read("disk0:/file")
        before = host.disk_reads()
        host.write("disk0:/file", b"x", 700)
        host.write("disk0:/file", bytes(1024), 4096 * 90)
        expected = content(100) + b"".join(
            content(3999, offset) for offset in range(100, 500_000, 3999)
        )
        changed = bytearray(expected)
        changed[700:701] = b"x"
        changed[4096 * 90 : 4096 * 90 + 1024] = bytes(1024)
        assert host.read("disk0:/file") == changed
        host.sync()
    with FatHost(fat_host, image) as host:
        host.write("disk0:/file", b"y", 4096 * 100 + 600)
        host.write("disk0:/file", b"z" * 512, 4096 * 101 + 1024)
        changed[4096 * 100 + 600] = ord("y")
        changed[4096 * 101 + 1024 : 4096 * 101 + 1536] = b"z" * 512
        assert host.read("disk0:/file") == changed
    assert complaints(image) == []


def test_a_sector_that_fails_stops_nothing_else(fat_host: Path, image: Path) -> None:
    with FatHost(fat_host, image) as host:
        for name in ("good", "bad"):
            host.create(f"disk0:/{name}")
            host.write(f"disk0:/{name}", content(20_000))
        host.sync()
    volume = FatImage(image)
    first = volume.first_cluster(volume.entry(b"BAD        "))
    sector = volume.offset(volume.chain(first)[20]) // 512
    with FatHost(fat_host, image) as host:
        host.set_bad(sector)
        assert error_of(host.read, "disk0:/bad") == fat.IO_ERROR
        assert host.ask(fat.READ, "disk0:/bad", 12_000)[1] == content(20_000)[12_000:16_096]
        assert error_of(host.write, "disk0:/bad", b"x", 20 * 512 + 5) == fat.IO_ERROR
        assert host.read("disk0:/good") == content(20_000)
        host.write("disk0:/good", content(30_000))
        host.write("disk0:/bad", bytes(512), 20 * 512)
        assert error_of(host.sync) == fat.IO_ERROR
        host.write("disk0:/good", b"later", 30_000)
        host.rename("disk0:/good", "disk0:/better")
        assert error_of(host.sync) == fat.IO_ERROR
        assert host.read("disk0:/better") == content(30_000) + b"later"
    with FatHost(fat_host, image) as host:
        assert host.read("disk0:/better") == content(30_000) + b"later"
        host.set_bad(sector)
        host.write("disk0:/bad", bytes(512), 20 * 512)
        assert error_of(host.sync) == fat.IO_ERROR
        host.remove("disk0:/bad")
        host.sync()
    assert complaints(image) == []


def test_data_that_cannot_be_written_are_an_error_of_each_sync_until_nobody_wants_them(
    fat_host: Path, image: Path
) -> None:
    with FatHost(fat_host, image) as host:
        host.create("disk0:/file")
        host.write("disk0:/file", content(100_000))
        host.sync()
    volume = FatImage(image)
    sector = (
        volume.offset(volume.chain(volume.first_cluster(volume.entry(b"FILE       ")))[9]) // 512
    )
    with FatHost(fat_host, image) as host:
        host.set_bad(sector)
        host.write("disk0:/file", bytes(512), 9 * 512)
        host.create("disk0:/other")
        for number in range(40):  # more than the cache holds: it has to write before the sync
            host.write("disk0:/other", bytes(60_000), number * 60_000)
        assert error_of(host.sync) == fat.IO_ERROR
        assert error_of(host.sync) == fat.IO_ERROR
        assert host.read("disk0:/file")[9 * 512 :][:512] == bytes(512)
        assert host.read("disk0:/other") == bytes(2_400_000)
        host.truncate("disk0:/file", 0)
        host.sync()
    assert complaints(image) == []


def test_files_and_volumes_that_are_protected(fat_host: Path, tmp_path: Path) -> None:
    image = tmp_path / "image"
    make_volume(image, 16, 16 * MIB)
    (tmp_path / "held").write_bytes(b"held")
    run(tool("mcopy"), "-i", image, tmp_path / "held", "::")
    run(tool("mattrib"), "-i", image, "+r", "::held")
    with FatHost(fat_host, image) as host:
        host.create("disk0:/other")
        assert error_of(host.write, "disk0:/held", b"x") == fat.PROTECTED
        assert error_of(host.truncate, "disk0:/held", 0) == fat.PROTECTED
        assert error_of(host.remove, "disk0:/held") == fat.PROTECTED
        assert error_of(host.rename, "disk0:/other", "disk0:/held") == fat.PROTECTED
        host.sync()
    data = image.read_bytes()
    with FatHost(fat_host, image, sector_bytes=4096) as host:
        assert host.read("disk0:/held") == b"held"
        assert error_of(host.create, "disk0:/new") == fat.PROTECTED
        assert error_of(host.write, "disk0:/other", b"x") == fat.PROTECTED
        host.sync()
    assert image.read_bytes() == data
