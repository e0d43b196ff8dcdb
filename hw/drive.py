"""Drives as a port meets them: a command is decoded, and later carried out.

`decode` says what a command transfers, so that the port knows how long it
takes; `execute` does it when that time has come. A drive never raises: what it
cannot do ends in a task file that says so (ATA8-ACS, 6).
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any, Protocol

import attrs

from .disk import SECTOR_BYTES
from .fis import DRDY, ERR, SEEK, RegisterH2D, TaskFile

READY = DRDY | SEEK
FAILED = READY | ERR
ABRT = 0x04
DIAGNOSTIC_PASSED = 0x01


class Transfer(enum.Enum):
    """What moves, in which direction, and by which protocol."""

    NONE = enum.auto()
    PIO_IN = enum.auto()
    PIO_OUT = enum.auto()
    DMA_IN = enum.auto()
    DMA_OUT = enum.auto()
    QUEUED_IN = enum.auto()
    QUEUED_OUT = enum.auto()

    @property
    def queued(self) -> bool:
        """Whether it is native command queuing."""
        return self in (Transfer.QUEUED_IN, Transfer.QUEUED_OUT)

    @property
    def from_host(self) -> bool:
        """Whether the host's memory is read."""
        return self in (Transfer.PIO_OUT, Transfer.DMA_OUT, Transfer.QUEUED_OUT)


class Addressing(enum.Enum):
    """Where a command's sectors are written in its FIS."""

    NONE = enum.auto()
    ONE_SECTOR = enum.auto()  # 512 bytes of something else than the medium
    LBA28 = enum.auto()
    LBA48 = enum.auto()
    QUEUED = enum.auto()


@attrs.frozen
class Operation:
    """A decoded command: `byte_count` bytes move, sectors `lba` and on are meant."""

    fis: RegisterH2D
    transfer: Transfer = Transfer.NONE
    lba: int = 0
    sectors: int = 0
    byte_count: int = 0


Answer = tuple[TaskFile, bytes]
Handler = Callable[[Any, Operation, bytes], Answer]


@attrs.frozen
class Entry:
    """A line of a drive's command table."""

    transfer: Transfer
    addressing: Addressing
    handler: Handler


CommandListener = Callable[[str, int, int, int, int], None]
"""Hears of a command that begins: (drive, slot, command, first sector, bytes)."""


class Drive(Protocol):
    """What a port needs of whatever is plugged into it."""

    def reset(self) -> TaskFile:
        """Start anew; return the signature."""
        ...

    def decode(self, fis: RegisterH2D) -> Operation:
        """Say what a command will transfer."""
        ...

    def execute(self, operation: Operation, data: bytes) -> Answer:
        """Do it, with the host's `data`; return how it ended and data for the host."""
        ...


def decode(fis: RegisterH2D, entry: Entry | None) -> Operation:
    """Find a command's sectors; without an `entry` it is one that moves nothing."""
    if entry is None or entry.addressing is Addressing.NONE:
        return Operation(fis)
    if entry.addressing is Addressing.ONE_SECTOR:
        return Operation(fis, entry.transfer, byte_count=SECTOR_BYTES)
    if entry.addressing is Addressing.LBA28:
        lba = (fis.device & 0x0F) << 24 | fis.lba & 0xFF_FFFF
        sectors = fis.count & 0xFF or 0x100
    else:
        lba = fis.lba
        queued = entry.addressing is Addressing.QUEUED
        sectors = (fis.features if queued else fis.count) or 0x1_0000
    moved = 0 if entry.transfer is Transfer.NONE else sectors * SECTOR_BYTES
    return Operation(fis, entry.transfer, lba, sectors, moved)


def refuse(error: int = ABRT) -> Answer:
    """End a command with an error."""
    return TaskFile(FAILED, error), b""


def done(data: bytes = b"", count: int = 0) -> Answer:
    """End a command well."""
    return TaskFile(READY, count=count), data
