"""Compile a server's own code for the host, with every sanitizer that there is."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INCLUDE = (ROOT / "servers" / "include", ROOT / "toolchain" / "libanos" / "include")
FLAGS = ("-std=gnu2x", "-g", "-O1", "-Wall", "-Wextra", "-Werror", "-fno-sanitize-recover=all")


def build_for_host(
    program: Path,
    server: str,
    shim: Path,
    *flags: str,
    leave_out: Iterable[str] = (),
    library: Iterable[str] = (),
    address_sanitizer: bool = True,
) -> Path:
    """Link a server's files, but for those left out, with a shim that stands for the kernel.

    `library` names those of servers/lib that it needs.
    """
    folder = ROOT / "servers" / server
    sources = [path for path in sorted(folder.glob("*.c")) if path.name not in set(leave_out)]
    sources += [ROOT / "servers" / "lib" / name for name in library]
    rest: list[str | Path] = [*FLAGS, *flags]
    for include in (folder, *INCLUDE):
        rest += ["-I", include]
    rest += [shim, *sources, "-o", program]
    choices: list[list[str | Path]] = [[sys.executable, "-m", "ziglang", "cc"]]  # cannot do it
    gcc = shutil.which("gcc")
    if gcc and address_sanitizer:
        choices.insert(0, [gcc, "-fsanitize=address"])
    errors = ""
    for choice in choices:
        command = [*choice, "-fsanitize=undefined", *rest]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return program
        errors += done.stderr
    raise AssertionError(errors)
