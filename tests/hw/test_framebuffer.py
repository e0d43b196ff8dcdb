"""The framebuffer's geometry and picture."""

from __future__ import annotations

import ctypes

import pytest

from anos_sim.hw.framebuffer import Framebuffer


def test_geometry() -> None:
    screen = Framebuffer(1280, 800)
    assert (screen.pitch, screen.size_bytes) == (5120, 4_096_000)
    assert screen.size_bytes % 4096 == 0
    assert screen.physical == 0xFD00_0000


def test_pixels_are_red_green_blue() -> None:
    screen = Framebuffer(64, 64)
    ctypes.c_uint32.from_address(screen.host_address).value = 0x00AA_BBCC
    ctypes.c_uint32.from_address(screen.host_address + screen.pitch).value = 0xFF01_0203
    pixels = screen.pixels()
    assert len(pixels) == 64 * 64 * 3
    assert pixels[:6] == b"\xaa\xbb\xcc\0\0\0"
    assert pixels[64 * 3 : 64 * 3 + 3] == b"\1\2\3"


def test_it_fills_whole_pages() -> None:
    with pytest.raises(AssertionError):
        Framebuffer(65, 3)
