"""`--add PROGRAM[:ARGUMENTS]`: programs of one's own in the system that is booted.

The file goes into the RAMFS under its own name, in the place of one that has it. What it
may hold is its entry in the boot config; without one it gets an entry that is started at
boot, behind all others, and has what a program without devices can need. It is started when
the disk is mounted that an argument of it begins with, as `disk0:/README.TXT` does.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

import attrs

from anos_sim.hw.arch import MACHINE_NAMES
from anos_sim.stage3.image import ELF_MAGIC, SystemImage

from .boot_image import (
    CONFIG,
    ramfs_files,
    read_boot_config,
    show_boot_config,
    with_boot_config,
    with_ramfs,
)
from .errors import UserError
from .guest.boot_config import ARGUMENT_CHARS_MAX, ARGUMENTS_BYTES
from .guest.ramfs import NAME_BYTES

STACK_BYTES = 0x10_0000
CALLS = (
    "DEBUG_PRINT", "SLEEP", "MEMSTATS", "CLOCK", "YIELD", "EXIT_PROCESS", "KILL_CURRENT_TASK",
    "CREATE_THREAD", "FUTEX_WAIT", "FUTEX_WAKE",
    "MAP_VIRTUAL", "UNMAP_VIRTUAL", "CREATE_REGION", "DESTROY_REGION", "PROTECT",
    "CREATE_MEMORY", "MAP_MEMORY",
    "CREATE_CHANNEL", "DESTROY_CHANNEL", "SEND_MESSAGE", "RECV_MESSAGE", "REPLY_MESSAGE",
    "SEND_TRANSFER", "RECV_TRANSFER", "REPLY_TRANSFER",
    "REGISTER_NAMED_CHANNEL", "DEREGISTER_NAMED_CHANNEL", "FIND_NAMED_CHANNEL",
    "CREATE_NOTIFICATION", "SIGNAL", "WAIT", "WATCH_PROCESS", "PROCESS_STATUS",
    "GIVE", "TAKE", "MINT", "INSPECT", "DROP", "REVOKE", "LIST_CAPABILITIES",
)  # fmt: skip
"""What a program has that no boot config mentions: no device, no other program, no power."""
_DISK = re.compile(r"disk\d+(p\d+)?:")
_ELF_KINDS = {1: "an object; link it with anos-cc", 3: "a program or library of another system; "
              "compile it with anos-cc"}  # fmt: skip


@attrs.frozen
class AddedProgram:
    """A program to add, checked."""

    path: Path
    arguments: tuple[str, ...]
    data: bytes = attrs.field(repr=False)

    @property
    def disk(self) -> str:
        """The mount of a disk that it is told of, or nothing."""
        found = filter(None, map(_DISK.match, self.arguments))
        return next((match[0] for match in found), "")

    @property
    def boot_path(self) -> str:
        """How programs of the system call it."""
        return f"boot:/{self.path.name}"


def read_added(text: str, machine: str) -> AddedProgram:
    """Read what one `--add` names, for a machine (`x86_64`).

    Raises:
        UserError: it is no program that could be added.
    """
    name, arguments = _split(text)
    where = f"--add {name}"
    try:
        split = tuple(shlex.split(arguments))
    except ValueError as error:
        raise UserError(f"{where}: the arguments {arguments!r} have {error}".lower()) from None
    for number, argument in enumerate(split, 1):
        if len(argument.encode()) > ARGUMENT_CHARS_MAX:
            raise UserError(f"{where}: argument {number} is longer than {ARGUMENT_CHARS_MAX} bytes")
    if sum(len(argument.encode()) + 1 for argument in split) > ARGUMENTS_BYTES:
        raise UserError(f"{where}: the arguments are longer than {ARGUMENTS_BYTES} bytes together")
    path = Path(name)
    if not path.name.isascii() or ":" in path.name or path.name == CONFIG:
        raise UserError(f"{where}: a program in boot:/ cannot have this name; rename it")
    if len(path.name) >= NAME_BYTES:
        raise UserError(
            f"{where}: the name has {len(path.name)} characters, and boot:/ has room for "
            f"{NAME_BYTES - 1}; rename it"
        )
    return AddedProgram(path, split, _read_program(path, where, machine))


def is_elf(name: str) -> bool:
    """Is a file an ELF file, as far as its first bytes tell?"""
    try:
        with open(name, "rb") as file:
            return file.read(4) == ELF_MAGIC
    except OSError:
        return False


def with_programs(
    image: SystemImage, programs: Sequence[AddedProgram], config: str | None, source: str
) -> SystemImage:
    """The image with these programs, and with the boot config `config` of `source` if it is given.

    Raises:
        UserError: the config is wrong, or two programs have one name, or it has no boot config.
    """
    if programs:
        files = ramfs_files(image)
        if CONFIG not in files:
            raise UserError(
                f"--add {programs[0].path}: the system image {image.name} starts programs in "
                f"another way: there is no {CONFIG} in it"
            )
        for index, program in enumerate(programs):
            for other in programs[:index]:
                if other.path.name == program.path.name and other.data != program.data:
                    raise UserError(
                        f"--add: {other.path} and {program.path} have one name in boot:/; "
                        "rename one"
                    )
            files[program.path.name] = program.data
        image = with_ramfs(image, files)
    if config is not None:
        image = with_boot_config(image, config, source)
    return _with_entries(image, programs) if programs else image


def _with_entries(image: SystemImage, programs: Sequence[AddedProgram]) -> SystemImage:
    entries = read_boot_config(image)
    known = {entry["path"]: entry for entry in entries}
    for program in programs:
        entry = known.get(program.boot_path)
        if entry is None:
            entries.append(
                {
                    "name": program.path.name,
                    "path": program.boot_path,
                    "stack_size": STACK_BYTES,
                    "class": "NORMAL",
                    "capabilities": [f"SYSCALL_{call}" for call in CALLS],
                    "delegates": [],
                    "arguments": list(program.arguments),
                    **({"wait_for": program.disk} if program.disk else {}),
                }
            )
        elif program.arguments:
            entry["arguments"] = list(program.arguments)
    return with_boot_config(image, show_boot_config(entries), "--add")


def _split(text: str) -> tuple[str, str]:
    """The file and its arguments; a file may have colons in its name."""
    if os.path.exists(text):
        return text, ""
    for at, character in enumerate(text):
        if character == ":" and os.path.isfile(text[:at]):
            return text[:at], text[at + 1 :]
    name, _, arguments = text.partition(":")
    return name, arguments


def _read_program(path: Path, where: str, machine: str) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{where}: cannot read it: {error.strerror}") from None
    if data[:4] != ELF_MAGIC or len(data) < 64:
        raise UserError(f"{where}: it is no ELF file; anos-cc makes one of C")
    kind, number = (int.from_bytes(data[at : at + 2], "little") for at in (16, 18))
    if MACHINE_NAMES.get(number) != machine:
        found = MACHINE_NAMES.get(number, f"processor {number:#x}")
        raise UserError(f"{where}: it is for {found}, and the system runs on {machine}")
    if kind != 2:
        raise UserError(f"{where}: it is {_ELF_KINDS.get(kind, 'no program')}")
    return data
