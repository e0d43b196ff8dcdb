"""Servers that end in the middle of file copying, and what becomes of the copies."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from anos_sim.hw.clock import PS_PER_MS
from anos_sim.hw.config import MachineConfig
from anos_sim.hw.machine import Machine
from anos_sim.stage3 import lifecycle
from anos_sim.stage3.abi import USER_END, ProcessEnd
from anos_sim.stage3.boot import boot
from anos_sim.stage3.image import SystemImage
from anos_sim.stage3.kernel import Kernel
from anos_sim.stage3.process import Process
from anos_sim.toolchain.boot_image import (
    ramfs_files,
    read_boot_config,
    show_boot_config,
    with_boot_config,
    with_ramfs,
)
from anos_sim.toolchain.chaos import crashes
from anos_sim.toolchain.chaos.taps import find_process
from anos_sim.toolchain.guest.disk_image import write_fat32
from anos_sim.toolchain.options import elf_folder, our_image
from anos_sim.toolchain.script import Script
from support.architectures import architectures
from support.effort import EFFORT

TURNS_MAX = 3_000_000
SERVERS = crashes.servers()
IN_A_ROW = 100 if EFFORT >= 6 else 10
"""How often each server ends; a hundred times in `make check`."""


@attrs.define
class Run:
    """A system in which processes are ended."""

    kernel: Kernel
    machine: Machine
    lines: list[str] = attrs.field(factory=list)
    said: bytearray = attrs.field(factory=bytearray)

    def process(self, name: str) -> Process | None:
        """The one with this name that lives."""
        return find_process(self.kernel, name)

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
    kernel = boot(machine, image or our_image(), None, 0)
    run = Run(kernel, machine)
    kernel.on_log = lambda line: run.lines.append(line.text)
    machine.serial.on_output = run.said.extend
    machine.serial.source = Script(script.encode())
    return run


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """An empty volume."""
    path = tmp_path / "disk"
    write_fat32(path, {})
    return path


def with_restart(name: str, restart: object) -> SystemImage:
    """Our system, with another policy for one server."""
    image = our_image()
    entries = read_boot_config(image)
    for entry in entries:
        if entry["path"] == f"boot:/{name}.elf":
            entry["restart"] = restart
    return with_boot_config(image, show_boot_config(entries), "test")


@pytest.mark.parametrize("name", SERVERS)
@pytest.mark.parametrize("times", [1, 2])
def test_copies_are_right_though_a_server_ends(name: str, times: int) -> None:
    found = crashes.crash(name, times)
    assert found.is_right(times), found


@pytest.mark.slow
@pytest.mark.parametrize("name", SERVERS)
@architectures
def test_many_ends_in_a_row_leave_all_copies_right(name: str, arch: str) -> None:
    """A hundred in `make check`."""
    found = crashes.crash(name, IN_A_ROW, arch)
    assert found.is_right(IN_A_ROW), found


def things(kernel: Kernel) -> dict[str, int]:
    """What there is; kterminal keeps what is logged, so its pages are not counted."""
    log = find_process(kernel, "kterminal")
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
def test_what_is_restarted_leaves_nothing_behind(tmp_path: Path, name: str) -> None:
    found = []
    for times in (3, 9):
        period_ps = 18 // times * PS_PER_MS
        copying, ended = crashes.end_while_copying(tmp_path, name, times, period_ps, often=True)
        assert ended == times
        found.append(things(copying.kernel))
        copying.close()
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
    image = our_image()
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
