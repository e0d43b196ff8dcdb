"""The ATAPI drive: optical, and without a disc (ATA8-ACS, 7; PACKET feature set)."""

from __future__ import annotations

from typing import ClassVar

import attrs

from .drive import (
    ABRT,
    DIAGNOSTIC_PASSED,
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
from .identify import identify_packet_device

NOT_READY = 0x20 | ABRT  # sense key 2 in the error register


@attrs.define(eq=False)
class AtapiDrive:
    """An optical drive without a disc: it can be identified, and is never ready."""

    model: str = "anos-sim optical drive"
    serial: str = "AS0000"

    def reset(self) -> TaskFile:
        """Signature of a packet device, whose status is 0 until it has been used."""
        return TaskFile(0, DIAGNOSTIC_PASSED, lba=0xEB1401, count=1)

    def decode(self, fis: RegisterH2D) -> Operation:
        """Say what a command will transfer."""
        return decode(fis, self.COMMANDS.get(fis.command))

    def execute(self, operation: Operation, data: bytes) -> Answer:
        """Do it."""
        entry = self.COMMANDS.get(operation.fis.command)
        return refuse() if entry is None else entry.handler(self, operation, data)

    def _identify(self, operation: Operation, data: bytes) -> Answer:
        return done(identify_packet_device(self.model, self.serial))

    def _packet(self, operation: Operation, data: bytes) -> Answer:
        return refuse(NOT_READY)

    def _device_reset(self, operation: Operation, data: bytes) -> Answer:
        return self.reset(), b""

    def _idle(self, operation: Operation, data: bytes) -> Answer:
        return done()

    COMMANDS: ClassVar[dict[int, Entry]] = {
        0x08: Entry(Transfer.NONE, Addressing.NONE, _device_reset),  # DEVICE RESET
        0xA0: Entry(Transfer.NONE, Addressing.NONE, _packet),  # PACKET
        0xA1: Entry(Transfer.PIO_IN, Addressing.ONE_SECTOR, _identify),  # IDENTIFY PACKET DEVICE
        0xE0: Entry(Transfer.NONE, Addressing.NONE, _idle),  # STANDBY IMMEDIATE
        0xE1: Entry(Transfer.NONE, Addressing.NONE, _idle),  # IDLE IMMEDIATE
        0xEF: Entry(Transfer.NONE, Addressing.NONE, _idle),  # SET FEATURES
    }
