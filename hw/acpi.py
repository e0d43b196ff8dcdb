"""ACPI tables: how software learns of CPUs, of ECAM and of nothing else (ACPI 6.0, 5.2).

The board is hardware-reduced: no PM timer, no SMI, no port I/O. Each table has a
page of its own, since readers map one page per table.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

import attrs

from .arch import Architecture
from .memory import FRAME_BYTES

TABLES_BEGIN, TABLES_END = 0xE_0000, 0xF_0000
"""Where they are, from the begin of RAM on."""
MADT_REVISION = 3
OEM_ID = b"ANOSIM"
OEM_TABLE_ID = b"ANOSSIM "
CREATOR_ID = b"ANOS"
HEADER = struct.Struct("<4sIBB6s8sI4sI")
RSDP = struct.Struct("<8sB6sBIIQB3x")

FADT_BYTES = 276
FADT_DSDT = 40
FADT_BOOT_FLAGS = 109
FADT_FLAGS = 112
FADT_X_DSDT = 140
NO_VGA_NO_ASPM_NO_CMOS = 1 << 2 | 1 << 4 | 1 << 5
HARDWARE_REDUCED = 1 << 20 | 1 << 0  # with a WBINVD that works

PCI_ROOT_AML = bytes.fromhex(
    "10 33 5f 53 42 5f"  # Scope (_SB)
    "5b 82 2b 50 43 49 30"  # Device (PCI0)
    "08 5f 48 49 44 0c 41 d0 0a 08"  # Name (_HID, EISAID ("PNP0A08"))
    "08 5f 43 49 44 0c 41 d0 0a 03"  # Name (_CID, EISAID ("PNP0A03"))
    "08 5f 53 45 47 00"  # Name (_SEG, 0)
    "08 5f 42 42 4e 00"  # Name (_BBN, 0)
    "08 5f 55 49 44 00"  # Name (_UID, 0)
)


@attrs.frozen
class Tables:
    """Tables as bytes by their physical address, and the root pointer."""

    rsdp: bytes
    pages: Mapping[int, bytes]


def table(signature: bytes, revision: int, body: bytes) -> bytes:
    """Put the common header before `body`; all bytes then sum up to zero (5.2.6)."""
    length = HEADER.size + len(body)
    data = bytearray(
        HEADER.pack(signature, length, revision, 0, OEM_ID, OEM_TABLE_ID, 1, CREATOR_ID, 1) + body
    )
    data[9] = -sum(data) & 0xFF
    return bytes(data)


def rsdp(xsdt: int) -> bytes:
    """The root pointer, revision 2, with both its checksums (5.2.5.3)."""
    data = bytearray(RSDP.pack(b"RSD PTR ", 0, OEM_ID, 2, 0, RSDP.size, xsdt, 0))
    data[8] = -sum(data[:20]) & 0xFF
    data[32] = -sum(data) & 0xFF
    return bytes(data)


def mcfg(ecam_base: int, bus_count: int) -> bytes:
    """Where the configuration space of segment 0 is (PCI firmware 3.0, 4.1.2)."""
    return table(b"MCFG", 1, struct.pack("<8xQHBB4x", ecam_base, 0, 0, bus_count - 1))


def fadt(dsdt: int) -> bytes:
    """The fixed hardware there is not, and where the DSDT is (5.2.9)."""
    body = bytearray(FADT_BYTES)
    struct.pack_into("<I", body, FADT_DSDT, dsdt)
    struct.pack_into("<H", body, FADT_BOOT_FLAGS, NO_VGA_NO_ASPM_NO_CMOS)
    struct.pack_into("<I", body, FADT_FLAGS, HARDWARE_REDUCED)
    struct.pack_into("<Q", body, FADT_X_DSDT, dsdt)
    return table(b"FACP", 6, bytes(body[HEADER.size :]))


def build(cpu_count: int, bus_count: int, architecture: Architecture) -> Tables:
    """All tables for a board of an architecture, a page each."""
    where = architecture.addresses
    base = where.ram + TABLES_BEGIN
    dsdt_at = base + 2 * FRAME_BYTES
    listed = [
        fadt(dsdt_at),
        table(b"APIC", MADT_REVISION, architecture.madt(cpu_count, where)),
        mcfg(where.ecam, bus_count),
        *(table(name, 1, body(cpu_count)) for name, body in architecture.cpu_tables.items()),
    ]
    begin = dsdt_at + FRAME_BYTES
    places = range(begin, begin + FRAME_BYTES * len(listed), FRAME_BYTES)
    xsdt_at = base + FRAME_BYTES
    root = rsdp(xsdt_at)
    pages = {
        base: root,
        xsdt_at: table(b"XSDT", 1, struct.pack(f"<{len(listed)}Q", *places)),
        dsdt_at: table(b"DSDT", 2, PCI_ROOT_AML),
        **dict(zip(places, listed, strict=True)),
    }
    return Tables(root, pages)
