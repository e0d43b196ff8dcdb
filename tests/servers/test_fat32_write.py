"""fat32drv's writing: read back with mtools, and fsck.fat has nothing to say."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest

from support import file_host as fat
from support.fat_image import FatImage, copy_in, make_volume, run, tool
from support.fat_volumes import MIB, VOLUMES, content, error_of
from support.file_host import FatHost
from support.power_cut import complaints, read_all

pytestmark = pytest.mark.no_machine

NOW = 1_700_000_000


@pytest.mark.parametrize("kind", VOLUMES)
def test_mtools_read_what_was_written_and_fsck_is_content(
    kind: str, fat_host: Path, tmp_path: Path
) -> None:
    bits, size, options = VOLUMES[kind]
    image = tmp_path / "image"
    make_volume(image, bits, size, *options)
    sizes = (0, 1, 511, 512, 513, 4095, 4096, 4097, 33_333, 200_000)
    files = {f"file {number}.bin": content(number) for number in sizes}
    files |= {f"sub/below/{number}": content(number) for number in sizes[:-1]}
    with FatHost(fat_host, image) as host:
        host.make_directory("disk0:/sub")
        host.make_directory("disk0:/sub/below")
        for path, data in files.items():
            host.create(f"disk0:/{path}")
            host.write(f"disk0:/{path}", data)
            assert host.read(f"disk0:/{path}") == data
        host.sync()
        assert {path: host.read(f"disk0:/{path}") for path in files} == files
    assert complaints(image) == []
    assert read_all(image, tmp_path / "read") == files
    volume = FatImage(image)
    tables = [volume.data[at : at + volume.table_bytes] for at in volume.tables]
    assert all(table == tables[0] for table in tables)


def test_files_of_mtools_are_changed_and_removed(fat_host: Path, tmp_path: Path) -> None:
    image, folder = tmp_path / "image", tmp_path / "files"
    names = [f"a file of the host, number {number}.txt" for number in range(60)]
    folder.mkdir()
    for name in names:
        (folder / name).write_bytes(content(5000))
    make_volume(image, 16, 16 * MIB)
    copy_in(image, folder)
    expected = {}
    with FatHost(fat_host, image) as host:
        for name in names[::3]:
            host.remove(f"disk0:/{name}")
        for name in names[1::3]:
            host.write(f"disk0:/{name}", b"new", 4999)
            expected[name] = content(5000)[:4999] + b"new"
        for name in names[2::3]:
            host.rename(f"disk0:/{name}", f"disk0:/{name.upper()}, moved")
            expected[f"{name.upper()}, moved"] = content(5000)
        host.sync()
    assert complaints(image) == []
    assert read_all(image, tmp_path / "read") == expected


def test_writes_may_begin_anywhere_and_gaps_are_zero(fat_host: Path, image: Path) -> None:
    order, expected = random.Random(1), bytearray()
    with FatHost(fat_host, image) as host:
        host.create("disk0:/a")
        for _ in range(200):
            offset, data = order.randrange(60_000), order.randbytes(order.randrange(3000))
            host.write("disk0:/a", data, offset)
            if data:
                expected.extend(bytes(max(0, offset - len(expected))))
                expected[offset : offset + len(data)] = data
            assert host.stat("disk0:/a").size == len(expected)
        host.sync()
        assert host.read("disk0:/a") == expected
        host.truncate("disk0:/a", 1000)
        host.truncate("disk0:/a", 3000)
        assert host.read("disk0:/a") == expected[:1000] + bytes(2000)
        host.truncate("disk0:/a", 0)
        host.sync()
        assert host.read("disk0:/a") == b""
    assert complaints(image) == []


NAMES = [
    "lower.txt",
    "UPPER.TXT",
    "lowerbas.TXT",
    "UPPERBAS.txt",
    "Mixed.Txt",
    "noextension",
    ".hidden",
    "..two dots",
    "many.dots.in.it.tar.gz",
    "with space.txt",
    " space first",
    "größe.txt",
    "Ελληνικά αρχείο.txt",
    "Файл на русском.txt",
    "日本語のファイル.txt",
    "ملف عربي.txt",
    "हिन्दी फ़ाइल",
    "😀 smiles 🎉.txt",
    "thirteen.char",
    "twelve.chars",
    "e" * 250 + ".text",
    "ß" * 255,
    "ц" * 255,
    "語" * 255,
    "😀" * 127,
]


def test_names_in_any_script_are_kept(fat_host: Path, image: Path, tmp_path: Path) -> None:
    with FatHost(fat_host, image) as host:
        host.make_directory("disk0:/d")
        for name in NAMES:
            host.create(f"disk0:/d/{name}")
            host.write(f"disk0:/d/{name}", name.encode())
        host.sync()
        assert sorted(entry.name for entry in host.list("disk0:/d")) == sorted(NAMES)
    with FatHost(fat_host, image) as host:
        assert sorted(entry.name for entry in host.list("disk0:/d")) == sorted(NAMES)
        assert all(host.read(f"disk0:/d/{name}") == name.encode() for name in NAMES)
    assert complaints(image) == []
    # What mtools cannot: a space at the front, more than 16 bits, and more than 255 bytes.
    odd = [name for name in NAMES if name.startswith(" ") or len(name.encode()) > 255]
    short = [name for name in NAMES if name not in odd and max(map(ord, name)) < 0x10000]
    for number, name in enumerate(short):
        run(tool("mcopy"), "-i", image, f"::d/{name}", tmp_path / str(number))
        assert (tmp_path / str(number)).read_bytes() == name.encode()


BAD_NAMES = [
    "a" * 256,
    "😀" * 128,
    "trailing.",
    "trailing ",
    "a<b",
    "a|b",
    'a"b',
    "a*b",
    "a?b",
    "a\\b",
]
BAD_NAMES += ["a\x01b", "a\x7fb", ".", "..", "..."]


def test_names_that_fat_cannot_have_are_refused(fat_host: Path, image: Path) -> None:
    with FatHost(fat_host, image) as host:
        host.create("disk0:/a")
        for name in BAD_NAMES:
            for action in (host.create, host.make_directory):
                assert error_of(action, f"disk0:/{name}") == fat.BAD_NAME, name
            assert error_of(host.rename, "disk0:/a", f"disk0:/{name}") == fat.BAD_NAME, name
        body = bytes(8) + b"disk0:/\xff\xfe\0"
        assert host.send(fat.CREATE, body)[0] == fat.BAD_NAME
        assert [entry.name for entry in host.list("disk0:")] == ["a"]
        host.sync()
    assert complaints(image) == []


def short_names(image: Path) -> list[bytes]:
    """The 11 bytes of each short entry in the root directory."""
    volume = FatImage(image)
    (root,) = struct.unpack_from("<I", volume.data, 44)
    found = []
    for cluster in volume.chain(root):
        at = volume.offset(cluster)
        for entry in range(at, at + volume.cluster_bytes, 32):
            first, attributes = volume.data[entry], volume.data[entry + 11]
            if first not in (0, 0xE5) and attributes != 0x0F:
                found.append(bytes(volume.data[entry : entry + 11]))
    return found


def test_short_names_are_unique_and_few_entries_are_spent(fat_host: Path, image: Path) -> None:
    with FatHost(fat_host, image) as host:
        for number in range(40):
            host.create(f"disk0:/One long name.{number}.text")
        host.create("disk0:/lower.txt")
        host.sync()
    found = short_names(image)
    assert len(set(found)) == len(found) == 41
    assert found[:4] == [b"ONELON~%dTEX" % number for number in range(1, 5)]
    assert b"LOWER   TXT" in found
    assert complaints(image) == []


def test_what_cannot_be_done_is_refused_and_changes_nothing(fat_host: Path, image: Path) -> None:
    with FatHost(fat_host, image) as host:
        host.create("disk0:/file")
        host.make_directory("disk0:/Folder")
        host.create("disk0:/folder/inside")
        before = list(host.walk("disk0:"))
        for path in ("disk0:/file", "disk0:/FILE", "disk0:/folder", "disk0:/", "disk0:"):
            assert error_of(host.create, path) == fat.EXISTS
            assert error_of(host.make_directory, path) == fat.EXISTS
        assert error_of(host.create, "disk0:/none/file") == fat.NOT_FOUND
        assert error_of(host.create, "disk0:/file/file") == fat.NOT_A_DIRECTORY
        assert error_of(host.create, "disk1:/file") == fat.NOT_FOUND
        assert error_of(host.create, "disk0:/new/") == fat.BAD_NAME
        assert error_of(host.write, "disk0:/none", b"x") == fat.NOT_FOUND
        assert error_of(host.write, "disk0:/Folder", b"x") == fat.IS_A_DIRECTORY
        assert error_of(host.write, "disk0:/file", b"x", (1 << 32) - 1) == fat.TOO_LARGE
        assert error_of(host.write, "disk0:/file", b"x", (1 << 64) - 1) == fat.TOO_LARGE
        assert error_of(host.truncate, "disk0:/file", 1 << 32) == fat.TOO_LARGE
        assert error_of(host.remove, "disk0:/Folder") == fat.IS_A_DIRECTORY
        assert error_of(host.remove, "disk0:/none") == fat.NOT_FOUND
        assert error_of(host.remove, "disk0:/file/") == fat.NOT_A_DIRECTORY
        assert error_of(host.remove_directory, "disk0:/file") == fat.NOT_A_DIRECTORY
        assert error_of(host.remove_directory, "disk0:/Folder") == fat.NOT_EMPTY
        assert error_of(host.remove_directory, "disk0:/") == fat.BAD_REQUEST
        assert error_of(host.rename, "disk0:/", "disk0:/x") == fat.BAD_REQUEST
        assert error_of(host.rename, "disk0:/none", "disk0:/x") == fat.NOT_FOUND
        assert error_of(host.rename, "disk0:/file", "disk0:/Folder") == fat.IS_A_DIRECTORY
        assert error_of(host.rename, "disk0:/Folder", "disk0:/file") == fat.NOT_A_DIRECTORY
        assert error_of(host.rename, "disk0:/file", "disk0:/x/") == fat.NOT_A_DIRECTORY
        assert error_of(host.rename, "disk0:/Folder", "disk0:/folder/in") == fat.BAD_REQUEST
        assert error_of(host.set_time, "disk0:/none", 1) == fat.NOT_FOUND
        assert list(host.walk("disk0:")) == before
        host.sync()
    assert complaints(image) == []


def test_a_message_cut_short_changes_nothing(fat_host: Path, image: Path) -> None:
    with FatHost(fat_host, image) as host:
        host.create("disk0:/a")
        body = bytes(8) + b"disk0:/b\0"
        for tag in range(fat.CREATE, fat.SET_TIME + 1):
            for size in (0, 7, 8, len(body) - 1):
                assert host.send(tag, body, size)[0] == fat.BAD_REQUEST
        assert host.send(fat.RENAME, bytes(8) + b"disk0:/a\0disk0:/b")[0] == fat.BAD_REQUEST
        assert host.send(fat.RENAME, bytes(8) + b"disk0:/a\0", 17)[0] == fat.BAD_REQUEST
        path = b"disk0:/a\0"
        for size, path_bytes in ((1, 8), (1, 4000), (1 << 31, 9), (10, 0), (4096, 9)):
            body = struct.pack("<QII", 0, size, path_bytes) + path
            assert host.send(fat.WRITE, body, len(body))[0] == fat.BAD_REQUEST
        assert [(entry.name, entry.size) for entry in host.list("disk0:")] == [("a", 0)]


def test_renames_keep_content_time_and_what_is_inside(
    fat_host: Path, image: Path, tmp_path: Path
) -> None:
    with FatHost(fat_host, image) as host:
        host.set_clock(NOW)
        for path in ("disk0:/one", "disk0:/two", "disk0:/one/deep"):
            host.make_directory(path)
        host.create("disk0:/one/deep/file.txt")
        host.write("disk0:/one/deep/file.txt", content(9000))
        host.set_clock(NOW + 1000)
        host.rename("disk0:/one/deep", "disk0:/two/Deeper than before")
        host.rename("disk0:/two/Deeper than before/file.txt", "disk0:/file")
        host.rename("disk0:/file", "disk0:/FILE")
        host.create("disk0:/other")
        host.write("disk0:/other", content(5000))
        host.rename("disk0:/FILE", "disk0:/other")
        host.rename("disk0:/two", "disk0:/two")
        host.sync()
        assert sorted(path for path, _ in host.walk("disk0:")) == [
            "disk0:/one",
            "disk0:/other",
            "disk0:/two",
            "disk0:/two/Deeper than before",
        ]
        assert host.stat("disk0:/other").modified == NOW
    assert complaints(image) == []
    assert read_all(image, tmp_path / "read") == {"other": content(9000)}


def test_times_are_the_clocks(fat_host: Path, image: Path) -> None:
    with FatHost(fat_host, image) as host:
        host.set_clock(NOW)
        host.create("disk0:/a")
        host.make_directory("disk0:/d")
        host.set_clock(NOW + 86_400)
        host.write("disk0:/a", b"x")
        assert host.stat("disk0:/a").modified == NOW + 86_400
        assert host.stat("disk0:/d").modified == NOW
        for seconds, kept in (
            (1_600_000_000, 1_600_000_000),
            (1_600_000_001, 1_600_000_000),
            (0, NOW + 86_400),
            (1, 315_532_800),
            (951_782_400, 951_782_400),
            (4_354_819_198, 4_354_819_198),
            (1 << 40, 4_354_819_198),
            ((1 << 63) - 1, 4_354_819_198),
        ):
            host.set_time("disk0:/a", seconds)
            assert host.stat("disk0:/a").modified == kept
        host.sync()
    assert b"2107-12-31" in run(tool("mdir"), "-i", image, "::a")
    assert b"2023-11-14  22:13" in run(tool("mdir"), "-i", image, "::").replace(b"   ", b"  ")


def test_the_volume_is_marked_until_all_is_on_the_medium(fat_host: Path, tmp_path: Path) -> None:
    for bits, size in ((12, 2 * MIB), (16, 16 * MIB), (32, 34 * MIB)):
        image = tmp_path / f"fat{bits}"
        make_volume(image, bits, size, "-s", "1")
        clean = FatImage(image)
        with FatHost(fat_host, image) as host:
            host.sync()
            assert FatImage(image).data == clean.data
            host.create("disk0:/a")
            marked = FatImage(image)
            assert marked.data[37] & 1 == (bits != 32)
            assert bits == 12 or marked.next(1) != clean.next(1)
            host.sync()
        assert FatImage(image).next(1) == clean.next(1)
        assert complaints(image) == []


def test_a_volume_that_another_system_marked_stays_so(fat_host: Path, image: Path) -> None:
    volume = FatImage(image)
    volume.data[65] |= 1
    volume.save()
    with FatHost(fat_host, image) as host:
        host.create("disk0:/a")
        host.sync()
    after = FatImage(image)
    assert after.data[65] & 1
    assert after.next(1) == volume.next(1)


def test_a_volume_that_was_found_dirty_stays_so_and_is_counted(fat_host: Path, image: Path) -> None:
    volume = FatImage(image)
    (info,) = struct.unpack_from("<H", volume.data, 48)
    struct.pack_into("<II", volume.data, info * 512 + 488, 5, 3)
    for table in volume.tables:
        volume.data[table + 7] &= 0xF7
    volume.save()
    with FatHost(fat_host, image) as host:
        host.create("disk0:/a")
        host.write("disk0:/a", content(3000))
        host.sync()
    after = FatImage(image)
    free = sum(after.next(cluster) == 0 for cluster in range(2, 68_530))
    assert after.data[after.tables[0] + 7] & 8 == 0
    assert abs(struct.unpack_from("<I", after.data, info * 512 + 488)[0] - free) <= 2
    assert complaints(image) == []
