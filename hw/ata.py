"""The ATA disk: its command table and what each command does (ATA8-ACS, 7)."""

from __future__ import annotations

import struct
from typing import ClassVar

import attrs

from .disk import SECTOR_BYTES, Disk, MediumError
from .drive import (
    DIAGNOSTIC_PASSED,
    FAILED,
    READY,
    Addressing,
    Answer,
    Entry,
    Operation,
    Transfer,
    decode,
    done,
    refuse,
)
from .fis import RegisterH2D, TaskFile
from .identify import identify_device

IDNF = 0x10
UNC = 0x40
FUA = 0x80
LOG_DIRECTORY = 0x00
LOG_NCQ_ERROR = 0x10
POWER_ACTIVE = 0xFF


@attrs.define(eq=False)
class AtaDisk:
    """A SATA disk on `disk`, with a write cache and native command queuing."""

    disk: Disk
    model: str = "anos-sim disk"
    serial: str = "AS0000"
    write_cache: bool = True
    queued_error: tuple[int, TaskFile] | None = None

    def reset(self) -> TaskFile:
        """Signature of an ATA device. The cache keeps what it has; only a power cut loses it."""
        self.write_cache = True
        self.queued_error = None
        return TaskFile(READY, DIAGNOSTIC_PASSED, lba=1, count=1)

    def decode(self, fis: RegisterH2D) -> Operation:
        """Say what a command will transfer."""
        return decode(fis, self.COMMANDS.get(fis.command))

    def execute(self, operation: Operation, data: bytes) -> Answer:
        """Do it; a host error on the image is an uncorrectable sector."""
        entry = self.COMMANDS.get(operation.fis.command)
        beyond = operation.lba + operation.sectors > self.disk.sector_count
        if entry is None:
            answer = refuse()
        elif beyond:
            lba = max(operation.lba, self.disk.sector_count)
            answer = TaskFile(FAILED, IDNF, lba=lba), b""
        else:
            try:
                answer = entry.handler(self, operation, data)
            except MediumError as error:
                answer = TaskFile(FAILED, UNC, lba=error.sector), b""
            except OSError:
                answer = TaskFile(FAILED, UNC, lba=operation.lba), b""
        if operation.transfer.queued and answer[0].failed:
            self.queued_error = operation.fis.count >> 3 & 0x1F, answer[0]
        return answer

    def _identify(self, operation: Operation, data: bytes) -> Answer:
        sectors = self.disk.sector_count
        return done(identify_device(sectors, self.model, self.serial, self.write_cache))

    def _read(self, operation: Operation, data: bytes) -> Answer:
        return done(self.disk.read(operation.lba, operation.sectors))

    def _verify(self, operation: Operation, data: bytes) -> Answer:
        self.disk.read(operation.lba, operation.sectors)
        return done()

    def _write(self, operation: Operation, data: bytes) -> Answer:
        self.disk.write(operation.lba, data)
        if not self.write_cache:
            self.disk.flush()
        return done()

    def _write_through(self, operation: Operation, data: bytes) -> Answer:
        self.disk.write(operation.lba, data)
        self.disk.flush(range(operation.lba, operation.lba + operation.sectors))
        return done()

    def _write_queued(self, operation: Operation, data: bytes) -> Answer:
        write = self._write_through if operation.fis.device & FUA else self._write
        return write(operation, data)

    def _flush(self, operation: Operation, data: bytes) -> Answer:
        self.disk.flush()
        return done()

    def _idle(self, operation: Operation, data: bytes) -> Answer:
        return done()

    def _power_mode(self, operation: Operation, data: bytes) -> Answer:
        return done(count=POWER_ACTIVE)

    def _set_features(self, operation: Operation, data: bytes) -> Answer:
        feature = operation.fis.features & 0xFF
        if feature == 0x02:
            self.write_cache = True
        elif feature == 0x82:
            self.write_cache = False
            self.disk.flush()
        elif feature not in (0x03, 0x55, 0xAA):  # transfer mode, look-ahead off and on
            return refuse()
        return done()

    def _read_log(self, operation: Operation, data: bytes) -> Answer:
        """READ LOG EXT, one page: the directory or what went wrong in the queue."""
        log = bytearray(SECTOR_BYTES)
        address = operation.fis.lba & 0xFF
        if operation.fis.count != 1 or address not in (LOG_DIRECTORY, LOG_NCQ_ERROR):
            return refuse()
        if address == LOG_DIRECTORY:
            struct.pack_into("<H", log, 0, 1)
            struct.pack_into("<H", log, 2 * LOG_NCQ_ERROR, 1)
            return done(bytes(log))
        log[0] = 0x80  # no queued command failed
        if self.queued_error is not None:
            tag, task = self.queued_error
            lba = task.lba.to_bytes(6, "little")
            struct.pack_into("<BxBB3sx3s", log, 0, tag, task.status, task.error, lba[:3], lba[3:])
            self.queued_error = None
        log[-1] = -sum(log) & 0xFF
        return done(bytes(log))

    COMMANDS: ClassVar[dict[int, Entry]] = {
        0x20: Entry(Transfer.PIO_IN, Addressing.LBA28, _read),  # READ SECTORS
        0x24: Entry(Transfer.PIO_IN, Addressing.LBA48, _read),  # READ SECTORS EXT
        0x25: Entry(Transfer.DMA_IN, Addressing.LBA48, _read),  # READ DMA EXT
        0x2F: Entry(Transfer.PIO_IN, Addressing.ONE_SECTOR, _read_log),  # READ LOG EXT
        0x30: Entry(Transfer.PIO_OUT, Addressing.LBA28, _write),  # WRITE SECTORS
        0x34: Entry(Transfer.PIO_OUT, Addressing.LBA48, _write),  # WRITE SECTORS EXT
        0x35: Entry(Transfer.DMA_OUT, Addressing.LBA48, _write),  # WRITE DMA EXT
        0x3D: Entry(Transfer.DMA_OUT, Addressing.LBA48, _write_through),  # WRITE DMA FUA EXT
        0x40: Entry(Transfer.NONE, Addressing.LBA28, _verify),  # READ VERIFY SECTORS
        0x42: Entry(Transfer.NONE, Addressing.LBA48, _verify),  # READ VERIFY SECTORS EXT
        0x60: Entry(Transfer.QUEUED_IN, Addressing.QUEUED, _read),  # READ FPDMA QUEUED
        0x61: Entry(Transfer.QUEUED_OUT, Addressing.QUEUED, _write_queued),  # WRITE FPDMA QUEUED
        0xC8: Entry(Transfer.DMA_IN, Addressing.LBA28, _read),  # READ DMA
        0xCA: Entry(Transfer.DMA_OUT, Addressing.LBA28, _write),  # WRITE DMA
        0xE0: Entry(Transfer.NONE, Addressing.NONE, _flush),  # STANDBY IMMEDIATE
        0xE1: Entry(Transfer.NONE, Addressing.NONE, _idle),  # IDLE IMMEDIATE
        0xE2: Entry(Transfer.NONE, Addressing.NONE, _flush),  # STANDBY
        0xE3: Entry(Transfer.NONE, Addressing.NONE, _idle),  # IDLE
        0xE5: Entry(Transfer.NONE, Addressing.NONE, _power_mode),  # CHECK POWER MODE
        0xE7: Entry(Transfer.NONE, Addressing.NONE, _flush),  # FLUSH CACHE
        0xEA: Entry(Transfer.NONE, Addressing.NONE, _flush),  # FLUSH CACHE EXT
        0xEC: Entry(Transfer.PIO_IN, Addressing.ONE_SECTOR, _identify),  # IDENTIFY DEVICE
        0xEF: Entry(Transfer.NONE, Addressing.NONE, _set_features),  # SET FEATURES
    }
