"""Frame Information Structures: what host and drive say to each other (SATA 3.0, 10.5)."""

from __future__ import annotations

import struct
from typing import Self

import attrs

REGISTER_H2D = 0x27
REGISTER_D2H = 0x34
PIO_SETUP = 0x5F
SET_DEVICE_BITS = 0xA1
INTERRUPT = 1 << 6
DEVICE_TO_HOST = 1 << 5
COMMAND_FIS_BYTES = 20

BSY = 0x80
DRDY = 0x40
DF = 0x20
SEEK = 0x10
DRQ = 0x08
ERR = 0x01


@attrs.frozen
class RegisterH2D:
    """A command (`is_command`) or a write of the control register, from host to drive."""

    is_command: bool
    command: int
    features: int = 0
    lba: int = 0
    device: int = 0
    count: int = 0
    control: int = 0

    @classmethod
    def parse(cls, data: bytes) -> Self | None:
        """Read the 20 bytes of a Register FIS; None if it is another kind of FIS."""
        (
            kind,
            flags,
            command,
            features,
            lba_low,
            device,
            lba_high,
            features_high,
            count,
            control,
        ) = struct.unpack("<BBBB3sB3sBHxB4x", data[:COMMAND_FIS_BYTES])
        if kind != REGISTER_H2D:
            return None
        return cls(
            is_command=bool(flags & 0x80),
            command=command,
            features=features_high << 8 | features,
            lba=int.from_bytes(lba_low + lba_high, "little"),
            device=device,
            count=count,
            control=control,
        )

    def build(self) -> bytes:
        """The 20 bytes of it."""
        lba = self.lba.to_bytes(6, "little")
        return struct.pack(
            "<BBBB3sB3sBHxB4x",
            REGISTER_H2D,
            0x80 if self.is_command else 0,
            self.command,
            self.features & 0xFF,
            lba[:3],
            self.device,
            lba[3:],
            self.features >> 8,
            self.count,
            self.control,
        )


@attrs.frozen
class TaskFile:
    """The drive's registers as it reports them when a command ends or a reset is over."""

    status: int
    error: int = 0
    lba: int = 0
    device: int = 0
    count: int = 0

    @property
    def signature(self) -> int:
        """What PxSIG shows of it (AHCI 1.3.1, 3.3.9)."""
        return (self.lba & 0xFF_FFFF) << 8 | self.count & 0xFF

    @property
    def failed(self) -> bool:
        """Whether it reports an error."""
        return bool(self.status & (ERR | DF))


def _registers(kind: int, flags: int, task: TaskFile) -> bytes:
    lba = task.lba.to_bytes(6, "little")
    return struct.pack(
        "<BBBB3sB3sxH",
        kind,
        flags,
        task.status,
        task.error,
        lba[:3],
        task.device,
        lba[3:],
        task.count,
    )


def register_d2h(task: TaskFile, interrupt: bool) -> bytes:
    """The drive's registers, 20 bytes."""
    return _registers(REGISTER_D2H, INTERRUPT * interrupt, task).ljust(20, b"\0")


def pio_setup(task: TaskFile, byte_count: int) -> bytes:
    """Before a PIO data block for the host, 20 bytes; `task` is how the command ends."""
    before = attrs.evolve(task, status=DRDY | SEEK | DRQ)
    head = _registers(PIO_SETUP, INTERRUPT | DEVICE_TO_HOST, before)
    return head + struct.pack("<xBHxx", task.status, byte_count & 0xFFFF)


def set_device_bits(task: TaskFile, tags: int) -> bytes:
    """Queued commands `tags` (a bit each) are done, 8 bytes; status without BSY and DRQ."""
    status = task.status & 0x77
    return struct.pack("<BBBBI", SET_DEVICE_BITS, INTERRUPT, status, task.error, tags)
