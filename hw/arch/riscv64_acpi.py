"""What ACPI tables say of RISC-V processors (ACPI 6.6, 5.2.12 and 5.2.37)."""

from __future__ import annotations

import struct

from .architecture import AddressMap

ISA = "rv64imafdc"
TIMEBASE_HZ = 10_000_000
INTERRUPT_IDENTITIES = 255
"""Of an IMSIC's interrupt file: all that fit into the vectors that a driver may have."""
PAGE_BYTES = 0x1000
HEADER_BYTES = 36
"""Of every table: offsets in it count from there."""
RINTC = struct.Struct("<BBBxIQIIQI")
IMSIC = struct.Struct("<BBBxIHHBBBB")
RHCT = struct.Struct("<IQII")
ENABLED = 1
ISA_NODE, HART_NODE = 0, 0xFFFF


def madt(cpu_count: int, addresses: AddressMap) -> bytes:
    """Flags, then a RINTC for each hart with its interrupt file, and the IMSIC that they are of."""
    harts = [
        RINTC.pack(0x18, RINTC.size, 1, ENABLED, hart, hart, 0,
                   addresses.interrupts + hart * PAGE_BYTES, PAGE_BYTES)
        for hart in range(cpu_count)
    ]  # fmt: skip
    hart_bits = (cpu_count - 1).bit_length()
    imsic = IMSIC.pack(0x19, IMSIC.size, 1, 0, INTERRUPT_IDENTITIES, 0, 0, hart_bits, 0, 0)
    return struct.pack("<II", 0, 0) + b"".join(harts) + imsic


def rhct(cpu_count: int) -> bytes:
    """How fast time runs, and what each hart can: all the same."""
    text = ISA.encode() + b"\0"
    text += b"\0" * (len(text) % 2)
    isa = struct.pack("<HHHH", ISA_NODE, 8 + len(text), 1, len(ISA) + 1) + text
    isa_at = HEADER_BYTES + RHCT.size
    harts = [struct.pack("<HHHHII", HART_NODE, 16, 1, 1, hart, isa_at) for hart in range(cpu_count)]
    return RHCT.pack(0, TIMEBASE_HZ, 1 + cpu_count, isa_at) + isa + b"".join(harts)
