"""Compile the C parts before hatchling collects a wheel's files.

Everything is built in place, where git ignores it and `artifacts` in
pyproject.toml takes it from. An editable install also gets three links that
make the folders importable as `anos_sim.*`. It has the programs of one
architecture only, since each has a C library to compile; a wheel has all.
"""

from __future__ import annotations

import platform
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDERS = ("stage3", "hw", "toolchain")


class GuestImages(BuildHookInterface[Any]):
    """Build programs, C library and vCPU library; link the folders for `-e`."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Run before the wheel's files are collected."""
        sys.path.insert(0, self.root)
        from toolchain.guest.build import build_all
        from toolchain.guest.zig import TARGETS, X86_64

        targets = [X86_64.name] if version == "editable" else list(TARGETS)
        build_all(Path(self.root), targets)
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-manylinux_2_17_{platform.machine()}"
        if version == "editable":
            self.link_folders(Path(self.root, ".editable", "anos_sim"))

    def link_folders(self, package: Path) -> None:
        """Make the folder that an editable install puts on the import path."""
        package.mkdir(parents=True, exist_ok=True)
        for folder in FOLDERS:
            link = package / folder
            if not link.is_symlink():
                link.symlink_to(Path("..", "..", folder), target_is_directory=True)
