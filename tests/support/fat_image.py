"""FAT images made by dosfstools and mtools, and a hand inside them."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

END_OF_CHAIN = {12: 0xFFF, 16: 0xFFFF, 32: 0x0FFF_FFFF}
BAD = {12: 0xFF7, 16: 0xFFF7, 32: 0x0FFF_FFF7}


def tool(name: str) -> str:
    """Where a program is; without it the test cannot say anything."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def run(*command: str | Path, text: str = "") -> bytes:
    """Run a program that must succeed; return what it says."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC", "MTOOLS_SKIP_CHECK": "1"}
    done = subprocess.run(
        command, input=text.encode(), capture_output=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def make_volume(image: Path, bits: int, size: int, *options: str, offset: int = 0) -> None:
    """Write an empty FAT volume of `size` bytes into a file that may hold more."""
    if not image.exists():
        with image.open("wb") as file:
            file.truncate(offset + size)
    where = ["--offset", str(offset // 512)] if offset else []
    run(tool("mkfs.fat"), "-F", str(bits), *options, *where, image, str(size // 1024))


def copy_in(image: Path, folder: Path, offset: int = 0) -> None:
    """Copy everything in a folder of the host to the volume's root."""
    names = sorted(folder.iterdir())
    run(tool("mcopy"), "-m", "-s", "-i", f"{image}@@{offset}", *names, "::")


class FatImage:
    """An image whose volume fills it: read and write its table and its directories."""

    def __init__(self, image: Path) -> None:
        self.image = image
        self.data = bytearray(image.read_bytes())
        (self.sector_bytes,) = struct.unpack_from("<H", self.data, 11)
        self.cluster_bytes: int = self.data[13] * self.sector_bytes
        reserved, tables, roots = struct.unpack_from("<HBH", self.data, 14)
        (table_sectors,) = struct.unpack_from("<H", self.data, 22)
        self.bits = 32
        if table_sectors:
            self.bits = 12 if self.data[54:59] == b"FAT12" else 16
        else:
            (table_sectors,) = struct.unpack_from("<I", self.data, 36)
        self.table_bytes = table_sectors * self.sector_bytes
        self.tables = [
            reserved * self.sector_bytes + index * self.table_bytes for index in range(tables)
        ]
        self.root = self.tables[0] + tables * self.table_bytes
        self.clusters: int = self.root + roots * 32
        if self.bits == 32:
            (cluster,) = struct.unpack_from("<I", self.data, 44)
            self.root = self.offset(cluster)

    def offset(self, cluster: int) -> int:
        """Where a cluster's bytes are."""
        return self.clusters + (cluster - 2) * self.cluster_bytes

    def entry(self, short: bytes, directory: int | None = None) -> int:
        """Where the directory entry with that 11-byte name is; by default in the root."""
        start = self.root if directory is None else directory
        at: int = self.data.index(short, start)
        assert (at - start) % 32 == 0
        return at

    def first_cluster(self, entry: int) -> int:
        """The first cluster of the file or directory with the entry at that offset."""
        low, high = (
            struct.unpack_from("<H", self.data, entry + 26)[0],
            struct.unpack_from("<H", self.data, entry + 20)[0],
        )
        return int(low | (high << 16 if self.bits == 32 else 0))

    def set_first_cluster(self, entry: int, cluster: int) -> None:
        """Let a file or directory begin elsewhere."""
        struct.pack_into("<H", self.data, entry + 26, cluster & 0xFFFF)
        if self.bits == 32:
            struct.pack_into("<H", self.data, entry + 20, cluster >> 16)

    def next(self, cluster: int, table: int = 0) -> int:
        """What the table says about a cluster."""
        at = self.tables[table] + cluster * self.bits // 8
        if self.bits == 32:
            return int(struct.unpack_from("<I", self.data, at)[0]) & 0x0FFF_FFFF
        (pair,) = struct.unpack_from("<H", self.data, at)
        return int(pair) >> (4 * (cluster & 1)) & 0xFFF if self.bits == 12 else int(pair)

    def link(self, cluster: int, following: int, *tables: int) -> None:
        """Change what the tables (by default all) say about a cluster."""
        for table in tables or range(len(self.tables)):
            at = self.tables[table] + cluster * self.bits // 8
            if self.bits == 32:
                struct.pack_into("<I", self.data, at, following)
            elif self.bits == 16:
                struct.pack_into("<H", self.data, at, following)
            else:
                (pair,) = struct.unpack_from("<H", self.data, at)
                shift = 4 * (cluster & 1)
                pair = pair & ~(0xFFF << shift) & 0xFFFF | following << shift
                struct.pack_into("<H", self.data, at, pair)

    def chain(self, cluster: int) -> list[int]:
        """All clusters from one on."""
        found = []
        while cluster < BAD[self.bits]:
            found.append(cluster)
            cluster = self.next(cluster)
        return found

    def save(self) -> None:
        """Write the image back."""
        self.image.write_bytes(self.data)
