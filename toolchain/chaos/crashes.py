"""Servers that end again and again while files are copied, and what becomes of the copies.

The shell copies files on a FAT32 volume, in rounds. Meanwhile one server ends as by a fault of
its own, once a period; SYSTEM starts a successor each time. In the end all copies must be on
the medium and right, the volume and the kernel whole.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path

import attrs

from anos_sim.hw.arch import DEFAULT
from anos_sim.hw.clock import PS_PER_MS
from anos_sim.hw.config import MachineConfig
from anos_sim.hw.machine import Machine
from anos_sim.stage3 import lifecycle
from anos_sim.stage3.abi import ProcessEnd
from anos_sim.stage3.boot import boot
from anos_sim.stage3.image import SystemImage, read_image
from anos_sim.stage3.kernel import Kernel
from anos_sim.toolchain.boot_image import read_boot_config, show_boot_config, with_boot_config
from anos_sim.toolchain.guest.disk_image import write_fat32
from anos_sim.toolchain.keys import key_events
from anos_sim.toolchain.options import default_image
from anos_sim.toolchain.script import Script

from .invariants import check_kernel
from .taps import find_process
from .volume import read_volume

TURNS_MAX = 10_000_000
FILES = 4
FILE_BYTES = 100_000
PERIOD_PS = ROUND_PS = 3 * PS_PER_MS
"""How often a server ends; and a round of copying takes longer, if nothing ends."""
AT_BOOT = {"pcidrv": 75 * PS_PER_MS // 1000}
"""Who has done its work before anything is copied, and the period for it."""
USUAL_LIMIT = 8
PATIENT = {"policy": "on-crash", "limit": 16, "within_ms": 1, "backoff_ms": 0}
"""A policy for who is to end more often than a sound system would stand."""
CRASH_STATUS = "killed by a fault"


@attrs.define
class Copying:
    """A system in which files are copied, and what it says."""

    machine: Machine
    kernel: Kernel
    lines: list[str] = attrs.field(factory=list)
    said: bytearray = attrs.field(factory=bytearray)

    def end(self, server: str) -> bool:
        """End a server as a fault would; False if there is none now."""
        process = find_process(self.kernel, server)
        if process is not None:
            lifecycle.end_process(self.kernel, process, CRASH_STATUS, ProcessEnd.FAULTED)
        return process is not None

    def starts(self) -> int:
        """How many successors there were."""
        return sum(line.startswith("supervisor: ") and "starts in" in line for line in self.lines)

    def wrong(self) -> list[str]:
        """What is wrong with the copies and the volume; [] if nothing is.

        Raises:
            AssertionError: an invariant of the kernel does not hold.
        """
        check_kernel(self.kernel)
        volume = read_volume(self.machine.disks[0])
        copies = [
            f"TO{number} is {'wrong' if f'TO{number}' in volume.files else 'missing'}"
            for number in range(FILES)
            if volume.files.get(f"TO{number}") != content(number)
        ]
        return copies + volume.problems

    def close(self) -> None:
        """Free what the host holds."""
        self.kernel.close()
        self.machine.close()


@attrs.frozen
class Crashes:
    """What came of it."""

    server: str
    ended: int
    successors: int
    wrong: list[str]
    time_ps: int
    """Of the run, from the boot on."""
    seconds: float
    """Of the host's."""

    def is_right(self, times: int) -> bool:
        """Was it as often as it should be, was there always a successor, and is all right?

        Who has work to do once may have done it before it has ended so often.
        """
        is_done = self.server in AT_BOOT and 0 < self.ended < times
        return self.ended == self.successors and (self.ended == times or is_done) and not self.wrong


def content(number: int) -> bytes:
    """Bytes that tell which file they are of."""
    block = hashlib.sha256(str(number).encode()).digest()
    return block * (FILE_BYTES // len(block))


def servers(arch: str = DEFAULT.name) -> list[str]:
    """Who has a restart policy in our boot config."""
    entries = read_boot_config(read_image(default_image(arch), arch))
    return [
        str(entry["path"]).removeprefix("boot:/").removesuffix(".elf")
        for entry in entries
        if entry.get("restart", "never") != "never"
    ]


def start(folder: Path, server: str, rounds: int, often: bool, arch: str) -> Copying:
    """Boot a system that copies the files so many times; `often`: with a patient policy."""
    disk = folder / "copying.img"
    write_fat32(disk, {f"from{number}": content(number) for number in range(FILES)})
    keyboard = server == "keyboard"
    config = MachineConfig(
        arch=arch, disks=(str(disk),), console="screen" if keyboard else "serial"
    )
    machine = Machine(config)
    copying = Copying(machine, boot(machine, _image(server, often, arch), None, 0))
    copying.kernel.on_log = lambda line: copying.lines.append(line.text)
    machine.serial.on_output = copying.said.extend
    script = "".join(f"cp from{n} to{n}\n" for n in range(FILES)).encode() * rounds
    if keyboard:
        machine.keyboard.receive(key_events(b"\n" + script))
    else:
        machine.serial.source = Script(script)
    return copying


def _image(server: str, often: bool, arch: str) -> SystemImage:
    image = read_image(default_image(arch), arch)
    entries = read_boot_config(image)
    for entry in entries:
        if entry["path"] == "boot:/shell.elf":
            entry["wait_for"] = "disk0:"
        if entry["path"] == f"boot:/{server}.elf" and often:
            entry["restart"] = PATIENT
    return with_boot_config(image, show_boot_config(entries), "chaos")


def end_while_copying(
    folder: Path,
    server: str,
    times: int,
    period_ps: int = PERIOD_PS,
    arch: str = DEFAULT.name,
    often: bool = False,
) -> tuple[Copying, int]:
    """Copy files while a server ends; the system in the end, and how many times it was.

    `often`: with a patient policy also if it is not for more times than the usual one allows.
    """
    period_ps = AT_BOOT.get(server, period_ps)
    rounds = 2 if server in AT_BOOT else 2 + times * period_ps // ROUND_PS
    copying = start(folder, server, rounds, often or times > USUAL_LIMIT, arch)
    kernel, ended, due_ps = copying.kernel, 0, 0
    for _ in range(TURNS_MAX):
        if not kernel.advance(1):
            break
        if ended == times or kernel.latest_ps() < due_ps:
            continue
        if not due_ps:
            if find_process(kernel, server if server in AT_BOOT else "shell") is not None:
                due_ps = kernel.latest_ps() + period_ps
        elif copying.end(server):
            ended += 1
            due_ps = kernel.latest_ps() + period_ps
    return copying, ended


def crash(server: str, times: int, arch: str = DEFAULT.name) -> Crashes:
    """Let a server end so many times while files are copied; an unsound kernel is wrong, too."""
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        copying, ended = end_while_copying(Path(folder), server, times, PERIOD_PS, arch)
        try:
            wrong = copying.wrong()
        except AssertionError as error:
            wrong = [f"an invariant of the kernel does not hold: {error}"]
        time_ps, successors = copying.kernel.latest_ps(), copying.starts()
        copying.close()
    return Crashes(server, ended, successors, wrong, time_ps, time.monotonic() - begin)


def crash_all(
    names: Sequence[str], times: int, arch: str = DEFAULT.name, jobs: int = 1
) -> Iterator[Crashes]:
    """Do it with each of these servers, in so many processes."""
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(crash, names, repeat(times), repeat(arch))
