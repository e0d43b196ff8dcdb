"""Build `hw/libvcpu.so`, the C part of the simulator itself, for this host.

Unicorn's functions stay undefined in it: they are found in the library that
the `unicorn` package has loaded by the time hw/vcpu.py loads this one.
"""

from __future__ import annotations

import importlib.util
import platform
from pathlib import Path

from .cache import Cache, digest
from .errors import BuildError
from .zig import ZIG_VERSION, Zig

SOURCES = Path("hw")
"""The folder whose C files make the library."""
LIBRARY = Path("hw", "libvcpu.so")
GLIBC = "2.17"
"""The oldest C library that the result runs on: manylinux2014's."""
FLAGS = ("-shared", "-O2", "-g", "-fPIC", "-std=gnu23", "-Wall", "-Wextra", "-Werror")
QUIET = ("-fno-sanitize=all", "-fno-omit-frame-pointer", "-fvisibility=hidden")
MACHINES = ("x86_64", "aarch64")


def host_target(machine: str = "") -> str:
    """Return the compiler's name for this host, or for another machine.

    Raises:
        BuildError: the simulator does not run there.
    """
    machine = machine or platform.machine()
    if machine not in MACHINES:
        raise BuildError(f"anos-sim runs on {' and '.join(MACHINES)} Linux, not on {machine}")
    return f"{machine}-linux-gnu.{GLIBC}"


def build(zig: Zig, cache: Cache) -> Path:
    """Return the library for this host, compiled if a source has changed.

    Raises:
        BuildError: it does not compile, or the `unicorn` package is not there.
    """
    headers = unicorn_headers()
    target = host_target()
    parts = [path.read_bytes() for path in sorted((zig.root / SOURCES).rglob("*.[ch]"))]
    version = (headers / "unicorn" / "unicorn.h").read_bytes()
    key = digest(ZIG_VERSION, target, FLAGS, QUIET, version, *parts)

    def make(path: Path) -> None:
        maps = (f"-ffile-prefix-map={zig.root}=.", f"-ffile-prefix-map={headers}=unicorn")
        flags = ("-target", target, *FLAGS, *QUIET, *maps, "-isystem", headers)
        sources = [each.relative_to(zig.root) for each in sorted((zig.root / SOURCES).rglob("*.c"))]
        zig.run("cc", *flags, *sources, "-o", path)

    return cache.get(str(LIBRARY), key, ".so", make)


def unicorn_headers() -> Path:
    """The folder of the C headers that the `unicorn` package brings.

    Raises:
        BuildError: this interpreter has no `unicorn`.
    """
    spec = importlib.util.find_spec("unicorn")
    if spec is None or spec.origin is None:
        raise BuildError("unicorn is missing: pip install unicorn==2.1.4 for this Python")
    return Path(spec.origin).parent / "include"
