"""AHCI's structures in memory: command headers, command tables and their PRDTs.

Addresses are what the driver wrote; a bad one ends in `BusError` from the
device's own DMA, which the port reports as a host bus error (AHCI 1.3.1, 4.2).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Protocol, Self

import attrs

HEADER_BYTES = 32
COMMAND_FIS_MAX = 64
PRDT_OFFSET = 0x80
PRD_BYTES = 16
PRDBC_OFFSET = 4


class Dma(Protocol):
    """Who can read and write memory as a bus master; both raise `BusError`."""

    def dma_read(self, address: int, count_bytes: int) -> bytes:
        """Return bytes of memory."""
        ...

    def dma_write(self, address: int, data: bytes | memoryview) -> None:
        """Store bytes in memory."""
        ...


class PrdtOverflow(Exception):
    """The PRDT describes less memory than the command transfers."""


@attrs.frozen
class CommandHeader:
    """One of the 32 entries of a command list (AHCI 1.3.1, 4.2.2)."""

    address: int
    prd_count: int
    table: int

    @classmethod
    def fetch(cls, dma: Dma, list_base: int, slot: int) -> Self:
        """Read the header of `slot`."""
        address = list_base + slot * HEADER_BYTES
        prd_count, table = struct.unpack("<2xH4xQ", dma.dma_read(address, 16))
        return cls(address, prd_count, table & ~0x7F)

    def fetch_fis(self, dma: Dma) -> bytes:
        """Read the command FIS, which begins the command table."""
        return dma.dma_read(self.table, COMMAND_FIS_MAX)

    def report_count(self, dma: Dma, byte_count: int) -> None:
        """Store how many bytes were transferred (PRDBC)."""
        dma.dma_write(self.address + PRDBC_OFFSET, struct.pack("<I", byte_count))


@attrs.frozen
class Prd:
    """A piece of memory that a command transfers to or from (AHCI 1.3.1, 4.2.3.3)."""

    address: int
    byte_count: int
    interrupt: bool


def read_prdt(dma: Dma, header: CommandHeader) -> list[Prd]:
    """Read the whole table that `header` leads to."""
    data = dma.dma_read(header.table + PRDT_OFFSET, header.prd_count * PRD_BYTES)
    return [
        Prd(address & ~1, (count & 0x3F_FFFF | 1) + 1, bool(count >> 31))
        for address, count in struct.iter_unpack("<Q4xI", data)
    ]


def _pieces(prdt: list[Prd], byte_count: int) -> Iterator[tuple[Prd, int, int]]:
    """Yield (entry, begin, end) of the transfer until all of it has a place."""
    done = 0
    for prd in prdt:
        if done == byte_count:
            return
        end = min(done + prd.byte_count, byte_count)
        yield prd, done, end
        done = end
    if done < byte_count:
        raise PrdtOverflow(f"the PRDT has room for {done} of {byte_count} bytes")


def scatter(dma: Dma, prdt: list[Prd], data: bytes) -> bool:
    """Store `data` where the table says; True if an entry asked for an interrupt.

    Raises:
        PrdtOverflow: the table is too short; what fits has been stored.
    """
    view = memoryview(data)
    interrupt = False
    for prd, begin, end in _pieces(prdt, len(data)):
        dma.dma_write(prd.address, view[begin:end])
        interrupt |= prd.interrupt and end - begin == prd.byte_count
    return interrupt


def gather(dma: Dma, prdt: list[Prd], byte_count: int) -> tuple[bytes, bool]:
    """Collect `byte_count` bytes, and whether an entry asked for an interrupt.

    Raises:
        PrdtOverflow: the table is too short.
    """
    parts = []
    interrupt = False
    for prd, begin, end in _pieces(prdt, byte_count):
        parts.append(dma.dma_read(prd.address, end - begin))
        interrupt |= prd.interrupt and end - begin == prd.byte_count
    return b"".join(parts), interrupt
