"""The screen as a PNG file (ISO/IEC 15948), uncompressed in spirit: one filter, zlib."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

from anos_sim.hw.framebuffer import Framebuffer

from .errors import UserError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
RGB = 2


def encode_png(width: int, height: int, rgb: bytes) -> bytes:
    """A PNG of `height` rows of `width` red, green, blue triples."""
    stride = width * 3
    rows = b"".join(b"\0" + rgb[at : at + stride] for at in range(0, height * stride, stride))
    header = struct.pack(">IIBBBBB", width, height, 8, RGB, 0, 0, 0)
    parts = [_chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(rows, 6)), _chunk(b"IEND", b"")]
    return SIGNATURE + b"".join(parts)


def save_screen(name: str, screen: Framebuffer) -> None:
    """Save what is on the screen; raises `UserError` if the file cannot be written."""
    data = encode_png(screen.width, screen.height, screen.pixels())
    try:
        Path(name).write_bytes(data)
    except OSError as error:
        raise UserError(f"--screenshot: cannot write {name}: {error.strerror}") from None


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
