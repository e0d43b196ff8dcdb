"""Commands through a port: data, FISes, interrupts, time, and errors."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anos_sim.hw.ahci_bits import PxIS
from anos_sim.hw.fis import RegisterH2D
from support import ahci_driver as driver
from support.ahci_driver import DATA, AhciDriver, bridges, controllers, storage_machine

SECTORS = 2048
IMAGE = bytes(index * 7 + (index >> 9) & 0xFF for index in range(SECTORS * 512))


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "disk.img"
    path.write_bytes(IMAGE)
    return path


@pytest.fixture
def port(image: Path) -> AhciDriver:
    port = AhciDriver(storage_machine(image))
    port.start()
    return port


def read_fis(sector: int, count: int = 1) -> RegisterH2D:
    return RegisterH2D(True, 0x25, lba=sector, count=count, device=0x40)


def queued_fis(tag: int, sector: int, count: int = 1, command: int = 0x60) -> RegisterH2D:
    return RegisterH2D(True, command, lba=sector, features=count, count=tag << 3, device=0x40)


def test_a_read_moves_data_and_says_so(port: AhciDriver) -> None:
    assert port.read(5, 3) == IMAGE[5 * 512 : 8 * 512]
    assert port.transferred() == 3 * 512
    assert port.get(driver.CI) == 0
    assert port.get(driver.TFD) == 0x50
    assert port.get(driver.IS) == PxIS.DHRS | PxIS.DPS
    assert port.hba(0x08) == 1
    assert port.messages == [(driver.MSI_ADDRESS, 0x40)]
    assert port.received(0x40, 4) == b"\x34\x40\x50\x00"


def test_a_write_reaches_the_disk(port: AhciDriver) -> None:
    port.machine.memory.write(DATA, b"\xee" * 1024)
    assert port.run(0x35, size=1024, lba=9, count=2, device=0x40) == 0x50
    assert port.machine.disks[0].read(9, 2) == b"\xee" * 1024
    assert port.machine.disks[0].changed


def test_identify_answers_with_a_pio_setup_fis(port: AhciDriver) -> None:
    assert port.run(0xEC, size=512, device=0xA0) == 0x50
    assert port.get(driver.IS) & (PxIS.PSS | PxIS.DHRS) == PxIS.PSS
    assert port.received(0x20, 2) == b"\x5f\x60"
    data = port.machine.memory.read(DATA, 512)
    assert int.from_bytes(data[200:208], "little") == SECTORS
    assert port.transferred() == 512


def test_each_command_interrupts_although_nothing_is_ever_cleared(port: AhciDriver) -> None:
    for count in range(1, 6):
        port.read(count, 1)
        assert len(port.messages) == count


def test_a_command_takes_20_us_and_half_a_nanosecond_a_byte(port: AhciDriver) -> None:
    port.prepare(0, read_fis(0, 8), [(DATA, 4096)])
    port.issue(0)
    assert port.wait() == 20_000 + 2_048
    port.prepare(0, RegisterH2D(True, 0xEA), [])
    port.issue(0)
    assert port.wait() == 20_000


def test_slots_are_taken_in_order_one_after_the_other(port: AhciDriver) -> None:
    for slot in (9, 2, 30):
        port.prepare(slot, read_fis(slot), [(DATA + 512 * slot, 512)])
    port.issue(9, 2, 30)
    ends = []
    while port.get(driver.CI):
        before = port.get(driver.CI)
        assert port.machine.clock.pending()[0][1] == "AHCI controller 0.0"
        port.machine.clock.fire()
        ends.append((before & ~port.get(driver.CI), port.machine.clock.now_ps // 1000))
    assert ends == [(1 << 2, 20_256), (1 << 9, 40_512), (1 << 30, 60_768)]
    assert port.machine.memory.read(DATA + 512 * 9, 512) == IMAGE[9 * 512 : 10 * 512]


def test_taking_goes_round_from_the_last_slot(port: AhciDriver) -> None:
    for slot in (1, 3, 5):
        port.prepare(slot, read_fis(slot), [(DATA, 512)])
    port.issue(3)
    port.machine.clock.fire()
    port.issue(1, 5)
    port.machine.clock.fire()
    assert port.get(driver.CI) == 1 << 1, "1 comes after 5, round the corner"


def test_queued_commands_share_the_waiting(port: AhciDriver) -> None:
    tags = range(8)
    for tag in tags:
        port.prepare(tag, queued_fis(tag, 10 + tag), [(DATA + 512 * tag, 512)])
    port.issue(*tags, queued=True)
    assert port.get(driver.CI) == 0, "the drive has them all"
    assert port.get(driver.SACT) == 0xFF
    assert port.function.busy
    assert port.wait() == 20_000 + 8 * 256
    assert port.get(driver.SACT) == 0
    assert len(port.messages) == 8
    assert port.get(driver.IS) & (PxIS.SDBS | PxIS.DHRS) == PxIS.SDBS
    assert port.machine.memory.read(DATA, 8 * 512) == IMAGE[10 * 512 : 18 * 512]
    assert port.received(0x58, 8) == b"\xa1\x40\x50\x00\x80\x00\x00\x00"
    assert not port.function.busy


def test_queued_writes(port: AhciDriver) -> None:
    port.machine.memory.write(DATA, b"\xee" * 512)
    port.prepare(31, queued_fis(31, 77, command=0x61), [(DATA, 512)])
    port.issue(31, queued=True)
    port.wait()
    assert port.machine.disks[0].read(77, 1) == b"\xee" * 512


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.integers(1, 1024), min_size=1, max_size=20))
def test_any_prdt_gets_the_same_sectors(port: AhciDriver, sizes: list[int]) -> None:
    prdt, at = [], DATA
    for size in sizes:
        prdt.append((at, 2 * size))
        at += 2 * size + 64
    count = (at - DATA - 64 * len(sizes)) // 512 or 1
    prdt.append((at, 512))
    port.prepare(0, read_fis(3, count), prdt)
    port.issue(0)
    port.wait()
    found = b"".join(port.machine.memory.read(address, size) for address, size in prdt)
    assert found[: 512 * count] == IMAGE[3 * 512 : (3 + count) * 512]


def test_an_unknown_command_is_a_task_file_error(port: AhciDriver) -> None:
    assert port.run(0x99) == 0x0451
    assert port.get(driver.CI) == 1, "the failed slot keeps its bit"
    assert port.get(driver.IS) == PxIS.TFES | PxIS.DHRS
    assert port.received(0x40, 4) == b"\x34\x40\x51\x04"
    assert len(port.messages) == 1


def test_after_an_error_nothing_runs_until_the_port_is_restarted(port: AhciDriver) -> None:
    port.run(0x25, size=512, lba=SECTORS, count=1)
    assert port.get(driver.TFD) == 0x1051
    port.issue(1)
    assert port.wait() == 0
    port.restart()
    assert port.get(driver.CI) == 0
    assert port.read(5, 1) == IMAGE[5 * 512 : 6 * 512]
    assert port.get(driver.TFD) == 0x50


def test_a_failed_queued_command_stops_the_queue(port: AhciDriver) -> None:
    for tag, sector in enumerate((1, SECTORS, 2)):
        port.prepare(tag, queued_fis(tag, sector), [(DATA, 512)])
    port.issue(0, 1, 2, queued=True)
    port.wait()
    assert port.get(driver.SACT) == 0b110
    assert port.get(driver.IS) & PxIS.TFES
    assert port.get(driver.TFD) == 0x1051
    port.restart()
    assert port.get(driver.SACT) == 0
    port.run(0x2F, size=512, lba=0x10, count=1)
    assert port.machine.memory.read(DATA, 1) == b"\x01"


def test_both_kinds_of_commands_at_once_are_an_error(port: AhciDriver) -> None:
    port.prepare(0, queued_fis(0, 1), [(DATA, 512)])
    port.prepare(1, read_fis(1), [(DATA, 512)])
    port.issue(0, queued=True)
    port.issue(1)
    assert port.get(driver.IS) & PxIS.TFES
    port.wait()
    assert not port.function.busy


@pytest.mark.parametrize("register", [driver.CLB, driver.FB])
def test_base_addresses_without_memory_are_bus_errors(port: AhciDriver, register: int) -> None:
    port.prepare(0, read_fis(1), [(DATA, 512)])
    port.put(register, 0xF000_0000)
    port.issue(0)
    port.wait()
    assert port.get(driver.IS) & PxIS.HBFS
    assert port.get(driver.CI) == 1
    port.issue(1)
    port.wait()
    assert port.get(driver.CI) == 3, "stopped"


def test_a_buffer_in_the_kernels_memory_is_a_bus_error(port: AhciDriver) -> None:
    kernel = port.machine.memory.kernel_begin
    before = port.machine.memory.read(kernel, 512)
    port.run(0x25, size=512, at=kernel, lba=1, count=1)
    assert port.get(driver.IS) & PxIS.HBFS
    assert port.machine.memory.read(kernel, 512) == before


def test_a_short_prdt_overflows(port: AhciDriver) -> None:
    port.run(0x25, size=512, lba=1, count=2)
    assert port.get(driver.IS) & PxIS.OFS
    assert port.get(driver.CI) == 1


def test_without_bus_mastering_a_command_is_a_bus_error(port: AhciDriver) -> None:
    port.prepare(0, read_fis(1), [(DATA, 512)])
    port.function.set_bus_master(False)
    port.issue(0)
    assert port.get(driver.IS) == PxIS.HBFS
    assert port.messages == [], "an MSI is DMA, too"


def test_turning_bus_mastering_off_drops_what_is_in_flight(port: AhciDriver) -> None:
    port.prepare(0, read_fis(1), [(DATA, 512)])
    port.machine.memory.write(DATA, bytes(512))
    port.issue(0)
    assert port.machine.busy
    port.function.set_bus_master(False)
    assert not port.machine.busy
    assert port.get(driver.IS) & PxIS.HBFS
    port.function.set_bus_master(True)
    port.wait()
    assert port.machine.memory.read(DATA, 512) == bytes(512)


def test_a_bridge_can_turn_it_off_too(image: Path) -> None:
    port = AhciDriver(storage_machine(image, bridge=True))
    port.start()
    assert port.read(1, 1) == IMAGE[512:1024]
    port.prepare(0, read_fis(1), [(DATA, 512)])
    port.issue(0)
    (bridge,) = bridges(port.machine)
    bridge.set_bus_master(False)
    assert not port.machine.busy
    assert port.get(driver.IS) & PxIS.HBFS


def test_software_reset_sends_the_signature(port: AhciDriver) -> None:
    for slot, control in enumerate((4, 0)):
        port.prepare(slot, RegisterH2D(False, 0, control=control), [])
        port.issue(slot)
    port.wait()
    assert port.get(driver.CI) == 0
    assert port.get(driver.TFD) == 0x0150
    assert port.get(driver.SIG) == 0x0000_0101


def test_what_is_no_command_fis_is_an_error(port: AhciDriver) -> None:
    port.prepare(0, read_fis(1), [(DATA, 512)])
    port.machine.memory.write(driver.TABLES, b"\x46")
    port.issue(0)
    port.wait()
    assert port.get(driver.IS) & PxIS.TFES


def test_a_copied_controller_goes_on_alone(port: AhciDriver) -> None:
    """All state is in plain objects: a copy made in mid-flight ends like the original."""
    port.prepare(0, read_fis(1), [(DATA, 512)])
    port.issue(0)
    machine = port.machine
    shared = {id(machine.memory): machine.memory, id(port): port}
    clock, pci = copy.deepcopy((machine.clock, machine.pci), shared)
    port.wait()
    assert len(port.messages) == 1
    twin = next(f for f in pci.functions() if f.name == controllers(machine)[0].name)
    assert twin.busy
    clock.fire()
    assert not twin.busy
    assert len(port.messages) == 2
    assert twin.ports[0].values == controllers(machine)[0].ports[0].values
