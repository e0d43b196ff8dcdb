"""Pack and read the RAMFS: the read-only files inside SYSTEM's image (anos-abi 8.2).

A header of 32 bytes, one entry of 32 bytes a file, then the files, each from a
page boundary on and padded with zeros to the next one. There are no folders.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from .errors import BuildError

PAGE_BYTES = 0x1000
MAGIC = 0x0101_CA75
VERSION = 10
NAME_BYTES = 16
"""With the NUL that ends it: a name has 15 characters at most."""

_HEADER = struct.Struct("<IIQQQ")
_ENTRY = struct.Struct(f"<QQ{NAME_BYTES}s")


def _round_up(count: int) -> int:
    return (count + PAGE_BYTES - 1) & -PAGE_BYTES


def pack(files: Mapping[str, bytes]) -> bytes:
    """Return a RAMFS image of `files`, in their order.

    Raises:
        BuildError: a name is empty, too long, not ASCII, or has a slash or colon.
    """
    data_begin = _round_up(_HEADER.size + _ENTRY.size * len(files))
    entries, data = bytearray(), bytearray()
    for index, (name, content) in enumerate(files.items()):
        entry_at = _HEADER.size + _ENTRY.size * index
        entries += _ENTRY.pack(data_begin + len(data) - entry_at, len(content), _checked(name))
        data += content.ljust(_round_up(len(content)), b"\0")
    header = _HEADER.pack(MAGIC, VERSION, data_begin + len(data), len(files), 0)
    return bytes((header + entries).ljust(data_begin, b"\0") + data)


def unpack(image: bytes) -> dict[str, bytes]:
    """Return the files of a RAMFS image, in their order.

    Raises:
        BuildError: `image` is not a RAMFS of our version, or an entry leaves it.
    """
    if len(image) < _HEADER.size:
        raise BuildError(f"a RAMFS has at least {_HEADER.size} bytes, this one {len(image)}")
    magic, version, size, count, _ = _HEADER.unpack_from(image)
    if magic != MAGIC or version != VERSION:
        raise BuildError(f"not a RAMFS of version {VERSION}: magic {magic:#x}, version {version}")
    if size > len(image) or _HEADER.size + _ENTRY.size * count > size:
        raise BuildError(f"the RAMFS is cut short: {size} bytes announced, {len(image)} there")
    files = {}
    for index in range(count):
        entry_at = _HEADER.size + _ENTRY.size * index
        start, length, name = _ENTRY.unpack_from(image, entry_at)
        begin = entry_at + start
        if begin + length > size:
            raise BuildError(f"file {index} of the RAMFS ends behind the image")
        files[name.split(b"\0")[0].decode("ascii", "replace")] = image[begin : begin + length]
    return files


def _checked(name: str) -> bytes:
    if not name or not name.isascii() or "/" in name or ":" in name or "\0" in name:
        raise BuildError(f"{name!r} is no RAMFS name: ASCII without '/', ':' and NUL")
    if len(name) >= NAME_BYTES:
        raise BuildError(f"the RAMFS name {name!r} is longer than {NAME_BYTES - 1} characters")
    return name.encode()
