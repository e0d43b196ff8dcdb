"""The C library's files in a whole boot; what it wrote is read with the host's own tools."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from anos_sim.hw.config import AhciConfig, MachineConfig, PortConfig
from anos_sim.toolchain.guest.disk_image import write_fat32
from support.architectures import bearer_has_devices
from support.fat_image import FatImage, copy_in, make_volume, tool
from support.fat_image import run as run_tool
from support.power_cut import complaints, read_all
from support.system import entry, said_on, servers, system_image

MIB = 1 << 20
LARGE = bytes((offset * 7 + offset // 256) & 0xFF for offset in range(300 * 1024))
DEVMAN = entry("devman", stack_size=0x100000)
DRIVER = entry("fat32drv", start="on request", stack_size=0x100000, **{"class": "REALTIME"})
ON_DISK = {"wait_for": "disk0:", "stack_size": 0x20000}


def run(
    disk: Path,
    *programs: dict[str, Any],
    policy: str = "derived",
    cpus: int = 1,
    faults: PortConfig | None = None,
) -> list[str]:
    """What programs say that are started with this disk, until they switch the machine off."""
    port = faults or PortConfig("disk", str(disk))
    config = MachineConfig(ahci=(AhciConfig((port,)),), write=True, cpus=cpus)
    return run_machine(config, [DEVMAN, DRIVER], *programs, policy=policy)


def run_in_memory(*programs: dict[str, Any], mib: int = 8) -> list[str]:
    """The same with files in memory as disk0:."""
    return run_machine(MachineConfig(), [entry("ramfs", "disk0:", str(mib))], *programs)


def run_machine(
    config: MachineConfig,
    servers_first: list[dict[str, Any]],
    *programs: dict[str, Any],
    policy: str = "derived",
) -> list[str]:
    """What programs say on a machine whose disk0: these servers make."""
    image = system_image([*servers_first, *programs], servers())
    names = [program["name"] for program in programs]
    return said_on(config, image, *names, policy=policy)


@pytest.mark.parametrize(
    ("bits", "policy"),
    [(12, "derived"), (32, "derived"), pytest.param(16, "bearer", marks=bearer_has_devices)],
)
def test_the_host_reads_what_the_c_library_wrote(tmp_path: Path, bits: int, policy: str) -> None:
    disk = tmp_path / "disk"
    make_volume(disk, bits, {12: 2, 16: 16, 32: 34}[bits] * MIB, "-s", "1")
    lines = run(disk, entry("libc_files", **ON_DISK), policy=policy)
    assert [line for line in lines if not line.startswith("ok ")] == ["done 117"]
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
    assert said == ["said 8999 bytes", "done 33", "exited with 7"]
    assert complaints(disk) == []
    assert read_all(disk, tmp_path / "read") == {
        "docs/a.txt": b"a\nchanged\n",
        "docs/fixed/b.txt": b"b\n",
        "docs/newer": b"",
        "secret/file": b"secret\n",
    }


def test_files_in_memory_are_files_too() -> None:
    assert failures(run_in_memory(entry("libc_files", **ON_DISK))) == ["done 117"]
    assert failures(run_in_memory(entry("libc_parent", **ON_DISK)))[-1] == "exited with 7"
    assert failures(run_in_memory(entry("libc_mounts", **ON_DISK))) == ["done 9"]
    assert failures(run_in_memory(entry("libc_many", **ON_DISK))) == ["done 4"]
    assert failures(run_in_memory(errors("full"), mib=2)) == ["done 10"]


def errors(what: str) -> dict[str, Any]:
    return entry("libc_errors", what, **ON_DISK)


def failures(lines: list[str]) -> list[str]:
    return [line for line in lines if not line.startswith("ok ")]


@pytest.mark.parametrize("bits", [12, 16])
def test_a_full_disk_is_an_error_of_what_writes_flushes_or_closes(
    tmp_path: Path, bits: int
) -> None:
    disk = tmp_path / "disk"
    make_volume(disk, bits, {12: 2, 16: 5}[bits] * MIB, "-s", "1")
    assert failures(run(disk, errors("full"))) == ["done 10"]
    assert complaints(disk) == []
    assert read_all(disk, tmp_path / "read") == {"late": b"late\n"}


def test_what_may_not_be_written_is_not(tmp_path: Path) -> None:
    disk, folder = tmp_path / "disk", tmp_path / "files"
    make_volume(disk, 32, 34 * MIB, "-s", "1")
    folder.mkdir()
    (folder / "READ.TXT").write_bytes(b"fixed\n")
    copy_in(disk, folder)
    run_tool(tool("mattrib"), "-i", disk, "+r", "::READ.TXT")
    assert failures(run(disk, errors("protected"))) == ["done 17"]
    assert complaints(disk) == []
    assert read_all(disk, tmp_path / "read") == {"READ.TXT": b"fixed\n", "big": b""}


def test_a_bad_sector_is_an_error_of_the_read_that_meets_it(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    write_fat32(disk, {"BAD.BIN": bytes(20000)})
    image = FatImage(disk)
    sector = image.offset(image.first_cluster(image.entry(b"BAD     BIN"))) // 512
    port = PortConfig("disk", str(disk), bad_sectors=(sector + 8 * 2 + 5,))
    assert failures(run(disk, errors("bad"), faults=port)) == ["done 3"]


def test_a_disk_that_is_pulled_out_is_an_error_of_the_sync(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    make_volume(disk, 32, 34 * MIB, "-s", "1")
    port = PortConfig("disk", str(disk), unplug_at_ms=45)
    assert failures(run(disk, errors("gone"), faults=port)) == ["done 2"]


@pytest.mark.parametrize("cpus", [1, 3])
def test_threads_use_files_at_once(tmp_path: Path, cpus: int) -> None:
    disk = tmp_path / "disk"
    make_volume(disk, 32, 34 * MIB, "-s", "1")
    program = entry("libc_many", **ON_DISK)
    assert failures(run(disk, program, cpus=cpus)) == ["done 4"]
    assert complaints(disk) == []
    found = read_all(disk, tmp_path / "read")
    threads, lines = range(6), range(200)
    for thread in threads:
        own = "".join(f"{thread}: line {line}\n" for line in lines)
        assert found[f"own/{thread}"] == own.encode()
    added = found["together"].decode().splitlines()
    assert sorted(added) == sorted(f"{thread}.{line:03}" for thread in threads for line in lines)


def test_a_directory_of_10_000_files_is_listed_while_files_in_it_go(tmp_path: Path) -> None:
    disk, folder = tmp_path / "disk", tmp_path / "root" / "many"
    make_volume(disk, 32, 64 * MIB, "-s", "1")
    folder.mkdir(parents=True)
    for number in range(10_000):
        (folder / f"{number} is its number.txt").write_bytes(b"")
    copy_in(disk, tmp_path / "root")
    lister = entry("libc_list", "disk0:/many", **ON_DISK)
    assert run(disk, lister) == [
        "10000 files, sum 49995000",
        "100 removed",
        f"9900 files, sum {49995000 - sum(range(7, 10_000, 100))}",
    ]
    assert complaints(disk) == []


def test_a_path_is_in_what_is_mounted_now(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    make_volume(disk, 32, 34 * MIB, "-s", "1")
    assert failures(run(disk, entry("libc_mounts", **ON_DISK))) == ["done 9"]


def test_a_filesystem_that_lies_is_an_io_error_and_no_more() -> None:
    liar = entry("libc_liar", stack_size=0x20000)
    assert failures(run_machine(MachineConfig(), [], liar)) == ["done 53"]
