"""System images: what power-on loads and runs first.

Two kinds: the flat binary of anos-abi 3.2, all of it mapped read, write and
execute at 0x01000000; or an ELF64 file with those addresses, mapped as its
program headers say. Either has its RAMFS inside.
"""

from __future__ import annotations

import struct
from pathlib import Path

import attrs

from anos_sim.hw.arch import MACHINE_NAMES

from .abi import (
    NOTE_NAME,
    NOTE_TYPE,
    PAGE_BYTES,
    RAMFS_MAGIC,
    RAMFS_VERSION,
    SYSTEM_BASE,
    SYSTEM_BSS,
    SYSTEM_BSS_PAGES,
    USER_END,
    MapFlags,
)
from .errors import ImageError

ELF_MAGIC = b"\x7fELF"
_ELF_HEADER = struct.Struct("<4sBBBB8xHHIQQQIHHHHHH")
_PROGRAM_HEADER = struct.Struct("<IIQQQQQQ")
_NOTE_HEADER = struct.Struct("<III")
_RAMFS_HEADER = struct.Struct("<IIQQQ")
_RAMFS_ENTRY = struct.Struct("<QQ16s")
PT_LOAD, PT_NOTE = 1, 4


@attrs.frozen
class Segment:
    """Pages to map: the data, then zeroes up to `memory_bytes`."""

    address: int
    data: bytes = attrs.field(repr=False)
    memory_bytes: int
    flags: int


@attrs.frozen
class SystemImage:
    """A checked image. `highest_call` is what its note asks for, 0 without one."""

    name: str
    entry: int
    segments: tuple[Segment, ...]
    highest_call: int
    data: bytes = attrs.field(repr=False)

    @property
    def default_policy(self) -> str:
        """`derived` for an image that knows our calls, else `bearer`."""
        return "derived" if self.highest_call else "bearer"

    def files(self) -> dict[str, bytes]:
        """The RAMFS's files by name; empty if there is none."""
        data = next((each.data for each in self.segments if find_ramfs(each.data) == 0), self.data)
        at = find_ramfs(data)
        if at is None:
            return {}
        files = {}
        count = _RAMFS_HEADER.unpack_from(data, at)[3]
        for number in range(min(count, (len(data) - at) // _RAMFS_ENTRY.size - 1)):
            entry_at = at + _RAMFS_HEADER.size + number * _RAMFS_ENTRY.size
            start, length, name = _RAMFS_ENTRY.unpack_from(data, entry_at)
            text = name.split(b"\0")[0].decode("ascii", "replace")
            files[text] = data[entry_at + start : entry_at + start + length]
        return files


def find_ramfs(data: bytes) -> int | None:
    """Offset of the RAMFS in an image: its header stands at the start of a page."""
    magic = struct.pack("<II", RAMFS_MAGIC, RAMFS_VERSION)
    at = data.find(magic)
    while at >= 0:
        if at % PAGE_BYTES == 0:
            return at
        at = data.find(magic, at + 1)
    return None


def read_image(path: Path, machine: str) -> SystemImage:
    """Read and check a system image for a machine (a name of hw.arch).

    Raises:
        ImageError: the file is missing, is none, is truncated, or is for another machine.
    """
    try:
        data = path.read_bytes()
    except IsADirectoryError:
        raise ImageError(f"system image {path} is a directory; name a file") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise ImageError(f"cannot read system image {path}: {reason}") from None
    return parse_image(data, str(path), machine)


def parse_image(data: bytes, name: str, machine: str) -> SystemImage:
    """Check an image's bytes; raises `ImageError` like `read_image`."""
    if not data:
        raise ImageError(f"system image {name} is empty")
    if data[:4] == ELF_MAGIC:
        return _parse_elf(data, name, machine)
    head = data[:512]
    if all(byte in b"\t\n\r\x1b" or 32 <= byte < 127 or byte >= 0x80 for byte in head):
        raise ImageError(
            f"system image {name} is neither an ELF file nor a flat binary: it looks like text"
        )
    ramfs = find_ramfs(data)
    if ramfs is not None:
        size_bytes = _RAMFS_HEADER.unpack_from(data + bytes(32), ramfs)[2]
        if ramfs + size_bytes > len(data):
            missing = ramfs + size_bytes - len(data)
            raise ImageError(
                f"system image {name} is truncated: its RAMFS needs {missing} more bytes"
            )
    if SYSTEM_BASE + len(data) > SYSTEM_BSS - 0x4000:
        raise ImageError(f"system image {name} is too large: {len(data)} bytes")
    everything = MapFlags.READ | MapFlags.WRITE | MapFlags.EXEC
    writable = MapFlags.READ | MapFlags.WRITE
    segments = (
        Segment(SYSTEM_BASE, data, len(data), everything),
        Segment(SYSTEM_BSS, b"", SYSTEM_BSS_PAGES * PAGE_BYTES, writable),
    )
    return SystemImage(name, SYSTEM_BASE, segments, 0, data)


def _parse_elf(data: bytes, name: str, machine: str) -> SystemImage:
    if len(data) < _ELF_HEADER.size:
        raise ImageError(f"system image {name} is truncated: its ELF header is not complete")
    header = _ELF_HEADER.unpack_from(data)
    word_class, byte_order, machine_id, entry = header[1], header[2], header[6], header[8]
    offset, entry_bytes, count = header[9], header[13], header[14]
    if word_class != 2 or byte_order != 1:
        raise ImageError(f"system image {name} is no 64-bit little-endian ELF file")
    if MACHINE_NAMES.get(machine_id) != machine:
        found = MACHINE_NAMES.get(machine_id, f"machine {machine_id}")
        raise ImageError(f"system image {name} is for {found}, this machine is {machine}")
    if entry_bytes != _PROGRAM_HEADER.size or offset + count * entry_bytes > len(data):
        raise ImageError(f"system image {name} is truncated: its program headers are not there")
    segments, highest_call = [], 0
    for number in range(count):
        kind, flags, start, address, _, file_bytes, memory_bytes, _ = _PROGRAM_HEADER.unpack_from(
            data, offset + number * entry_bytes
        )
        if start + file_bytes > len(data):
            raise ImageError(
                f"system image {name} is truncated: segment {number} ends at byte "
                f"{start + file_bytes}, the file at {len(data)}"
            )
        content = data[start : start + file_bytes]
        if kind == PT_NOTE:
            highest_call = max(highest_call, _highest_call(content))
        elif kind == PT_LOAD and memory_bytes:
            if address + memory_bytes > USER_END or file_bytes > memory_bytes:
                raise ImageError(f"system image {name}: segment {number} lies outside user memory")
            rights = (flags & 4) >> 2 | flags & 2 | (flags & 1) << 2
            segments.append(Segment(address, content, memory_bytes, rights))
    if not any(s.address <= entry < s.address + s.memory_bytes for s in segments):
        raise ImageError(f"system image {name}: its entry {entry:#x} is in no segment")
    return SystemImage(name, entry, tuple(segments), highest_call, data)


def _highest_call(notes: bytes) -> int:
    at = 0
    while at + _NOTE_HEADER.size <= len(notes):
        name_bytes, size_bytes, kind = _NOTE_HEADER.unpack_from(notes, at)
        at += _NOTE_HEADER.size
        name = notes[at : at + name_bytes].rstrip(b"\0")
        at += (name_bytes + 3) & ~3
        content = notes[at : at + size_bytes]
        at += (size_bytes + 3) & ~3
        if name == NOTE_NAME.encode() and kind == NOTE_TYPE and len(content) >= 4:
            return int.from_bytes(content[:4], "little")
    return 0
