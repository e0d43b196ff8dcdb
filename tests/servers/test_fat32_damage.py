"""fat32drv on damaged disks and with bad requests: an answer each time, the right one."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from anos_sim.toolchain.guest.disk_image import write_fat32
from support import file_host as fat
from support.fat_image import BAD, END_OF_CHAIN, FatImage
from support.fat_volumes import FILES, KINDS, MIB
from support.file_host import FatHost, FileError

pytestmark = pytest.mark.no_machine


@pytest.fixture
def plain(tmp_path: Path) -> FatImage:
    """A FAT32 image with FILES that a test may change."""
    path = tmp_path / "plain"
    write_fat32(path, FILES)
    return FatImage(path)


def copy_of(image: Path, folder: Path) -> FatImage:
    """An image that a test may change."""
    copy = folder / "copy"
    copy.write_bytes(image.read_bytes())
    return FatImage(copy)


def error_of(host: FatHost, tag: int, path: str, position: int = 0) -> int:
    """The error that a request is answered with."""
    with pytest.raises(FileError) as caught:
        host.ask(tag, path, position)
    return caught.value.code


WRONG_FIELDS = [
    (510, "<H", 0, "its first sector has no signature"),
    (11, "<H", 0, "its sector size is not 512, 1024, 2048 or 4096"),
    (11, "<H", 513, "its sector size is not 512, 1024, 2048 or 4096"),
    (11, "<H", 8192, "its sector size is not 512, 1024, 2048 or 4096"),
    (13, "<B", 0, "its cluster size is no power of two up to 256 KiB"),
    (13, "<B", 3, "its cluster size is no power of two up to 256 KiB"),
    (14, "<H", 0, "it has no room for its own first sector"),
    (16, "<B", 0, "it has no allocation table"),
    (36, "<I", 0, "it has no allocation table"),
    (21, "<B", 0x12, "its media byte is none"),
    (32, "<I", 0, "it has no sectors"),
    (32, "<I", 100, "its tables leave no room for data"),
    (32, "<I", 0xFFFFFFFF, "it has no clusters, or more than FAT32 can number"),
    (32, "<I", 90_000, "it is larger than its partition or disk"),
    (36, "<I", 0xFFFFFFFF, "its tables leave no room for data"),
    (17, "<H", 3, "its root directory does not fill its sectors"),
    (17, "<H", 512, "it has the tables of one kind of FAT and the root directory of another"),
    (22, "<H", 9, "it has the tables of one kind of FAT and the root directory of another"),
    (42, "<H", 1, "its FAT32 version is not 0.0"),
    (40, "<H", 0x8F, "the allocation table in use is none of its tables"),
    (44, "<I", 0, "its root directory is outside of it"),
    (44, "<I", 0x0FFFFFFF, "its root directory is outside of it"),
]


@pytest.mark.parametrize(("offset", "form", "value", "wrong"), WRONG_FIELDS)
def test_a_first_sector_that_is_no_volume_says_why(
    offset: int, form: str, value: int, wrong: str, fat_host: Path, plain: FatImage
) -> None:
    struct.pack_into(form, plain.data, offset, value)
    plain.save()
    with FatHost(fat_host, plain.image) as host:
        assert host.wrong == wrong


def test_empty_and_foreign_disks_are_none(fat_host: Path, tmp_path: Path) -> None:
    for name, data in (("none", b""), ("zero", bytes(MIB)), ("text", b"hello\n" * 10_000)):
        (tmp_path / name).write_bytes(data)
        with FatHost(fat_host, tmp_path / name) as host:
            assert host.wrong


@pytest.mark.parametrize("bits", KINDS)
def test_every_fault_of_a_chain_is_an_io_error(
    bits: int, fat_host: Path, images: dict[int, Path], tmp_path: Path
) -> None:
    image = copy_of(images[bits], tmp_path)
    first = image.first_cluster(image.entry(b"FILE    BIN"))
    chain = image.chain(first)
    faults = {
        "free": 0,
        "reserved": 1,
        "bad": BAD[bits],
        "beyond the last cluster": BAD[bits] - 1,
        "to its start": first,
        "to itself": chain[10],
        "to the one before": chain[9],
        "ends early": END_OF_CHAIN[bits],
    }
    for name, following in faults.items():
        image.link(chain[10], following)
        image.save()
        with FatHost(fat_host, image.image) as host:
            _, page = host.ask(fat.READ, "disk0:/FILE.BIN")
            assert page == FILES["FILE.BIN"][:4096], name
            with pytest.raises(FileError) as caught:
                host.read("disk0:/FILE.BIN")
            assert caught.value.code == fat.IO_ERROR, name
    image.link(chain[10], chain[11])
    image.link(chain[-1], chain[3])
    image.save()
    with FatHost(fat_host, image.image) as host:
        assert error_of(host, fat.READ, "disk0:/FILE.BIN", 8192) == fat.IO_ERROR


def test_a_chain_may_be_longer_than_its_file(
    fat_host: Path, images: dict[int, Path], tmp_path: Path
) -> None:
    image = copy_of(images[16], tmp_path)
    at = image.entry(b"FILE    BIN")
    struct.pack_into("<I", image.data, at + 28, 700)
    image.save()
    with FatHost(fat_host, image.image) as host:
        assert host.read("disk0:/FILE.BIN") == FILES["FILE.BIN"][:700]


@pytest.mark.parametrize("cluster", [0, 1, 70_000_000])
def test_a_file_that_starts_nowhere_is_an_io_error(
    cluster: int, fat_host: Path, plain: FatImage
) -> None:
    plain.set_first_cluster(plain.entry(b"FILE    BIN"), cluster)
    plain.set_first_cluster(plain.entry(b"SUB        "), cluster)
    plain.save()
    with FatHost(fat_host, plain.image) as host:
        assert error_of(host, fat.READ, "disk0:/FILE.BIN") == fat.IO_ERROR
        assert error_of(host, fat.LIST, "disk0:/SUB") == fat.IO_ERROR
        assert error_of(host, fat.STAT, "disk0:/SUB/INNER.TXT") == fat.IO_ERROR


@pytest.mark.parametrize("bits", KINDS)
def test_a_directory_in_a_loop_ends_with_an_io_error(
    bits: int, fat_host: Path, images: dict[int, Path], tmp_path: Path
) -> None:
    image = copy_of(images[bits], tmp_path)
    first = image.first_cluster(image.entry(b"SUB        "))
    chain = image.chain(first)
    assert len(chain) > 2
    image.link(chain[1], first)
    image.save()
    with FatHost(fat_host, image.image) as host:
        early = next(host.list("disk0:/SUB")).name
        with pytest.raises(FileError) as caught:
            list(host.list("disk0:/SUB"))
        assert caught.value.code == fat.IO_ERROR
        assert error_of(host, fat.STAT, "disk0:/SUB/nowhere") == fat.IO_ERROR
        assert host.read(f"disk0:/SUB/{early}") == FILES[f"SUB/{early}"]


def test_a_directory_may_fill_its_last_cluster(fat_host: Path, tmp_path: Path) -> None:
    image = tmp_path / "image"
    write_fat32(image, {f"SUB/{number}": b"" for number in range(14)})  # 16 with "." and ".."
    with FatHost(fat_host, image) as host:
        assert len(list(host.list("disk0:/SUB"))) == 14
        assert error_of(host, fat.STAT, "disk0:/SUB/nowhere") == fat.NOT_FOUND


def test_a_disk_cut_short_is_refused(fat_host: Path, plain: FatImage) -> None:
    del plain.data[plain.offset(100) :]
    plain.save()
    with FatHost(fat_host, plain.image) as host:
        assert host.wrong == "it is larger than its partition or disk"


@pytest.mark.parametrize("damage", ["checksum", "order", "missing part", "missing last part"])
def test_a_long_name_that_is_not_whole_gives_way_to_the_short_one(
    damage: str, fat_host: Path, plain: FatImage
) -> None:
    short = plain.entry(b"ALONGN~1TXT")
    first = short - 3 * 32
    assert plain.data[first] == 0x43
    if damage == "checksum":
        plain.data[first + 32 + 13] ^= 1
    elif damage == "order":
        plain.data[first + 32] = 1
    elif damage == "missing part":
        plain.data[short - 32] = 0xE5
    else:
        plain.data[first] = 0xE5
    plain.save()
    with FatHost(fat_host, plain.image) as host:
        assert "ALONGN~1.TXT" in [entry.name for entry in host.list("disk0:")]
        assert host.read("disk0:/ALONGN~1.TXT") == b"long"


@pytest.mark.parametrize("unit", [ord("/"), 0x0A])
def test_a_long_name_that_no_path_can_have_gives_way_to_the_short_one(
    unit: int, fat_host: Path, plain: FatImage
) -> None:
    part = plain.entry(b"ALONGN~1TXT") - 32
    struct.pack_into("<H", plain.data, part + 3, unit)
    plain.save()
    with FatHost(fat_host, plain.image) as host:
        assert host.read("disk0:/ALONGN~1.TXT") == b"long"


def test_half_a_character_becomes_the_replacement_character(
    fat_host: Path, plain: FatImage
) -> None:
    part = plain.entry(b"ALONGN~1TXT") - 32
    struct.pack_into("<H", plain.data, part + 3, 0xD83D)
    plain.save()
    with FatHost(fat_host, plain.image) as host:
        name = "A\N{REPLACEMENT CHARACTER}long name to be damaged.txt"
        assert host.read(f"disk0:/{name}") == b"long"


def test_deleted_and_blank_entries_are_passed_over(fat_host: Path, plain: FatImage) -> None:
    plain.data[plain.entry(b"ALONGN~1TXT")] = 0xE5
    at = plain.entry(b"FILE    BIN")
    plain.data[at : at + 11] = b" " * 11
    plain.save()
    with FatHost(fat_host, plain.image) as host:
        assert [entry.name for entry in host.list("disk0:")] == ["SUB"]


def test_bad_paths_get_the_error_that_fits(fat_host: Path, plain: FatImage) -> None:
    with FatHost(fat_host, plain.image) as host:
        assert error_of(host, fat.STAT, "disk0:/nothing") == fat.NOT_FOUND
        assert error_of(host, fat.STAT, "disk0:/SUB/nothing") == fat.NOT_FOUND
        assert error_of(host, fat.STAT, "disk1:/FILE.BIN") == fat.NOT_FOUND
        assert error_of(host, fat.STAT, "disk0p2:/FILE.BIN") == fat.NOT_FOUND
        assert error_of(host, fat.STAT, "disk0:/" + "x" * 4000) == fat.NOT_FOUND
        assert error_of(host, fat.STAT, "disk0:/..") == fat.NOT_FOUND
        assert error_of(host, fat.STAT, "FILE.BIN") == fat.BAD_REQUEST
        assert error_of(host, fat.STAT, "disk0:/FILE.BIN/") == fat.NOT_A_DIRECTORY
        assert error_of(host, fat.READ, "disk0:/FILE.BIN/more") == fat.NOT_A_DIRECTORY
        assert error_of(host, fat.LIST, "disk0:/FILE.BIN") == fat.NOT_A_DIRECTORY
        assert error_of(host, fat.READ, "disk0:/SUB") == fat.IS_A_DIRECTORY
        assert error_of(host, fat.LIST, "disk0:", 1 << 40) == fat.BAD_REQUEST
        assert host.stat("disk0://SUB//INNER.TXT").size == 5


def test_a_message_without_a_whole_path_is_a_bad_request(fat_host: Path, plain: FatImage) -> None:
    body = bytes(8) + b"disk0:/FILE.BIN\0"
    with FatHost(fat_host, plain.image) as host:
        for tag in (fat.LIST, fat.STAT, fat.READ):
            for size in (0, 7, 8, len(body) - 1):
                assert host.send(tag, body, size)[0] == fat.BAD_REQUEST
            assert host.send(tag, body[:-1].ljust(4096, b"x"))[0] == fat.BAD_REQUEST
        for tag in (fat.SIZE, fat.LOAD, 0, 100, 101, 106, 107, 108, 200, 1 << 63):
            assert host.send(tag, body, 0)[0] == 0


def test_the_last_byte_and_what_follows_it(fat_host: Path, plain: FatImage) -> None:
    size = len(FILES["FILE.BIN"])
    with FatHost(fat_host, plain.image) as host:
        reply, page = host.ask(fat.READ, "disk0:/FILE.BIN", size - 1)
        assert (reply, page[0]) == (2, FILES["FILE.BIN"][-1])
        for offset in (size, size + 1, 1 << 32, (1 << 64) - 1):
            assert host.ask(fat.READ, "disk0:/FILE.BIN", offset)[0] == 1


def test_the_loader_s_own_requests_are_answered(fat_host: Path, plain: FatImage) -> None:
    data = FILES["FILE.BIN"]
    with FatHost(fat_host, plain.image) as host:
        assert host.send(fat.SIZE, b"disk0:/FILE.BIN\0")[0] == len(data)
        assert host.send(fat.SIZE, b"disk0:/SUB\0")[0] == 0
        body = struct.pack("<Q", 4096) + b"disk0:/SUB/../A path longer than 22 bytes\0"
        assert host.send(fat.LOAD, body, 26)[0] == 0
        body = struct.pack("<Q", 8192) + b"disk0:///////////////////FILE.BIN\0"
        reply, page = host.send(fat.LOAD, body, 26)
        assert (reply, page[:reply]) == (len(data) - 8192, data[8192:])


def test_anos_s_own_tags_are_answered_in_anos_s_layout(fat_host: Path, plain: FatImage) -> None:
    data = FILES["FILE.BIN"]
    with FatHost(fat_host, plain.image) as host:
        reply, page = host.send(fat.QUERY_SIZE, bytes(4) + b"disk0:/FILE.BIN\0")
        assert (reply, page[:16]) == (16, struct.pack("<QII", len(data), 0, 0))
        for path in (b"disk0:/none\0", b"disk0:/SUB\0", b"disk0:/FILE.BIN"):
            reply, page = host.send(fat.QUERY_SIZE, bytes(4) + path)
            assert (reply, page[:16]) == (16, struct.pack("<QII", 0, 0xFFFF_FFFF, 0))

        def load(path: bytes, page_number: int, count: int = 1) -> tuple[int, bytes]:
            body = struct.pack("<IIQII", 0, 0, page_number, count, 0) + path + b"\0"
            return host.send(fat.LOAD_PAGE, body)

        reply, page = load(b"disk0:/FILE.BIN", 1)
        assert reply == 8 + 4088
        assert page == struct.pack("<II", 1, 0) + data[4096 : 4096 + 4088]
        reply, page = load(b"disk0:/FILE.BIN", 2)
        assert page[:reply] == struct.pack("<II", 1, 0) + data[8192:]
        for number, count in ((3, 1), (1 << 60, 1), (0, 0)):
            reply, page = load(b"disk0:/FILE.BIN", number, count)
            assert (reply, page[:8]) == (8, struct.pack("<II", 0, 0))
        reply, page = load(b"disk0:/none", 0)
        assert (reply, page[:8]) == (8, struct.pack("<II", 0, 0xFFFF_FFFF))
