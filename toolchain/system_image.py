"""Our system image with other files in its RAMFS: to start other programs than the usual ones."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from anos_sim.stage3.abi import ThreadClass, config_names
from anos_sim.stage3.image import SystemImage, find_ramfs, read_image

from .guest import boot_config, ramfs
from .options import default_image, elf_folder

CALL_NAMES = config_names()


def boot_table(entries: Sequence[Mapping[str, Any]]) -> bytes:
    """The `boot.cfg` that SYSTEM reads, for entries as in system/boot.json."""
    classes = {member.name: int(member) for member in ThreadClass}
    text = json.dumps({"boot_servers": entries})
    return boot_config.pack(boot_config.parse(text, config_names(), classes))


def server_files() -> dict[str, bytes]:
    """Our servers as the RAMFS has them, by file name."""
    paths = sorted(elf_folder().glob("*.elf"))
    return {path.name: path.read_bytes() for path in paths if path.name != "system.elf"}


def with_files(files: Mapping[str, bytes]) -> SystemImage:
    """Our SYSTEM with exactly these files; it starts what their `boot.cfg` says."""
    image = read_image(default_image(), "x86_64")
    archive = ramfs.pack(files)
    segments = tuple(
        attrs.evolve(segment, data=archive, memory_bytes=len(archive))
        if find_ramfs(segment.data) == 0
        else segment
        for segment in image.segments
    )
    return attrs.evolve(image, segments=segments)
