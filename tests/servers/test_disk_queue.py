"""ahcidrv with much to do at once: 32 slots, errors in the middle, clients that misbehave."""

from __future__ import annotations

import struct
from pathlib import Path

import attrs
import pytest

from anos_sim.hw.ahci import AhciController
from anos_sim.hw.config import AhciConfig, MachineConfig, PortConfig
from anos_sim.hw.machine import Machine
from anos_sim.stage3.boot import boot
from anos_sim.stage3.image import read_image
from anos_sim.stage3.log import LogLine
from anos_sim.toolchain.boot_image import read_boot_config
from anos_sim.toolchain.options import default_image
from support.system import entry, servers, system_image

SECTORS = 64 * 512
THREADS, ROUNDS = 60, 12
READ_QUEUED, WRITE_QUEUED, READ_LOG = 0x60, 0x61, 0x2F
SERVERS = ("boot:/devman.elf", "boot:/pcidrv.elf", "boot:/ahcidrv.elf")


@attrs.frozen
class Ran:
    """What the program said, the commands as (slot, code, bytes), and how many ran at once."""

    lines: list[str]
    commands: list[tuple[int, int, int]]
    at_once: int
    said: str


def numbered(path: Path) -> Path:
    """A disk without a volume, whose sectors begin with their own numbers."""
    path.write_bytes(b"".join(struct.pack("<Q504x", sector) for sector in range(SECTORS)))
    return path


def run(disk: Path, *arguments: str, policy: str = "derived", **port: object) -> Ran:
    """Boot DEVMAN, the drivers and the program `queue`; nothing may die."""
    ports = (PortConfig("disk", str(disk), **port),)  # type: ignore[arg-type]
    machine = Machine(MachineConfig(ahci=(AhciConfig(ports),), cpus=2))
    commands: list[tuple[int, int, int]] = []
    most = 0

    def hear(_: object, slot: int, code: int, __: int, size: int) -> None:
        nonlocal most
        commands.append((slot, code, size))
        controller = next(each for each in machine.functions if isinstance(each, AhciController))
        engine = controller.ports[0].engine
        assert engine is not None
        most = max(most, len(engine.in_flight))

    machine.watch_commands(hear)
    ours = read_boot_config(read_image(default_image(), "x86_64"))
    drivers = [each for each in ours if each["path"] in SERVERS]
    image = system_image([*drivers, entry("queue", *arguments)], servers())
    kernel = boot(machine, image, policy)
    lines: list[LogLine] = []
    kernel.on_log = lines.append
    while kernel.advance(1000):
        pass
    reports = list(kernel.reports)
    kernel.close()
    machine.close()
    assert reports == []
    own = [line.text for line in lines if line.process == "queue"]
    said = "\n".join(line.text for line in lines if line.process == "ahcidrv")
    return Ran(own, commands, most, said)


def test_sixty_clients_fill_all_slots_and_each_gets_its_own_sectors(tmp_path: Path) -> None:
    disk = numbered(tmp_path / "disk")
    ran = run(disk, str(THREADS), str(ROUNDS))
    assert ran.lines == ["ok the disk still answers", "done"]
    assert {slot for slot, code, _ in ran.commands if code == READ_QUEUED} == set(range(32))
    assert ran.at_once >= 16


def test_a_bad_sector_fails_who_asked_for_it_and_the_others_are_asked_again(
    tmp_path: Path,
) -> None:
    disk = numbered(tmp_path / "disk")
    ran = run(disk, str(THREADS), str(ROUNDS), bad_sectors=(7 * 512 + 16, 19 * 512))
    assert ran.lines == [
        "thread 7: 0 wrong, 3 failed",
        "thread 19: 0 wrong, 3 failed",
        "ok the disk still answers",
        "done",
    ]
    assert sum(code == READ_LOG for _, code, _ in ran.commands) == 6


def test_when_the_disk_is_pulled_out_everybody_gets_an_answer(tmp_path: Path) -> None:
    disk = numbered(tmp_path / "disk")
    ran = run(disk, str(THREADS), "60", unplug_at_ms=12)
    failed = [line for line in ran.lines if line.startswith("thread")]
    assert len(failed) == THREADS
    assert not any(" 0 failed" in line for line in failed)
    assert all(" 0 wrong" in line for line in failed)
    assert ran.lines[-2].startswith("FAIL the disk still answers")
    assert ran.lines[-1] == "done"
    assert ran.said.count("ahcidrv: the disk at port 0 is gone") == 1


@pytest.mark.parametrize("mode", ["take", "nothing"])
@pytest.mark.parametrize("policy", ["derived", "bearer"])
def test_a_client_that_misbehaves_does_not_harm_the_driver(
    tmp_path: Path, mode: str, policy: str
) -> None:
    ran = run(numbered(tmp_path / "disk"), mode, policy=policy)
    assert ran.lines[-2:] == ["ok the disk still answers", "done"]
    assert not [line for line in ran.lines if line.startswith("FAIL")]
