"""The C library's files in a whole boot; what it wrote is read with the host's own tools."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from anos_sim.hw.config import MachineConfig
from anos_sim.hw.machine import Machine
from anos_sim.stage3.boot import boot
from anos_sim.stage3.log import LogLine
from support.fat_image import make_volume
from support.invariants import check_kernel
from support.power_cut import complaints, read_all
from support.system import entry, servers, system_image

MIB = 1 << 20
LARGE = bytes((offset * 7 + offset // 256) & 0xFF for offset in range(300 * 1024))
DEVMAN = entry("devman", stack_size=0x100000)
DRIVER = entry("fat32drv", start="on request", stack_size=0x100000, **{"class": "REALTIME"})
ON_DISK = {"wait_for": "disk0:", "stack_size": 0x20000}


def run(disk: Path, *programs: dict[str, Any], policy: str = "derived", cpus: int = 1) -> list[str]:
    """What programs say that are started with this disk, until they switch the machine off."""
    image = system_image([DEVMAN, DRIVER, *programs], servers())
    machine = Machine(MachineConfig(disks=(str(disk),), write=True, cpus=cpus))
    kernel = boot(machine, image, policy)
    lines: list[LogLine] = []
    kernel.on_log = lines.append
    while kernel.advance(1000):
        pass
    check_kernel(kernel)
    assert kernel.reports == []
    kernel.close()
    machine.close()
    names = {program["name"] for program in programs}
    return [line.text for line in lines if line.process in names]


@pytest.mark.parametrize(("bits", "policy"), [(12, "derived"), (16, "bearer"), (32, "derived")])
def test_the_host_reads_what_the_c_library_wrote(tmp_path: Path, bits: int, policy: str) -> None:
    disk = tmp_path / "disk"
    make_volume(disk, bits, {12: 2, 16: 16, 32: 34}[bits] * MIB, "-s", "1")
    lines = run(disk, entry("libc_files", **ON_DISK), policy=policy)
    assert [line for line in lines if not line.startswith("ok ")] == ["done 76"]
    assert complaints(disk) == []
    numbers = "".join(f"line {number}\n" for number in range(1000))
    assert read_all(disk, tmp_path / "read") == {
        "hello.txt": f"hello WORLD 42\n{numbers}the end\n".encode(),
        "large.bin": LARGE,
        "redirected.txt": b"redirected\n",
    }


def test_a_program_with_handles_and_streams_reaches_nothing_else(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    make_volume(disk, 32, 34 * MIB, "-s", "1")
    lines = run(disk, entry("libc_parent", **ON_DISK))
    said = [line for line in lines if not line.startswith("ok ")]
    assert said == ["said 8999 bytes", "done 32"]
    assert complaints(disk) == []
    assert read_all(disk, tmp_path / "read") == {
        "docs/a.txt": b"a\nchanged\n",
        "docs/fixed/b.txt": b"b\n",
        "docs/newer": b"",
        "secret/file": b"secret\n",
    }
