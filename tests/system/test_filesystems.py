"""Filesystems that come up by themselves, and programs that lie on them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from anos_sim.hw.config import MachineConfig
from anos_sim.hw.machine import Machine
from anos_sim.stage3.boot import boot
from anos_sim.stage3.log import LogLine
from anos_sim.toolchain.guest.disk_image import write_fat32
from support.architectures import BEARER_DEVICES
from support.invariants import check_kernel
from support.system import PROGRAMS, entry, servers, system_image

SECOND_PS = 10**12
TURNS = 1000
DEVMAN = entry("devman", stack_size=0x100000)
DRIVER = entry("fat32drv", start="on request", stack_size=0x100000, **{"class": "REALTIME"})


def run(
    *entries: dict[str, Any], policy: str = "derived", disks: tuple[str, ...] = ()
) -> list[str]:
    """The log of 25 s with these boot entries after DEVMAN's and the driver's."""
    image = system_image([DEVMAN, DRIVER, *entries], servers())
    machine = Machine(MachineConfig(cpus=2, ram_mib=64, disks=disks))
    kernel = boot(machine, image, policy)
    lines: list[LogLine] = []
    kernel.on_log = lines.append
    kernel.end_ps = 25 * SECOND_PS
    while kernel.advance(TURNS):
        pass
    check_kernel(kernel)
    assert kernel.reports == []
    kernel.close()
    machine.close()
    return [line.text for line in lines]


def disk(path: Path, **files: bytes) -> str:
    write_fat32(path, {f"BIN/{name}.ELF": data for name, data in files.items()})
    return str(path)


@pytest.mark.parametrize("policy", ["derived", BEARER_DEVICES])
def test_a_program_on_a_disk_runs_like_one_in_the_ramfs(tmp_path: Path, policy: str) -> None:
    name = "disk0:/BIN/INHERIT.ELF"
    inherit = (PROGRAMS / "inherit.elf").read_bytes()
    calls = ["SYSCALL_DEBUG_PRINT", "SYSCALL_KILL_CURRENT_TASK"]
    where = {"path": name, "wait_for": "disk0:", "capabilities": calls}
    lines = run(
        entry("inherit", "four", **where),
        entry("again", **where),
        entry("gone", **{**where, "path": "disk0:/BIN/NO.ELF"}),
        policy=policy,
        disks=(disk(tmp_path / "d.img", INHERIT=inherit),),
    )
    assert f"{name}: 4; 1 16; data constant 0" in lines
    assert f"{name}:; 1 16; data constant 0" in lines
    assert "loader: cannot start 'disk0:/BIN/NO.ELF': there is no such file" in lines


def test_every_disk_gets_a_driver_and_a_mount(tmp_path: Path) -> None:
    disks = tuple(disk(tmp_path / f"{number}.img") for number in range(3))
    lines = run(disks=disks)
    mounts = [line for line in lines if line.startswith("VFS: mounted 'disk")]
    assert sorted(mounts) == [f"VFS: mounted 'disk{number}:'" for number in range(3)]


def test_without_a_disk_one_line_says_so() -> None:
    lines = run(entry("hello", wait_for="disk0:"))
    assert lines[-3:] == [
        "Filesystems: there is no usable storage",
        "boot: hello is not started, because 'disk0:' did not appear within 20 s",
        "SYSTEM: initialisation is complete",
    ]
