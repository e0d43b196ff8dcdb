"""Running clang and the linker of the `ziglang` package."""

from __future__ import annotations

import importlib.util
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path

import attrs

from anos_sim.toolchain.errors import UserError
from anos_sim.toolchain.guest.zig import TARGETS, Target, Zig

from .options import Options

TRIPLES = {
    "x86_64": ("--target=x86_64-unknown-none-elf", "-march=x86-64-v2"),
    "riscv64": (
        "--target=riscv64-unknown-none-elf", "-march=rv64gc", "-mabi=lp64d", "-mcmodel=medany",
    ),
}  # fmt: skip
"""What tells clang the processor, by the target's name."""
FLAGS = (
    "-D__anos__",
    "-nostdinc",
    "-fno-pic",
    "-ffunction-sections",
    "-fdata-sections",
    "-fno-omit-frame-pointer",
    "-fno-stack-protector",
    "-fno-asynchronous-unwind-tables",
    "-femulated-tls",
    "-fdebug-compilation-dir=.",
)
"""Of every file. A stack protector and plain thread-locals would need a thread pointer in a
register, which Anos programs do not have (libanos/emutls.c)."""
DRIVER_SUFFIXES = {"-c": ".o", "-S": ".s", "-E": ".i"}


Job = tuple[Path, Path | None]
"""A source, and what to make of it; None: the result goes to stdout."""


@attrs.frozen
class Tools:
    """The compiler, and where our headers, archives and the linker's script are."""

    zig: Zig
    target: Target
    package: Path
    verbose: bool

    @classmethod
    def find(cls, options: Options) -> Tools:
        """Look for everything.

        Raises:
            UserError: something is not installed.
        """
        if importlib.util.find_spec("ziglang") is None:
            raise UserError("the C compiler is missing; pip install 'anos-sim[cc]' brings it")
        package = Path(str(files("anos_sim.toolchain")))
        tools = cls(Zig(Path(), Path()), TARGETS[options.target], package, options.verbose)
        if not (tools.library / "libanos.a").exists():
            raise UserError(
                f"{tools.library / 'libanos.a'} is missing: run `anos-sim build --arch "
                f"{options.target}` in a checkout, or install again"
            )
        return tools

    @property
    def library(self) -> Path:
        """The folder of our archives."""
        return self.package / "lib" / self.target.name

    @property
    def script(self) -> Path:
        """The linker's script of programs."""
        return self.package / "libanos" / "program.ld"

    def archives(self) -> list[Path]:
        """What every program is linked with, in this order."""
        names = ("libprotocols.a", "libanos.a", "libc.a", "compiler_rt.a")
        return [self.library / name for name in names]

    def compile(self, options: Options, jobs: Sequence[Job], stage: str) -> int:
        """Compile files, some at a time; returns clang's worst exit status.

        What clang says of them goes to stderr as it is, in the order of the files.
        """
        status = 0
        with ThreadPoolExecutor(min(len(jobs), os.cpu_count() or 1) or 1) as pool:
            for done in pool.map(lambda job: self._compile_one(options, job, stage), jobs):
                sys.stderr.write(done.stderr)
                status = max(status, done.returncode if done.returncode in (0, 1) else 2)
        return status

    def _compile_one(
        self, options: Options, job: Job, stage: str
    ) -> subprocess.CompletedProcess[str]:
        source, result = job
        flags: list[str | Path] = [*TRIPLES[self.target.name], *FLAGS]
        if sys.stderr.isatty():
            flags.append("-fcolor-diagnostics")
        if not options.stage and not options.debug:
            flags.append("-gline-tables-only")  # the linker names places with it, then drops it
        flags += options.for_clang
        headers = [
            self.package / "lib" / "include",
            *self.zig.public_headers(self.target),
            self.zig.folder / "lib" / "include",
        ]
        for folder in headers:
            flags += ["-isystem", folder]
        output: list[str | Path] = ["-o", result] if result is not None else []
        return self.run("clang", *flags, stage, source, *output, keep_stdout=stage == "-E")

    def assemble(self, source: Path, result: Path) -> None:
        """Make an object of assembly of our own."""
        self.run("clang", *TRIPLES[self.target.name], "-c", source, "-o", result)

    def run(
        self, tool: str, *arguments: str | Path, keep_stdout: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """Run clang or the linker, and catch what it says; its stdout can remain ours."""
        command = [str(self.zig.folder / "zig"), tool, *map(str, arguments)]
        if self.verbose:
            print(shlex.join(command), file=sys.stderr, flush=True)
        stdout = None if keep_stdout else subprocess.PIPE
        return subprocess.run(
            command, stdout=stdout, stderr=subprocess.PIPE, text=True, errors="replace", check=False
        )

    def archive_of(self, name: str, folders: Sequence[Path]) -> Path:
        """The archive that `-lNAME` means.

        Raises:
            UserError: no folder has it.
        """
        for folder in folders:
            path = folder / f"lib{name}.a"
            if path.is_file():
                return path
        where = ", ".join(map(str, folders)) or "any folder; name one with -L"
        raise UserError(f"-l{name}: there is no lib{name}.a in {where}")
