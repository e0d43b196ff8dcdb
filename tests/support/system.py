"""Our SYSTEM with other files in its RAMFS."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from anos_sim.hw.config import MachineConfig
from anos_sim.hw.machine import Machine
from anos_sim.stage3.abi import config_names
from anos_sim.stage3.boot import boot
from anos_sim.stage3.image import SystemImage
from anos_sim.stage3.kernel import Kernel
from anos_sim.stage3.log import LogLine
from anos_sim.toolchain.boot_image import read_boot_config
from anos_sim.toolchain.options import elf_folder, our_image
from anos_sim.toolchain.system_image import boot_table, server_files, with_files
from support.invariants import check_kernel

PROGRAMS = elf_folder() / "tests"
servers = server_files
EVERY_CALL = list(config_names())


def entry(name: str, *arguments: str, **keys: Any) -> dict[str, Any]:
    """An entry of a boot config: a program of the RAMFS that may make every call."""
    return {
        "name": name,
        "path": f"boot:/{name}.elf",
        "stack_size": 0x10000,
        "class": "NORMAL",
        "capabilities": EVERY_CALL,
        "arguments": list(arguments),
        **keys,
    }


def usual_drivers() -> list[dict[str, Any]]:
    """The entries that pcidrv starts, as our image has them."""
    return [each for each in read_boot_config(our_image()) if "driver" in each]


def file_name(entry: Mapping[str, Any]) -> str:
    """The file of an entry's program in the RAMFS."""
    return str(entry["path"]).removeprefix("boot:/")


def system_image(
    entries: Sequence[Mapping[str, Any]], contents: Mapping[str, bytes] | None = None
) -> SystemImage:
    """SYSTEM, which starts `entries`; programs of tests/guest and `contents` are its files.

    The drivers that the boot config of our image has are in this one too, if they are there.
    """
    drivers = [each for each in usual_drivers() if file_name(each) in (contents or {})]
    programs = {path.name: path.read_bytes() for path in sorted(PROGRAMS.glob("*.elf"))}
    return with_files(
        {**programs, "boot.cfg": boot_table([*entries, *drivers]), **(contents or {})}
    )


def said_on(
    config: MachineConfig,
    image: SystemImage,
    *programs: str,
    policy: str = "derived",
    prepare: Callable[[Kernel], None] = lambda kernel: None,
) -> list[str]:
    """What these programs say when a machine runs to its end; nothing may die or be lost."""
    machine = Machine(config)
    kernel = boot(machine, image, policy)
    lines: list[LogLine] = []
    kernel.on_log = lines.append
    prepare(kernel)
    while kernel.advance(1000):
        pass
    check_kernel(kernel)
    assert kernel.reports == []
    kernel.close()
    machine.close()
    return [line.text for line in lines if line.process in programs]
