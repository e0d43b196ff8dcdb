"""PCI configuration headers and BARs (PCI 3.0, 6.1 and 6.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import attrs

from .register import U32, Reg32, RegisterBlock

if TYPE_CHECKING:
    from .bus import Device
    from .pci import Function

MEMORY_SPACE = 1 << 1
BUS_MASTER = 1 << 2
COMMAND_RW = 0x0546
"""Memory space, bus master, parity response, SERR# and INTx disable; we have no port I/O."""
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
