"""Disk images: copy-on-write, the drive's cache, and bad images."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from anos_sim.hw.disk import SECTOR_BYTES, Disk, DiskError

SECTORS = 16


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "disk.img"
    path.write_bytes(bytes(index // SECTOR_BYTES for index in range(SECTORS * SECTOR_BYTES)))
    return path


class DiskMachine(RuleBasedStateMachine):
    """A disk and two bytearrays agree: what a reader sees, and what a power cut leaves."""

    def __init__(self) -> None:
        super().__init__()
        image = bytes(index // SECTOR_BYTES for index in range(SECTORS * SECTOR_BYTES))
        self.disk = Disk.from_bytes(image)
        self.seen = bytearray(image)
        self.safe = bytearray(image)

    @rule(sector=st.integers(0, SECTORS - 1), count=st.integers(1, 4), fill=st.integers(0, 255))
    def write(self, sector: int, count: int, fill: int) -> None:
        data = bytes([fill]) * min(count, SECTORS - sector) * SECTOR_BYTES
        self.disk.write(sector, data)
        self.seen[sector * SECTOR_BYTES : sector * SECTOR_BYTES + len(data)] = data

    @rule()
    def flush(self) -> None:
        self.disk.flush()
        self.safe[:] = self.seen

    @rule(survivors=st.sets(st.integers(0, SECTORS - 1)))
    def lose_power(self, survivors: set[int]) -> None:
        for sector in survivors:
            part = slice(sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES)
            self.safe[part] = self.seen[part]
        self.disk.lose_power(survivors)
        self.seen[:] = self.safe

    @invariant()
    def reads_see_the_newest(self) -> None:
        assert self.disk.read(0, SECTORS) == self.seen

    @invariant()
    def every_run_of_sectors_agrees(self) -> None:
        assert self.disk.read(5, 3) == self.seen[5 * SECTOR_BYTES : 8 * SECTOR_BYTES]


TestDisk = DiskMachine.TestCase


def test_copy_on_write_never_touches_the_file(image: Path) -> None:
    before = image.read_bytes()
    disk = Disk.open(image)
    assert not disk.changed
    disk.write(3, b"\xaa" * SECTOR_BYTES)
    disk.flush()
    assert disk.changed
    assert disk.read(3, 1) == b"\xaa" * SECTOR_BYTES
    disk.close()
    assert image.read_bytes() == before


def test_an_image_that_may_not_be_written_is_fine_for_copy_on_write(image: Path) -> None:
    image.chmod(0o400)
    disk = Disk.open(image)
    disk.write(0, b"\xaa" * SECTOR_BYTES)
    disk.close()


def test_a_writable_image_gets_what_is_flushed(image: Path) -> None:
    disk = Disk.open(image, writable=True)
    disk.write(3, b"\xaa" * SECTOR_BYTES)
    disk.write(9, b"\xbb" * SECTOR_BYTES)
    assert image.read_bytes()[3 * SECTOR_BYTES] == 3
    disk.flush([3])
    assert image.read_bytes()[3 * SECTOR_BYTES] == 0xAA
    assert image.read_bytes()[9 * SECTOR_BYTES] == 9
    disk.close()
    assert image.read_bytes()[9 * SECTOR_BYTES] == 0xBB


def test_a_power_cut_loses_what_was_not_flushed(image: Path) -> None:
    disk = Disk.open(image, writable=True)
    disk.write(3, b"\xaa" * SECTOR_BYTES)
    disk.lose_power()
    disk.close()
    assert image.read_bytes()[3 * SECTOR_BYTES] == 3


def test_bad_images_are_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "odd").write_bytes(b"x" * 700)
    for name, complaint in {
        "missing": "does not exist",
        "empty": "is empty",
        "odd": "has 700 bytes, which is no multiple of 512",
        ".": "is a directory",
    }.items():
        for writable in (False, True):
            with pytest.raises(DiskError) as refusal:
                Disk.open(tmp_path / name, writable=writable)
            assert complaint in str(refusal.value)
            assert str(tmp_path / name) in str(refusal.value)
            assert "\n" not in str(refusal.value)


def test_a_pipe_is_no_image(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DiskError, match="is no regular file"):
        Disk.open(tmp_path / "pipe")


def test_an_unwritable_image_is_refused(image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, flags: int) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(DiskError, match=r"cannot be written \(Permission denied\)"):
        Disk.open(image, writable=True)
    with pytest.raises(DiskError, match=r"cannot be read \(Permission denied\)"):
        Disk.open(image)
