"""Servers that end in the middle of file copying, and what becomes of the copies."""

from __future__ import annotations

import hashlib
from pathlib import Path

import attrs
import pytest

from anos_sim.hw.clock import PS_PER_MS
from anos_sim.hw.config import MachineConfig
from anos_sim.hw.machine import Machine
from anos_sim.stage3 import lifecycle
from anos_sim.stage3.abi import USER_END, ProcessEnd
from anos_sim.stage3.boot import boot
from anos_sim.stage3.image import SystemImage, read_image
from anos_sim.stage3.kernel import Kernel
from anos_sim.stage3.process import Process
from anos_sim.toolchain.boot_image import (
    ramfs_files,
    read_boot_config,
    show_boot_config,
    with_boot_config,
    with_ramfs,
)
from anos_sim.toolchain.chaos.volume import read_volume
from anos_sim.toolchain.guest.disk_image import write_fat32
from anos_sim.toolchain.options import default_image, elf_folder
from anos_sim.toolchain.script import Script

TURNS_MAX = 3_000_000
FILE_BYTES = 300_000
COPIES = 4
MS_OF_COPYING = 10
"""Less than it takes, in virtual time."""


def data_of(number: int) -> bytes:
    """Bytes that tell where they are from."""
    block = hashlib.sha256(str(number).encode()).digest()
    return block * (FILE_BYTES // len(block))


@attrs.define
class Run:
    """A system in which processes are ended."""

    kernel: Kernel
    machine: Machine
    lines: list[str] = attrs.field(factory=list)
    said: bytearray = attrs.field(factory=bytearray)

    def process(self, name: str) -> Process | None:
        """The one with this name that lives."""
        return next((each for each in self.kernel.processes.values() if each.name == name), None)

    def end(self, name: str) -> bool:
        """End it as a fault would; False if there is none now."""
        process = self.process(name)
        if process is not None:
            lifecycle.end_process(self.kernel, process, "killed by a test", ProcessEnd.FAULTED)
        return process is not None

    def until(self, text: str) -> None:
        """Go on until the console or the log says so."""
        for _ in range(TURNS_MAX):
            if text.encode() in self.said or any(text in line for line in self.lines):
                return
            assert self.kernel.advance(1), "\n".join(self.lines) + self.said.decode()
        raise AssertionError(self.lines)

    def to_end(self) -> None:
        """Go on to the end of the run."""
        for _ in range(TURNS_MAX):
            if not self.kernel.advance(1):
                return
        raise AssertionError("the run does not end")

    def close(self) -> None:
        """Free what the host holds."""
        self.kernel.close()
        self.machine.close()


def start(disk: Path, script: str, image: SystemImage | None = None) -> Run:
    """Boot with a disk that is written, and have a script typed."""
    machine = Machine(MachineConfig(disks=(str(disk),), write=True))
    kernel = boot(machine, image or read_image(default_image(), "x86_64"), None, 0)
    run = Run(kernel, machine)
    kernel.on_log = lambda line: run.lines.append(line.text)
    machine.serial.on_output = run.said.extend
    machine.serial.source = Script(script.encode())
    return run


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A volume with one file for each copy that is to be made."""
    path = tmp_path / "disk"
    write_fat32(path, {f"from{number}": data_of(number) for number in range(COPIES)})
    return path


COPYING = "".join(f"cp from{number} to{number}\n" for number in range(COPIES))


def with_restart(name: str, restart: object) -> SystemImage:
    """Our system, with another policy for one server."""
    image = read_image(default_image(), "x86_64")
    entries = read_boot_config(image)
    for entry in entries:
        if entry["path"] == f"boot:/{name}.elf":
            entry["restart"] = restart
    return with_boot_config(image, show_boot_config(entries), "test")


def copy_while_ending(disk: Path, name: str, times: int, period_ms: int) -> Run:
    """Copy the files, and meanwhile end a server so often, once a period."""
    patient = {"policy": "on-crash", "limit": 16, "within_ms": 1, "backoff_ms": 0}
    image = with_restart(name, patient if times > 8 else "on-crash")
    run = start(disk, "sleep 2\n" + COPYING * (1 + times * period_ms // MS_OF_COPYING), image)
    run.until("> cp from0")
    kernel, ended = run.kernel, 0
    due_ps = kernel.latest_ps() + PS_PER_MS
    for _ in range(TURNS_MAX):
        if not kernel.advance(1):
            break
        if ended < times and kernel.latest_ps() >= due_ps and run.end(name):
            ended += 1
            due_ps = kernel.latest_ps() + period_ms * PS_PER_MS
    assert ended == times, "\n".join(run.lines)
    return run


def check_copies(run: Run, disk: Path) -> None:
    """All copies are there and right, and nothing else went wrong."""
    volume = read_volume(run.machine.disks[0])
    said = run.said.decode()
    run.close()
    for number in range(COPIES):
        assert volume.files.get(f"TO{number}") == data_of(number), said
    assert volume.problems == []


@pytest.mark.parametrize(
    "name", ["ahcidrv", "fat32drv", "ramfs", "serialdrv", "devman", "kterminal"]
)
@pytest.mark.parametrize("times", [1, 2])
def test_copies_are_right_though_a_server_ends(disk: Path, name: str, times: int) -> None:
    run = copy_while_ending(disk, name, times, 7)
    assert sum("starts in" in line for line in run.lines) == times
    check_copies(run, disk)


@pytest.mark.parametrize("name", ["ahcidrv", "fat32drv", "serialdrv", "devman"])
def test_a_hundred_ends_in_a_row_leave_all_copies_right(disk: Path, name: str) -> None:
    run = copy_while_ending(disk, name, 100, 3)
    assert sum("starts in" in line for line in run.lines) == 100
    check_copies(run, disk)


def things(run: Run) -> dict[str, int]:
    """What there is; kterminal keeps what is logged, so its pages are not counted."""
    kernel = run.kernel
    log = run.process("kterminal")
    assert log is not None
    kept = sum(1 for _ in log.space.mappings(0, USER_END))
    return {
        "frames": kernel.frames.free_count + kept,
        "capabilities": kernel.tree.count,
        "processes": len(kernel.processes),
        "threads": sum(len(process.threads) for process in kernel.processes.values()),
        "vectors": len(kernel.vectors.all()),
        "names": len(kernel.names),
    }


@pytest.mark.parametrize("name", ["ahcidrv", "fat32drv", "serialdrv", "devman"])
def test_what_is_restarted_leaves_nothing_behind(disk: Path, name: str) -> None:
    found = []
    for times in (10, 30):
        run = copy_while_ending(disk, name, times, 90 // times)
        found.append(things(run))
        run.close()
    assert found[0] == found[1]


def test_who_ends_too_often_stays_away_and_its_clients_hear_it(disk: Path) -> None:
    policy = {"policy": "on-crash", "limit": 2, "within_ms": 1000, "backoff_ms": 50}
    image = with_restart("ramfs", policy)
    run = start(disk, "sleep 2\nls ram:\n", image)
    run.until("> sleep 2")
    begun_ps = []
    for _ in range(3):
        while not run.end("ramfs"):
            assert run.kernel.advance(1)
        begun_ps.append(run.kernel.latest_ps())
    run.to_end()
    assert [line for line in run.lines if line.startswith("supervisor: ")] == [
        "supervisor: RAM files (process 3) has crashed; generation 2 starts in 0 ms",
        "supervisor: RAM files (process 10) has crashed; generation 3 starts in 50 ms",
        "supervisor: RAM files has crashed, for the 3. time within 1000 ms: it stays away",
    ]
    assert begun_ps[1] - begun_ps[0] < PS_PER_MS
    assert begun_ps[2] - begun_ps[1] > 49 * PS_PER_MS
    assert run.process("ramfs") is None
    assert b"ls: ram:" in run.said
    run.close()


def test_who_does_not_answer_is_ended_and_started_anew(disk: Path) -> None:
    image = read_image(default_image(), "x86_64")
    program = (elf_folder() / "tests" / "deaf.elf").read_bytes()
    image = with_ramfs(image, {**ramfs_files(image), "deaf.elf": program})
    calls = ["DEBUG_PRINT", "SLEEP", "SEND_MESSAGE", "RECV_MESSAGE", "REPLY_MESSAGE"]
    deaf = {
        "name": "Deaf",
        "path": "boot:/deaf.elf",
        "stack_size": 65536,
        "class": "NORMAL",
        "capabilities": [f"SYSCALL_{call}" for call in (*calls, "EXIT_PROCESS")],
        "restart": {"policy": "on-crash", "heartbeat_ms": 300},
    }
    config = show_boot_config([*read_boot_config(image), deaf])
    run = start(disk, "sleep 2\n", with_boot_config(image, config, "test"))
    run.to_end()
    said = [line for line in run.lines if "eaf" in line and not line.startswith("boot: ")]
    assert said[:6] == [
        "deaf: generation 1",
        "supervisor: Deaf (process 7) does not answer within 300 ms",
        "supervisor: Deaf (process 7) was killed; generation 2 starts in 0 ms",
        "deaf: generation 2",
        "deaf: message 1",
        "deaf: message 2",
    ]
    assert not any("answer" in line or "killed" in line for line in said[6:])
    run.close()


def test_who_depends_on_it_is_restarted_with_it(disk: Path) -> None:
    policy = {"policy": "on-crash", "depends": ["boot:/ahcidrv.elf"]}
    run = start(disk, "sleep 2\nls ram:\n", with_restart("ramfs", policy))
    run.until("> sleep 2")
    before = run.process("ramfs")
    assert run.end("ahcidrv")
    run.to_end()
    assert "supervisor: RAM files (process 3) was killed; generation 2 starts in 0 ms" in run.lines
    assert run.process("ramfs") not in (None, before)
    run.close()
