"""An AHCI port: its link, starting and stopping."""

from __future__ import annotations

from pathlib import Path

import pytest

from anos_sim.hw.ahci_bits import PxCMD, PxIS
from anos_sim.hw.fis import RegisterH2D
from support import ahci_driver as driver
from support.ahci_driver import AhciDriver, storage_machine


@pytest.fixture
def port(tmp_path: Path) -> AhciDriver:
    path = tmp_path / "disk.img"
    path.write_bytes(bytes(1 << 20))
    return AhciDriver(storage_machine(path))


def test_running_shows_in_cr_and_fr(port: AhciDriver) -> None:
    port.put(driver.CMD, PxCMD.FRE)
    assert port.get(driver.CMD) & (PxCMD.FR | PxCMD.CR) == PxCMD.FR
    port.put(driver.CMD, PxCMD.FRE | PxCMD.ST)
    assert port.get(driver.CMD) & (PxCMD.FR | PxCMD.CR) == PxCMD.FR | PxCMD.CR
    port.put(driver.CMD, 0)
    assert port.get(driver.CMD) & (PxCMD.FR | PxCMD.CR) == 0


def test_nothing_is_issued_while_the_port_is_stopped(port: AhciDriver) -> None:
    port.put(driver.SACT, 1)
    port.put(driver.CI, 1)
    assert (port.get(driver.SACT), port.get(driver.CI)) == (0, 0)


def test_stopping_drops_what_is_in_flight(port: AhciDriver) -> None:
    port.start()
    fis = RegisterH2D(True, 0x25, lba=0, count=1, device=0x40)
    port.prepare(0, fis, [(driver.DATA, 512)])
    port.machine.memory.write(driver.DATA, b"\xff" * 512)
    port.issue(0)
    assert port.function.busy
    assert port.get(driver.TFD) & 0x80
    port.put(driver.CMD, PxCMD.FRE)
    assert not port.function.busy
    assert port.get(driver.CI) == 0
    port.wait()
    assert port.messages == []
    assert port.machine.memory.read(driver.DATA, 512) == b"\xff" * 512
    assert port.get(driver.TFD) & 0x80, "the drive was not told"
    port.put(driver.CMD, PxCMD.FRE | PxCMD.CLO)
    assert port.get(driver.CMD) & PxCMD.CLO == 0
    assert port.get(driver.TFD) & 0x88 == 0
    port.restart()
    assert port.read(0, 1) == bytes(512)


def test_comreset_brings_the_drive_back_with_its_signature(port: AhciDriver) -> None:
    port.start()
    port.put(driver.CMD, PxCMD.FRE)
    port.put(driver.SCTL, 0x301)
    assert port.get(driver.SSTS) == 0
    assert port.get(driver.SIG) == 0xFFFF_FFFF
    port.put(driver.SCTL, 0x300)
    assert port.wait() == 1_000_000, "a millisecond until the link is up"
    assert port.get(driver.SSTS) == 0x123
    assert port.get(driver.SIG) == 0x0000_0101
    assert port.get(driver.TFD) == 0x0150
    assert port.get(driver.SERR) == 1 << 26 | 1 << 16
    assert port.get(driver.IS) == PxIS.PCS | PxIS.PRCS
    assert port.received(0x40, 4) == b"\x34\x00\x50\x01"
    port.put(driver.IS, 0xFFFF_FFFF)
    assert port.get(driver.IS) == PxIS.PCS | PxIS.PRCS, "cleared in SERR only"
    port.put(driver.SERR, 0xFFFF_FFFF)
    assert port.get(driver.IS) == 0
    port.restart()
    assert port.read(0, 1) == bytes(512)


def test_a_reset_during_a_reset_starts_over(port: AhciDriver) -> None:
    for _ in range(2):
        port.put(driver.SCTL, 1)
        port.put(driver.SCTL, 0)
    port.put(driver.SCTL, 1)
    port.wait()
    assert port.get(driver.SSTS) == 0
    port.put(driver.SCTL, 0)
    port.wait()
    assert port.get(driver.SSTS) == 0x123


def test_the_link_can_be_turned_off(port: AhciDriver) -> None:
    port.put(driver.SCTL, 4)
    assert port.get(driver.SSTS) == 4
    port.put(driver.SCTL, 0)
    port.wait()
    assert port.get(driver.SSTS) == 0x123


def test_an_atapi_port_identifies_itself(tmp_path: Path) -> None:
    port = AhciDriver(storage_machine(None, "empty", "atapi"), index=1)
    assert port.get(driver.SIG) == 0xEB14_0101
    assert port.get(driver.SSTS) == 0x123
    port.start()
    assert port.run(0xA1, size=512, device=0xA0) == 0x50
    assert port.machine.memory.read(driver.DATA, 2) == b"\xc0\x85"
    assert port.run(0xEC, size=512, device=0xA0) == 0x0451


def test_a_drive_that_is_pulled_out_ends_nothing_and_its_link_is_gone(port: AhciDriver) -> None:
    port.start()
    port.prepare(0, RegisterH2D(True, 0x25, lba=0, count=1, device=0x40), [(driver.DATA, 512)])
    port.machine.memory.write(driver.DATA, b"\xff" * 512)
    port.issue(0)
    port.function.ports[0].unplug()
    assert port.get(driver.SSTS) == 0
    assert port.get(driver.IS) & PxIS.PRCS
    assert port.get(driver.SERR) == 1 << 16
    assert len(port.messages) == 1
    assert not port.function.busy
    port.wait()
    assert port.machine.memory.read(driver.DATA, 512) == b"\xff" * 512
    assert port.get(driver.CI) == 1
    port.put(driver.SCTL, 0x301)
    port.put(driver.SCTL, 0x300)
    assert port.get(driver.SSTS) == 0


def test_a_bad_sector_is_uncorrectable_and_its_neighbours_are_not(port: AhciDriver) -> None:
    port.machine.disks[0].bad_sectors = frozenset({5})
    port.start()
    port.prepare(0, RegisterH2D(True, 0x25, lba=3, count=4, device=0x40), [(driver.DATA, 2048)])
    port.issue(0)
    port.wait()
    assert port.get(driver.TFD) == 0x40 << 8 | 0x51
    port.restart()
    assert port.read(3, 2) == bytes(1024)
    assert port.read(6, 2) == bytes(1024)
