"""A disk's medium: sectors of 512 bytes, and what a power cut leaves of them.

A drive has a volatile cache. What is written is *pending* until it is flushed;
only then it is on the medium. The medium is an image: a file that is never
changed unless the disk is opened `writable`, else what is flushed is kept in
memory and dropped with the disk.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

SECTOR_BYTES = 512


class DiskError(ValueError):
    """An image that cannot be used, in a sentence for whoever named it."""


class MediumError(OSError):
    """A sector cannot be read or written; `sector` is it."""

    def __init__(self, sector: int) -> None:
        super().__init__(f"sector {sector} is bad")
        self.sector = sector


class Disk:
    """Sectors over an image, but for `bad_sectors`, which nothing can be had of.

    Reads see the newest data. `changed` tells whether anything was ever
    written. With `is_on` False nothing is taken any more. State is the open file
    descriptor and two dictionaries, so a forked or copied disk goes its own way.
    """

    def __init__(self, image: int | bytes, size_bytes: int, *, writable: bool = False) -> None:
        self.image = image
        self.writable = writable
        self.sector_count = size_bytes // SECTOR_BYTES
        self.changed = False
        self.pending: dict[int, bytes] = {}
        self.overlay: dict[int, bytes] = {}
        self.on_write: Callable[[int, bytes], None] | None = None
        """Hears (first sector, data) of every write."""
        self.after_write: Callable[[], None] | None = None
        """Called when the cache has got a write: its last chance to be there."""
        self.bad_sectors: frozenset[int] = frozenset()
        self.is_on = True

    @classmethod
    def open(cls, path: str | Path, *, writable: bool = False) -> Disk:
        """Open a raw image file; without `writable` the file never changes.

        Raises:
            DiskError: it is missing, no file, unreadable, empty, no multiple of
                512 bytes, or shall be writable and is not.
        """
        access = os.O_RDWR if writable else os.O_RDONLY
        try:
            file = os.open(path, access | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe must not block
        except OSError as error:
            raise DiskError(_why_not_opened(path, writable, error)) from None
        status = os.fstat(file)
        complaint = ""
        if stat.S_ISDIR(status.st_mode):
            complaint = "is a directory; a disk image is a file"
        elif not stat.S_ISREG(status.st_mode):
            complaint = "is no regular file; a disk image is one"
        elif status.st_size == 0:
            complaint = "is empty; a disk image has at least one sector of 512 bytes"
        elif status.st_size % SECTOR_BYTES:
            complaint = (
                f"has {status.st_size} bytes, which is no multiple of 512; it may be truncated"
            )
        if complaint:
            os.close(file)
            raise DiskError(f"disk image {path} {complaint}")
        return cls(file, status.st_size, writable=writable)

    @classmethod
    def from_bytes(cls, data: bytes) -> Disk:
        """A disk over an image in memory."""
        if not data or len(data) % SECTOR_BYTES:
            raise DiskError(f"a disk image of {len(data)} bytes is no multiple of 512")
        return cls(data, len(data))

    def read(self, sector: int, count: int) -> bytes:
        """Return `count` sectors from `sector`; the caller keeps within the disk.

        Raises:
            MediumError: one of them is bad.
        """
        if self.bad_sectors:
            self._check(sector, count)
        size = count * SECTOR_BYTES
        at = sector * SECTOR_BYTES
        if isinstance(self.image, bytes):
            data = self.image[at : at + size]
        else:
            data = os.pread(self.image, size, at).ljust(size, b"\0")
        if not self.pending and not self.overlay:
            return data
        patched = bytearray(data)
        for index in range(count):
            newer = self.pending.get(sector + index) or self.overlay.get(sector + index)
            if newer is not None:
                patched[index * SECTOR_BYTES : (index + 1) * SECTOR_BYTES] = newer
        return bytes(patched)

    def write(self, sector: int, data: bytes) -> None:
        """Put whole sectors into the drive's cache; the caller keeps within the disk.

        Raises:
            MediumError: one of them is bad; none is taken then.
        """
        assert len(data) % SECTOR_BYTES == 0, "whole sectors"
        if self.bad_sectors:
            self._check(sector, len(data) // SECTOR_BYTES)
        if not self.is_on:
            return
        self.changed = self.changed or bool(data)
        if self.on_write is not None:
            self.on_write(sector, data)
        for at in range(0, len(data), SECTOR_BYTES):
            self.pending[sector + at // SECTOR_BYTES] = bytes(data[at : at + SECTOR_BYTES])
        if self.after_write is not None:
            self.after_write()

    def _check(self, sector: int, count: int) -> None:
        for bad in sorted(self.bad_sectors):
            if sector <= bad < sector + count:
                raise MediumError(bad)

    def flush(self, sectors: Iterable[int] | None = None) -> None:
        """Bring pending sectors to the medium: all of them, or those named.

        Raises:
            OSError: the host could not write the image; what it did not take stays pending.
        """
        chosen = self.pending if sectors is None else self.pending.keys() & set(sectors)
        for sector in sorted(chosen):
            if self.writable and isinstance(self.image, int):
                os.pwrite(self.image, self.pending[sector], sector * SECTOR_BYTES)
            else:
                self.overlay[sector] = self.pending[sector]
            del self.pending[sector]

    def lose_power(self, survivors: Iterable[int] = ()) -> None:
        """Forget the cache, but for `survivors`: pending sectors that made it in time."""
        self.flush(survivors)
        self.pending.clear()

    def close(self) -> None:
        """Switch off in good order: flush, then let go of the image."""
        if isinstance(self.image, int) and self.image >= 0:
            self.flush()
            os.close(self.image)
            self.image = -1


def _why_not_opened(path: str | Path, writable: bool, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return f"disk image {path} does not exist"
    if isinstance(error, IsADirectoryError):
        return f"disk image {path} is a directory; a disk image is a file"
    if writable and os.access(path, os.R_OK):
        return f"disk image {path} cannot be written ({error.strerror}); open it without writing"
    return f"disk image {path} cannot be read ({error.strerror})"
