"""PCI functions: the configuration header, BARs, capabilities and bus mastering.

A `Function` is a device's face on the PCI bus. Its configuration space is the
header (PCI 3.0, 6.1) followed by a linked list of capabilities, its registers
are mapped wherever software points its BARs, and it masters the bus (DMA, MSI)
only while COMMAND allows that here and in every bridge above.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import attrs

from .memory import BusError
from .register import U32, Reg32, RegisterBlock

if TYPE_CHECKING:
    from .bus import Device
    from .pci_host import PciBus

MEMORY_SPACE = 1 << 1
BUS_MASTER = 1 << 2
COMMAND_RW = 0x0546
"""Memory space, bus master, parity response, SERR# and INTx disable; we have no port I/O."""
STATUS_CAPABILITIES = 1 << 20
CONFIG_BYTES = 0x1000
FIRST_CAPABILITY = 0x40
BAR0 = 0x10
BAR_COUNT = 6
BAR_FLAGS = 0xF
BAR_64BIT = 0x4
BAR_PREFETCHABLE = 0x8


@attrs.frozen
class Bar:
    """A memory BAR of a function: which registers it maps and how it is declared.

    A 64-bit BAR also uses the BAR register after `index` (PCI 3.0, 6.2.5.1).
    """

    index: int
    size_bytes: int
    device: Device
    is_64bit: bool = False
    prefetchable: bool = False

    def __attrs_post_init__(self) -> None:
        assert self.size_bytes >= 16, "the low four bits are flags"
        assert self.size_bytes & self.size_bytes - 1 == 0, "a BAR's size is a power of two"

    @property
    def flags(self) -> int:
        """The read-only low bits of its register."""
        return BAR_64BIT * self.is_64bit | BAR_PREFETCHABLE * self.prefetchable

    def mask(self, register: int) -> int:
        """The address bits that can be written in one of its registers (0 low, 1 high)."""
        return -self.size_bytes >> 32 * register & U32 & ~(0 if register else BAR_FLAGS)


class Header(RegisterBlock):
    """What every configuration header begins with (PCI 3.0, 6.1)."""

    ID = Reg32(0x00)  # vendor, device
    COMMAND = Reg32(0x04, rw=COMMAND_RW, w1c=0xF900_0000)  # with status in the upper half
    CLASS = Reg32(0x08)  # revision, class code
    TYPE = Reg32(0x0C, rw=0x0000_00FF)  # cache line size, latency, header type, BIST
    CAPABILITIES = Reg32(0x34)
    INTERRUPT = Reg32(0x3C, rw=0x0000_00FF)  # line, pin

    def __init__(self, function: Function) -> None:
        super().__init__()
        self.function = function

    @COMMAND.on_write
    def _command_written(self, before: int) -> None:
        self.function.decoding_changed()
        if before & ~self.COMMAND & BUS_MASTER:
            self.function.bus_master_lost()


class EndpointHeader(Header):
    """Header type 0: a function with up to six BARs (PCI 3.0, 6.1)."""

    BAR0 = Reg32(0x10, rw=U32)
    BAR1 = Reg32(0x14, rw=U32)
    BAR2 = Reg32(0x18, rw=U32)
    BAR3 = Reg32(0x1C, rw=U32)
    BAR4 = Reg32(0x20, rw=U32)
    BAR5 = Reg32(0x24, rw=U32)
    SUBSYSTEM = Reg32(0x2C)

    @BAR0.on_write
    @BAR1.on_write
    @BAR2.on_write
    @BAR3.on_write
    @BAR4.on_write
    @BAR5.on_write
    def _bar_written(self, before: int) -> None:
        """Keep the read-only bits, which is also how software learns the size."""
        self.fix_bars()
        self.function.decoding_changed()

    def fix_bars(self) -> None:
        """Force every BAR register to what its declaration allows."""
        writable = [0] * BAR_COUNT
        flags = [0] * BAR_COUNT
        for bar in self.function.bars:
            flags[bar.index] = bar.flags
            for register in range(1 + bar.is_64bit):
                writable[bar.index + register] = bar.mask(register)
        for index in range(BAR_COUNT):
            offset = BAR0 + 4 * index
            self.values[offset] = self.values[offset] & writable[index] | flags[index]


class Capability(RegisterBlock):
    """An entry of a function's capability list; `HEADER` holds its id and the link."""

    ID: ClassVar[int]
    LENGTH: ClassVar[int]
    HEADER = Reg32(0x00)  # id, next, and the capability's own upper half

    def __init__(self, function: Function) -> None:
        super().__init__()
        self.function = function


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
