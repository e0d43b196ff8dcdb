"""The default system, from power-on to power-off, on any number of CPUs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from anos_sim.hw.config import MachineConfig
from anos_sim.stage3.event_log import EventLog
from anos_sim.stage3.objects import SystemCall
from anos_sim.toolchain.cli import main
from anos_sim.toolchain.guest.sample_disk import SAMPLE_FILES
from anos_sim.toolchain.options import sample_disk
from support.architectures import DEFAULT, architectures, only_if_built
from support.boot import Booted, boot_system
from support.invariants import check_kernel

CPU_COUNTS = (1, 2, 4, 16)


@cache
def booted(cpus: int, policy: str, arch: str = DEFAULT) -> Booted:
    """One boot for all tests that look at it."""
    config = MachineConfig(arch=arch, cpus=cpus, disks=(str(sample_disk()),))
    return boot_system(config, policy=policy)


RUNS = [
    *((cpus, "derived", "x86_64") for cpus in CPU_COUNTS),
    *((cpus, "bearer", "x86_64") for cpus in (1, 4)),
    *(
        pytest.param((cpus, "derived", "riscv64"), marks=only_if_built("riscv64"))
        for cpus in CPU_COUNTS
    ),
]
"""On RISC-V STAGE3 has no interrupts, so under `bearer` there is nothing to type at."""


@pytest.fixture(params=RUNS, ids=lambda run: "-".join(map(str, run)))
def run(request: pytest.FixtureRequest) -> Booted:
    return booted(*request.param)


def test_it_lists_the_volume_and_switches_off(run: Booted) -> None:
    outcome = run.kernel.outcome
    assert outcome is not None
    assert (outcome.status, outcome.power_off) == (0, True)
    for path in SAMPLE_FILES:
        assert path.partition("/")[0] in run.console


def test_it_prints_a_file_to_the_byte(run: Booted) -> None:
    assert SAMPLE_FILES["README.TXT"] in run.console.encode()


def test_every_driver_runs_and_pcidrv_has_done_its_work(run: Booted) -> None:
    names = {process.name for process in run.kernel.processes.values()}
    assert names >= {"SYSTEM", "kterminal", "devman", "ahcidrv", "fat32drv"}
    assert "pcidrv" not in names


def test_nothing_is_lost(run: Booted) -> None:
    check_kernel(run.kernel)


def test_a_program_holds_no_more_than_its_manifest() -> None:
    run = booted(4, "derived")
    shell = next(p for p in run.kernel.processes.values() if p.name == "shell")
    targets = [held.target for held in shell.capabilities.values()]
    calls = {target.name for target in targets if isinstance(target, SystemCall)}
    assert "power" in calls
    assert not calls & {"map_physical", "create_process", "build_process", "wait_interrupt"}


def test_the_screen_shows_the_log() -> None:
    pixels = booted(4, "derived").machine.framebuffer.pixels()
    assert len({pixels[at : at + 3] for at in range(0, len(pixels), 3 * 7)}) >= 3


def events_of(arch: str, cpus: int, hash_seed: str, path: Path) -> str:
    """The events of a run in a process of its own."""
    command = [sys.executable, "-m", "anos_sim.toolchain", "run", "--cpus", str(cpus)]
    command += ["--arch", arch]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    subprocess.run([*command, "--events", str(path)], env=environment, check=True)
    return path.read_text()


@architectures
@pytest.mark.parametrize("cpus", [1, 4])
def test_the_same_command_gives_the_same_events(cpus: int, arch: str, tmp_path: Path) -> None:
    first = events_of(arch, cpus, "1", tmp_path / "first.txt")
    second = events_of(arch, cpus, "2", tmp_path / "second.txt")
    assert first.count("\n") > 500
    assert first == second


def test_watching_changes_nothing() -> None:
    config = MachineConfig(disks=(str(sample_disk()),))
    watched = boot_system(config, events=EventLog())
    assert watched.lines == booted(4, "derived").lines
    watched.close()


def test_without_a_disk_it_says_so() -> None:
    run = boot_system(MachineConfig())
    assert "disk" in run.text()
    check_kernel(run.kernel)
    run.close()


def test_ps_shows_who_waits_for_what(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ps", "--json"]) == 0
    processes = {each["name"]: each for each in json.loads(capsys.readouterr().out)}
    assert processes["kterminal"]["threads"][0]["waits_for"] == "the kernel log"
    assert processes["devman"]["threads"][0]["waits_for"] == "message on DEVMAN"
    assert processes["kterminal"]["threads"][0]["class"] == "HIGH"
    assert main(["ps"]) == 0
    assert "SYSTEM::VFS" in capsys.readouterr().out


def test_devices_shows_who_drives_what(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["devices", "--json"]) == 0
    devices = {each["class"]: each for each in json.loads(capsys.readouterr().out)}
    controller = devices[0x010601]
    assert controller["drivers"][0].startswith("ahcidrv[")
    assert controller["vectors"] == [0x41]
    assert main(["devices"]) == 0
    assert "driver ahcidrv" in capsys.readouterr().out
