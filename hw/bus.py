"""The bus: which device answers at a physical address.

RAM and the framebuffer never come here, the CPUs reach them directly. All else
is routed by address. What no device claims reads as all ones and swallows
writes, as on a PC.
"""

from __future__ import annotations

from typing import Protocol

import attrs

GIB = 1 << 30
ADDRESS_4G = 4 * GIB


class Device(Protocol):
    """Something with registers: `offset` is from its base, `size` is 1, 2 or 4 and
    the access is aligned to it."""

    def read(self, offset: int, size: int) -> int:
        """Return what the access reads."""
        ...

    def write(self, offset: int, size: int, value: int) -> None:
        """Do what the access does."""
        ...


@attrs.frozen
class Attachment:
    """`device` answers from `begin` up to `end`; its offset 0 is at `origin`."""

    begin: int
    end: int
    origin: int
    device: Device


def split(address: int, size: int) -> list[tuple[int, int]]:
    """Cut an access into aligned pieces, lowest address first.

    Eight bytes become two times four; an unaligned access becomes the largest
    aligned pieces it is made of.
    """
    pieces = []
    end = address + size
    while address < end:
        piece = 4
        while address % piece or address + piece > end:
            piece //= 2
        pieces.append((address, piece))
        address += piece
    return pieces


class Bus:
    """Routes the CPUs' accesses to devices."""

    def __init__(self) -> None:
        self.attachments: list[Attachment] = []
        self._windows: list[tuple[int, int]] = []

    def attach(self, base: int, size_bytes: int, device: Device, origin: int | None = None) -> None:
        """Let `device` answer in a range; ranges do not overlap.

        `origin` is the address that the device counts its offsets from, `base`
        unless told otherwise; with 0 it sees physical addresses.
        """
        end = base + size_bytes
        for other in self.attachments:
            assert end <= other.begin or other.end <= base, "two devices at one address"
        self.attachments.append(Attachment(base, end, base if origin is None else origin, device))

    def open_window(self, begin: int, end: int) -> None:
        """Have the CPUs route accesses from `begin` up to `end` here."""
        if begin < end:
            self._windows.append((begin, end - begin))

    def windows(self) -> list[tuple[int, int]]:
        """The physical ranges (base, size in bytes) that the CPUs route here."""
        return list(self._windows)

    def read(self, address: int, size: int) -> int:
        """Read 1, 2, 4 or 8 bytes as a little-endian number."""
        if address & size - 1 or size > 4:
            value = 0
            for at, piece in split(address, size):
                value |= self.read(at, piece) << 8 * (at - address)
            return value
        for attachment in self.attachments:
            if attachment.begin <= address < attachment.end:
                return attachment.device.read(address - attachment.origin, size)
        return (1 << 8 * size) - 1

    def write(self, address: int, size: int, value: int) -> None:
        """Write 1, 2, 4 or 8 bytes of a little-endian number."""
        if address & size - 1 or size > 4:
            for at, piece in split(address, size):
                part = value >> 8 * (at - address) & (1 << 8 * piece) - 1
                self.write(at, piece, part)
            return
        for attachment in self.attachments:
            if attachment.begin <= address < attachment.end:
                attachment.device.write(address - attachment.origin, size, value)
                return
