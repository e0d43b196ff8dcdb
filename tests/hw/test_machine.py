"""The board as a whole, and lspci's view of it."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from anos_sim.hw.config import AhciConfig, BridgeConfig, MachineConfig, PortConfig
from anos_sim.hw.disk import DiskError
from anos_sim.hw.machine import Machine
from support.ahci_driver import DATA, AhciDriver, bridges, controllers
from support.architectures import ADDRESSES

ECAM_BASE = ADDRESSES.ecam


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "disk.img"
    path.write_bytes(bytes(1 << 20))
    return path


@pytest.fixture
def large(image: Path) -> Machine:
    """Nested bridges, two controllers behind them, two disks on the root bus."""
    atapi = (PortConfig("empty"), PortConfig("atapi"))
    return Machine(
        MachineConfig(
            ram_mib=32,
            disks=(str(image), str(image)),
            bridge=(BridgeConfig("a"), BridgeConfig("b", "a"), BridgeConfig("c")),
            ahci=(AhciConfig(atapi, "b"), AhciConfig((PortConfig("disk", str(image)),), "a")),
        )
    )


def test_a_machine_is_cheap_to_make() -> None:
    config = MachineConfig(ram_mib=3072)
    Machine(config)
    begin = time.perf_counter()
    Machine(config)
    assert time.perf_counter() - begin < 0.02


def test_every_disk_has_a_controller_of_its_own(image: Path) -> None:
    machine = Machine(MachineConfig(disks=(str(image), str(image))))
    assert [len(controller.ports) for controller in controllers(machine)] == [1, 1]
    assert len(machine.disks) == 2


def test_without_disks_there_is_an_empty_port() -> None:
    (controller,) = controllers(Machine(MachineConfig()))
    assert [port.drive for port in controller.ports] == [None]


def test_a_missing_image_is_refused() -> None:
    with pytest.raises(DiskError, match="does not exist"):
        Machine(MachineConfig(disks=("/nowhere/disk.img",)))


@pytest.mark.arch("its numbers are x86_64's")
def test_the_cpus_see_all_but_ram_and_framebuffer() -> None:
    machine = Machine(MachineConfig())
    assert machine.bus.windows() == [
        (0x1000_0000, 0xFD00_0000 - 0x1000_0000),
        (0xFD3E_8000, 0x1_0000_0000 - 0xFD3E_8000),
        (0x10_0000_0000, 16 << 30),
    ]


def ecam(machine: Machine, bus: int, device: int, register: int, size: int = 4) -> int:
    return machine.bus.read(ECAM_BASE + (bus << 20 | device << 15 | register), size)


def test_software_finds_every_function_by_scanning_ecam(large: Machine) -> None:
    found = [
        (bus, device)
        for bus in range(8)
        for device in range(32)
        if ecam(large, bus, device, 0) & 0xFFFF not in (0xFFFF, 0)
    ]
    assert [f"{bus:02x}:{device:02x}.0" for bus, device in found] == sorted(
        function.bdf for function in large.functions
    )
    assert len(found) == 9
    assert ecam(large, 0, 0, 0x0A, 2) == 0x0600
    assert ecam(large, 7, 31, 0xFFE, 2) == 0xFFFF
    assert large.bus.read(ECAM_BASE + 0x1000, 4) == 0xFFFF_FFFF, "function 1"


def test_bars_do_not_overlap_and_are_page_aligned(large: Machine) -> None:
    routes = sorted(large.pci.routes(), key=lambda route: route.begin)
    assert len(routes) == 5, "each BAR is reached, through bridges too"
    for before, after in itertools.pairwise(routes):
        assert before.end <= after.begin
    assert all(route.begin % 0x1000 == 0 for route in routes)


def test_a_bar_is_aligned_to_its_size() -> None:
    ports = (PortConfig("empty"),)
    machine = Machine(MachineConfig(ahci=(AhciConfig(ports), AhciConfig(ports * 32))))
    small, large = controllers(machine)
    assert small.config_read(0x24, 4) == ADDRESSES.pci
    assert large.config_read(0x24, 4) == ADDRESSES.pci + 0x2000


def test_disks_behind_bridges_work(large: Machine) -> None:
    port = AhciDriver(large)
    assert port.function.bdf == "02:00.0"
    second = controllers(large)[1]
    assert second.bdf.startswith("01:")
    assert large.bus.read(second.config_read(0x24, 4) + 0x128, 4) == 0x123


def test_configuration_writes_reach_the_function(large: Machine) -> None:
    controller = controllers(large)[2]
    address = ECAM_BASE + (controller.number << 12) + 4
    large.bus.write(address, 2, 0)
    assert not controller.bus_master
    assert large.bus.read(controller.config_read(0x24, 4), 4) == 0xFFFF_FFFF


def test_lspci_reads_the_same_from_the_dump(large: Machine, tmp_path: Path) -> None:
    lspci = shutil.which("lspci")
    if lspci is None:
        pytest.skip("lspci is not installed (pciutils)")
    dump = tmp_path / "dump"
    dump.write_text(large.config_space_dump())
    run = subprocess.run(
        [lspci, "-F", str(dump), "-n", "-vv"], capture_output=True, text=True, check=True
    )
    blocks = dict(block.split(" ", 1) for block in run.stdout.strip().split("\n\n"))
    assert sorted(blocks) == sorted(function.bdf for function in large.functions)
    for function in large.functions:
        block = blocks[function.bdf]
        kind = f"{function.class_code >> 8:04x}: {function.vendor:04x}:{function.device:04x}"
        assert block.startswith(kind)
        assert "Mem+ BusMaster+" in block
    for controller in controllers(large):
        block = blocks[controller.bdf]
        assert "prog-if 01" in block
        abar = controller.config_read(0x24, 4)
        assert f"Region 5: Memory at {abar:08x} (32-bit, non-prefetchable)" in block
        assert "Capabilities: [40] MSI: Enable- Count=1/1 Maskable- 64bit+" in block
    serial = blocks[large.serial.bdf]
    assert "Region 0: Memory at 1000000000 (64-bit, non-prefetchable)" in serial
    assert "16550" in serial
    assert [blocks[b.bdf].split("Bus: ")[1].split("\n")[0] for b in bridges(large)] == [
        "primary=00, secondary=01, subordinate=02, sec-latency=0",
        "primary=01, secondary=02, subordinate=02, sec-latency=0",
        "primary=00, secondary=03, subordinate=03, sec-latency=0",
    ]
    assert (
        f"Memory behind bridge: {ADDRESSES.pci:08x}-{ADDRESSES.pci + 0xF_FFFF:08x}"
        in blocks[bridges(large)[1].bdf]
    )
    assert "Memory behind bridge: [disabled]" in blocks[bridges(large)[2].bdf]
    assert all("I/O behind bridge: [disabled]" in blocks[b.bdf] for b in bridges(large))


def test_closing_writes_what_is_cached(image: Path) -> None:
    machine = Machine(MachineConfig(disks=(str(image),), write=True))
    port = AhciDriver(machine)
    port.start()
    machine.memory.write(DATA, b"\xee" * 512)
    port.run(0x35, size=512, lba=3, count=1)
    machine.close()
    machine.close()
    assert image.read_bytes()[3 * 512 : 4 * 512] == b"\xee" * 512
