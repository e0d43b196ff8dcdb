"""The compiler: zig, from the pinned `ziglang` wheel, and how it is called.

The wheel brings clang, lld, compiler-rt and the C sources of musl for every
target, so no system compiler is needed.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from .errors import BuildError

ZIG_VERSION = "0.14.1"
"""The newest wheel with all of musl's C sources; pyproject.toml pins it too."""


@dataclass(frozen=True)
class Target:
    """One guest architecture.

    `name` is musl's and our own, `machine` what an ELF file says. `flags` go to
    every compile, with `c_flags` for C and assembly and `runtime_flags` for the
    compiler's own runtime. `emulation` tells the linker.
    """

    name: str
    machine: int
    flags: tuple[str, ...]
    emulation: str
    c_flags: tuple[str, ...] = ()
    runtime_flags: tuple[str, ...] = ()

    @property
    def elf_folder(self) -> Path:
        """The folder of its programs, inside `toolchain/`."""
        return Path("elf") if self == X86_64 else Path("elf", self.name)


X86_64 = Target(
    "x86_64", 62, ("-target", "x86_64-freestanding-none", "-mcpu=x86_64_v2"), "elf_x86_64"
)
RISCV64 = Target(
    "riscv64",
    243,
    ("-target", "riscv64-freestanding-none", "-mcpu=baseline_rv64"),
    "elf64lriscv",
    c_flags=("-mabi=lp64d", "-mcmodel=medany"),
    runtime_flags=("-mcmodel=medium",),
)
TARGETS = {target.name: target for target in (X86_64, RISCV64)}
"""By name, the one that is built without asking first."""


@dataclass(frozen=True)
class Zig:
    """The compiler, looked for when it is first needed; `cache` is its own scratch folder."""

    cache: Path
    root: Path

    @cached_property
    def folder(self) -> Path:
        """Where the wheel is installed.

        Raises:
            BuildError: the running interpreter has no `ziglang` package.
        """
        spec = importlib.util.find_spec("ziglang")
        if spec is None or spec.origin is None:
            raise BuildError(
                "the C compiler is missing: "
                f"pip install ziglang=={ZIG_VERSION} for this Python, or use .venv/bin/python"
            )
        return Path(spec.origin).parent

    @property
    def musl(self) -> Path:
        """The sources of musl."""
        return self.folder / "lib" / "libc" / "musl"

    def public_headers(self, target: Target) -> list[Path]:
        """Folders of the C library's public headers, in search order."""
        include = self.folder / "lib" / "libc" / "include"
        return [
            include / f"{target.name}-linux-musl",
            include / "generic-musl",
            self.musl / "arch" / target.name,
            self.musl / "arch" / "generic",
            self.musl / "include",
        ]

    def run(self, *arguments: str | Path) -> None:
        """Run `zig` in the checkout, so that no absolute path gets into a result.

        Raises:
            BuildError: it failed; the text is what it said.
        """
        environment = dict(os.environ)
        environment["ZIG_LOCAL_CACHE_DIR"] = environment["ZIG_GLOBAL_CACHE_DIR"] = str(self.cache)
        done = subprocess.run(
            [self.folder / "zig", *arguments],
            cwd=self.root,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise BuildError(done.stderr.strip() or f"zig {arguments[0]} failed")

    def compile(
        self, target: Target, flags: Sequence[str | Path], source: Path, result: Path
    ) -> None:
        """Compile one C or assembly file to an object."""
        maps = [f"-ffile-prefix-map={self.root}=.", f"-ffile-prefix-map={self.folder}=zig"]
        self.run("cc", *target.flags, *target.c_flags, *maps, *flags, "-c", source, "-o", result)
