"""fat32drv's reading of healthy disks, compared with dosfstools, mtools and fdisk."""

from __future__ import annotations

import hashlib
import os
import random
import struct
from itertools import pairwise
from pathlib import Path

import pytest

from anos_sim.toolchain.guest.disk_image import write_fat32
from support.fat_image import FatImage, copy_in, make_volume, run, tool
from support.fat_volumes import MIB, VOLUMES, content
from support.file_host import FatHost, FileError

pytestmark = pytest.mark.no_machine

MODIFIED = 1_600_000_000


def fill(folder: Path, files: dict[str, bytes]) -> None:
    """Make files on the host."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (MODIFIED, MODIFIED))


def read_all(host: FatHost, mount: str = "disk0:") -> dict[str, str]:
    """The hash of every file, by its path in the mount; 'directory' for directories."""
    return {
        path.removeprefix(f"{mount}/"): "directory"
        if entry.is_directory
        else hashlib.sha256(host.read(path)).hexdigest()
        for path, entry in host.walk(mount)
    }


def expected(folder: Path) -> dict[str, str]:
    """What read_all answers if all is well."""
    return {
        str(path.relative_to(folder)): "directory"
        if path.is_dir()
        else hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
    }


@pytest.mark.parametrize("kind", VOLUMES)
def test_every_kind_of_volume_reads_as_it_was_written(
    kind: str, fat_host: Path, tmp_path: Path
) -> None:
    bits, size, options = VOLUMES[kind]
    image, folder = tmp_path / "image", tmp_path / "files"
    sizes = (0, 1, 511, 512, 513, 4095, 4096, 4097, 33_333, 200_000)
    fill(folder, {f"file{size}.bin": content(size) for size in sizes})
    fill(folder, {"sub/below/deep.txt": b"deep", "sub/second.txt": content(70_000)})
    make_volume(image, bits, size, "-n", "A LABEL", *options)
    copy_in(image, folder)
    with FatHost(fat_host, image) as host:
        assert host.mounts == ["disk0:"]
        assert host.stat("disk0:").name == "A LABEL"
        assert read_all(host) == expected(folder)
        for path in ("file0.bin", "file33333.bin", "sub/below/deep.txt"):
            facts = host.stat(f"disk0:/{path}")
            assert (facts.size, facts.modified) == ((folder / path).stat().st_size, MODIFIED)
            assert facts.attributes == 0x20
        assert host.stat("disk0:sub/below/").is_directory


def test_a_small_volume_with_the_layout_of_fat32_is_one(fat_host: Path, tmp_path: Path) -> None:
    image = tmp_path / "image"
    make_volume(image, 32, 2 * MIB, "-s", "1", "-n", "SMALL")
    with FatHost(fat_host, image) as host:
        assert host.stat("disk0:").name == "SMALL"
        assert read_all(host) == {}


def test_a_disk_with_sectors_of_4096_bytes_is_read(fat_host: Path, tmp_path: Path) -> None:
    image, folder = tmp_path / "image", tmp_path / "files"
    fill(folder, {"a.bin": content(100_000)})
    make_volume(image, 16, 40 * MIB, "-S", "4096", "-s", "1")
    copy_in(image, folder)
    with FatHost(fat_host, image, sector_bytes=4096) as host:
        assert read_all(host) == expected(folder)


def fragmented_image(image: Path, folder: Path) -> int:
    """Write one file into the holes that others left; return its first cluster."""
    fill(folder, {f"small{number}.bin": content(3000, number) for number in range(300)})
    make_volume(image, 16, 6 * MIB, "-s", "1")
    copy_in(image, folder)
    removed = [f"small{number}.bin" for number in range(0, 300, 2)]
    run(tool("mdel"), "-i", image, *(f"::{name}" for name in removed))
    for name in removed:
        (folder / name).unlink()
    fill(folder, {"large.bin": content(900_000)})
    run(tool("mcopy"), "-m", "-i", image, folder / "large.bin", "::")
    volume = FatImage(image)
    return volume.first_cluster(volume.entry(b"LARGE   BIN"))


def test_a_file_in_many_fragments_is_read_in_any_order(fat_host: Path, tmp_path: Path) -> None:
    image, folder = tmp_path / "image", tmp_path / "files"
    first = fragmented_image(image, folder)
    chain = FatImage(image).chain(first)
    jumps = sum(after != before + 1 for before, after in pairwise(chain))
    assert jumps > 64, "too few fragments to mean anything"
    data = (folder / "large.bin").read_bytes()
    with FatHost(fat_host, image) as host:
        assert read_all(host) == expected(folder)
        order = random.Random(1)
        for _ in range(200):
            offset = order.randrange(len(data) + 5000)
            reply, page = host.ask(111, "disk0:/large.bin", offset)
            assert page[: reply - 1] == data[offset : offset + 4096]


def test_reading_on_does_not_start_at_the_beginning_again(fat_host: Path, tmp_path: Path) -> None:
    image = tmp_path / "image"
    size = 8 * MIB
    write_fat32(image, {"long.bin": content(size)})
    with FatHost(fat_host, image) as host:
        before = host.disk_reads()
        assert hashlib.sha256(host.read("disk0:/long.bin")).digest() == (
            hashlib.sha256(content(size)).digest()
        )
        pages, table_pages = size // 4096, size // 512 * 4 // 4096
        assert host.disk_reads() - before <= 1.1 * (pages + table_pages) + 10


def test_a_thousand_files_are_listed_and_found(fat_host: Path, tmp_path: Path) -> None:
    image = tmp_path / "image"
    names = [f"File {number}, with a long name.txt" for number in range(1000)]
    write_fat32(image, {f"many/{name}": name.encode() for name in names})
    with FatHost(fat_host, image) as host:
        assert [entry.name for entry in host.list("disk0:many")] == names
        for name in names[::7]:
            assert host.read(f"disk0:/MANY/{name.upper()}") == name.encode()


def test_directories_may_be_deep(fat_host: Path, tmp_path: Path) -> None:
    image = tmp_path / "image"
    path = "/".join(f"directory {depth}" for depth in range(60))
    write_fat32(image, {f"{path}/bottom.txt": b"here"})
    with FatHost(fat_host, image) as host:
        assert host.read(f"disk0:/{path}/bottom.txt") == b"here"
        assert [entry.name for entry in host.list(f"disk0:/{path}")] == ["bottom.txt"]


NAMES = [
    "lower.txt",
    "UPPER.TXT",
    "lowerbas.TXT",
    "UPPERBAS.txt",
    "Mixed.Txt",
    "noextension",
    "many.dots.in.it.tar.gz",
    "with space.txt",
    "größe.txt",
    "GRÖSSE UND ÜBERMASS.TXT",
    "Ελληνικά αρχείο.txt",
    "Файл на русском.txt",
    "日本語のファイル.txt",
    "e" * 250 + ".text",
    "thirteen.char",
    "twelve.chars",
]


def test_names_come_out_as_they_went_in(fat_host: Path, tmp_path: Path) -> None:
    image, folder = tmp_path / "image", tmp_path / "files"
    fill(folder, {name: name.encode() for name in NAMES})
    make_volume(image, 12, 1440 << 10)
    copy_in(image, folder)
    with FatHost(fat_host, image) as host:
        assert sorted(entry.name for entry in host.list("disk0:")) == sorted(NAMES)
        for name in NAMES:
            assert host.read(f"disk0:/{name}") == name.encode()
            other = "".join(c if len(c.swapcase()) > 1 else c.swapcase() for c in name)
            assert host.read(f"disk0:/{other}") == name.encode()


def test_characters_beyond_16_bits_are_read(fat_host: Path, tmp_path: Path) -> None:
    image = tmp_path / "image"
    name = "😀 smiles 🎉.txt"
    write_fat32(image, {name: b"yes"})
    with FatHost(fat_host, image) as host:
        assert [entry.name for entry in host.list("disk0:")] == [name]
        assert host.read(f"disk0:{name}") == b"yes"


def test_an_alias_finds_its_file(fat_host: Path, tmp_path: Path) -> None:
    image = tmp_path / "image"
    write_fat32(image, {"A very long name.txt": b"long"})
    with FatHost(fat_host, image) as host:
        assert host.read("disk0:/averyl~1.txt") == b"long"


def test_the_same_spelling_goes_first(fat_host: Path, tmp_path: Path) -> None:
    image = tmp_path / "image"
    write_fat32(image, {"OTHER.TXT": b"large", "readme.txt": b"small"})
    volume = FatImage(image)
    at = volume.entry(b"OTHER   TXT")
    volume.data[at : at + 11] = b"README  TXT"
    volume.save()
    with FatHost(fat_host, image) as host:
        assert host.read("disk0:/README.TXT") == b"large"
        assert host.read("disk0:/readme.txt") == b"small"
        assert host.read("disk0:/Readme.txt") == b"large"


def test_dates_beyond_2038_and_none_at_all(fat_host: Path, tmp_path: Path) -> None:
    image = tmp_path / "image"
    write_fat32(image, {"A.TXT": b"a", "B.TXT": b"b", "C.TXT": b"c"})
    volume = FatImage(image)
    date = (2107 - 1980) << 9 | 12 << 5 | 31
    time = 23 << 11 | 59 << 5 | 29
    struct.pack_into("<HH", volume.data, volume.entry(b"A       TXT") + 22, time, date)
    struct.pack_into("<HH", volume.data, volume.entry(b"B       TXT") + 22, 0, 0)
    struct.pack_into(
        "<HH", volume.data, volume.entry(b"C       TXT") + 22, 0, 20 << 9 | 2 << 5 | 29
    )
    volume.save()
    with FatHost(fat_host, image) as host:
        assert host.stat("disk0:/A.TXT").modified == 4_354_819_198
        assert host.stat("disk0:/B.TXT").modified == 0
        assert host.stat("disk0:/C.TXT").modified == 951_782_400


def test_partitions_of_an_mbr_with_logical_ones_are_mounted(fat_host: Path, tmp_path: Path) -> None:
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(64 * MIB)
    table = """label: dos
        start=63, size=8129, type=83
        start=8192, size=16384, type=6
        start=24576, size=100000, type=5
        start=26624, size=20480, type=83
        start=49152, size=20480, type=c
        start=73728, size=20480, type=b
    """
    run(tool("sfdisk"), "-q", image, text=table)
    for number, start, size in ((2, 8192, 16384), (6, 49152, 20480), (7, 73728, 20480)):
        folder = tmp_path / f"files{number}"
        fill(folder, {"which.txt": str(number).encode(), "data.bin": content(50_000, number)})
        make_volume(image, 16, size * 512, "-s", "1", offset=start * 512)
        copy_in(image, folder, offset=start * 512)
    with FatHost(fat_host, image) as host:
        assert host.mounts == ["disk0:", "disk0p6:", "disk0p7:"]
        assert host.read("disk0:/which.txt") == b"2"
        assert read_all(host, "disk0p6:") == expected(tmp_path / "files6")
        assert read_all(host, "disk0p7:") == expected(tmp_path / "files7")


@pytest.mark.parametrize("damaged", [False, True], ids=["whole", "first copy damaged"])
def test_partitions_of_a_gpt_are_mounted_also_from_its_second_copy(
    damaged: bool, fat_host: Path, tmp_path: Path
) -> None:
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(64 * MIB)
    run(tool("sgdisk"), "-n", "1:2048:+1M", "-n", "3:8192:+33M", "-n", "5:98304:+5M", image)
    for number, start, bits, size in ((3, 8192, 32, 33 * MIB), (5, 98304, 12, 5 * MIB)):
        folder = tmp_path / f"files{number}"
        fill(folder, {"data.bin": content(50_000, number)})
        make_volume(image, bits, size, offset=start * 512)
        copy_in(image, folder, offset=start * 512)
    if damaged:
        data = bytearray(image.read_bytes())
        data[1024 + 40] ^= 1
        image.write_bytes(data)
    with FatHost(fat_host, image) as host:
        assert host.mounts == ["disk0:", "disk0p5:"]
        assert read_all(host) == expected(tmp_path / "files3")
        assert read_all(host, "disk0p5:") == expected(tmp_path / "files5")


def test_more_volumes_than_can_be_mounted_are_left_out(fat_host: Path, tmp_path: Path) -> None:
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(16 * MIB)
    run(tool("sgdisk"), *(f"-n{number}:0:+1M" for number in range(1, 12)), image)
    for number in range(11):
        make_volume(image, 12, MIB, offset=(number + 1) * MIB)
    with FatHost(fat_host, image) as host:
        assert host.mounts == ["disk0:", *(f"disk0p{number}:" for number in range(2, 9))]


def test_the_table_that_is_in_use_is_read(fat_host: Path, tmp_path: Path) -> None:
    image = tmp_path / "image"
    write_fat32(image, {"TWO.BIN": content(1000)})
    volume = FatImage(image)
    struct.pack_into("<H", volume.data, 40, 0x81)  # no mirroring: the second table counts
    first = volume.first_cluster(volume.entry(b"TWO     BIN", volume.root))
    volume.link(first, 0, 0)
    volume.save()
    with FatHost(fat_host, image) as host:
        assert host.read("disk0:/TWO.BIN") == content(1000)
    struct.pack_into("<H", volume.data, 40, 0x80)
    volume.save()
    with FatHost(fat_host, image) as host, pytest.raises(FileError):
        host.read("disk0:/TWO.BIN")
