"""PCI functions: configuration space, BARs, capabilities and bus mastering.

A `Function` is a device's face on the PCI bus. Its configuration space is the
header (PCI 3.0, 6.1) followed by a linked list of capabilities, its registers
are mapped wherever software points its BARs, and it masters the bus (DMA, MSI)
only while COMMAND allows that here and in every bridge above.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from .memory import BusError
from .pci_header import (
    BAR0,
    BAR_FLAGS,
    BUS_MASTER,
    COMMAND_RW,
    MEMORY_SPACE,
    Bar,
    Capability,
    EndpointHeader,
    Header,
)
from .register import U32, RegisterBlock

if TYPE_CHECKING:
    from .pci_host import PciBus

STATUS_CAPABILITIES = 1 << 20
FIRST_CAPABILITY = 0x40


class Function:
    """One PCI function. `bus` is the bus it sits on and `number` its place there
    (device << 3 | function); both are set when it is plugged in."""

    header_type: ClassVar[type[Header]] = EndpointHeader

    def __init__(self, name: str, vendor: int, device: int, class_code: int) -> None:
        self.name = name
        self.bars: list[Bar] = []
        self.capabilities: dict[int, Capability] = {}
        self.bus: PciBus
        self.number = 0
        self.header = self.header_type(self)
        self.header.ID = device << 16 | vendor
        self.header.CLASS = class_code << 8

    @property
    def vendor(self) -> int:
        """Vendor id."""
        return self.header.ID & 0xFFFF

    @property
    def device(self) -> int:
        """Device id."""
        return self.header.ID >> 16

    @property
    def class_code(self) -> int:
        """Class, subclass and programming interface, as 24 bits."""
        return self.header.CLASS >> 8

    @property
    def bdf(self) -> str:
        """Bus, device and function as lspci writes them."""
        return f"{self.bus.number:02x}:{self.number >> 3:02x}.{self.number & 7}"

    @property
    def bus_master(self) -> bool:
        """Whether DMA and MSI from here reach memory."""
        if not self.header.COMMAND & BUS_MASTER:
            return False
        return self.bus.bridge is None or self.bus.bridge.bus_master

    @property
    def memory_enabled(self) -> bool:
        """Whether it answers at its BARs."""
        return bool(self.header.COMMAND & MEMORY_SPACE)

    @property
    def busy(self) -> bool:
        """Whether it may still touch memory on its own."""
        return False

    def add_bar(self, bar: Bar) -> None:
        """Declare a BAR; it leads nowhere until software gives it an address."""
        self.bars.append(bar)
        self.header.values[BAR0 + 4 * bar.index] = bar.flags

    def add_capability(self, capability: Capability) -> None:
        """Append to the capability list, at the next free offset from 0x40."""
        if self.capabilities:
            last, previous = list(self.capabilities.items())[-1]
            offset = last + previous.LENGTH + 15 & ~15
            previous.HEADER |= offset << 8
        else:
            offset = FIRST_CAPABILITY
            self.header.CAPABILITIES = offset
            self.header.COMMAND |= STATUS_CAPABILITIES
        self.capabilities[offset] = capability

    def bar_address(self, bar: Bar) -> int:
        """Where software has pointed `bar`."""
        offset = BAR0 + 4 * bar.index
        low = self.header.values[offset] & ~BAR_FLAGS
        return low | (self.header.values[offset + 4] << 32 if bar.is_64bit else 0)

    def set_bar_address(self, bar: Bar, address: int) -> None:
        """Point `bar` somewhere, with the writes that firmware would make."""
        self.config_write(BAR0 + 4 * bar.index, 4, address & U32)
        if bar.is_64bit:
            self.config_write(BAR0 + 4 + 4 * bar.index, 4, address >> 32)

    def config_read(self, offset: int, size: int) -> int:
        """Read configuration space; what is not implemented reads zero (PCI 3.0, 6.1)."""
        block, at = self._block(offset)
        return block.read(at, size) if block else 0

    def config_write(self, offset: int, size: int, value: int) -> None:
        """Write configuration space."""
        block, at = self._block(offset)
        if block:
            block.write(at, size, value)

    def _block(self, offset: int) -> tuple[RegisterBlock | None, int]:
        if offset < FIRST_CAPABILITY:
            return self.header, offset
        for base, capability in self.capabilities.items():
            if base <= offset < base + capability.LENGTH:
                return capability, offset - base
        return None, 0

    def dma_read(self, address: int, count_bytes: int) -> bytes:
        """Read memory as a bus master.

        Raises:
            BusError: bus mastering is off, or there is no memory for devices.
        """
        self._check_bus_master()
        return self.bus.host.memory.dma_read(address, count_bytes)

    def dma_write(self, address: int, data: bytes | memoryview) -> None:
        """Write memory as a bus master; raises `BusError` like `dma_read`."""
        self._check_bus_master()
        self.bus.host.memory.dma_write(address, data)

    def _check_bus_master(self) -> None:
        if not self.bus_master:
            raise BusError(f"{self.bdf} is no bus master")

    def set_bus_master(self, enabled: bool) -> None:
        """Turn bus mastering on or off, as software does through COMMAND."""
        command = self.header.COMMAND & COMMAND_RW & ~BUS_MASTER
        self.config_write(0x04, 2, command | BUS_MASTER * enabled)

    def decoding_changed(self) -> None:
        """COMMAND or a BAR was written: addresses may lead elsewhere now."""
        self.bus.host.decoding_changed()

    def bus_master_lost(self) -> None:
        """Bus mastering was turned off here or above; what was under way must stop."""
