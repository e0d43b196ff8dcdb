"""A disk that fails for a while: what a sync could not bring to it, a later one does."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import support.file_host as fat
from support.fat_volumes import content
from support.file_host import FatHost, FileError
from support.power_cut import complaints, read_all

pytestmark = pytest.mark.no_machine

MIB = 1 << 20
TRIES_MAX = 40


def answer_of(action: Callable[..., object], *arguments: object) -> int:
    """0, or the error that a request is answered with."""
    try:
        action(*arguments)
    except FileError as error:
        return error.code
    return 0


def try_on(*requests: Callable[[], object]) -> int:
    """Make requests, each until it goes well; how often one failed."""
    failed = 0
    for request in requests:
        before = failed
        while answer_of(request) == fat.IO_ERROR:
            failed += 1
            assert failed < before + TRIES_MAX
    return failed


def write_some(host: FatHost) -> dict[str, bytes]:
    """Have files and folders of all kinds, and a sync; what is there then."""
    files = {"old": content(30_000), "gone": content(9_000), "long": content(150_000)}
    for name, data in files.items():
        host.create(f"disk0:/{name}")
        host.write(f"disk0:/{name}", data)
    host.sync()
    return files


def change_some(host: FatHost, files: dict[str, bytes]) -> None:
    """Change them in all ways, without a sync or a rename."""
    host.write("disk0:/old", b"new" * 1000, 5000)
    files["old"] = files["old"][:5000] + b"new" * 1000 + files["old"][8000:]
    host.write("disk0:/long", content(90_000), 150_000)
    files["long"] += content(90_000)
    host.remove("disk0:/gone")
    del files["gone"]
    host.make_directory("disk0:/folder")
    host.create("disk0:/folder/new")
    host.write("disk0:/folder/new", content(20_000))
    files["folder/new"] = content(20_000)


@pytest.mark.parametrize("count", [1, 2, 5, 9])
def test_a_sync_makes_good_what_one_before_could_not_write(
    count: int, fat_host: Path, image: Path, tmp_path: Path
) -> None:
    with FatHost(fat_host, image) as host:
        files = write_some(host)
        change_some(host, files)
        host.fail_writes(count)
        assert try_on(host.sync) > 0
    assert complaints(image) == []
    assert read_all(image, tmp_path / "read") == files


@pytest.mark.parametrize("number", range(1, 7))
def test_a_sync_makes_good_what_a_failed_flush_has_lost(
    number: int, fat_host: Path, image: Path, tmp_path: Path
) -> None:
    with FatHost(fat_host, image) as host:
        files = write_some(host)
        change_some(host, files)
        host.fail_flush(number)
        assert try_on(host.sync) == (number <= 5)
    assert complaints(image) == []
    assert read_all(image, tmp_path / "read") == files


@pytest.mark.parametrize("number", range(1, 10))
@pytest.mark.parametrize("target", ["new", "folder/far", "long", "folder/there"])
def test_a_rename_that_fails_leaves_one_name(
    number: int, target: str, fat_host: Path, image: Path, tmp_path: Path
) -> None:
    with FatHost(fat_host, image) as host:
        files = write_some(host)
        host.make_directory("disk0:/folder")
        host.create("disk0:/folder/there")
        host.write("disk0:/folder/there", content(7000))
        files["folder/there"] = content(7000)
        host.fail_flush(number)
        assert answer_of(host.rename, "disk0:/old", f"disk0:/{target}") in (0, fat.IO_ERROR)
        host.fail_flush(0)
        try_on(host.sync)
    assert complaints(image) == []
    found = read_all(image, tmp_path / "read")
    renamed = {name: data for name, data in files.items() if name != "old"}
    assert found in (files, {**renamed, target: files["old"]})


def fill(host: FatHost, path: str) -> int:
    """Write behind the end of a file until that fails; how many bytes that went well."""
    for written in range(0, 8 * MIB, 3000):
        if answer_of(host.write, path, content(3000), written) == fat.IO_ERROR:
            return written
    raise AssertionError("there is always room")


def test_what_cannot_be_written_fills_the_cache_and_not_more(
    fat_host: Path, image: Path, tmp_path: Path
) -> None:
    with FatHost(fat_host, image) as host:
        files = write_some(host)
        host.create("disk0:/more")
        host.fail_writes(1_000_000)
        written = fill(host, "disk0:/more")
        assert MIB // 2 < written < 2 * MIB
        assert answer_of(host.sync) == fat.IO_ERROR
        assert host.read("disk0:/old") == files["old"]
        files["more"] = content(3000) * (written // 3000)
        assert host.read("disk0:/more")[:written] == files["more"]
        host.fail_writes(0)
        host.sync()
        host.write("disk0:/more", content(3000), written)
        files["more"] += content(3000)
        host.truncate("disk0:/more", written + 3000)
        host.sync()
    assert complaints(image) == []
    assert read_all(image, tmp_path / "read") == files


def test_a_disk_that_fails_for_good_answers_with_errors(
    fat_host: Path, image: Path, tmp_path: Path
) -> None:
    with FatHost(fat_host, image) as host:
        files = write_some(host)
        kept = shutil.copy(image, tmp_path / "kept")
        host.fail_writes(1 << 40)
        for request in (
            lambda: host.create("disk0:/x"),
            lambda: host.write("disk0:/old", b"x"),
            lambda: host.remove("disk0:/old"),
        ):
            assert answer_of(request) == fat.IO_ERROR
        assert host.read("disk0:/old") == files["old"]
    assert Path(kept).read_bytes() == image.read_bytes()
