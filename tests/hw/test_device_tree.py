"""The device tree and the ACPI tables of a RISC-V board: what they say, and what dtc thinks."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import fdt
import pytest

from anos_sim.hw.arch import ARCHITECTURES
from anos_sim.hw.config import MachineConfig
from anos_sim.hw.machine import DEVICE_TREE, Machine
from support.boot import boot_system
from support.firmware import acpi_tables

CPUS = 5
ADDRESSES = ARCHITECTURES["riscv64"].addresses


@pytest.fixture(scope="module")
def machine() -> Machine:
    return Machine(MachineConfig(cpus=CPUS, ram_mib=64, arch="riscv64"))


@pytest.fixture(scope="module")
def tree(machine: Machine) -> fdt.FDT:
    """The tree as somebody finds it in memory."""
    at = machine.memory.begin + DEVICE_TREE
    magic, total = struct.unpack(">II", machine.memory.read(at, 8))
    assert magic == 0xD00D_FEED
    return fdt.parse_dtb(machine.memory.read(at, total))


def cells(tree: fdt.FDT, path: str, name: str) -> list[int]:
    return list(tree.get_property(name, path).data)


def test_it_tells_of_memory_and_every_hart(tree: fdt.FDT) -> None:
    assert cells(tree, "/memory@80000000", "reg") == [0, 0x8000_0000, 0, 64 << 20]
    for hart in range(CPUS):
        assert cells(tree, f"/cpus/cpu@{hart:x}", "reg") == [hart]
        assert tree.get_property("mmu-type", f"/cpus/cpu@{hart:x}").value == "riscv,sv48"
    assert not tree.exist_node(f"/cpus/cpu@{CPUS:x}")
    assert cells(tree, "/cpus", "timebase-frequency") == [10_000_000]


def test_interrupts_of_devices_are_words_in_a_page_of_each_hart(tree: fdt.FDT) -> None:
    imsic = "/soc/imsics@28000000"
    assert cells(tree, imsic, "reg") == [0, ADDRESSES.interrupts, 0, CPUS * 0x1000]
    handles = [cells(tree, f"/cpus/cpu@{hart:x}/interrupt-controller", "phandle")[0]
               for hart in range(CPUS)]  # fmt: skip
    assert len(set(handles)) == CPUS
    extended = cells(tree, imsic, "interrupts-extended")
    assert extended == [cell for handle in handles for cell in (handle, 9)]
    assert cells(tree, "/soc/pci@30000000", "msi-parent") == cells(tree, imsic, "phandle")


def test_windows_of_the_host_bridge_are_those_of_the_bars(tree: fdt.FDT, machine: Machine) -> None:
    ranges = cells(tree, "/soc/pci@30000000", "ranges")
    windows = [ranges[at : at + 7] for at in range(0, len(ranges), 7)]
    spans = []
    for _, pci_high, pci_low, high, low, size_high, size_low in windows:
        assert (pci_high, pci_low) == (high, low)
        spans.append((high << 32 | low, (high << 32 | low) + (size_high << 32 | size_low)))
    bars = [(function.bar_address(bar), bar.size_bytes)
            for function in machine.functions for bar in function.bars]  # fmt: skip
    assert bars
    for address, size_bytes in bars:
        assert any(begin <= address and address + size_bytes <= end for begin, end in spans)


def test_the_framebuffer_is_as_large_as_its_rows(tree: fdt.FDT, machine: Machine) -> None:
    node = f"/chosen/framebuffer@{machine.framebuffer.physical:x}"
    reg = cells(tree, node, "reg")
    assert reg == [0, machine.framebuffer.physical, 0, machine.framebuffer.size_bytes]


def test_dtc_finds_nothing_wrong(machine: Machine, tmp_path: Path) -> None:
    dtc = shutil.which("dtc")
    if dtc is None:
        pytest.skip("dtc is not installed (device-tree-compiler)")
    blob = tmp_path / "board.dtb"
    blob.write_bytes(machine.device_tree())
    result = subprocess.run(
        [dtc, "-I", "dtb", "-O", "dts", str(blob)], capture_output=True, text=True, check=True
    )
    assert result.stderr.replace("<stdout>: ", "") == ""


def test_madt_has_an_interrupt_file_for_every_hart(machine: Machine) -> None:
    madt = acpi_tables(machine)["APIC"]
    at = 44
    harts: list[bytes] = []
    controllers: list[bytes] = []
    while at < len(madt):
        kind, size = madt[at], madt[at + 1]
        (harts if kind == 0x18 else controllers).append(madt[at : at + size])
        at += size
    assert at == len(madt)
    assert [struct.unpack_from("<Q", each, 8)[0] for each in harts] == list(range(CPUS))
    files = [struct.unpack_from("<QI", each, 24) for each in harts]
    assert files == [(ADDRESSES.interrupts + 0x1000 * hart, 0x1000) for hart in range(CPUS)]
    (imsic,) = controllers
    assert imsic[0] == 0x19
    assert 1 << imsic[13] >= CPUS, "the bits of a hart's number"


def test_rhct_says_what_every_hart_can(machine: Machine) -> None:
    rhct = acpi_tables(machine)["RHCT"]
    frequency, count, at = struct.unpack_from("<QII", rhct, 40)
    assert (frequency, count) == (10_000_000, 1 + CPUS)
    for number in range(count):
        kind, size = struct.unpack_from("<HH", rhct, at)
        if number == 0:
            assert rhct[at + 8 : at + size].rstrip(b"\0") == b"rv64imafdc"
        else:
            assert (kind, struct.unpack_from("<I", rhct, at + 8)[0]) == (0xFFFF, number - 1)
        at += size
    assert at == len(rhct)


@pytest.mark.arch("x86_64 has none")
def test_a_board_whose_software_has_acpi_alone_has_no_tree() -> None:
    machine = Machine(MachineConfig(cpus=1, arch="x86_64"))
    assert machine.device_tree() == b""
    machine.close()


def test_what_is_in_memory_stays_there_over_a_boot() -> None:
    booted = boot_system(MachineConfig(cpus=2, arch="riscv64"))
    tree = booted.machine.device_tree()
    at = booted.machine.memory.begin + DEVICE_TREE
    assert booted.machine.memory.read(at, len(tree)) == tree
    booted.close()
