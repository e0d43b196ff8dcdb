"""A system that was written from the ABI's description alone boots on our kernel.

It brings its own libraries, SYSTEM, loader and drivers (tests/guest/foreign), and
checks its own side of the ABI: what its log says is the result. Whether frames
and tables are conserved is checked at the end of every run.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from anos_sim.hw.config import AhciConfig, MachineConfig, PortConfig
from anos_sim.stage3.abi import SYSTEM_BASE
from anos_sim.stage3.image import find_ramfs, parse_image
from anos_sim.toolchain.cli import main
from anos_sim.toolchain.guest.disk_image import write_fat32
from support.architectures import (
    DEFAULT,
    HAS_DEVICES,
    architectures,
    bearer_has_devices,
    only_if_built,
)
from support.foreign import ForeignRun, build_image, foreign_image, run_foreign

SECONDS = 12
TICK_PS = 10**10
FIVE_SECONDS_PS = 5 * 10**12
CPU_COUNTS = (1, 2, 4)
SERVERS = {1: "SYSTEM", 2: "kterminal", 3: "devman", 4: "test_server"}
"""By pid."""
DRIVERS = {6: "ahcidrv", 7: "fat32drv"}
"""Where there are devices; 5 is pcidrv, which ends when it has seen all buses."""


@pytest.fixture(scope="module")
def disk() -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        path = Path(folder, "disk.img")
        write_fat32(path, {"HELLO.TXT": b"hello"})
        yield path


@cache
def boot_once(disk: Path, cpus: int) -> ForeignRun:
    """One run for all tests that look at it."""
    return run_foreign(MachineConfig(cpus=cpus, disks=(str(disk),)), SECONDS)


@pytest.fixture(scope="module", params=CPU_COUNTS, ids=lambda cpus: f"{cpus} CPUs")
def run(request: pytest.FixtureRequest, disk: Path) -> ForeignRun:
    return boot_once(disk, request.param)


def test_the_image_is_flat_and_gets_the_bearer_policy() -> None:
    image = foreign_image()
    assert image.entry == SYSTEM_BASE
    assert image.default_policy == "bearer"
    at = find_ramfs(image.data)
    assert at is not None
    size_bytes = int.from_bytes(image.data[at + 8 : at + 16], "little")
    assert len(image.data) == at + size_bytes + 16  # the pointers behind it (anos-abi 14.1)


def test_an_unchanged_image_is_not_built_again() -> None:
    before = build_image().stat().st_mtime_ns
    assert build_image().stat().st_mtime_ns == before


def test_nobody_dies(run: ForeignRun) -> None:
    assert run.reports == ()
    assert run.outcome.status == 0


@bearer_has_devices
def test_processes_have_the_pids_that_they_have_on_anos(run: ForeignRun) -> None:
    assert run.processes == SERVERS | DRIVERS
    assert {line.pid for line in run.lines if line.process == "pcidrv"} == {5}


def test_system_comes_up_in_order(run: ForeignRun) -> None:
    texts = [text for text in run.texts("SYSTEM") if "floats" not in text]
    assert texts[0] == "system #f0re1gn [libanos #f0re1gn] generation 11"
    assert texts[1].startswith("system: memory ")
    assert texts[1].endswith("int 0x69 gives 0 and keeps rdx" if DEFAULT == "x86_64" else "free")
    assert texts[2:] == [
        "vfs: mounted 'boot:'",
        "load-config: found boot:/sysconf.json",
        "load-config: Kernel Log Viewer has pid 2",
        "load-config: DEVMAN has pid 3",
        "load-config: Test Server has pid 4",
        "system: initialisation complete",
        "system: main ends, its threads go on",
        "starter: waiting for storage",
        *(["vfs: mounted 'disk0:'"] if HAS_DEVICES else []),
    ]


@bearer_has_devices
def test_the_disk_is_found_read_and_mounted(run: ForeignRun) -> None:
    assert run.texts("ahcidrv")[1] == "ahcidrv: 40 MiB disk 'anos-sim disk' on port 0"
    assert run.texts("fat32drv")[1:] == [
        "fat32: prefix 'disk0:'",
        "fat32: mounted 'disk0:'",
        "fat32: ready",
    ]


def test_a_stack_is_as_the_worked_example_word_by_word(run: ForeignRun) -> None:
    assert run.texts("test_server")[:5] == [
        "test_server: up",
        "test_server: stack image as in 3.5",
        "test_server: memory as linked",
        "test_server: argv[0] = boot:/test_server.elf",
        "test_server: argv[1] = Hello, World!",
    ]


def test_floating_point_survives_threads_processes_and_calls(run: ForeignRun) -> None:
    found = {text for text in run.texts() if "floats" in text}
    assert found == {
        "system: floats 1 kept right",
        "system: floats 2 kept right",
        "test_server: floats kept right",
    }


def test_threads_of_one_class_take_turns_on_one_cpu(disk: Path) -> None:
    run = boot_once(disk, 1)
    shorter = run.find("system: floats 2 kept right").time_ps
    longer = run.find("system: floats 1 kept right").time_ps
    assert shorter > 2 * 165 * 10**9, "165 ms alone; with the other's slices between, twice that"
    assert longer - shorter < 165 * 10**9


def test_beeps_come_every_five_seconds_on_a_tick(run: ForeignRun) -> None:
    start = run.find("test_server: floats kept right").time_ps
    beep, boop = (run.find(f"test_server: {sound}").time_ps for sound in ("beep", "boop"))
    assert abs(beep - start - FIVE_SECONDS_PS) <= TICK_PS
    assert abs(boop - beep - FIVE_SECONDS_PS) <= TICK_PS
    assert beep % TICK_PS < TICK_PS // 100


def test_the_screen_shows_the_log(run: ForeignRun) -> None:
    assert run.colours == {bytes(3), b"\0\xaa\0", b"\xaa\xaa\xaa"}


@pytest.mark.parametrize("cpus", CPU_COUNTS)
def test_the_same_seed_gives_the_same_run(disk: Path, cpus: int) -> None:
    again = run_foreign(MachineConfig(cpus=cpus, disks=(str(disk),)), SECONDS)
    assert again == boot_once(disk, cpus)


def test_a_missing_program_is_noticed_by_its_own_process(disk: Path) -> None:
    data = foreign_image().data.replace(b'"boot:/test_server.elf"', b'"boot:/nobody_else.elf"')
    image = parse_image(data, "foreign", DEFAULT)
    run = run_foreign(MachineConfig(disks=(str(disk),)), 3, image)
    assert run.texts("nobody_else") == [
        "loader: boot:/nobody_else.elf: the file is missing",
        "loader: this server is dying",
    ]
    everybody = SERVERS | (DRIVERS if HAS_DEVICES else {})
    assert run.processes == {pid: name for pid, name in everybody.items() if pid != 4}


@bearer_has_devices
def test_each_disk_on_a_controller_of_its_own_is_mounted(disk: Path) -> None:
    run = run_foreign(MachineConfig(disks=(str(disk), str(disk))), seconds=3)
    mounts = [text for text in run.texts("SYSTEM") if text.startswith("vfs:")]
    assert mounts == ["vfs: mounted 'boot:'", "vfs: mounted 'disk0:'", "vfs: mounted 'disk1:'"]


@bearer_has_devices
def test_empty_ports_before_a_disk_cost_nothing(disk: Path) -> None:
    ports = (PortConfig("empty"), PortConfig("empty"), PortConfig("disk", str(disk)))
    run = run_foreign(MachineConfig(ahci=(AhciConfig(ports),)), seconds=3)
    assert run.texts("ahcidrv")[1] == "ahcidrv: 40 MiB disk 'anos-sim disk' on port 2"
    assert "fat32: ready" in run.texts("fat32drv")


def test_without_a_disk_the_starter_gives_up() -> None:
    run = run_foreign(MachineConfig(), seconds=20)
    assert run.texts("SYSTEM")[-1] == "starter: there is no storage"


def test_it_fits_into_the_smallest_and_the_widest_machine(disk: Path) -> None:
    config = MachineConfig(cpus=16, ram_mib=32, disks=(str(disk),))
    run = run_foreign(config, seconds=3)
    assert "test_server: floats kept right" in run.texts()
    assert ("fat32: ready" in run.texts("fat32drv")) is HAS_DEVICES


@architectures
@pytest.mark.parametrize("cpus", [1, 3, 16])
def test_the_command_boots_it(
    arch: str, cpus: int, disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["run", "--arch", arch, "--cpus", str(cpus), "--disk", str(disk), "--for", "3s"]
    assert main([*command, "--system", str(build_image(arch))]) == 0
    said = capsys.readouterr()
    assert "the time given by --for has passed" in said.err
    assert "load-config: Test Server has pid 4" in said.out
    assert "test_server: floats kept right" in said.out
    assert ("fat32: ready" in said.out) is (arch == "x86_64"), "STAGE3 has no devices on riscv64"


@only_if_built("riscv64")
def test_on_riscv64_it_finds_what_it_finds_there_on_stage3(disk: Path) -> None:
    """Everything but devices: STAGE3 has neither firmware tables nor interrupts there."""
    config = MachineConfig(arch="riscv64", cpus=2, disks=(str(disk),))
    run = run_foreign(config, SECONDS)
    assert run.reports == ()
    assert run.processes == SERVERS
    assert run.texts("devman")[1:] == [
        "devman: no firmware tables: -3",
        "devman: initialisation complete",
    ]
    assert run.texts("test_server")[1:3] == [
        "test_server: stack image as in 3.5",
        "test_server: memory as linked",
    ]
    assert {text for text in run.texts() if "floats" in text} == {
        "system: floats 1 kept right",
        "system: floats 2 kept right",
        "test_server: floats kept right",
    }
    assert "test_server: boop" in run.texts()
    assert len(run.colours) == 3
    assert run_foreign(config, SECONDS) == run
