"""ACPI tables: checksums, layout, and what iasl thinks of them."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from anos_sim.hw.config import MachineConfig
from anos_sim.hw.machine import Machine
from support.architectures import ADDRESSES
from support.firmware import acpi_tables


@pytest.fixture(scope="module")
def machine() -> Machine:
    return Machine(MachineConfig(cpus=16, ram_mib=32))


def test_the_root_pointer_has_both_checksums(machine: Machine) -> None:
    rsdp = machine.rsdp
    assert len(rsdp) == 36
    assert rsdp[:8] == b"RSD PTR "
    assert rsdp[15] == 2
    assert sum(rsdp[:20]) & 0xFF == 0
    assert sum(rsdp) & 0xFF == 0
    assert machine.memory.read(ADDRESSES.ram + 0xE_0000, 36) == rsdp


def test_every_table_sums_up_to_zero(machine: Machine) -> None:
    found = acpi_tables(machine)
    assert {"XSDT", "FACP", "APIC", "MCFG", "DSDT"} <= set(found)
    assert all(sum(data) & 0xFF == 0 for data in found.values())


@pytest.mark.arch("it is x86_64's; that of riscv64 is in test_device_tree.py")
def test_madt_lists_every_cpu(machine: Machine) -> None:
    madt = acpi_tables(machine)["APIC"]
    assert struct.unpack_from("<I", madt, 36) == (0xFEE0_0000,)
    entries = [madt[at : at + 8] for at in range(44, len(madt), 8)]
    assert entries == [struct.pack("<BBBBI", 0, 8, cpu, cpu, 1) for cpu in range(16)]


def test_mcfg_tells_base_segment_and_buses(machine: Machine) -> None:
    mcfg = acpi_tables(machine)["MCFG"]
    assert len(mcfg) == 60
    assert struct.unpack_from("<QHBB", mcfg, 44) == (ADDRESSES.ecam, 0, 0, 7)


X86_APIC = pytest.param("APIC", marks=pytest.mark.arch("not every iasl knows RISC-V's"))


@pytest.mark.parametrize("name", ["XSDT", "FACP", X86_APIC, "MCFG", "DSDT"])
def test_iasl_accepts(machine: Machine, tmp_path: Path, name: str) -> None:
    iasl = shutil.which("iasl")
    if iasl is None:
        pytest.skip("iasl is not installed (acpica-tools)")
    (tmp_path / "table.dat").write_bytes(acpi_tables(machine)[name])
    run = subprocess.run(
        [iasl, "-d", "table.dat"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    said = run.stdout + run.stderr
    assert run.returncode == 0, said
    listing = (tmp_path / "table.dsl").read_text()
    for complaint in ("Incorrect checksum", "Error", "Warning", "Invalid", "Unknown", "exceeds"):
        assert complaint not in said + listing
    if name == "DSDT":
        assert "PNP0A08" in listing
        run = subprocess.run(
            [iasl, "table.dsl"], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stdout + run.stderr
