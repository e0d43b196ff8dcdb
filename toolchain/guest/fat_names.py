"""Names in a FAT directory: the 8.3 alias, and the entries that hold a long name."""

from __future__ import annotations

import struct
from collections.abc import Collection

from .errors import BuildError

ENTRY_BYTES = 32
LONG_NAME_MAX = 255
_CHARS_PER_ENTRY = 13
_LAST_PART = 0x40
_ATTRIBUTE_LONG_NAME = 0x0F
_SHORT_CHARS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'()-@^_`{}~")
_FORBIDDEN = frozenset('"*/:<>?\\|')


def check_name(name: str) -> None:
    """Refuse what no FAT volume can hold.

    Raises:
        BuildError: `name` is empty, too long, or has a character that is not allowed.
    """
    if not name.strip(" .") or name != name.rstrip(" .") or name != name.lstrip(" "):
        raise BuildError(f"{name!r} is no file name: it is empty or has spaces or dots at an end")
    bad = [character for character in name if character in _FORBIDDEN or ord(character) < 0x20]
    if bad:
        raise BuildError(f"the file name {name!r} contains {bad[0]!r}, which FAT does not allow")
    if len(_utf16(name)) > LONG_NAME_MAX:
        raise BuildError(f"the file name {name!r} is longer than {LONG_NAME_MAX} characters")


def short_name(name: str, taken: Collection[bytes]) -> bytes:
    """Return the 11-byte short name: `name` itself if it is one, else an alias such as LONGNA~1."""
    base, dot, extension = name.rpartition(".")
    if not dot:
        base, extension = name, ""
    if _fits(base, 8) and (_fits(extension, 3) if dot else True):
        return _padded(base, extension)
    base, extension = _simplify(base)[:8] or "_", _simplify(extension)[:3]
    for number in range(1, 1_000_000):
        tail = f"~{number}"
        candidate = _padded(base[: 8 - len(tail)] + tail, extension)
        if candidate not in taken:
            return candidate
    raise BuildError(f"no short name is left for {name!r}")


def long_name_entries(name: str, short: bytes) -> bytes:
    """Return the directory entries that carry `name`, last part first; none if `short` is it."""
    base, extension = short[:8].decode().rstrip(), short[8:].decode().rstrip()
    if name == (f"{base}.{extension}" if extension else base):
        return b""
    units = _utf16(name)
    count = -(-len(units) // _CHARS_PER_ENTRY)
    if len(units) < count * _CHARS_PER_ENTRY:
        units = [*units, 0]
    units += [0xFFFF] * (count * _CHARS_PER_ENTRY - len(units))
    entries = b""
    for part in reversed(range(count)):
        text = struct.pack("<13H", *units[part * _CHARS_PER_ENTRY : (part + 1) * _CHARS_PER_ENTRY])
        order = part + 1 | (_LAST_PART if part + 1 == count else 0)
        entries += struct.pack("<B10sBBB", order, text[:10], _ATTRIBUTE_LONG_NAME, 0, _sum(short))
        entries += text[10:22] + b"\0\0" + text[22:]
    return entries


def _utf16(name: str) -> list[int]:
    data = name.encode("utf-16-le")
    return list(struct.unpack(f"<{len(data) // 2}H", data))


def _fits(part: str, length: int) -> bool:
    return 0 < len(part) <= length and all(character in _SHORT_CHARS for character in part)


def _simplify(part: str) -> str:
    kept = (character for character in part.upper() if character not in " .")
    return "".join(character if character in _SHORT_CHARS else "_" for character in kept)


def _padded(base: str, extension: str) -> bytes:
    return base.encode().ljust(8) + extension.encode().ljust(3)


def _sum(short: bytes) -> int:
    total = 0
    for byte in short:
        total = ((total >> 1 | total << 7) + byte) & 0xFF
    return total
