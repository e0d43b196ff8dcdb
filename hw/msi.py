"""Message-signalled interrupts: a device interrupts by writing a word (PCI 3.0, 6.8.1)."""

from __future__ import annotations

from .pci_header import Capability
from .register import U32, Reg32


class Msi(Capability):
    """The MSI capability with a 64-bit address, one message and no masking.

    Software stores where to write (`ADDRESS`) and what (`DATA`), then sets the
    enable bit. The write is the function's own: without bus mastering it is lost.
    """

    ID = 0x05
    LENGTH = 0x10
    ENABLE = 1 << 16
    IS_64BIT = 1 << 23

    HEADER = Reg32(0x00, rw=0x0071_0000, reset=IS_64BIT | ID)  # id, next, message control
    ADDRESS = Reg32(0x04, rw=0xFFFF_FFFC)
    ADDRESS_UPPER = Reg32(0x08, rw=U32)
    DATA = Reg32(0x0C, rw=0xFFFF)

    def send(self) -> None:
        """Deliver the message, if software has asked for messages."""
        if self.HEADER & self.ENABLE and self.function.bus_master:
            address = self.ADDRESS_UPPER << 32 | self.ADDRESS
            self.function.bus.host.on_msi(address, self.DATA)
