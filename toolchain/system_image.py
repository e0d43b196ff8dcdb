"""Our system image with other files in its RAMFS: to start other programs than the usual ones."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from anos_sim.stage3.abi import ThreadClass, config_names
from anos_sim.stage3.image import SystemImage

from .boot_image import with_ramfs
from .guest import boot_config
from .options import elf_folder, our_image

CALL_NAMES = config_names()


def boot_table(entries: Sequence[Mapping[str, Any]]) -> bytes:
    """The `boot.cfg` that SYSTEM reads, for entries as in system/boot.json."""
    classes = {member.name: int(member) for member in ThreadClass}
    text = json.dumps({"boot_servers": entries})
    return boot_config.pack(boot_config.parse(text, config_names(), classes))


def server_files(arch: str | None = None) -> dict[str, bytes]:
    """Our servers as the RAMFS has them, by file name."""
    paths = sorted(elf_folder(arch).glob("*.elf"))
    return {path.name: path.read_bytes() for path in paths if path.name != "system.elf"}


def with_files(files: Mapping[str, bytes], arch: str | None = None) -> SystemImage:
    """Our SYSTEM with exactly these files; it starts what their `boot.cfg` says."""
    return with_ramfs(our_image(arch), files)
