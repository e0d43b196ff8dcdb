"""A second Anos-style system, written from the ABI's description alone: building and booting it.

Its sources are in tests/guest/foreign; they share nothing with libanos, SYSTEM
and the servers. The image is a flat binary, kept in the cache by the hash of
everything that goes into it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import attrs
from elftools.elf.elffile import ELFFile

from anos_sim.hw.config import MachineConfig
from anos_sim.hw.machine import Machine
from anos_sim.stage3 import console
from anos_sim.stage3.boot import boot
from anos_sim.stage3.image import SystemImage, parse_image
from anos_sim.stage3.kernel import Kernel
from anos_sim.stage3.log import LogLine
from anos_sim.stage3.outcome import Outcome
from anos_sim.toolchain.guest import ramfs
from anos_sim.toolchain.guest.cache import Cache, digest
from anos_sim.toolchain.guest.zig import TARGETS, ZIG_VERSION, Target, Zig

from .architectures import DEFAULT
from .invariants import check_kernel
from .kernel import end_everything

ROOT = Path(__file__).resolve().parents[2]
SOURCES = Path("tests", "guest", "foreign")
SERVERS = ("test_server", "devman", "pcidrv", "ahcidrv", "fat32drv", "kterminal")
"""In the order that the RAMFS has them (anos-abi 8.2)."""
COMPILE_FLAGS = (
    "-std=gnu23",
    "-O2",
    "-ffreestanding",
    "-fno-sanitize=all",
    "-fno-stack-protector",
    "-fno-pic",
    "-fno-pie",
    "-fno-asynchronous-unwind-tables",
    "-fno-strict-aliasing",  # pages are looked at as messages of several kinds
    "-Wall",
    "-Wextra",
    "-Werror",
)
LINK_FLAGS = ("-static", "--build-id=none", "-z", "max-page-size=4096")
TURNS = 1000


@attrs.frozen
class ForeignRun:
    """What a run of the foreign system left behind."""

    lines: tuple[LogLine, ...]
    outcome: Outcome
    reports: tuple[str, ...]
    processes: dict[int, str]
    colours: frozenset[bytes]
    """Those of the pixels on the screen, as red, green and blue."""

    def texts(self, process: str = "") -> list[str]:
        """What one process printed, or all of them, without blank lines."""
        return [line.text for line in self.lines if line.text and process in ("", line.process)]

    def find(self, text: str) -> LogLine:
        """The first line that is `text`."""
        return next(line for line in self.lines if line.text == text)


def build_image(arch: str = DEFAULT) -> Path:
    """Return the flat system image for an architecture, made if a source has changed.

    Raises:
        BuildError: a source does not compile.
    """
    folder = Path(os.environ.get("ANOS_SIM_CACHE") or ROOT / ".cache").resolve()
    cache = Cache(folder / "foreign", arch)
    parts: list[str | bytes] = [ZIG_VERSION, arch, " ".join((*COMPILE_FLAGS, *LINK_FLAGS))]
    for path in sorted((ROOT / SOURCES).rglob("*")):
        if path.is_file():
            parts += [str(path.relative_to(ROOT)), path.read_bytes()]
    with cache.locked():
        image = cache.get(
            "foreign", digest(*parts), ".img", lambda path: _build(cache, TARGETS[arch], path)
        )
        cache.record()
        cache.prune()
    return image


def _build(cache: Cache, target: Target, result: Path) -> None:
    zig = Zig(cache=cache.folder / "zig", root=ROOT)
    folder = cache.folder / "objects" / target.name
    folder.mkdir(parents=True, exist_ok=True)
    include: list[str | Path] = ["-I", SOURCES / "lib", "-I", SOURCES / "lib" / target.name]

    def compile_one(source: Path, defines: Sequence[str] = ()) -> Path:
        made = folder / "-".join(source.relative_to(SOURCES).parts).replace(".", "_")
        made = made.with_suffix(".o")
        flags: list[str | Path] = [*COMPILE_FLAGS, *include, *defines]
        zig.compile(target, flags, source, made)
        return made

    def objects(name: str) -> list[Path]:
        own = SOURCES / name / target.name
        found = [
            *sorted((ROOT / SOURCES / name).glob("*.[cS]")),
            *sorted((ROOT / own).glob("*.[cS]")),
        ]
        sources = [path.relative_to(ROOT) for path in found if path.name != "ramfs_image.S"]
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(compile_one, sources))

    def link(script: Path, inputs: Sequence[Path], made: Path) -> Path:
        zig.run("ld.lld", "-m", target.emulation, *LINK_FLAGS, "-T", script, *inputs, "-o", made)
        return made

    library = objects("lib")
    files = {}
    for name in SERVERS:
        script = SOURCES / "lib" / "server.ld"
        program = link(script, [*objects(name), *library], folder / f"{name}.elf")
        files[f"{name}.elf"] = program.read_bytes()
    files["sysconf.json"] = (ROOT / SOURCES / "system" / "sysconf.json").read_bytes()
    packed = folder / "ramfs.img"
    packed.write_bytes(ramfs.pack(files))
    blob = compile_one(SOURCES / "system" / "ramfs_image.S", [f'-DRAMFS="{packed}"'])
    script = SOURCES / "system" / "system.ld"
    system = link(script, [*objects("system"), blob, *library], folder / "system.elf")
    result.write_bytes(flatten(system))


def flatten(elf: Path) -> bytes:
    """The segments with contents as one piece of memory; the first begins at its address."""
    image = bytearray()
    with elf.open("rb") as stream:
        loads = [each for each in ELFFile(stream).iter_segments("PT_LOAD") if each["p_filesz"]]
        base = loads[0]["p_vaddr"]
        for each in loads:
            image = image.ljust(each["p_vaddr"] - base, b"\0") + each.data()
    return bytes(image)


def foreign_image(arch: str = DEFAULT) -> SystemImage:
    """The checked image for an architecture."""
    return parse_image(build_image(arch).read_bytes(), "foreign", arch)


def run_foreign(
    config: MachineConfig, seconds: int, image: SystemImage | None = None
) -> ForeignRun:
    """Boot the foreign system, run it for some virtual time, and check that nothing is lost."""
    machine = Machine(config)
    try:
        kernel = boot(machine, image or foreign_image(config.arch), seed=config.seed)
        try:
            return _run(kernel, seconds)
        finally:
            kernel.close()
    finally:
        machine.close()


def _run(kernel: Kernel, seconds: int) -> ForeignRun:
    lines: list[LogLine] = []
    kernel.on_log = lines.append
    kernel.end_ps = seconds * 10**12
    while kernel.advance(TURNS):
        pass
    for process in kernel.all_processes():
        console.flush(kernel, process)
    check_kernel(kernel)
    pixels = kernel.machine.framebuffer.pixels()
    assert kernel.outcome is not None
    run = ForeignRun(
        tuple(lines),
        kernel.outcome,
        tuple(kernel.reports),
        {process.pid: process.name for process in kernel.all_processes()},
        frozenset(pixels[at : at + 3] for at in range(0, len(pixels), 3)),
    )
    end_everything(kernel)
    return run
