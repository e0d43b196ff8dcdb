"""Power cuts between any two writes of fat32drv, and what is left of the volume.

A workload runs once on the driver compiled for the host, which notes every write
and every flush. A cut is a place in that list: what was flushed before it is on
the medium, and of the sectors written since then any may be, as in hw/disk.py.
"""

from __future__ import annotations

import random
import re
import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from .fat_image import run, tool
from .file_host import FatHost

SECTOR_BYTES = 512
MOUNT = "disk0:/"
ALLOWED = re.compile(
    r"fsck\.fat 4"
    r"|Dirty bit is set|^ Automatically removing dirty bit"
    r"|Free cluster summary|^  Auto-correcting"
    r"|FATs differ but appear to be intact|^  Using first FAT"
    r"|Reclaimed \d+ unused cluster"
    r"|Leaving filesystem unchanged"
    r"|: \d+ files, \d+/\d+ clusters"
)
"""What fsck.fat may say after a cut."""
SHARED = re.compile(
    r"share clusters|^  Truncating (second|file) to|^  File size is .* chain length is 0 bytes"
    r"|^  Invalid '\.\.' entry|^/"
)
"""What it says besides if one file or directory has two names."""


@dataclass(frozen=True)
class Write:
    """Sectors that the drive got; none is a flush."""

    sector: int
    data: bytes


@dataclass
class Step:
    """One request: what it changes, and how much the trace had when it began and ended."""

    begin: int
    kind: str
    paths: tuple[str, ...]
    end: int = 0
    files: dict[str, bytes] = field(default_factory=dict)
    """Of a sync: all files."""


class Workload:
    """Requests of all kinds in an order that its seed decides, and what must be there."""

    def __init__(self, host: FatHost, seed: int) -> None:
        self.host = host
        self.random = random.Random(seed)
        self.files: dict[str, bytes] = {}
        self.folders = [""]
        self.steps: list[Step] = []
        self.names = 0

    def go(self, steps: int) -> None:
        """Do so many requests, the last of them a sync."""
        kinds = (
            [self.create] * 4
            + [self.write] * 5
            + [self.append] * 4
            + [self.truncate, self.remove, self.remove, self.rename, self.rename, self.replace]
            + [self.make_folder, self.remove_folder, self.rename_folder, self.sync, self.sync]
        )
        while len(self.steps) < steps - 1:
            self.random.choice(kinds)()
        self.sync()

    def step(self, kind: str, action: Callable[[], None], *paths: str) -> Step:
        """Note one request while it is done."""
        step = Step(self.host.events(), kind, paths)
        action()
        step.end = self.host.events()
        self.steps.append(step)
        return step

    def name(self, folder: str) -> str:
        """A name that is not there, short or long."""
        self.names += 1
        number = self.names
        kinds = [f"F{number}.DAT", f"a long name, number {number}.txt", f"größe und 日本 {number}"]
        kinds.append(f"{'long' * self.random.randrange(5, 45)}{number}")
        return f"{folder}{self.random.choice(kinds)}"

    def folder(self) -> str:
        """A directory that is there."""
        return self.random.choice(self.folders)

    def content(self, limit: int) -> bytes:
        """Some bytes."""
        return self.random.randbytes(self.random.choice([1, 100, 511, 513, 3000, limit]))

    def pick(self) -> str | None:
        """A file that is there."""
        return self.random.choice(sorted(self.files)) if self.files else None

    def create(self) -> None:
        """A new file with something in it: two requests."""
        path = self.name(self.folder())
        self.step("create", lambda: self.host.create(MOUNT + path), path)
        self.files[path] = data = self.content(9000)
        self.step("write", lambda: self.host.write(MOUNT + path, data), path)

    def write(self) -> None:
        """Overwrite a part."""
        path = self.pick()
        if path is not None:
            old, data = self.files[path], self.content(5000)
            offset = self.random.randrange(len(old) + 1)
            self.files[path] = old[:offset] + data + old[offset + len(data) :]
            self.step("write", lambda: self.host.write(MOUNT + path, data, offset), path)

    def append(self) -> None:
        """Make a file longer."""
        path = self.pick()
        if path is not None:
            offset, data = len(self.files[path]), self.content(5000)
            self.files[path] += data
            self.step("append", lambda: self.host.write(MOUNT + path, data, offset), path)

    def truncate(self) -> None:
        """Make a file shorter."""
        path = self.pick()
        if path is not None:
            size = self.random.randrange(len(self.files[path]) + 1)
            self.files[path] = self.files[path][:size]
            self.step("write", lambda: self.host.truncate(MOUNT + path, size), path)

    def remove(self) -> None:
        """Remove a file."""
        path = self.pick()
        if path is not None:
            del self.files[path]
            self.step("remove", lambda: self.host.remove(MOUNT + path), path)

    def rename(self) -> None:
        """Give a file another name, maybe elsewhere."""
        path = self.pick()
        if path is not None:
            folder = self.folder() if self.random.random() < 0.5 else path[: path.rfind("/") + 1]
            new = self.name(folder)
            self.files[new] = self.files.pop(path)
            self.step("rename", lambda: self.host.rename(MOUNT + path, MOUNT + new), path, new)

    def replace(self) -> None:
        """Give a file the name of another one."""
        old, new = self.pick(), self.pick()
        if old is not None and new is not None and old != new:
            self.files[new] = self.files.pop(old)
            self.step("rename", lambda: self.host.rename(MOUNT + old, MOUNT + new), old, new)

    def make_folder(self) -> None:
        """Make a directory."""
        if len(self.folders) < 6:
            path = self.name(self.folder())
            self.folders.append(f"{path}/")
            self.step("folder", lambda: self.host.make_directory(MOUNT + path))

    def remove_folder(self) -> None:
        """Remove a directory that is empty."""
        for path in self.folders[1:]:
            others = [other for other in [*self.files, *self.folders] if other.startswith(path)]
            if others == [path]:
                self.folders.remove(path)
                self.step("folder", partial(self.host.remove_directory, MOUNT + path))
                return

    def rename_folder(self) -> None:
        """Give a directory another name, maybe elsewhere."""
        if len(self.folders) > 1:
            path = self.random.choice(self.folders[1:])
            new = self.name(self.folder())
            if new.startswith(path):
                return
            inside = [file for file in self.files if file.startswith(path)]
            for file in inside:
                self.files[f"{new}/{file[len(path) :]}"] = self.files.pop(file)
            self.folders = [
                f"{new}/{folder[len(path) :]}" if folder.startswith(path) else folder
                for folder in self.folders
            ]
            self.step("rename", lambda: self.host.rename(MOUNT + path[:-1], MOUNT + new), path, new)

    def sync(self) -> None:
        """Have all on the medium."""
        self.step("sync", self.host.sync).files = dict(self.files)


