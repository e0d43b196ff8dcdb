"""Clients of our filesystems, compiled for the host with sanitizers (fat_host.c, ram_host.c)."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from .host_build import build_for_host

NOT_ON_THE_HOST = ("main.c", "disk.c")
SHARED = ("file_change.c", "file_handles.c", "file_resolve.c", "file_server.c", "utf8.c")

PAGE_BYTES = 4096
SIZE, LOAD, QUERY_SIZE, LOAD_PAGE, LIST, STAT, READ = 1, 2, 104, 105, 109, 110, 111
CREATE, WRITE, TRUNCATE, RENAME, REMOVE, MAKE_DIRECTORY, REMOVE_DIRECTORY, SYNC, SET_TIME = range(
    112, 121
)
NOT_FOUND, NOT_A_DIRECTORY, IS_A_DIRECTORY, IO_ERROR, BAD_REQUEST = -1, -2, -3, -4, -5
EXISTS, NO_SPACE, NOT_EMPTY, BAD_NAME, PROTECTED, TOO_LARGE = range(-6, -12, -1)
DIRECTORY = 0x10
RESTARTED = -65
OPEN = 121
MAY_READ, MAY_WRITE = 1, 2
SET_CLOCK, LET_GO, READS, EVENTS, SET_BAD, FAIL_WRITES, FAIL_FLUSH = (
    (1 << 64) - number for number in range(1, 8)
)
USED, CHUNKS = READS, EVENTS
END, SAVE, RESTORE = ((1 << 64) - number for number in range(5, 8))
"""Tags of the host programs themselves."""


class FileError(Exception):
    """The driver answered an enum file_error; `code` is it."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Entry:
    """A struct file_entry."""

    name: str
    size: int
    attributes: int
    modified: int

    @property
    def is_directory(self) -> bool:
        """Can it be listed?"""
        return bool(self.attributes & DIRECTORY)


def build_fat_host(folder: Path) -> Path:
    """Compile the driver for the host."""
    shim = Path(__file__).with_name("fat_host.c")
    return build_for_host(
        folder / "fat_host", "fat32drv", shim, leave_out=NOT_ON_THE_HOST, library=SHARED
    )


def build_ram_host(folder: Path, *, can_end: bool = False) -> Path:
    """Compile the files in memory for the host, perhaps so that they can end at any store."""
    shim = Path(__file__).with_name("ram_host.c")
    calls = ("-U_FORTIFY_SOURCE", "-Dmemcpy=host_memcpy", "-Dmemset=host_memset")
    flags = ("-fsanitize-coverage=edge,trace-stores", *calls) if can_end else ()
    return build_for_host(
        folder / "ram_host",
        "ramfs",
        shim,
        *flags,
        leave_out=("main.c", "chunk.c"),
        library=SHARED,
        address_sanitizer=not can_end,
    )


