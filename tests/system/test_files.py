"""Files written in a whole boot, read with the host's own tools; power cuts and bad sectors."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from anos_sim.hw.config import AhciConfig, MachineConfig, PortConfig
from anos_sim.hw.machine import Machine
from anos_sim.stage3.boot import boot
from anos_sim.stage3.kernel import Kernel
from anos_sim.stage3.log import LogLine
from anos_sim.stage3.outcome import Outcome
from anos_sim.toolchain.cli import main
from anos_sim.toolchain.guest.disk_image import write_fat32
from support.architectures import BEARER_DEVICES, bearer_has_devices
from support.boot import boot_system
from support.effort import EFFORT
from support.fat_image import FatImage, make_volume
from support.invariants import check_kernel
from support.power_cut import complaints, read_all
from support.system import PROGRAMS, entry, said_on, servers, system_image, usual_drivers

MIB = 1 << 20
LARGE_BYTES = 300 * 1024
LARGE = bytes((offset * 7 + offset // 256) & 0xFF for offset in range(LARGE_BYTES))
DEVMAN = entry("devman", stack_size=0x100000)
DRIVER = entry("fat32drv", start="on request", stack_size=0x100000, **{"class": "REALTIME"})


def run(
    config: MachineConfig,
    *arguments: str,
    policy: str = "derived",
    program: str = "files",
    wait_for: str = "disk0:",
) -> list[str]:
    """What a program of tests/guest says on these disks, up to its end or a power cut."""
    started = entry(program, *arguments, wait_for=wait_for, stack_size=0x20000)
    image = system_image([DEVMAN, DRIVER, started], servers())

    def end_at_power_cut(kernel: Kernel) -> None:
        kernel.machine.power.on_cut = lambda *_: kernel.end(Outcome(0, "power cut"))

    return said_on(config, image, program, policy=policy, prepare=end_at_power_cut)


def volume(path: Path, bits: int = 32) -> Path:
    make_volume(path, bits, {12: 2, 16: 16, 32: 34}[bits] * MIB, "-s", "1")
    return path


@pytest.mark.parametrize(
    ("bits", "policy"),
    [(12, "derived"), (32, "derived"), pytest.param(16, "bearer", marks=bearer_has_devices)],
)
def test_the_host_reads_what_a_program_wrote(tmp_path: Path, bits: int, policy: str) -> None:
    disk = volume(tmp_path / "disk", bits)
    lines = run(MachineConfig(disks=(str(disk),), write=True), policy=policy)
    assert [line for line in lines if not line.startswith("ok ")] == ["done 20"]
    assert complaints(disk) == []
    assert read_all(disk, tmp_path / "read") == {"moved": LARGE, "small.txt": b"small\n"}


@pytest.mark.parametrize(
    ("policy", "checks"), [("derived", 37), pytest.param("bearer", 2, marks=bearer_has_devices)]
)
def test_a_handle_leads_to_its_file_or_directory_and_nowhere_else(
    tmp_path: Path, policy: str, checks: int
) -> None:
    disk = volume(tmp_path / "disk")
    config = MachineConfig(disks=(str(disk),), write=True)
    lines = run(config, policy=policy, program="handles")
    assert [line for line in lines if not line.startswith("ok ")] == [f"done {checks}"]
    assert complaints(disk) == []


def test_what_nobody_syncs_is_on_the_disk_after_a_while(tmp_path: Path) -> None:
    disk = volume(tmp_path / "disk")
    lines = run(MachineConfig(disks=(str(disk),), write=True), "idle")
    assert lines[-1] == "done 19"
    assert complaints(disk) == []
    assert read_all(disk, tmp_path / "read") == {"moved": LARGE, "small.txt": b"small\n"}


def test_a_program_that_dies_in_the_middle_of_a_write_harms_nobody(tmp_path: Path) -> None:
    disk = volume(tmp_path / "disk")
    where = {"wait_for": "disk0:", "stack_size": 0x20000}
    victims = [
        entry(f"victim{number}", *arguments, path="boot:/files.elf", **where)
        for number, arguments in enumerate([("die",), ("die", "handle")])
    ]
    image = system_image([DEVMAN, DRIVER, *victims, entry("files", "idle", **where)], servers())
    machine = Machine(MachineConfig(disks=(str(disk),), write=True, cpus=2))
    kernel = boot(machine, image, "derived")
    lines: list[LogLine] = []
    kernel.on_log = lines.append
    while kernel.advance(1000):
        pass
    said = [line.text for line in lines if line.process == "files"]
    assert said.count("writes until it dies") == 2
    assert said[-1] == "done 19"
    assert not [text for text in said if text.startswith("FAIL")]
    check_kernel(kernel)
    kernel.close()
    machine.close()
    assert complaints(disk) == []
    found = read_all(disk, tmp_path / "read")
    assert found.pop("victim").strip(b"\0") == b""
    assert found == {"moved": LARGE, "small.txt": b"small\n"}


@pytest.mark.parametrize(("limit_mib", "ram_mib", "least_kib"), [(8, 64, 8000), (1024, 40, 10000)])
@pytest.mark.parametrize("policy", ["derived", "bearer"])
def test_files_in_memory_up_to_their_limit_or_to_what_the_machine_has(
    policy: str, limit_mib: int, ram_mib: int, least_kib: int
) -> None:
    ramfs = entry("ramfs", "ram:", str(limit_mib), stack_size=0x20000)
    program = entry("ram_files", str(least_kib), wait_for="ram:", stack_size=0x20000)
    image = system_image([ramfs, program], servers())
    said = said_on(MachineConfig(ram_mib=ram_mib), image, "ram_files", policy=policy)
    assert [text for text in said if text.startswith("FAIL")] == []
    assert said[-1].startswith("done ")
    room = int(next(text.split()[2] for text in said if text.startswith("room")))
    assert room <= limit_mib * 1024


def test_without_write_the_image_stays_as_it_was(tmp_path: Path) -> None:
    disk = volume(tmp_path / "disk")
    before = disk.read_bytes()
    assert run(MachineConfig(disks=(str(disk),)))[-1] == "done 20"
    assert disk.read_bytes() == before


@pytest.mark.parametrize("cut", range(1, 60, 1 if EFFORT > 1 else 13))
def test_a_power_cut_leaves_a_sound_volume(tmp_path: Path, cut: int) -> None:
    disk = volume(tmp_path / "disk")
    run(MachineConfig(disks=(str(disk),), write=True, power_cut_after=cut, seed=cut))
    assert complaints(disk, two_names=True) == []
    read_all(disk, tmp_path / "read")


def test_run_power_cut_after_ends_the_run_and_says_what_survived(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    disk, config = tmp_path / "disk", tmp_path / "boot.json"
    write_fat32(disk, {"FILES.ELF": (PROGRAMS / "files.elf").read_bytes()})
    program = entry("files", path="disk0:/FILES.ELF", wait_for="disk0:", stack_size=0x20000)
    config.write_text(json.dumps({"boot_servers": [DEVMAN, DRIVER, *usual_drivers(), program]}))
    command = ["run", "--disk", str(disk), "--boot-config", str(config), "--write"]
    assert main([*command, "--power-cut-after", "20"]) == 0
    said = capfd.readouterr()
    assert "ok a file" in said.out
    assert "ok a sync" not in said.out
    assert re.search(
        r"power cut after write 20: \d+ of \d+ sectors that were not flushed", said.err
    )
    assert complaints(disk) == []
    assert main([*command, "--power-cut-after", "1000000"]) == 0
    said = capfd.readouterr()
    assert "power cut" not in said.err
    assert "disk0: was not switched off in good order" in said.out


def test_a_bad_sector_is_an_io_error_of_the_file_that_has_it(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    write_fat32(disk, {"README.TXT": b"all is well\n" * 100, "SUB/BAD.BIN": bytes(5000)})
    image = FatImage(disk)
    sector = image.offset(image.first_cluster(image.entry(b"README  TXT"))) // 512
    port = PortConfig("disk", str(disk), bad_sectors=(sector + 1,))
    config = MachineConfig(ahci=(AhciConfig((port,)),))
    booted = boot_system(config, script=b"ls -l SUB\ncat README.TXT\n")
    assert booted.kernel.outcome is not None
    assert booted.kernel.outcome.status == 1
    assert "cat: README.TXT: I/O error" in booted.console
    assert "5000  2024-01-01 12:00  BAD.BIN" in booted.console
    assert booted.kernel.reports == []
    booted.close()


def test_bad_sectors_are_errors_of_their_pages_only_and_other_disks_go_on(tmp_path: Path) -> None:
    data = bytes(range(1, 256)) * 3000
    disks = [tmp_path / name for name in "ab"]
    for disk in disks:
        write_fat32(disk, {"FILE.BIN": data}, label="D")
    image = FatImage(disks[0])
    first = image.offset(image.first_cluster(image.entry(b"FILE    BIN"))) // 512
    bad = (first + 8 * 50 + 3, first + 8 * 51, first + 8 * 120 + 7)
    port = PortConfig("disk", str(disks[0]), bad_sectors=bad)
    config = MachineConfig(ahci=(AhciConfig((port,)),), disks=(str(disks[1]),))
    paths = ["disk0:/FILE.BIN", "disk1:/FILE.BIN"]
    lines = run(config, *paths, program="reads", wait_for="disk1:")
    said = "the disk cannot be read there or is damaged"
    lost = sum(sum(data[4096 * number : 4096 * number + 4096]) for number in (50, 51, 120))
    assert lines == [
        f"{paths[0]}: 50 {said}; 51 {said}; 120 {said}; sum {sum(data) - lost}",
        f"{paths[1]}: sum {sum(data)}",
    ]


def test_much_is_moved_by_a_queue_of_commands(tmp_path: Path) -> None:
    disk = volume(tmp_path / "disk")
    machine = Machine(MachineConfig(disks=(str(disk),)))
    commands: list[tuple[int, int, int]] = []
    machine.watch_commands(lambda _, slot, code, __, size: commands.append((slot, code, size)))
    program = entry("files", wait_for="disk0:", stack_size=0x20000)
    kernel = boot(machine, system_image([DEVMAN, DRIVER, program], servers()), "derived")
    while kernel.advance(1000):
        pass
    kernel.close()
    machine.close()
    written = [(slot, size) for slot, code, size in commands if code == 0x61]
    assert {slot for slot, _ in written} >= {0, 1, 2, 3}
    assert max(size for _, size in written) == 32 << 10
    assert len(commands) < 300, "a page by a command would be more"


def test_many_disks_on_one_controller_and_on_several(tmp_path: Path) -> None:
    data = {number: bytes([number + 1]) * 500_000 for number in range(6)}
    for number, content in data.items():
        write_fat32(tmp_path / str(number), {"FILE.BIN": content}, label="D")
    ports = [PortConfig("disk", str(tmp_path / str(number))) for number in data]
    config = MachineConfig(
        ahci=(AhciConfig(tuple(ports[:3])), AhciConfig((*ports[3:5], PortConfig("empty")))),
        disks=(str(tmp_path / "5"),),
        cpus=2,
    )
    paths = [f"disk{number}:/FILE.BIN" for number in data]
    lines = run(config, *paths, program="reads", wait_for="disk5:")
    assert lines == [f"disk{number}:/FILE.BIN: sum {sum(data[number])}" for number in data]


def test_a_disk_that_is_pulled_out_is_an_io_error_and_nothing_else_stops(tmp_path: Path) -> None:
    data = bytes(range(1, 256)) * 8000
    disks = [tmp_path / name for name in "ab"]
    for disk in disks:
        write_fat32(disk, {"FILE.BIN": data}, label="D")
    during_the_second = 42  # after that all is in a cache
    first = PortConfig("disk", str(disks[0]), unplug_at_ms=during_the_second)
    config = MachineConfig(ahci=(AhciConfig((first, PortConfig("disk", str(disks[1])))),))
    paths = ["disk0:/FILE.BIN"] * 8 + ["disk1:/FILE.BIN", "disk0:/FILE.BIN"]
    lines = run(config, *paths, program="reads", wait_for="disk1:")
    assert lines[0] == f"{paths[0]}: sum {sum(data)}"
    assert "the disk cannot be read there or is damaged" in lines[7]
    assert lines[8] == f"disk1:/FILE.BIN: sum {sum(data)}"


def test_writing_to_a_disk_that_is_pulled_out_fails_and_ends(tmp_path: Path) -> None:
    disk = volume(tmp_path / "disk")
    port = PortConfig("disk", str(disk), unplug_at_ms=32)
    config = MachineConfig(ahci=(AhciConfig((port,)),), write=True)
    lines = run(config)
    assert "ok disk0: is mounted" in lines
    assert any(line.startswith("FAIL a sync") for line in lines)
    assert lines[-1] == "done 20"
    assert complaints(disk) == []


@pytest.mark.parametrize("policy", ["derived", BEARER_DEVICES])
def test_the_smallest_machine_has_room_for_it(tmp_path: Path, policy: str) -> None:
    disk = volume(tmp_path / "disk")
    config = MachineConfig(disks=(str(disk),), write=True, ram_mib=32)
    assert run(config, policy=policy)[-1] == "done 20"
    assert complaints(disk) == []
