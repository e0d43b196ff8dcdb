"""The C library of guest programs: musl, from the sources in the compiler's wheel.

No musl file is changed, and none is kept here. Two headers of ours
(`libanos/libc/`) stand before musl's own on the include path and turn its
system calls and its thread pointer into libanos'. The parts of libanos that
musl would define itself are linked before the archive, so that musl's versions
are never taken.
"""

from __future__ import annotations

import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import mkdtemp

from .zig import Target, Zig

JOBS = 2
COMMON_FLAGS = (
    "-O2",
    "-ffreestanding",
    "-nostdinc",
    "-ffunction-sections",
    "-fdata-sections",
    "-fno-omit-frame-pointer",
    "-fno-sanitize=all",
    "-fno-stack-protector",
    "-fno-pic",
    "-fno-pie",
    "-fno-asynchronous-unwind-tables",
)
"""For every guest file. zig turns a sanitizer on by itself; a stack protector
would read the thread pointer register, which Anos programs do not have."""
MUSL_FLAGS = (
    *COMMON_FLAGS,
    "-std=c99",
    "-D_XOPEN_SOURCE=700",
    "-fno-strict-aliasing",
    "-frounding-math",
    "-w",
    "-g0",
)
RUNTIME_FLAGS = (
    "-OReleaseFast",
    "-fstrip",
    "-fno-PIC",
    "-fno-compiler-rt",
    "-ffunction-sections",
    "-fdata-sections",
    "-fno-unwind-tables",
)
"""Without its sections the compiler's runtime is one object of 110 KB."""


def sources(musl: Path, architecture: str) -> dict[str, Path]:
    """Return musl's source files by object name.

    A file in `src/<dir>/<architecture>/` replaces the C file of that name; names
    are made unique by the folder, because several folders have a `free.c`.
    """
    folders = [path for path in sorted((musl / "src").iterdir()) if path.is_dir()]
    folders = [path for path in folders if path.name not in ("include", "ldso")]
    folders.append(musl / "src" / "malloc" / "mallocng")
    found: dict[str, Path] = {}
    for folder in folders:
        prefix = "_".join(folder.relative_to(musl / "src").parts)
        for path in sorted(folder.glob("*.c")):
            found[f"{prefix}_{path.stem}"] = path
        for path in sorted((folder / architecture).glob("*.[csS]")):
            found[f"{prefix}_{path.stem}"] = path
    return found


def build_libc(zig: Zig, target: Target, overrides: Path, archive: Path) -> None:
    """Compile all of musl into `archive`: about 15 s with two processor cores."""
    scratch = Path(mkdtemp(prefix="libc-", dir=archive.parent))
    compiler = Zig(cache=scratch / "zig", root=zig.root)
    include: list[str | Path] = []
    internal = [zig.musl / "src" / "include", zig.musl / "src" / "internal"]
    public = zig.public_headers(target)
    for folder in [overrides, *public[2:4], *internal, *public[:2], *public[4:]]:
        include += ["-I", folder]
    files = sources(zig.musl, target.name)
    progress = Progress(f"compiling the C library for {target.name}", len(files))

    def compile_one(name: str) -> None:
        result = scratch / f"{name}.o"
        compiler.compile(target, [*MUSL_FLAGS, *include], files[name], result)
        progress.step()

    try:
        with ThreadPoolExecutor(JOBS) as pool:
            list(pool.map(compile_one, files))
        progress.end()
        compiler.run("ar", "rcsD", archive, *(scratch / f"{name}.o" for name in files))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def build_runtime(zig: Zig, target: Target, archive: Path) -> None:
    """Compile the compiler's own runtime: 128-bit arithmetic and the like."""
    source = zig.folder / "lib" / "compiler_rt.zig"
    flags = (*target.flags, *target.runtime_flags, *RUNTIME_FLAGS)
    zig.run("build-lib", source, *flags, f"-femit-bin={archive}")


class Progress:
    """One line on stderr that counts to `total`: rewritten on a terminal, else printed once."""

    def __init__(self, what: str, total: int) -> None:
        self.what = what
        self.total = total
        self.done = 0
        self._live = sys.stderr.isatty()
        if not self._live:
            print(f"{what} ({total} files, once) ...", file=sys.stderr, flush=True)

    def step(self) -> None:
        """One more is done."""
        self.done += 1
        if self._live and self.done % 10 == 0:
            print(
                f"\r{self.what}: {self.done} of {self.total}", end="", file=sys.stderr, flush=True
            )

    def end(self) -> None:
        """All are done; leave the line clean."""
        if self._live:
            print(f"\r{self.what}: done{' ' * 20}", file=sys.stderr, flush=True)
