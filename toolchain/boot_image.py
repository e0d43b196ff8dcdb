"""A system image with other files in its RAMFS, above all with another boot config."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from anos_sim.stage3.abi import ThreadClass, config_names
from anos_sim.stage3.image import SystemImage, find_ramfs

from .errors import UserError
from .guest import boot_config, boot_driver, boot_restart, ramfs
from .guest.errors import BuildError

CONFIG = "boot.cfg"


def with_ramfs(image: SystemImage, files: Mapping[str, bytes]) -> SystemImage:
    """The image with exactly these files."""
    archive = ramfs.pack(files)
    segments = tuple(
        attrs.evolve(segment, data=archive, memory_bytes=len(archive))
        if find_ramfs(segment.data) == 0
        else segment
        for segment in image.segments
    )
    return attrs.evolve(image, segments=segments)


def ramfs_files(image: SystemImage) -> dict[str, bytes]:
    """The files that the image carries, also after `with_ramfs`; none if it has no RAMFS."""
    for segment in image.segments:
        if find_ramfs(segment.data) == 0:
            return ramfs.unpack(segment.data)
    return {}


def read_config_file(name: str) -> str:
    """The text of a boot config.

    Raises:
        UserError: it cannot be read.
    """
    try:
        return Path(name).read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"--boot-config: cannot read {name}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UserError(f"--boot-config {name} is no text: {error.reason}") from None


def with_boot_config(image: SystemImage, text: str, source: str) -> SystemImage:
    """The image with another boot config, as JSON (docs/configuration.md); errors name `source`.

    Raises:
        UserError: the config is wrong, or the image has none to replace.
    """
    files = ramfs_files(image)
    if CONFIG not in files:
        raise UserError(
            f"{source}: the system image {image.name} starts programs in another way: "
            f"there is no {CONFIG} in it"
        )
    classes = {member.name: int(member) for member in ThreadClass}
    try:
        built_in = boot_config.unpack(files[CONFIG])
        entries = boot_config.parse(text, config_names(), classes, list(files), built_in)
    except BuildError as error:
        hint = "; --add PROGRAM puts one there" if "there is no program" in str(error) else ""
        raise UserError(f"{source}: {error}{hint}") from None
    return with_ramfs(image, {**files, CONFIG: boot_config.pack(entries)})


def read_boot_config(image: SystemImage) -> list[dict[str, Any]]:
    """The entries of an image's boot config, with the keys of system/boot.json.

    Raises:
        UserError: it has none.
    """
    files = ramfs_files(image)
    if CONFIG not in files:
        raise UserError(f"the system image {image.name} has no boot config in its RAMFS")
    try:
        return [_as_json(entry) for entry in boot_config.unpack(files[CONFIG])]
    except BuildError as error:
        raise UserError(f"the boot config of {image.name}: {error}") from None


def _as_json(entry: boot_config.BootEntry) -> dict[str, Any]:
    names = {number: name for name, number in config_names().items()}
    made: dict[str, Any] = {
        "name": entry.name,
        "path": entry.path,
        "stack_size": entry.stack_bytes,
        "class": ThreadClass(entry.thread_class).name,
    }
    if entry.on_request:
        made["start"] = "on request"
    if entry.arguments:
        made["arguments"] = list(entry.arguments)
    if entry.wait_for:
        made["wait_for"] = entry.wait_for
    if entry.driver is not None:
        made["driver"] = boot_driver.as_json(entry.driver)
    if entry.restart != boot_restart.BootRestart():
        made["restart"] = boot_restart.as_json(entry.restart)
    made["capabilities"] = [names[number] for number in entry.capabilities]
    made["delegates"] = [names[number] for number in entry.delegates]
    return made


def show_boot_config(entries: list[dict[str, Any]]) -> str:
    """Entries as the JSON that `--boot-config` reads."""
    return json.dumps({"boot_servers": entries}, indent=2)
