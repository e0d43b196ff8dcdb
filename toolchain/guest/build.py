"""Build everything that is C: the guest's programs, SYSTEM's image, the vCPU library.

    python toolchain/guest/build.py [--arch NAME]     in a checkout, with ziglang installed

Programs are built for one architecture: x86_64, if no other is named. A folder in
`servers/` with a `main.c` is a program; so is each file in `tests/guest/`. There is no
list to keep. Results go where the installed package finds them (`toolchain/elf`,
`toolchain/lib`, `hw/libvcpu.so`); git ignores them. ELFs that are not for x86_64 are
in a folder with their architecture's name.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

if __name__ == "__main__":  # as a script: give the relative imports below a package
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    __package__ = "toolchain.guest"

from . import boot_config, ramfs, vcpu
from .cache import Cache, digest, install
from .errors import BuildError
from .header import load_abi, render
from .programs import LIBANOS, PROTOCOLS, Builder, Program
from .zig import TARGETS, X86_64, Target, Zig

ROOT = Path(__file__).resolve().parents[2]
CACHE_VARIABLE = "ANOS_SIM_CACHE"
"""Environment variable: a folder for build results in place of `.cache/`."""
EVERY = "all"
"""In place of an architecture's name: each of them."""
SHARED = Path("servers", "lib")
BOOT_CONFIG = Path("system", "boot.json")


def build_all(root: Path = ROOT, architectures: Sequence[str] = (X86_64.name,)) -> list[str]:
    """Bring every built file up to date; return the names of what had to be made.

    Raises:
        BuildError: a source does not compile, or this is no checkout.
    """
    if not (root / "pyproject.toml").is_file():
        raise BuildError(f"{root} is not a checkout of anos-sim: only a checkout can be built")
    folder = Path(os.environ.get(CACHE_VARIABLE) or root / ".cache")
    host = Cache(folder, "host")
    caches = [host]
    with host.locked():
        _write_header(root)
        _install_headers(root, root / "toolchain" / "lib" / "include" / "anos")
        for name in architectures:
            caches.append(Cache(folder, name))
            _build_guest(Builder(root, caches[-1], TARGETS[name]))
        if (root / vcpu.SOURCES).is_dir():
            install(vcpu.build(Zig(folder / "zig", root), host), root / vcpu.LIBRARY)
        if CACHE_VARIABLE not in os.environ:
            for cache in caches:
                cache.record()
            host.prune()
    return [name for cache in caches for name in cache.made]


def _build_guest(builder: Builder) -> None:
    """Everything that runs inside one architecture's machine, and the archives to link it."""
    root = builder.root
    servers = server_programs(root)
    elves = {f"{program.name}.elf": builder.link(program) for program in servers}
    for program in small_programs(root, builder.target):
        elves[f"tests/{program.name}.elf"] = builder.link(program)
    if (root / "system" / "main.c").exists():
        elves["system.elf"] = link_system(builder, servers)
    _install_elves(root / "toolchain" / builder.target.elf_folder, elves)
    library = root / "toolchain" / "lib" / builder.target.name
    protocols = builder.objects(_sources(root, SHARED), (PROTOCOLS,))
    install(builder.archive("libprotocols", protocols), library / "libprotocols.a")
    install(builder.libanos(), library / "libanos.a")
    install(builder.libc(), library / "libc.a")
    install(builder.runtime(), library / "compiler_rt.a")


def server_programs(root: Path) -> list[Program]:
    """The programs in `servers/`: every folder with a `main.c`, by name."""
    library = _sources(root, SHARED)
    return [
        Program(main.parent.name, _sources(root, main.parent), (PROTOCOLS,), library=library)
        for main in sorted((root / "servers").glob("*/main.c"))
    ]


def small_programs(root: Path, target: Target) -> list[Program]:
    """The small programs of `tests/guest/`: one file each.

    What is about one processor, programs and headers, is in a folder with its name.
    """
    folder = Path("tests", "guest")
    own = folder / target.name
    include = (own, folder, PROTOCOLS)
    return [
        Program(path.stem, (path,), include, library=_sources(root, SHARED))
        for path in sorted((*_sources(root, folder), *_sources(root, own)))
    ]


def link_system(builder: Builder, servers: list[Program]) -> Path:
    """Link SYSTEM's image, with the servers (stripped) and the boot config in its RAMFS."""
    files = {
        f"{program.name}.elf": builder.link(program, stripped=True).read_bytes()
        for program in servers
    }
    config = builder.root / BOOT_CONFIG
    if config.exists():
        files["boot.cfg"] = compile_boot_config(builder.root, config.read_text(), list(files))
    blob = ramfs.pack(files)
    packed = builder.cache.get(
        "the RAMFS", digest(blob), ".ramfs", lambda path: path.write_bytes(blob)
    )
    image = LIBANOS / "image"
    extra = [
        *builder.objects([image / "note.c"], ()),
        *builder.objects([image / "ramfs.S"], (), [f'-DRAMFS="{packed}"']),
    ]
    system = Program(
        "system",
        _sources(builder.root, Path("system")),
        (PROTOCOLS,),
        script="system.ld",
        library=_sources(builder.root, SHARED),
    )
    return builder.link(system, extra=extra)


def compile_boot_config(root: Path, text: str, programs: list[str]) -> bytes:
    """Return the boot table for a config in JSON, with the names that the ABI knows.

    Raises:
        BuildError: the config is wrong; the text says where.
    """
    abi = load_abi(root / "stage3" / "abi.py")
    calls = abi.config_names()
    classes = {member.name: int(member) for member in abi.ThreadClass}
    return boot_config.pack(boot_config.parse(text, calls, classes, programs))


def _sources(root: Path, folder: Path) -> tuple[Path, ...]:
    folder = root / folder
    return tuple(path.relative_to(root) for path in sorted(folder.glob("*.c")))


def _write_header(root: Path) -> None:
    text = render(load_abi(root / "stage3" / "abi.py"))
    path = root / LIBANOS / "include" / "anos" / "abi.h"
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def _install_elves(folder: Path, elves: dict[str, Path]) -> None:
    """Copy ELFs to where they are looked for, and remove those of programs that are gone."""
    for name, path in elves.items():
        install(path, folder / name)
    for path in (*folder.glob("*.elf"), *folder.glob("tests/*.elf")):
        if str(path.relative_to(folder)) not in elves:
            path.unlink()


def _install_headers(root: Path, folder: Path) -> None:
    """Copy what programs may include as `<anos/...>`, and remove what is gone."""
    headers: dict[str, Path] = {}
    for source in (LIBANOS / "include" / "anos", PROTOCOLS):
        for path in sorted((root / source).glob("*.h")):
            if path.name in headers:
                raise BuildError(f"{path.name} is there twice: <anos/{path.name}> could be either")
            headers[path.name] = path
    for name, path in headers.items():
        install(path, folder / name)
    for path in folder.glob("*.h"):
        if path.name not in headers:
            path.unlink()


def main() -> int:
    """Build, and say what was done."""
    parser = argparse.ArgumentParser(description="Build the C parts of anos-sim.")
    parser.add_argument(
        "--arch",
        choices=(*TARGETS, EVERY),
        default=X86_64.name,
        help=f"the processor that programs are built for; without it {X86_64.name}",
    )
    name = parser.parse_args().arch
    begin = time.monotonic()
    try:
        made = build_all(architectures=tuple(TARGETS) if name == EVERY else (name,))
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{len(made)} built, in {time.monotonic() - begin:.2f} s" if made else "up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main())
