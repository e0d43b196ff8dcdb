"""Physical memory: one private mapping that the CPUs, DMA and the kernel share.

The top eighth of RAM is the kernel's: page tables live there, no engine maps
it and no DMA reaches it, so a driver gone wild cannot rewrite its own rights.
"""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Callable

FRAME_BYTES = 0x1000
FRAME_SHIFT = 12
FIRMWARE_BYTES = 0x20_0000
"""Of RAM's begin: the firmware's tables and the boot page; the allocator leaves it alone."""
KERNEL_SHARE = 8
NO_RESERVE = 0x4000
"""Linux's MAP_NORESERVE, which Python names from 3.13 on: what is not touched is not counted."""
RAM_BYTES_MIN = 32 << 20
RAM_BYTES_MAX = 3072 << 20


class BusError(Exception):
    """A device named an address that is no memory, or that is the kernel's."""


class Memory:
    """The RAM of one machine, from physical address `begin` up to `end`.

    `view` is all of it as bytes and `words` as little-endian 64-bit words, by physical
    address; both alias what the guest sees. What is below `begin` in them is not there,
    and costs the host nothing. `kernel_begin` is the first byte of the kernel's
    part. Whoever stores through them into a frame that may hold code must call
    `on_store(first_frame, count)` afterwards; `write` and `dma_write` do.
    """

    def __init__(self, size_bytes: int, begin: int = 0) -> None:
        if size_bytes % (FRAME_BYTES * KERNEL_SHARE):
            raise ValueError(f"RAM of {size_bytes} bytes is no multiple of 32 KiB")
        self.size_bytes = size_bytes
        self.begin, self.end = begin, begin + size_bytes
        self.managed_begin = begin + FIRMWARE_BYTES
        self.kernel_begin = self.end - size_bytes // KERNEL_SHARE
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | NO_RESERVE
        self._mapping = mmap.mmap(-1, self.end, flags=flags)
        self._anchor = ctypes.c_char.from_buffer(self._mapping)
        self.host_address = ctypes.addressof(self._anchor)
        self.view = memoryview(self._mapping)
        self.words = self.view.cast("Q")
        self.on_store: Callable[[int, int], None] = lambda first_frame, count: None
        self.on_dma: Callable[[bool, int, int], None] | None = None
        """Hears (is it a write, address, bytes) of every access of a device."""

    def read(self, address: int, count_bytes: int) -> bytes:
        """Return bytes from anywhere in RAM; the caller vouches for the range."""
        return bytes(self.view[address : address + count_bytes])

    def write(self, address: int, data: bytes | memoryview) -> None:
        """Store bytes anywhere in RAM and tell the CPUs."""
        end = address + len(data)
        self.view[address:end] = data
        if end > address:
            first = address >> FRAME_SHIFT
            self.on_store(first, ((end - 1) >> FRAME_SHIFT) - first + 1)

    def dma_read(self, address: int, count_bytes: int) -> bytes:
        """Read for a device.

        Raises:
            BusError: part of the range is no RAM or is the kernel's.
        """
        self._check(address, count_bytes)
        if self.on_dma is not None:
            self.on_dma(False, address, count_bytes)
        return self.read(address, count_bytes)

    def dma_write(self, address: int, data: bytes | memoryview) -> None:
        """Write for a device; raises `BusError` like `dma_read` and then stores nothing."""
        self._check(address, len(data))
        if self.on_dma is not None:
            self.on_dma(True, address, len(data))
        self.write(address, data)

    def _check(self, address: int, count_bytes: int) -> None:
        if address < self.begin or address + count_bytes > self.kernel_begin:
            raise BusError(f"no memory for a device at {address:#x}+{count_bytes:#x}")
