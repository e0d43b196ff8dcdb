"""The disk's commands, without a port around it."""

from __future__ import annotations

import pytest

from anos_sim.hw.ata import AtaDisk
from anos_sim.hw.atapi import AtapiDrive
from anos_sim.hw.disk import Disk
from anos_sim.hw.drive import Transfer
from anos_sim.hw.fis import RegisterH2D, TaskFile

SECTORS = 1024


@pytest.fixture
def disk() -> AtaDisk:
    return AtaDisk(Disk.from_bytes(bytes(index >> 9 & 0xFF for index in range(SECTORS * 512))))


def run(drive: AtaDisk | AtapiDrive, command: int, data: bytes = b"", **fields: int) -> TaskFile:
    operation = drive.decode(RegisterH2D(is_command=True, command=command, **fields))
    return drive.execute(operation, data)[0]


def data_of(drive: AtaDisk | AtapiDrive, command: int, **fields: int) -> bytes:
    operation = drive.decode(RegisterH2D(is_command=True, command=command, **fields))
    task, data = drive.execute(operation, b"")
    assert not task.failed
    assert len(data) == operation.byte_count
    return data


@pytest.mark.parametrize("command", [0x20, 0x24, 0x25, 0xC8])
def test_reads(disk: AtaDisk, command: int) -> None:
    data = data_of(disk, command, lba=7, count=2, device=0x40)
    assert data == bytes([7]) * 512 + bytes([8]) * 512


def test_a_queued_read_has_its_count_in_features(disk: AtaDisk) -> None:
    assert data_of(disk, 0x60, lba=7, features=2, count=5 << 3) == b"\7" * 512 + b"\10" * 512


def test_28_bit_addresses_end_in_the_device_register(disk: AtaDisk) -> None:
    task = run(disk, 0xC8, lba=0xFF_0000_0001, count=1, device=0x41)
    assert (task.status, task.error, task.lba) == (0x51, 0x10, 0x0100_0001)
    assert data_of(disk, 0xC8, lba=0xFF_0000_0001, count=1, device=0x40)[0] == 1


def test_a_count_of_zero_is_the_largest(disk: AtaDisk) -> None:
    assert disk.decode(RegisterH2D(True, 0xC8)).sectors == 256
    assert disk.decode(RegisterH2D(True, 0x25)).sectors == 65536
    assert disk.decode(RegisterH2D(True, 0x60)).sectors == 65536


@pytest.mark.parametrize("command", [0x30, 0x34, 0x35, 0xCA, 0x3D])
def test_writes(disk: AtaDisk, command: int) -> None:
    assert not run(disk, command, b"\xee" * 1024, lba=7, count=2, device=0x40).failed
    assert disk.disk.read(6, 4) == b"\6" * 512 + b"\xee" * 1024 + b"\11" * 512
    assert disk.decode(RegisterH2D(True, command)).transfer.from_host


@pytest.mark.parametrize("command", [0x25, 0x35, 0x60, 0x61, 0xC8, 0x42])
def test_beyond_the_end_is_idnf(disk: AtaDisk, command: int) -> None:
    fields = {"lba": SECTORS - 1, "count": 2, "features": 2}
    task = run(disk, command, bytes(1024), **fields)
    assert (task.status, task.error, task.lba) == (0x51, 0x10, SECTORS)
    assert not disk.disk.changed


@pytest.mark.parametrize("command", [0x00, 0x08, 0xA0, 0xA1, 0xFF])
def test_an_unknown_command_is_aborted(disk: AtaDisk, command: int) -> None:
    assert disk.decode(RegisterH2D(True, command)).transfer is Transfer.NONE
    assert run(disk, command) == TaskFile(0x51, 0x04)


@pytest.mark.parametrize("command", [0xE7, 0xEA, 0xE0, 0xE2])
def test_flush_and_standby_empty_the_cache(disk: AtaDisk, command: int) -> None:
    run(disk, 0x35, bytes(512), lba=7, count=1)
    assert list(disk.disk.pending) == [7]
    run(disk, command)
    assert not disk.disk.pending


def test_forced_unit_access_flushes_its_own_sectors_only(disk: AtaDisk) -> None:
    run(disk, 0x35, bytes(512), lba=1, count=1)
    run(disk, 0x3D, bytes(512), lba=2, count=1)
    run(disk, 0x61, bytes(512), lba=3, features=1, device=0xC0)
    run(disk, 0x61, bytes(512), lba=4, features=1, device=0x40)
    assert sorted(disk.disk.pending) == [1, 4]


def test_without_a_write_cache_every_write_is_on_the_medium(disk: AtaDisk) -> None:
    run(disk, 0xEF, features=0x82)
    run(disk, 0x35, bytes(512), lba=7, count=1)
    assert not disk.disk.pending
    assert data_of(disk, 0xEC)[170] & 0x20 == 0
    run(disk, 0xEF, features=0x02)
    run(disk, 0x35, bytes(512), lba=7, count=1)
    assert disk.disk.pending


def test_unknown_features_are_aborted(disk: AtaDisk) -> None:
    assert run(disk, 0xEF, features=0x99).error == 0x04


def test_power_mode_is_active(disk: AtaDisk) -> None:
    assert run(disk, 0xE5).count == 0xFF


def test_the_queue_error_log_tells_which_tag_failed(disk: AtaDisk) -> None:
    assert data_of(disk, 0x2F, lba=0x10, count=1)[0] == 0x80
    run(disk, 0x60, lba=SECTORS, features=1, count=9 << 3)
    log = data_of(disk, 0x2F, lba=0x10, count=1)
    assert (log[0], log[2], log[3]) == (9, 0x51, 0x10)
    assert log[4] | log[5] << 8 == SECTORS
    assert sum(log) & 0xFF == 0
    assert run(disk, 0x2F, lba=0x11, count=1).error == 0x04


def test_a_host_error_is_an_uncorrectable_sector(disk: AtaDisk) -> None:
    disk.disk.image = -1
    task = run(disk, 0x25, lba=7, count=1)
    assert (task.status, task.error, task.lba) == (0x51, 0x40, 7)


def test_an_optical_drive_only_tells_what_it_is() -> None:
    drive = AtapiDrive()
    assert drive.reset().signature == 0xEB14_0101
    assert data_of(drive, 0xA1)[1] == 0x85
    assert run(drive, 0xEC).error == 0x04
    assert run(drive, 0xA0).error >> 4 == 2
    assert run(drive, 0x25).error == 0x04