def read_trace(path: Path) -> list[Write]:
    """The writes and flushes, in order."""
    data, at, found = path.read_bytes(), 0, []
    while at < len(data):
        sector, count = struct.unpack_from("<QQ", data, at)
        end = at + 16 + count * SECTOR_BYTES
        found.append(Write(sector, data[at + 16 : end]))
        at = end
    return found


class Medium:
    """A volume that power is cut off from: `pending` is what was not flushed yet."""

    def __init__(self, empty: bytes, image: Path) -> None:
        self.data = bytearray(empty)
        self.image = image
        self.pending: dict[int, bytes] = {}
        image.write_bytes(empty)

    def take(self, write: Write) -> None:
        """One more write or flush."""
        for at in range(0, len(write.data), SECTOR_BYTES):
            self.pending[write.sector + at // SECTOR_BYTES] = write.data[at : at + SECTOR_BYTES]
        if not write.data:
            for sector, data in self.pending.items():
                self.data[sector * SECTOR_BYTES : (sector + 1) * SECTOR_BYTES] = data
            self._put(self.pending)
            self.pending.clear()

    @contextmanager
    def cut(self, survivors: set[int]) -> Iterator[Path]:
        """The image as it is if of what is pending these sectors survive."""
        self._put({sector: self.pending[sector] for sector in survivors})
        try:
            yield self.image
        finally:
            old = {sector: sector * SECTOR_BYTES for sector in survivors}
            self._put({s: bytes(self.data[at : at + SECTOR_BYTES]) for s, at in old.items()})

    def _put(self, sectors: dict[int, bytes]) -> None:
        with self.image.open("r+b") as file:
            for sector, data in sectors.items():
                file.seek(sector * SECTOR_BYTES)
                file.write(data)


def survivors_of(pending: dict[int, bytes], chance: random.Random) -> Iterator[set[int]]:
    """Which sectors may survive: none, all, and some."""
    sectors = sorted(pending)
    yield set()
    if sectors:
        yield set(sectors)
    if len(sectors) > 1:
        yield {sector for sector in sectors if chance.random() < 0.5}


def complaints(image: Path, two_names: bool = False) -> list[str]:
    """What fsck.fat says that it may not; with `two_names` a file may have two names."""
    done = subprocess.run(
        [tool("fsck.fat"), "-n", image], capture_output=True, text=True, check=False
    )
    said = (done.stdout + done.stderr).splitlines()
    two_names = two_names and any("share clusters" in line for line in said)
    return [
        line
        for line in said
        if line.strip() and not ALLOWED.search(line) and not (two_names and SHARED.search(line))
    ]


def read_all(image: Path, folder: Path) -> dict[str, bytes]:
    """Every file of the volume, as mtools reads it."""
    folder.mkdir()
    if run(tool("mdir"), "-b", "-i", image, "::").strip():
        run(tool("mcopy"), "-s", "-n", "-Q", "-i", image, "::*", folder)
    found = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    run("rm", "-r", folder)
    return found


def check_files(found: dict[str, bytes], steps: list[Step], cut: int) -> str:
    """Compare what is left with what was flushed before the cut; "" or what is wrong."""
    flushed = [step for step in steps if step.kind == "sync" and step.end <= cut]
    if not flushed:
        return ""
    later = [step for step in steps if step.begin >= flushed[-1].end and step.begin <= cut]
    later = [step for step in later if step is not flushed[-1]]
    for path, content in flushed[-1].files.items():
        names, kinds = {path}, set()
        for step in later:
            if not step.paths:
                continue
            old = step.paths[0]
            if step.kind == "rename" and old.endswith("/"):
                moved = {f"{step.paths[1]}/{n[len(old) :]}" for n in names if n.startswith(old)}
                names |= moved
            elif step.kind == "rename" and old in names:
                names.add(step.paths[1])
            elif step.kind == "rename" and step.paths[1] in names:
                kinds.add("remove")
            elif old in names:
                kinds.add(step.kind)
        left = [found[name] for name in names if name in found]
        if not left and "remove" not in kinds:
            return f"{path} is lost"
        if not kinds and content not in left:
            return f"{path} is not what it was"
        if kinds == {"append"} and not any(data.startswith(content) for data in left):
            return f"{path} has lost what it had"
    return ""
