"""The 512 bytes with which a drive describes itself (ATA8-ACS, 7.16 and 7.17)."""

from __future__ import annotations

import struct

WORDS = 256
LBA28_SECTORS_MAX = 0x0FFF_FFFF
QUEUE_DEPTH = 32
FIRMWARE = "1.0"


def identify_device(sectors: int, model: str, serial: str, write_cache: bool) -> bytes:
    """IDENTIFY DEVICE: an LBA48 disk of `sectors` with NCQ and a write cache."""
    words = _common(0x0040, model, serial)
    words[1], words[3], words[6] = 16383, 16, 63  # the geometry of all big disks
    words[47] = 0x8000  # no multi-sector PIO
    words[49] = 0x0F00  # IORDY, LBA, DMA
    words[60:62] = _split(min(sectors, LBA28_SECTORS_MAX), 2)
    words[75] = QUEUE_DEPTH - 1
    words[76] = 0x0106  # NCQ, 3.0 and 1.5 Gb/s
    words[82] = 0x0068  # look-ahead, write cache, power management
    words[83] = 0x7400  # FLUSH CACHE (EXT), 48-bit addresses
    words[84] = 0x4060  # FUA, general purpose logging
    words[85] = 0x0048 | 0x0020 * write_cache
    words[86] = 0x3400
    words[87] = 0x4060
    words[100:104] = _split(sectors, 4)
    words[106] = 0x4000  # physical sectors are logical sectors
    words[217] = 1  # nothing rotates
    return _sealed(words)


def identify_packet_device(model: str, serial: str) -> bytes:
    """IDENTIFY PACKET DEVICE: an optical drive that takes 12-byte packets."""
    words = _common(0x85C0, model, serial)
    words[49] = 0x0F00
    words[76] = 0x0006
    words[82] = 0x0218  # PACKET, power management, DEVICE RESET
    words[83] = 0x4000
    words[84] = 0x4000
    words[85] = 0x0218
    words[87] = 0x4000
    return _sealed(words)


def _common(configuration: int, model: str, serial: str) -> list[int]:
    words = [0] * WORDS
    words[0] = configuration
    words[10:20] = _text(serial, 20)
    words[23:27] = _text(FIRMWARE, 8)
    words[27:47] = _text(model, 40)
    words[53] = 0x0006  # words 64-70 and 88 are valid
    words[63] = 0x0007  # multiword DMA 0-2
    words[64] = 0x0003  # PIO 3 and 4
    words[65:69] = [120] * 4  # cycle times in ns
    words[80] = 0x01F0  # ATA/ATAPI-4 to ATA8-ACS
    words[88] = 0x407F  # Ultra DMA 0-6, 6 is selected
    words[222] = 0x101F  # serial, up to SATA 2.6
    return words


def _split(value: int, count: int) -> list[int]:
    return [value >> 16 * index & 0xFFFF for index in range(count)]


def _text(text: str, length: int) -> list[int]:
    """ATA strings are padded with blanks, the first character in a word's upper byte."""
    padded = text.encode("ascii")[:length].ljust(length)
    return list(struct.unpack(f">{length // 2}H", padded))


def _sealed(words: list[int]) -> bytes:
    """Add the integrity word: all bytes sum up to zero."""
    data = struct.pack("<255HB", *words[:255], 0xA5)
    return data + bytes([-sum(data) & 0xFF])
