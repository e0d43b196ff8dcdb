"""The options that describe a run, shared by every command that boots a system."""

from __future__ import annotations

import argparse
import os
from importlib.resources import files
from pathlib import Path
from typing import Any

import attrs

from anos_sim.hw.arch import default_arch
from anos_sim.hw.config import MachineConfig
from anos_sim.hw.config_file import default_config, load_config
from anos_sim.stage3.image import SystemImage, read_image
from anos_sim.stage3.policy import POLICIES
from anos_sim.stage3.schedule import make_schedule
from anos_sim.stage3.scheduler import Scheduler

from . import user_class
from .added import AddedProgram, is_elf, read_added, with_programs
from .boot_image import read_config_file
from .duration import parse_duration
from .errors import UserError
from .guest.sample_disk import sample_version, write_sample_disk
from .guest.zig import TARGETS
from .script import read_script, tour_script

ARCHITECTURES = tuple(TARGETS)


def add_system_options(parser: argparse.ArgumentParser) -> None:
    """Declare what is booted, and for how long."""
    system = parser.add_argument_group("the system")
    system.add_argument(
        "machine", nargs="?", metavar="MACHINE.toml", help="the machine's description"
    )
    system.add_argument(
        "--arch", choices=ARCHITECTURES,
        help="the processor; without it that of MACHINE.toml, of ANOS_SIM_ARCH, or x86_64",
    )  # fmt: skip
    system.add_argument("--cpus", type=int, metavar="N", help="number of CPUs, 1 to 16")
    system.add_argument("--ram", type=int, metavar="MIB", help="memory in MiB, 32 to 3072")
    system.add_argument(
        "--disk", action="append", default=[], metavar="FILE",
        help="a raw disk image; again for more. Without any: a sample FAT32 volume",
    )  # fmt: skip
    system.add_argument(
        "--write", action="store_true", help="let the system change the disk images"
    )
    system.add_argument(
        "--power-cut-after", type=int, metavar="N",
        help="end the run by a power cut after N writes to the disks; with --write the images "
        "are left as a real disk's would be",
    )  # fmt: skip
    system.add_argument("--system", metavar="FILE", help="boot this system image in place of ours")
    system.add_argument(
        "--boot-config", metavar="FILE.json",
        help="what SYSTEM starts, and what programs may hold, in place of system/boot.json",
    )  # fmt: skip
    system.add_argument(
        "--add", action="append", default=[], metavar="PROGRAM[:ARGS]",
        help="put a program of your own (anos-cc) into boot:/ and start it; again for more",
    )  # fmt: skip
    system.add_argument(
        "--caps",
        choices=sorted(POLICIES),
        help="capability policy (default: what the image is made for)",
    )
    system.add_argument(
        "--scheduler", metavar="FILE.py:CLASS", help="a scheduling policy of your own"
    )
    system.add_argument(
        "--schedule", metavar="STRATEGY",
        help="let threads run in another order: random:SEED or pct:SEED:DEPTH (docs/chaos.md)",
    )  # fmt: skip
    system.add_argument("--symbols", metavar="DIR", help="a folder of ELF files to take names from")
    system.add_argument("--seed", type=int, metavar="N", help="where all randomness comes from")
    typed = system.add_mutually_exclusive_group()
    typed.add_argument(
        "--script", metavar="FILE", help="type the lines of FILE at the console, then end its input"
    )
    typed.add_argument(
        "--tour", action="store_true",
        help="type a tour of the system, as happens where nobody is there to type",
    )  # fmt: skip
    length = parser.add_argument_group("its length")
    length.add_argument(
        "--for", dest="duration", metavar="DURATION", help="stop after this much virtual time"
    )
    length.add_argument(
        "--until", metavar="TEXT", help="stop when a line of log or console contains TEXT"
    )


@attrs.frozen
class RunOptions:
    """A run as the command line describes it, checked."""

    config: MachineConfig
    image: SystemImage
    policy: str
    policy_chosen: bool
    scheduler: Scheduler | None
    symbols: tuple[Path, ...]
    end_ps: int | None
    until: str | None
    image_path: Path
    arch: str
    scheduler_reference: str | None
    typed: tuple[dict[str, Any], ...] = ()
    """A replay: what was typed (typed_input.py)."""
    turns: int | None = None
    """A replay of a run that Ctrl-C ended: how many turns of the loop it had."""
    boot_config: str | None = None
    added: tuple[AddedProgram, ...] = ()
    script: bytes | None = None
    """What is typed at the serial console, a line when the guest wants one; None: nothing."""
    live: bool = False
    """A replay: somebody sat at a terminal."""
    schedule: str | None = None
    """Another order of threads (stage3/schedule.py)."""
    end_status: int = 0
    """A replay of a run that ended from outside: its status."""


