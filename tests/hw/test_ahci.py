"""The AHCI controller's registers against AHCI 1.3.1, and its power-on state."""

from __future__ import annotations

from pathlib import Path

import pytest

from anos_sim.hw.ahci import AhciController, Hba
from anos_sim.hw.ahci_port import Port
from anos_sim.hw.clock import Clock
from anos_sim.hw.command_engine import DriveTiming
from anos_sim.hw.register import RegisterBlock
from support import ahci_driver as driver
from support.ahci_driver import AhciDriver, storage_machine
from support.architectures import ADDRESSES

PORT_ACCESS = {
    # offset: (read/write, write 1 to clear, write 1 to set), bits of 3.3.1 to 3.3.15
    0x00: (0xFFFF_FC00, 0, 0),
    0x04: (0xFFFF_FFFF, 0, 0),
    0x08: (0xFFFF_FF00, 0, 0),
    0x0C: (0xFFFF_FFFF, 0, 0),
    0x10: (0, 0xFD80_00AF, 0),
    0x14: (0x7DC0_007F, 0, 0),
    0x18: (0x0300_0011, 0, 0x0000_0008),
    0x20: (0, 0, 0),
    0x24: (0, 0, 0),
    0x28: (0, 0, 0),
    0x2C: (0x0000_0FFF, 0, 0),
    0x30: (0, 0x07FF_0F03, 0),
    0x34: (0, 0, 0xFFFF_FFFF),
    0x38: (0, 0, 0xFFFF_FFFF),
    0x3C: (0, 0x0000_FFFF, 0),
}
PORT_RESET = {0x18: 0x6, 0x20: 0x7F, 0x24: 0xFFFF_FFFF}
HBA_ACCESS = {
    0x00: (0, 0, 0),
    0x04: (0x2, 0, 0x1),
    0x08: (0, 0xFFFF_FFFF, 0),
    0x0C: (0, 0, 0),
    0x10: (0, 0, 0),
    0x24: (0, 0, 0),
}


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "disk.img"
    path.write_bytes(bytes(1 << 20))
    return path


@pytest.mark.parametrize(("block", "access"), [(Port, PORT_ACCESS), (Hba, HBA_ACCESS)])
def test_registers_are_declared_as_the_specification_says(
    block: type[RegisterBlock], access: dict[int, tuple[int, int, int]]
) -> None:
    assert {at: (r.rw, r.w1c, r.w1s) for at, r in block.registers.items()} == access


def test_reset_values_are_those_of_the_specification() -> None:
    reset = {at: r.reset for at, r in Port.registers.items() if r.reset}
    assert reset == PORT_RESET


def test_power_on_is_as_firmware_leaves_it(image: Path) -> None:
    port = AhciDriver(storage_machine(image))
    assert port.abar % 0x1000 == 0
    assert ADDRESSES.pci <= port.abar < ADDRESSES.pci + ADDRESSES.pci_bytes
    assert port.function.config_read(4, 2) & 0x6 == 0x6, "memory and bus master are on"
    assert port.hba(0x04) == 0x8000_0000, "AE, and nothing else"
    assert port.hba(0x10) == 0x0001_0301
    assert port.hba(0x0C) == 1
    assert port.get(driver.SSTS) == 0x123
    assert port.get(driver.SIG) == 0x0000_0101
    assert port.get(driver.TFD) == 0x50
    for register in (0x00, 0x04, 0x08, 0x0C, 0x10, 0x14, 0x30, 0x34, 0x38):
        assert port.get(register) == 0
    assert port.get(driver.CMD) == 0x6


def test_capabilities_tell_slots_and_ports(image: Path) -> None:
    port = AhciDriver(storage_machine(image, "empty", "atapi"))
    capabilities = port.hba(0x00)
    assert capabilities & 0x1F == 2, "three ports, counted from 0"
    assert capabilities >> 8 & 0x1F == 31, "32 slots, counted from 0"
    assert capabilities >> 31 & 1, "64-bit addresses"
    assert capabilities >> 30 & 1, "NCQ"
    assert port.hba(0x0C) == 0b111


def test_an_empty_port_has_no_link(image: Path) -> None:
    port = AhciDriver(storage_machine(image, "empty"), index=1)
    assert port.get(driver.SSTS) == 0
    assert port.get(driver.SIG) == 0xFFFF_FFFF
    assert port.get(driver.TFD) == 0x7F
    port.start()
    port.put(driver.CMD, 0x19)
    port.put(driver.CI, 1)
    port.put(driver.SCTL, 1)
    port.put(driver.SCTL, 0)
    port.wait()
    assert port.get(driver.SSTS) == 0
    assert port.get(driver.CI) == 1, "there is no drive to answer"
    assert not port.function.busy


def test_an_absent_port_reads_zero(image: Path) -> None:
    port = AhciDriver(storage_machine(image), index=1)
    port.put(driver.CLB, 0xFFFF_FFFF)
    assert port.get(driver.CLB) == 0


@pytest.mark.parametrize(("count", "size"), [(1, 0x1000), (30, 0x1000), (31, 0x2000), (32, 0x2000)])
def test_30_ports_fit_into_one_page(count: int, size: int) -> None:
    controller = AhciController("a", [None] * count, Clock(), DriveTiming())
    assert controller.bars[0].size_bytes == size


def test_hba_reset_keeps_base_addresses_and_finds_drives_again(image: Path) -> None:
    port = AhciDriver(storage_machine(image))
    port.start()
    port.read(0, 1)
    port.hba(0x04, 1)
    assert port.hba(0x04) == 0x8000_0000, "HR is done, IE is off"
    assert (port.get(driver.CLB), port.get(driver.FB)) == (driver.LIST, driver.RECEIVED)
    assert (port.get(driver.CMD), port.get(driver.IE), port.hba(0x08)) == (6, 0, 0)
    assert port.get(driver.SSTS) == 0
    port.wait()
    assert port.get(driver.SSTS) == 0x123
    assert port.get(driver.SIG) == 0x0000_0101
    port.start()
    assert port.read(0, 1) == bytes(512)


def test_a_status_cleared_too_early_interrupts_again(image: Path) -> None:
    port = AhciDriver(storage_machine(image))
    port.start()
    port.read(0, 1)
    assert len(port.messages) == 1
    port.hba(0x08, 1)
    assert port.hba(0x08) == 1, "the port still has a cause"
    assert len(port.messages) == 2
    port.put(driver.IS, 0xFFFF_FFFF)
    port.hba(0x08, 1)
    assert port.hba(0x08) == 0
    assert len(port.messages) == 2


def test_enabling_interrupts_delivers_what_is_pending(image: Path) -> None:
    port = AhciDriver(storage_machine(image))
    port.start()
    port.hba(0x04, 0)
    port.read(0, 1)
    assert port.messages == []
    port.hba(0x04, 2)
    assert len(port.messages) == 1
    port.put(driver.IE, 0)
    port.put(driver.IE, 1)
    assert len(port.messages) == 2
