"""Our SYSTEM with other files in its RAMFS."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import attrs

from anos_sim.stage3.abi import CALLS, ThreadClass
from anos_sim.stage3.image import SystemImage, find_ramfs, read_image
from anos_sim.toolchain.guest import boot_config, ramfs

ELVES = Path(str(files("anos_sim.toolchain"))) / "elf"
PROGRAMS = ELVES / "tests"
CALL_NAMES = {call.config_name: int(call.number) for call in CALLS}
EVERY_CALL = list(CALL_NAMES)


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


def config_table(entries: Sequence[Mapping[str, Any]]) -> bytes:
    """The flat table that SYSTEM reads."""
    classes = {member.name: int(member) for member in ThreadClass}
    text = json.dumps({"boot_servers": entries})
    return boot_config.pack(boot_config.parse(text, CALL_NAMES, classes))


def servers() -> dict[str, bytes]:
    """The files of the real servers, for `system_image`."""
    return {
        path.name: path.read_bytes()
        for path in sorted(ELVES.glob("*.elf"))
        if path.name != "system.elf"
    }


def system_image(
    entries: Sequence[Mapping[str, Any]], contents: Mapping[str, bytes] | None = None
) -> SystemImage:
    """SYSTEM, which starts `entries`; programs of tests/guest and `contents` are its files."""
    image = read_image(ELVES / "system.elf", "x86_64")
    table = {"boot.cfg": config_table(entries)}
    programs = {path.name: path.read_bytes() for path in sorted(PROGRAMS.glob("*.elf"))}
    archive = ramfs.pack({**programs, **table, **(contents or {})})
    segments = tuple(
        attrs.evolve(segment, data=archive, memory_bytes=len(archive))
        if find_ramfs(segment.data) == 0
        else segment
        for segment in image.segments
    )
    return attrs.evolve(image, segments=segments)
