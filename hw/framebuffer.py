"""The framebuffer: pixels in memory of its own, which the CPUs reach directly."""

from __future__ import annotations

import ctypes
import mmap

from .arch import DEFAULT

FRAMEBUFFER_BYTES_MAX = 0x1C0_0000
PIXEL_BYTES = 4


class Framebuffer:
    """`width` x `height` pixels of 32 bits, XRGB: blue is a pixel's lowest byte.

    It lies at `physical`; `pitch` is the distance of two rows and `size_bytes`
    the whole, both in bytes. `size_bytes` is a multiple of a page.
    """

    def __init__(
        self, width: int, height: int, physical: int = DEFAULT.addresses.framebuffer
    ) -> None:
        self.physical = physical
        self.width = width
        self.height = height
        self.pitch = width * PIXEL_BYTES
        self.size_bytes = self.pitch * height
        assert self.size_bytes % mmap.PAGESIZE == 0, "whole pages"
        assert self.size_bytes <= FRAMEBUFFER_BYTES_MAX, "it ends below the interrupt controllers"
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
        self._mapping = mmap.mmap(-1, self.size_bytes, flags=flags)
        self._anchor = ctypes.c_char.from_buffer(self._mapping)
        self.host_address = ctypes.addressof(self._anchor)
        self.view = memoryview(self._mapping)

    def pixels(self) -> bytes:
        """The picture as rows of red, green and blue bytes, as a PNG wants it."""
        rgb = bytearray(self.width * self.height * 3)
        for position, color in enumerate((2, 1, 0)):
            rgb[position::3] = self.view[color::PIXEL_BYTES]
        return bytes(rgb)
