"""DEVMAN, the drivers and the guest program `queue` on a disk, without a file system."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import attrs

from anos_sim.hw.ahci import AhciController
from anos_sim.hw.command_engine import CommandEngine
from anos_sim.hw.config import AhciConfig, MachineConfig, PortConfig
from anos_sim.hw.machine import Machine
from anos_sim.stage3.boot import boot
from anos_sim.stage3.kernel import Kernel
from anos_sim.stage3.log import LogLine
from anos_sim.toolchain.boot_image import read_boot_config
from anos_sim.toolchain.options import our_image

from .system import entry, servers, system_image

SECTORS = 64 * 512
READ_QUEUED, WRITE_QUEUED, READ_LOG = 0x60, 0x61, 0x2F
SERVERS = ("boot:/devman.elf", "boot:/pcidrv.elf", "boot:/ahcidrv.elf")

Meddle = Callable[[Kernel, CommandEngine], None]


@attrs.frozen
class Ran:
    """What the program said, the commands as (slot, code, bytes), and how many ran at once."""

    lines: list[str]
    commands: list[tuple[int, int, int]]
    at_once: int
    said: str
    seconds: float
    """Virtual ones, until the machine was quiet."""


def numbered(path: Path) -> Path:
    """A disk without a volume, whose sectors begin with their own numbers."""
    path.write_bytes(b"".join(struct.pack("<Q504x", sector) for sector in range(SECTORS)))
    return path


def run_queue(
    disk: Path,
    *arguments: str,
    policy: str = "derived",
    meddle: Meddle | None = None,
    **port: object,
) -> Ran:
    """Boot and let it run until the machine is quiet; nothing may die.

    `meddle` gets the kernel and the disk's port before anything runs.
    """
    ports = (PortConfig("disk", str(disk), **port),)  # type: ignore[arg-type]
    machine = Machine(MachineConfig(ahci=(AhciConfig(ports),), cpus=2))
    controller = next(each for each in machine.functions if isinstance(each, AhciController))
    engine = controller.ports[0].engine
    assert engine is not None
    commands: list[tuple[int, int, int]] = []
    most = 0

    def hear(_: object, slot: int, code: int, __: int, size: int) -> None:
        nonlocal most
        commands.append((slot, code, size))
        most = max(most, len(engine.in_flight))

    machine.watch_commands(hear)
    ours = read_boot_config(our_image())
    drivers = [each for each in ours if each["path"] in SERVERS]
    image = system_image([*drivers, entry("queue", *arguments)], servers())
    kernel = boot(machine, image, policy)
    if meddle is not None:
        meddle(kernel, engine)
    lines: list[LogLine] = []
    kernel.on_log = lines.append
    while kernel.advance(1000):
        pass
    reports, seconds = list(kernel.reports), kernel.latest_ps() / 1e12
    kernel.close()
    machine.close()
    assert reports == []
    own = [line.text for line in lines if line.process == "queue"]
    said = "\n".join(line.text for line in lines if line.process == "ahcidrv")
    return Ran(own, commands, most, said, seconds)
