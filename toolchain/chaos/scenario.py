"""What a campaign does to its faults: a system, a workload, and what must come of it.

A scenario is a class with the methods of `Scenario`; `FileOperations` is the default. One
of one's own is named as FILE.py:CLASS and may inherit from it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

import attrs

from anos_sim.hw.arch import DEFAULT
from anos_sim.hw.clock import PS_PER_MS, PS_PER_S
from anos_sim.hw.config import MachineConfig
from anos_sim.stage3.image import SystemImage, read_image
from anos_sim.stage3.kernel import Kernel
from anos_sim.toolchain import user_class
from anos_sim.toolchain.added import CALLS, AddedProgram, with_programs
from anos_sim.toolchain.boot_image import read_boot_config, show_boot_config, with_boot_config
from anos_sim.toolchain.errors import UserError
from anos_sim.toolchain.guest.disk_image import write_fat32
from anos_sim.toolchain.options import default_image, elf_folder

from .judge import Findings, judge_files
from .lines import Lines

PEOPLES = ("boot:/tour.elf", "boot:/shell.elf")
"""Programs of a boot config that are there for a person: nobody is."""
SPARE = ("SYSTEM",)
"""No fault is drawn for it: its end is the end of the machine, by design."""


@attrs.frozen
class Limits:
    """When a run has gone on for too long since its last sign of progress."""

    stall_ps: int = 20 * PS_PER_S
    """Virtual time, most of it idle."""
    busy_ps: int = 400 * PS_PER_MS
    """Executed code of all CPUs, without a line of the workload."""


class Scenario(Protocol):
    """What a campaign needs to know of its system."""

    name: str
    arch: str
    cpus: int
    limits: Limits

    def image(self) -> SystemImage:
        """What is booted."""

    def disk(self, folder: Path) -> Path:
        """The disk image to begin with, kept in `folder` or anywhere else."""

    def is_ready(self, text: str) -> bool:
        """Is this the line of the log at which runs branch off?"""

    def is_done(self, text: str) -> bool:
        """Is this the line after which there is nothing more to wait for?"""

    def is_progress(self, process: str, text: str) -> bool:
        """Does this line of a process say that the workload gets on?"""

    def targets(self, kernel: Kernel) -> list[str]:
        """The processes that faults may be drawn for, at the branch."""

    def judge(self, lines: Lines, kernel: Kernel) -> Findings:
        """What has come of the workload, from the log and from what is on the disk."""


class FileOperations:
    """Boot, then operations on files of a FAT32 volume: tests/guest/workload.c."""

    name = "files"
    process = "workload"
    arch = DEFAULT.name
    cpus = 2
    ram_mib = 64
    operations = 100
    seed = 1
    limits = Limits()

    def image(self) -> SystemImage:
        """Our own system, with the workload in the place of the shell."""
        path = elf_folder(self.arch) / "tests" / "workload.elf"
        if not path.exists():
            raise UserError(
                f"{path} is missing: run `anos-sim build --arch {self.arch}` in a checkout"
            )
        arguments = (str(self.operations), str(self.seed))
        program = AddedProgram(path, arguments, path.read_bytes())
        image = with_programs(
            read_image(default_image(self.arch), self.arch), (program,), None, "chaos"
        )
        entries = [entry for entry in read_boot_config(image) if entry["path"] not in PEOPLES]
        entries[-1] = {
            **entries[-1],
            "wait_for": "disk0:",
            "capabilities": [f"SYSCALL_{call}" for call in CALLS],
        }
        return with_boot_config(image, show_boot_config(entries), "chaos")

    def disk(self, folder: Path) -> Path:
        """An empty FAT32 volume, always the same."""
        path = folder / "chaos-fat32.img"
        if not path.exists():
            fresh = path.with_suffix(f".{os.getpid()}")
            write_fat32(fresh, {}, size_bytes=34 << 20, label="CHAOS")
            fresh.replace(path)
        return path

    def is_ready(self, text: str) -> bool:
        """The workload has found its disk."""
        return text == "workload ready"

    def is_done(self, text: str) -> bool:
        """The workload has ended."""
        return text.startswith("workload done ")

    def is_progress(self, process: str, text: str) -> bool:
        """Each operation is progress; another try of the same one is as well, and they end."""
        return process == self.process

    def targets(self, kernel: Kernel) -> list[str]:
        """All but SYSTEM and who watches."""
        names = [process.name for process in kernel.processes.values()]
        return sorted({name for name in names if name not in (*SPARE, self.process)})

    def judge(self, lines: Lines, kernel: Kernel) -> Findings:
        """Compare what is on the medium with what the lines say was synced."""
        return judge_files(lines.of(self.process), kernel.machine.disks[0])


def machine_config(scenario: Scenario, disk: Path, cpus: int | None = None) -> MachineConfig:
    """The machine that a scenario runs on."""
    return MachineConfig(
        cpus=cpus or scenario.cpus,
        ram_mib=getattr(scenario, "ram_mib", 256),
        disks=(str(disk),),
        seed=0,
        arch=getattr(scenario, "arch", DEFAULT.name),
    )


SCENARIOS: dict[str, type[FileOperations]] = {FileOperations.name: FileOperations}


def find_scenario(reference: str, arch: str = DEFAULT.name) -> Scenario:
    """A scenario by its name, NAME:OPERATIONS, or FILE.py:CLASS, on an architecture.

    Raises:
        UserError: there is none, or it does not load.
    """
    found = _find(reference)
    if arch != DEFAULT.name:
        found.arch = arch
    return found


def _find(reference: str) -> Scenario:
    name, colon, class_name = reference.rpartition(":")
    if reference in SCENARIOS:
        return SCENARIOS[reference]()
    if name in SCENARIOS and class_name.isdecimal() and int(class_name):
        known_one = SCENARIOS[name]()
        known_one.operations = int(class_name)
        return known_one
    if not colon or not Path(name).is_file():
        known = ", ".join(SCENARIOS)
        raise UserError(f"there is no scenario {reference}: name {known}, or FILE.py:CLASS")
    scenario: Scenario = user_class.make(f"scenario {reference}", name, class_name)
    return scenario


def with_operations(reference: str, operations: int | None = None) -> tuple[str, int]:
    """The same scenario with another length if it can have one; and its length (0: it has none)."""
    name = reference.partition(":")[0]
    if name not in SCENARIOS:
        return reference, 0
    found = find_scenario(reference)
    length = int(getattr(found, "operations", 0))
    return (reference if operations is None else f"{name}:{operations}"), length
