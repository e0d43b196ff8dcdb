"""Build everything that is C: the guest's programs, SYSTEM's image, the vCPU library.

    python toolchain/guest/build.py        in a checkout, with ziglang installed

A folder in `servers/` with a `main.c` is a program; so is each file in
`tests/guest/`. There is no list to keep. Results go where the installed package
finds them (`toolchain/elf`, `toolchain/lib`, `hw/libvcpu.so`); git ignores them.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

if __name__ == "__main__":  # as a script: give the relative imports below a package
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    __package__ = "toolchain.guest"

from . import boot_config, ramfs, vcpu
from .cache import Cache, digest, install
from .errors import BuildError
from .header import load_abi, render
from .programs import LIBANOS, PROTOCOLS, Builder, Program
from .zig import X86_64

ROOT = Path(__file__).resolve().parents[2]
CACHE_VARIABLE = "ANOS_SIM_CACHE"
"""Environment variable: a folder for build results in place of `.cache/`."""
SHARED = Path("servers", "lib")
BOOT_CONFIG = Path("system", "boot.json")


def build_all(root: Path = ROOT) -> list[str]:
    """Bring every built file up to date; return the names of what had to be made.

    Raises:
        BuildError: a source does not compile, or this is no checkout.
    """
    if not (root / "pyproject.toml").is_file():
        raise BuildError(f"{root} is not a checkout of anos-sim: only a checkout can be built")
    cache = Cache(Path(os.environ.get(CACHE_VARIABLE) or root / ".cache"))
    with cache.locked():
        _write_header(root)
        builder = Builder(root, cache, X86_64)
        servers = server_programs(root)
        elves = {f"{program.name}.elf": builder.link(program) for program in servers}
        for program in test_programs(root):
            elves[f"tests/{program.name}.elf"] = builder.link(program)
        if (root / "system" / "main.c").exists():
            elves["system.elf"] = link_system(builder, servers)
        _install_elves(root / "toolchain" / "elf", elves)
        library = root / "toolchain" / "lib" / builder.target.name
        protocols = builder.objects(_sources(root, SHARED), (PROTOCOLS,))
        install(builder.archive("libprotocols", protocols), library / "libprotocols.a")
        install(builder.libanos(), library / "libanos.a")
        install(builder.libc(), library / "libc.a")
        install(builder.runtime(), library / "compiler_rt.a")
        _install_headers(root, root / "toolchain" / "lib" / "include" / "anos")
        if (root / vcpu.SOURCES).is_dir():
            install(vcpu.build(builder.zig, cache), root / vcpu.LIBRARY)
        if CACHE_VARIABLE not in os.environ:
            cache.prune()
    return cache.made


def server_programs(root: Path) -> list[Program]:
    """The programs in `servers/`: every folder with a `main.c`, by name."""
    library = _sources(root, SHARED)
    return [
        Program(main.parent.name, _sources(root, main.parent), (PROTOCOLS,), library=library)
        for main in sorted((root / "servers").glob("*/main.c"))
    ]


def test_programs(root: Path) -> list[Program]:
    """The small programs of `tests/guest/`: one file each."""
    return [
        Program(path.stem, (path.relative_to(root),), (PROTOCOLS,), library=_sources(root, SHARED))
        for path in sorted((root / "tests" / "guest").glob("*.c"))
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
    for path in folder.rglob("*.elf"):
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
    argparse.ArgumentParser(description="Build the C parts of anos-sim.").parse_args()
    begin = time.monotonic()
    try:
        made = build_all()
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{len(made)} built, in {time.monotonic() - begin:.2f} s" if made else "up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main())
