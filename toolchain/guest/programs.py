"""Compile and link guest programs, each object and each ELF once per content."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from . import libc
from .cache import Cache, digest
from .zig import ZIG_VERSION, Target, Zig

LIBANOS = Path("toolchain", "libanos")
PROTOCOLS = Path("servers", "include")
LIBANOS_INCLUDE = (LIBANOS, PROTOCOLS)
PROGRAM_FLAGS = (
    *libc.COMMON_FLAGS,
    "-std=gnu23",
    "-D_GNU_SOURCE",
    "-D__anos__",
    "-g",
    "-Wall",
    "-Wextra",
    "-Werror",
)
LINK_FLAGS = (
    "-static",
    "--gc-sections",
    "--build-id=none",
    "--discard-locals",
    "--fatal-warnings",
    "-z",
    "max-page-size=4096",
    "-z",
    "noexecstack",
)


@dataclass(frozen=True)
class Program:
    """One ELF to make: its `sources`, shared `library` sources, and where headers are."""

    name: str
    sources: tuple[Path, ...]
    include: tuple[Path, ...]
    script: str = "program.ld"
    library: tuple[Path, ...] = ()


class Builder:
    """Makes ELFs for one target, in the checkout `root`, with results kept in `cache`."""

    def __init__(self, root: Path, cache: Cache, target: Target) -> None:
        self.root = root
        self.cache = cache
        self.target = target
        self.zig = Zig(cache=cache.folder / "zig", root=root)
        self._headers: dict[Path, str] = {}

    def libc(self) -> Path:
        """The archive of the C library."""
        overrides = LIBANOS / "libc"
        headers = self._header_digest(overrides)
        key = digest(ZIG_VERSION, self.target.flags, libc.MUSL_FLAGS, headers)
        return self.cache.get(
            "the C library",
            key,
            ".a",
            lambda path: libc.build_libc(self.zig, self.target, self.root / overrides, path),
        )

    def runtime(self) -> Path:
        """The archive of the compiler's runtime."""
        key = digest(ZIG_VERSION, self.target.flags, libc.RUNTIME_FLAGS)
        return self.cache.get(
            "the compiler's runtime",
            key,
            ".a",
            lambda path: libc.build_runtime(self.zig, self.target, path),
        )

    def libanos(self) -> Path:
        """The archive of libanos: a program's start, its calls, and musl's system calls."""
        folder = self.root / LIBANOS
        sources = [*sorted(folder.glob("*.c")), *sorted((folder / self.target.name).glob("*.S"))]
        objects = self.objects([path.relative_to(self.root) for path in sources], LIBANOS_INCLUDE)
        return self.archive("libanos", objects)

    def archive(self, name: str, objects: Sequence[Path]) -> Path:
        """An archive of objects."""
        key = digest(ZIG_VERSION, [path.name for path in objects])
        return self.cache.get(
            name, key, ".a", lambda path: self.zig.run("ar", "rcsD", path, *objects)
        )

    def objects(
        self, sources: Sequence[Path], include: Sequence[Path], defines: Sequence[str] = ()
    ) -> list[Path]:
        """Compile files, two at a time; paths are relative to the checkout."""
        with ThreadPoolExecutor(libc.JOBS) as pool:
            return list(pool.map(lambda path: self._object(path, include, defines), sources))

    def link(self, program: Program, stripped: bool = False, extra: Sequence[Path] = ()) -> Path:
        """Link a program; `stripped` leaves the symbols out. Returns the cached ELF."""
        own = [*self.objects(program.sources, program.include), *extra]
        shared = self.objects(program.library, program.include)
        archives = [self.libanos(), self.libc(), self.runtime()]
        flags = ["-m", self.target.emulation, *LINK_FLAGS, *(["-s"] if stripped else [])]
        script = LIBANOS / program.script
        names = [path.name for path in (*own, *shared, *archives)]
        key = digest(ZIG_VERSION, flags, (self.root / script).read_bytes(), names)

        def make(path: Path) -> None:
            library: list[str | Path] = ["--start-lib", *shared, "--end-lib"]
            inputs: list[str | Path] = [*own, *library, *archives]
            self.zig.run("ld.lld", *flags, "-T", script, *inputs, "-o", path)

        return self.cache.get(program.name, key, ".elf", make)

    def _object(self, source: Path, include: Sequence[Path], defines: Sequence[str]) -> Path:
        folders = (source.parent, *include, LIBANOS / "include")
        headers = [self._header_digest(folder) for folder in folders]
        content = (self.root / source).read_bytes()
        flags = [*PROGRAM_FLAGS, *defines, *self.target.flags]
        key = digest(ZIG_VERSION, str(source), content, flags, headers)

        def make(path: Path) -> None:
            search: list[str | Path] = []
            for folder in folders:
                search += ["-I", folder]
            for folder in self.zig.public_headers(self.target):
                search += ["-isystem", folder]
            self.zig.compile(self.target, [*PROGRAM_FLAGS, *defines, *search], source, path)

        return self.cache.get(str(source), key, ".o", make)

    def _header_digest(self, folder: Path) -> str:
        """One hash of all headers in a folder and below it."""
        if folder not in self._headers:
            parts: list[str | bytes] = []
            for path in sorted((self.root / folder).rglob("*.h")):
                parts += [str(path.relative_to(self.root)), path.read_bytes()]
            self._headers[folder] = digest(*parts)
        return self._headers[folder]
