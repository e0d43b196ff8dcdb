"""ECAM: configuration space as memory, 4 KiB a function (PCIe 3.0, 7.2.2)."""

from __future__ import annotations

from .pci_host import PciHost

BUS_COUNT = 8
BUS_BYTES = 1 << 20
SIZE_BYTES = BUS_COUNT * BUS_BYTES


class Ecam:
    """Turns an offset into bus, device, function and register.

    Where no function is, a read gives all ones: that is how software tells.
    """

    def __init__(self, host: PciHost) -> None:
        self.host = host

    def read(self, offset: int, size: int) -> int:
        """Read configuration space."""
        function = self.host.find(offset >> 20, offset >> 12 & 0xFF)
        if function is None:
            return (1 << 8 * size) - 1
        return function.config_read(offset & 0xFFF, size)

    def write(self, offset: int, size: int, value: int) -> None:
        """Write configuration space."""
        function = self.host.find(offset >> 20, offset >> 12 & 0xFF)
        if function is not None:
            function.config_write(offset & 0xFFF, size, value)
