"""Reading what firmware left in memory, as software does."""

from __future__ import annotations

import struct

from anos_sim.hw.acpi import TABLES_BEGIN, TABLES_END
from anos_sim.hw.machine import Machine


def acpi_tables(machine: Machine) -> dict[str, bytes]:
    """All tables by signature: from the RSDP to the XSDT, and from the FADT to the DSDT."""
    found: dict[str, bytes] = {}
    (xsdt,) = struct.unpack_from("<Q", machine.rsdp, 24)
    root = _table_at(machine, xsdt)
    found["XSDT"] = root
    for (address,) in struct.iter_unpack("<Q", root[36:]):
        data = _table_at(machine, address)
        found[data[:4].decode()] = data
    (dsdt,) = struct.unpack_from("<Q", found["FACP"], 140)
    found["DSDT"] = _table_at(machine, dsdt)
    return found


def _table_at(machine: Machine, address: int) -> bytes:
    length = int.from_bytes(machine.memory.read(address + 4, 4), "little")
    assert TABLES_BEGIN <= address - machine.memory.begin < TABLES_END
    assert address % 4096 + length <= 4096, "within a page"
    return machine.memory.read(address, length)
