"""A system whose console is read by tests/guest/console.c, and nobody else."""

from __future__ import annotations

import json
from pathlib import Path

from anos_sim.toolchain.options import elf_folder

BOOT = Path(__file__).resolve().parents[2] / "system" / "boot.json"
PROGRAM = elf_folder() / "tests" / "console.elf"
ENTRY = {
    "name": "Console test",
    "path": "boot:/console.elf",
    "stack_size": 65536,
    "class": "NORMAL",
    "wait_for": "disk0:",
    "capabilities": [
        "SYSCALL_DEBUG_PRINT",
        "SYSCALL_SLEEP",
        "SYSCALL_SEND_MESSAGE",
        "SYSCALL_FIND_NAMED_CHANNEL",
        "SYSCALL_POWER",
        "SYSCALL_EXIT_PROCESS",
    ],
    "delegates": [],
}


def console_options(folder: Path) -> list[str]:
    """Options of a run with it; `folder` is for the files that they name."""
    servers = json.loads(BOOT.read_text())["boot_servers"]
    kept = [each for each in servers if each["name"] != "Shell"]
    config = folder / "console.json"
    config.write_text(json.dumps({"boot_servers": [*kept, ENTRY]}))
    return ["--boot-config", str(config), "--add", str(PROGRAM)]
