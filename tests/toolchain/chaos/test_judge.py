"""The oracles for files: what the log says must be there, and what the medium has."""

from __future__ import annotations

from pathlib import Path

import pytest

from anos_sim.hw.disk import SECTOR_BYTES, Disk
from anos_sim.toolchain.chaos.judge import judge_files, stream
from anos_sim.toolchain.chaos.volume import read_volume
from anos_sim.toolchain.guest.disk_image import write_fat32

A, B = stream(1, 0, 700), stream(2, 0, 700)
WRITTEN = [
    "begin 1 create F1", "end 1 ok", "begin 2 write F1 0 700 1", "end 2 ok", "begin 3 sync",
    "end 3 ok",
]  # fmt: skip
DONE = ["workload done 3"]


def volume(folder: Path, **files: bytes) -> Disk:
    image = folder / "image"
    write_fat32(image, files, size_bytes=34 << 20)
    return Disk.open(image)


def wrong(folder: Path, lines: list[str], **files: bytes) -> list[str]:
    return judge_files(lines, volume(folder, **files)).wrong


def test_a_synced_file_must_be_what_it_was(tmp_path: Path) -> None:
    assert wrong(tmp_path, WRITTEN, F1=A) == []
    assert wrong(tmp_path, WRITTEN, F1=B) == ["F1 was synced and is not what it was"]
    assert wrong(tmp_path, WRITTEN, F2=A) == ["F1 was synced and is lost"]
    assert wrong(tmp_path, WRITTEN[:-1], F2=B) == [], "no sync has ended"


def test_what_was_begun_since_may_be_there_or_not(tmp_path: Path) -> None:
    assert wrong(tmp_path, [*WRITTEN, "begin 4 write F1 0 700 2"], F1=B) == []
    assert wrong(tmp_path, [*WRITTEN, "begin 4 rename F1 F2"], F1=A) == []
    assert wrong(tmp_path, [*WRITTEN, "begin 4 rename F1 F2", "end 4 ok"], F2=A) == []
    assert wrong(tmp_path, [*WRITTEN, "begin 4 rename F1 F2"], F2=B) != []
    removed = [*WRITTEN, "begin 4 remove F1", "end 4 ok"]
    assert wrong(tmp_path, removed) == []
    assert wrong(tmp_path, [*removed, "begin 5 sync", "end 5 ok"]) == []


def test_what_was_given_up_is_not_held_against_the_system(tmp_path: Path) -> None:
    lines = [*WRITTEN, "begin 4 write F1 0 700 2", "again 4 -4", "end 4 error -4"]
    found = judge_files([*lines, "begin 5 sync", "end 5 ok", *DONE], volume(tmp_path, F1=A))
    assert found.wrong == []
    assert (found.errors, found.retries, found.done) == (["write F1 0 700 2: error -4"], 1, True)


def test_a_sync_that_fails_and_is_repeated_loses_nothing(tmp_path: Path) -> None:
    lines = [*WRITTEN[:-1], "again 3 -4", "end 3 ok", *DONE]
    found = judge_files(lines, volume(tmp_path, F1=A))
    assert (found.wrong, found.errors, found.retries) == ([], [], 1)
    assert wrong(tmp_path, lines, F1=B) == ["F1 was synced and is not what it was"]


def test_what_was_not_synced_when_the_filesystem_was_restarted_may_be_lost(tmp_path: Path) -> None:
    lines = [*WRITTEN, "begin 4 rename F1 F2", "end 4 ok", "begin 5 create F3", "end 5 ok"]
    lines += ["begin 6 sync", "again 6 -13", "end 6 ok", "begin 7 read F2", "end 7 lost"]
    lines += ["begin 8 sync", "end 8 ok", *DONE]
    found = judge_files(lines, volume(tmp_path, F1=A))
    assert (found.wrong, found.errors) == ([], [])
    assert (found.restarts, found.lost) == (1, 1)
    assert wrong(tmp_path, lines, F2=A) == []
    assert wrong(tmp_path, lines, F1=B) == ["F1/F2 was synced and is not what it was"]
    assert wrong(tmp_path, lines) == ["F1/F2 was synced and is lost"]


def test_what_the_workload_read_wrong_is_wrong(tmp_path: Path) -> None:
    assert wrong(tmp_path, [*WRITTEN, "wrong 4 F1 12"], F1=A) == ["operation 4 read F1 wrong at 12"]


def test_only_what_is_on_the_medium_counts(tmp_path: Path) -> None:
    disk = volume(tmp_path, F1=A)
    for sector in range(disk.sector_count):
        if disk.read(sector, 1).startswith(A[:100]):
            disk.write(sector, bytes(SECTOR_BYTES))
            break
    assert judge_files(WRITTEN, disk).wrong == []
    disk.flush()
    assert judge_files(WRITTEN, disk).wrong == ["F1 was synced and is not what it was"]


def test_a_volume_is_read_with_folders_and_long_names(tmp_path: Path) -> None:
    files = {"A long name.txt": b"1" * 5000, "folder/größe": b"2", "EMPTY": b""}
    image = tmp_path / "image"
    write_fat32(image, files, size_bytes=34 << 20)
    found = read_volume(Disk.open(image))
    assert (found.files, found.problems) == (files, [])


@pytest.mark.parametrize("value", [0, 3, 0x0FFF_FFF7])
def test_a_damaged_chain_is_a_problem(tmp_path: Path, value: int) -> None:
    disk = volume(tmp_path, LONG=bytes(5000), OTHER=bytes(600))
    table = bytearray(disk.read(32, 1))
    table[4 * 5 : 4 * 6] = value.to_bytes(4, "little")
    disk.write(32, bytes(table))
    disk.flush()
    assert read_volume(disk).problems


def test_what_is_no_volume_is_a_problem() -> None:
    assert read_volume(Disk.from_bytes(bytes(SECTOR_BYTES * 64))).problems