def read_options(arguments: argparse.Namespace) -> RunOptions:
    """Check the options of `add_system_options`.

    Raises:
        UserError, ConfigError, ImageError: one of them is wrong.
    """
    config = _machine(arguments.machine) if arguments.machine else default_config()
    changes: dict[str, Any] = {}
    for key, value in (
        ("arch", arguments.arch),
        ("cpus", arguments.cpus),
        ("ram_mib", arguments.ram),
        ("seed", arguments.seed),
        ("power_cut_after", arguments.power_cut_after),
    ):
        if value is not None:
            changes[key] = value
    if arguments.write:
        changes["write"] = True
    disks = (*config.disks, *arguments.disk)
    if not disks and not config.ahci:
        disks = (str(sample_disk()),)
        changes["write"] = False
    config = attrs.evolve(config, disks=disks, **changes)
    symbols = [elf_folder(config.arch)] if not arguments.system else []
    if arguments.symbols:
        folder = Path(arguments.symbols)
        if not folder.is_dir():
            raise UserError(f"--symbols {folder} is no folder; name one with ELF files in it")
        symbols.append(folder)
    image_path = Path(arguments.system) if arguments.system else default_image(config.arch)
    image = read_image(image_path, config.arch)
    boot_config = read_config_file(arguments.boot_config) if arguments.boot_config else None
    added = tuple(read_added(each, config.arch) for each in arguments.add)
    image = with_programs(image, added, boot_config, f"--boot-config {arguments.boot_config}")
    return RunOptions(
        config=config,
        image=image,
        policy=arguments.caps or image.default_policy,
        policy_chosen=arguments.caps is not None,
        scheduler=load_scheduler(arguments.scheduler) if arguments.scheduler else None,
        schedule=check_schedule(arguments.schedule, arguments.scheduler),
        symbols=tuple(symbols),
        end_ps=parse_duration(arguments.duration) if arguments.duration else None,
        until=arguments.until,
        image_path=image_path,
        arch=config.arch,
        scheduler_reference=arguments.scheduler,
        boot_config=boot_config,
        added=added,
        script=_script(arguments),
    )


def _machine(name: str) -> MachineConfig:
    """The machine that a file describes; a program in its place is an easy mistake."""
    if is_elf(name):
        raise UserError(
            f"{name} is a program and no machine's description: --add {name} puts it into the "
            "system"
        )
    return load_config(name)


def _script(arguments: argparse.Namespace) -> bytes | None:
    if arguments.script is not None:
        return read_script(arguments.script)
    return tour_script() if arguments.tour or not arguments.system else None


def elf_folder(arch: str | None = None) -> Path:
    """Where the programs that were built for an architecture are.

    Raises:
        UserError: there is no such architecture.
    """
    name = arch or default_arch()
    if name not in TARGETS:
        raise UserError(f"there is no architecture {name!r}: choose {' or '.join(ARCHITECTURES)}")
    return Path(str(files("anos_sim.toolchain"))) / TARGETS[name].elf_folder


def default_image(arch: str | None = None) -> Path:
    """Our own system image for an architecture."""
    name = arch or default_arch()
    path = elf_folder(name) / "system.elf"
    if not path.exists():
        raise UserError(
            f"{path} is missing: run `anos-sim build --arch {name}` in a checkout, or install again"
        )
    return path


def our_image(arch: str | None = None) -> SystemImage:
    """Our own system image for an architecture, checked."""
    name = arch or default_arch()
    return read_image(default_image(name), name)


def sample_disk() -> Path:
    """The disk of a run that names none, made at its first use."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    path = Path(base) / "anos-sim" / f"sample-{sample_version()}.img"
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = path.with_suffix(f".{os.getpid()}")
            write_sample_disk(fresh)
            fresh.replace(path)
    except OSError as error:
        raise UserError(
            f"cannot make the sample disk {path}: {error.strerror}; set XDG_CACHE_HOME to a "
            "folder that can be written, or name a disk with --disk"
        ) from None
    return path


def check_schedule(text: str | None, scheduler: str | None = None) -> str | None:
    """The text of a `--schedule`, checked.

    Raises:
        UserError: it names no schedule, or a scheduler of one's own is chosen as well.
    """
    if text is not None:
        if scheduler is not None:
            raise UserError("--schedule and --scheduler both say who goes first: choose one")
        try:
            make_schedule(text)
        except ValueError as error:
            raise UserError(f"--schedule {text}: {error}") from None
    return text


def load_scheduler(reference: str) -> Scheduler:
    """Make the policy that `FILE.py:CLASS` names.

    Raises:
        UserError: there is no such file or class, or it does not load.
    """
    name, colon, class_name = reference.rpartition(":")
    if not colon or not Path(name).is_file():
        raise UserError(f"--scheduler {reference}: write FILE.py:CLASS, with a file that exists")
    policy: Scheduler = user_class.make(f"--scheduler {reference}", name, class_name)
    missing = [
        method
        for method in ("pick", "tick", "replied")
        if not callable(getattr(policy, method, None))
    ]
    if missing:
        raise UserError(f"--scheduler {reference}: {class_name} lacks {', '.join(missing)}")
    return policy
