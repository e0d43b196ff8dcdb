"""What firmware leaves behind: a PCI hierarchy that is numbered, placed and on.

Buses are numbered depth first, every BAR gets an address, bridges get windows
that cover what is below, and memory decoding and bus mastering are turned on.
"""

from __future__ import annotations

from .arch import DEFAULT, AddressMap
from .config import ConfigError
from .pci import Function
from .pci_header import BUS_MASTER, MEMORY_SPACE
from .pci_host import Bridge, PciBus, PciHost

BRIDGE_GRANULE = 0x10_0000
PAGE_BYTES = 0x1000
LAST_BUS = 0xFF
PRIMARY, SECONDARY, SUBORDINATE = 0x18, 0x19, 0x1A
MEMORY_BASE, MEMORY_LIMIT = 0x20, 0x22


class Firmware:
    """Sets the hierarchy up once, by configuration writes alone.

    BARs start on a page of their own. 64-bit BARs on the root bus go to the
    64-bit window, everything else below 4 GiB, where bridges can forward it.
    """

    def __init__(self, addresses: AddressMap = DEFAULT.addresses) -> None:
        self.addresses = addresses
        self.bus_count = 1
        self.free = addresses.pci
        self.free_64 = addresses.pci_64

    def set_up(self, host: PciHost) -> None:
        """Do it all.

        Raises:
            ConfigError: there is no room for all registers.
        """
        self._set_up_bus(host.root)
        where = self.addresses
        if (
            self.free > where.pci + where.pci_bytes
            or self.free_64 > where.pci_64 + where.pci_64_bytes
        ):
            raise ConfigError(
                f"the BARs of all devices need more than the {where.pci_bytes >> 20} MiB below "
                f"4 GiB or the {where.pci_64_bytes >> 30} GiB above"
            )

    def _set_up_bus(self, bus: PciBus) -> None:
        for function in bus.slots.values():
            self._place(function)
            if isinstance(function, Bridge):
                self._set_up_bridge(function)
            function.config_write(0x04, 2, MEMORY_SPACE | BUS_MASTER)

    def _place(self, function: Function) -> None:
        for bar in function.bars:
            alignment = max(bar.size_bytes, PAGE_BYTES)
            if bar.is_64bit and function.bus.bridge is None:
                address = _align(self.free_64, alignment)
                self.free_64 = address + bar.size_bytes
            else:
                address = _align(self.free, alignment)
                self.free = address + bar.size_bytes
            function.set_bar_address(bar, address)

    def _set_up_bridge(self, bridge: Bridge) -> None:
        bridge.config_write(PRIMARY, 1, bridge.bus.number)
        bridge.config_write(SECONDARY, 1, self.bus_count)
        bridge.config_write(SUBORDINATE, 1, LAST_BUS)
        self.bus_count += 1
        begin = self.free = _align(self.free, BRIDGE_GRANULE)
        self._set_up_bus(bridge.below)
        end = self.free = _align(self.free, BRIDGE_GRANULE)
        bridge.config_write(SUBORDINATE, 1, self.bus_count - 1)
        if begin < end:
            bridge.config_write(MEMORY_BASE, 2, begin >> 16)
            bridge.config_write(MEMORY_LIMIT, 2, end - 1 >> 16)


def _align(address: int, alignment: int) -> int:
    return address + alignment - 1 & -alignment
