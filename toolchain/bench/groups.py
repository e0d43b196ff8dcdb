"""How it is measured: each group fills several rows of an architecture, in one go, so that
ratios are fair.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from anos_sim.hw.config import MachineConfig
from anos_sim.hw.machine import Machine
from anos_sim.stage3.abi import config_names
from anos_sim.stage3.boot import boot
from anos_sim.stage3.event_log import EventLog
from anos_sim.stage3.image import read_image
from anos_sim.stage3.kernel import Kernel
from anos_sim.toolchain.guest import boot_config
from anos_sim.toolchain.guest.disk_image import write_fat32
from anos_sim.toolchain.options import default_image, sample_disk
from anos_sim.toolchain.script import Script, tour_script
from anos_sim.toolchain.system_image import server_files, with_files

from . import bare, chaos, guest, ring
from .rows import CPU_COUNTS

MIB = 1 << 20
RAMFS_FILE_BYTES = MIB
DISK_FILE_BYTES = 64 * MIB
DISK_BYTES = 160 * MIB
COPY_BYTES = 64 * MIB
SHELL, DRAWER = "boot:/shell.elf", "boot:/kterminal.elf"
IN_MEGABYTES = ("ramfs-load", "ahci-read", "file-read", "file-write", "fread", "fwrite")
IN_MICROSECONDS = (
    "null-call", "ipc", "ipc-page", "map-unmap", "map-touch-unmap", "page-fault", "thread",
    "process", "delegate", "mint",
)  # fmt: skip


def kernel_rows(arch: str) -> dict[str, float]:
    """The kernel's primitives and computing, with the same on bare Unicorn before and after."""
    traps = [bare.trap_seconds(arch)]
    timings = guest.run(guest.program_image("bench", arch), MachineConfig(cpus=1, arch=arch))
    short = bare.short_loop_seconds(arch)
    long = bare.long_loop_seconds(arch)
    traps.append(bare.trap_seconds(arch))
    ours_short = timings["compute-short"]
    return {
        "bare-trap": sum(traps) / len(traps) * 1e6,
        "bare-short": 1e-6 / short,
        "bare-long": 1e-6 / long,
        "compute-short": ours_short.mega_per_second,
        "compute-long": timings["compute-long"].mega_per_second,
        "block": (ours_short.each_us * 1e-6 - short) * 1e9,
        **{name: timings[name].each_us for name in IN_MICROSECONDS},
    }


def file_rows(arch: str) -> dict[str, float]:
    """Names and files through SYSTEM, devman, pcidrv, ahcidrv and fat32drv, on one CPU."""
    image = with_files(
        {
            **server_files(arch),
            "bench_files.elf": guest.program_path("bench_files", arch).read_bytes(),
            "boot.cfg": file_boot_table(arch),
            "load.bin": bytes(RAMFS_FILE_BYTES),
        },
        arch,
    )
    with tempfile.TemporaryDirectory(prefix="anos-sim-bench-") as folder:
        disk = Path(folder, "bench.img")
        write_fat32(disk, {"READ.BIN": bytes(DISK_FILE_BYTES)}, DISK_BYTES)
        timings = guest.run(image, MachineConfig(cpus=1, disks=(str(disk),), arch=arch))
    return {
        "vfs": timings["vfs"].each_us,
        **{name: timings[name].mega_per_second for name in IN_MEGABYTES},
        "memcpy": copy_rate(),
    }


def file_boot_table(arch: str) -> bytes:
    """The boot config of our image, with the measuring program in the shell's place.

    Nobody draws the log meanwhile.
    """
    table = read_image(default_image(arch), arch).files()["boot.cfg"]
    entries = [entry for entry in boot_config.unpack(table) if entry.path != DRAWER]
    calls = tuple(config_names().values())
    return boot_config.pack(
        [
            replace(
                entry,
                path="boot:/bench_files.elf",
                capabilities=calls,
                delegates=(),
                wait_for="disk0:",
            )
            if entry.path == SHELL
            else entry
            for entry in entries
        ]
    )


def copy_rate() -> float:
    """MB/s of copying in the host's memory, when both sides have been touched."""
    source, target = bytes(COPY_BYTES), bytearray(COPY_BYTES)
    begin = time.perf_counter()
    target[:] = source
    return COPY_BYTES / (time.perf_counter() - begin) / 1e6


def boot_rows(arch: str) -> dict[str, float]:
    """Starting: imports alone, the boot alone, and the command from exec to exit."""
    return {
        "imports": command_seconds("devices", "--help"),
        "boot": boot_seconds(arch),
        "process-boot": command_seconds("run", "--quiet", "--arch", arch),
    }


def command_seconds(*arguments: str) -> float:
    """Host seconds of an `anos-sim` command from exec to exit."""
    begin = time.perf_counter()
    command = [sys.executable, "-m", "anos_sim.toolchain", *arguments]
    subprocess.run(command, check=False, capture_output=True)
    return time.perf_counter() - begin


def boot_seconds(arch: str, prepare: Callable[[Kernel], None] = lambda kernel: None) -> float:
    """Host seconds of the default system from a machine's description to switching off.

    The shell does what the tour says.
    """
    disk = sample_disk()
    begin = time.perf_counter()
    machine = Machine(MachineConfig(disks=(str(disk),), arch=arch))
    machine.serial.source = Script(tour_script())
    kernel = boot(machine, read_image(default_image(arch), arch))
    prepare(kernel)
    while kernel.advance(guest.TURNS):
        pass
    kernel.close()
    machine.close()
    return time.perf_counter() - begin


def record(kernel: Kernel) -> None:
    """Record all events."""
    kernel.record(EventLog(keep=False))


def event_rows(arch: str) -> dict[str, float]:
    """What recording costs: where nearly everything is an event, and in a usual boot."""
    pairs = guest.program_image("bench_pairs", arch)
    off = guest.run(pairs, MachineConfig(cpus=1, arch=arch))["pairs"]
    on = guest.run(pairs, MachineConfig(cpus=1, arch=arch), record)["pairs"]
    return {
        "events-off": off.each_us,
        "events-on": on.each_us,
        "boot-off": boot_seconds(arch),
        "boot-on": boot_seconds(arch, record),
    }


def cpu_rows(arch: str) -> dict[str, float]:
    """The same work on more CPUs."""
    image = guest.program_image("bench_pairs", arch)
    return {
        f"cpus-{n}": guest.run(image, MachineConfig(cpus=n, arch=arch))["pairs"].each_us
        for n in CPU_COUNTS
    }


GROUPS: Mapping[str, Callable[[str], dict[str, float]]] = {
    "kernel": kernel_rows,
    "files": file_rows,
    "boot": boot_rows,
    "events": event_rows,
    "chaos": chaos.measure,
    "cpus": cpu_rows,
    "ring": ring.measure,
}