class FileHost:
    """A filesystem. `mounts` is what it has, `wrong` why it has nothing."""

    def __init__(self, command: Sequence[str | Path]) -> None:
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.input, self.output = self.process.stdin, self.process.stdout
        self.badge = 0
        """By which handle messages are sent; 0: by none."""
        self.opened = 0
        """The handle that came with the last answer, or 0."""
        line = self.output.readline().decode()
        assert line.endswith("\n"), "the driver crashed or hangs"
        self.wrong = line[1:-1] if line.startswith("!") else ""
        self.mounts = [] if self.wrong else line.split()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.input.close()
        self.output.close()
        status = self.process.wait()
        assert error is not None or status == 0, f"the driver ended with {status}"

    def send(self, tag: int, body: bytes, size: int | None = None) -> tuple[int, bytes]:
        """Send a message; return the reply, signed, and the page."""
        page = body.ljust(PAGE_BYTES, b"\xee")
        head = struct.pack("<QQQ", tag, len(body) if size is None else size, self.badge)
        self.input.write(head + page)
        self.input.flush()
        answer = self.output.read(16 + PAGE_BYTES)
        assert len(answer) == 16 + PAGE_BYTES, "the driver crashed or hangs"
        reply, self.opened = struct.unpack_from("<qQ", answer)
        return reply, answer[16:]

    def ask(self, tag: int, path: str, position: int = 0) -> tuple[int, bytes]:
        """Send one of our own requests.

        Raises:
            FileError: the driver says so.
        """
        reply, page = self.send(tag, struct.pack("<Q", position) + path.encode() + b"\0")
        if reply < 0:
            raise FileError(reply)
        return reply, page

    def set_clock(self, seconds: int) -> None:
        """Set the driver's clock, in seconds since 1970."""
        self.send(SET_CLOCK, b"", seconds)

    def let_go(self) -> None:
        """From now on nobody holds a handle any more."""
        self.send(LET_GO, b"")

    def open(self, path: str, rights: int = 0) -> int:
        """Get a handle: its badge.

        Raises:
            FileError: the driver says so.
        """
        reply, _ = self.ask(OPEN, path, rights)
        assert reply == 1
        assert self.opened
        return self.opened

    @contextmanager
    def through(self, handle: int) -> Iterator[None]:
        """Send messages through a handle meanwhile."""
        before, self.badge = self.badge, handle
        try:
            yield
        finally:
            self.badge = before

    def create(self, path: str) -> None:
        """Make an empty file."""
        self.ask(CREATE, path)

    def write(self, path: str, data: bytes, offset: int = 0) -> None:
        """Write into a file, page by page."""
        name = path.encode() + b"\0"
        name += bytes(-len(name) % 8)
        room = PAGE_BYTES - 16 - len(name)
        for at in range(0, len(data), room) or [0]:
            piece = data[at : at + room]
            body = struct.pack("<QII", offset + at, len(piece), len(name)) + name + piece
            reply, _ = self.send(WRITE, body)
            if reply < 0:
                raise FileError(reply)
            assert reply == 1 + len(piece)

    def truncate(self, path: str, size: int) -> None:
        """Make a file shorter, or longer by zeros."""
        self.ask(TRUNCATE, path, size)

    def rename(self, old: str, new: str) -> None:
        """Give a file or directory another path."""
        reply, _ = self.send(RENAME, bytes(8) + old.encode() + b"\0" + new.encode() + b"\0")
        if reply < 0:
            raise FileError(reply)

    def remove(self, path: str) -> None:
        """Remove a file."""
        self.ask(REMOVE, path)

    def make_directory(self, path: str) -> None:
        """Make an empty directory."""
        self.ask(MAKE_DIRECTORY, path)

    def remove_directory(self, path: str) -> None:
        """Remove an empty directory."""
        self.ask(REMOVE_DIRECTORY, path)

    def sync(self, path: str = "disk0:") -> None:
        """Have all changes on the medium."""
        self.ask(SYNC, path)

    def set_time(self, path: str, seconds: int) -> None:
        """Set when a file was changed last."""
        self.ask(SET_TIME, path, seconds)

    def stat(self, path: str) -> Entry:
        """What the driver knows of a file or a directory."""
        reply, page = self.ask(STAT, path)
        (entry,) = _entries(page[:reply], 1)
        return entry

    def list(self, path: str) -> Iterator[Entry]:
        """The entries of a directory."""
        position = 0
        while True:
            reply, page = self.ask(LIST, path, position)
            following, count, reserved = struct.unpack_from("<QII", page)
            assert reserved == 0
            assert 16 <= reply <= PAGE_BYTES
            yield from _entries(page[16:reply], count)
            if following == 0:
                return
            assert following > position
            position = following

    def read(self, path: str) -> bytes:
        """A file's content, page by page."""
        content = bytearray()
        while True:
            reply, page = self.ask(READ, path, len(content))
            content += page[: reply - 1]
            if reply == 1:
                return bytes(content)

    def walk(self, path: str) -> Iterator[tuple[str, Entry]]:
        """Everything below a directory, with its path."""
        for entry in self.list(path):
            inner = f"{path}/{entry.name}"
            yield inner, entry
            if entry.is_directory:
                yield from self.walk(inner)


class FatHost(FileHost):
    """fat32drv on an image file.

    What it writes and flushes is in the image, and each write and flush in `trace` in turn.
    """

    def __init__(
        self, program: Path, image: Path, sector_bytes: int = 512, trace: Path | None = None
    ) -> None:
        super().__init__([program, image, str(sector_bytes), *([trace] if trace else [])])

    def disk_reads(self) -> int:
        """How many blocks the driver has read from the disk so far."""
        return self.send(READS, b"")[0]

    def events(self) -> int:
        """How many writes and flushes have reached the disk."""
        return self.send(EVENTS, b"")[0]

    def set_bad(self, sector: int) -> None:
        """Let a sector of the disk be unreadable, for good."""
        self.send(SET_BAD, b"", sector)

    def fail_writes(self, count: int) -> None:
        """Let the next writes fail."""
        self.send(FAIL_WRITES, b"", count)

    def fail_flush(self, number: int) -> None:
        """Let flush `number` from now on fail, and what the drive had in its cache be lost."""
        self.send(FAIL_FLUSH, b"", number)


class RamHost(FileHost):
    """ramfs as "ram:" with a limit, in bytes, on a machine with so many chunks of memory."""

    def __init__(self, program: Path, limit: int, chunks: int = 4096) -> None:
        super().__init__([program, str(limit), str(chunks)])

    def used(self) -> int:
        """How much of the limit is used."""
        return self.send(USED, b"")[0]

    def chunks(self) -> int:
        """How much it has of the machine's memory, in chunks."""
        return self.send(CHUNKS, b"")[0]

    def end(self, store: int, again: int = 0) -> None:
        """End at that store from now on, from 1 on, or never (0); then at that of recovery.

        Who asked is answered `RESTARTED`.
        """
        self.send(END, b"", again << 32 | store)

    def save(self) -> None:
        """Remember all files."""
        self.send(SAVE, b"")

    def restore(self) -> None:
        """Have the files that were remembered."""
        assert self.send(RESTORE, b"")[0] == 1


def _entries(data: bytes, count: int) -> list[Entry]:
    found = []
    at = 0
    for _ in range(count):
        size, name_bytes, attributes, length, modified = struct.unpack_from("<HHIQq", data, at)
        assert size % 8 == 0
        name = data[at + 24 : at + size]
        assert name[name_bytes] == 0
        found.append(Entry(name[:name_bytes].decode(), length, attributes, modified))
        at += size
    assert at == len(data)
    return found
