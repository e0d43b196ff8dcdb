"""A FAT32 volume as the host reads it from a disk's medium, and what is wrong with it.

Independent of the driver that wrote it. What a power cut may leave is no complaint: lost
clusters, a stale count of free ones, tables that differ.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import attrs

from anos_sim.hw.disk import SECTOR_BYTES, Disk

ENTRY_BYTES = 32
LONG_NAME, LABEL, FOLDER = 0x0F, 0x08, 0x10
END_OF_CHAIN, BAD_CLUSTER = 0x0FFF_FFF8, 0x0FFF_FFF7
ENTRIES_MAX = 100_000


@attrs.define
class Volume:
    """The files by path, and complaints."""

    files: dict[str, bytes] = attrs.field(factory=dict)
    problems: list[str] = attrs.field(factory=list)


class _Reader:
    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        boot = medium(disk, 0, 1)
        self.cluster_sectors = boot[13]
        reserved, tables = struct.unpack_from("<HB", boot, 14)
        table_sectors, self.root = struct.unpack_from("<I4xI", boot, 36)
        if boot[510:] != b"\x55\xaa" or not self.cluster_sectors or not table_sectors:
            raise ValueError("the boot sector is none of a FAT32 volume")
        self.data = reserved + tables * table_sectors
        table = medium(disk, reserved, table_sectors)
        self.table = struct.unpack(f"<{len(table) // 4}I", table)
        sectors = struct.unpack_from("<I", boot, 32)[0]
        self.clusters = (sectors - self.data) // self.cluster_sectors
        self.used: dict[int, str] = {}
        self.volume = Volume()

    def complain(self, text: str) -> None:
        self.volume.problems.append(text)

    def chain(self, first: int, path: str) -> list[int]:
        """A file's clusters; complains of what no chain may be."""
        found: list[int] = []
        cluster = first
        while 2 <= cluster < self.clusters + 2:
            if cluster in self.used:
                self.complain(f"{path}: cluster {cluster} is {self.used[cluster]}'s as well")
                return found
            self.used[cluster] = path
            found.append(cluster)
            cluster = self.table[cluster] & 0x0FFF_FFFF
        if found and cluster < END_OF_CHAIN:
            self.complain(f"{path}: its chain ends with {cluster:#x}")
        elif first and not found:
            self.complain(f"{path}: its first cluster is {first:#x}")
        return found

    def content(self, chain: list[int]) -> bytes:
        count = self.cluster_sectors
        return b"".join(
            medium(self.disk, self.data + (cluster - 2) * count, count) for cluster in chain
        )

    def folder(self, chain: list[int], path: str) -> None:
        for name, attribute, cluster, size in _entries(self.content(chain)):
            if name in (".", ".."):
                continue
            inner = f"{path}{name}"
            if inner in self.volume.files:
                self.complain(f"{inner} is there twice")
            found = self.chain(cluster, inner)
            if attribute & FOLDER:
                self.folder(found, f"{inner}/")
                continue
            need = -(-size // (self.cluster_sectors * SECTOR_BYTES))
            if len(found) < need:
                self.complain(f"{inner}: {size} bytes in {len(found)} clusters")
            self.volume.files[inner] = self.content(found)[:size]


def medium(disk: Disk, sector: int, count: int) -> bytes:
    """Sectors as they would be after a power cut now: without the drive's cache."""
    pending, disk.pending = disk.pending, {}
    bad, disk.bad_sectors = disk.bad_sectors, frozenset()
    try:
        return disk.read(sector, count)
    finally:
        disk.pending, disk.bad_sectors = pending, bad


def _entries(data: bytes) -> Iterator[tuple[str, int, int, int]]:
    """(name, attribute, first cluster, bytes) of what is in a folder."""
    long_name: dict[int, str] = {}
    for at in range(0, min(len(data), ENTRIES_MAX * ENTRY_BYTES), ENTRY_BYTES):
        entry = data[at : at + ENTRY_BYTES]
        if entry[0] == 0:
            return
        if entry[0] == 0xE5:
            long_name.clear()
            continue
        attribute = entry[11]
        if attribute & 0x3F == LONG_NAME:
            units = entry[1:11] + entry[14:26] + entry[28:32]
            text = units.decode("utf-16-le", "replace").partition("\0")[0]
            long_name[entry[0] & 0x3F] = text
            continue
        high, low, size = struct.unpack("<H4xHI", entry[20:32])
        name = "".join(long_name[part] for part in sorted(long_name)) or _short(entry)
        long_name.clear()
        if not attribute & LABEL:
            yield name, attribute, high << 16 | low, size


def _short(entry: bytes) -> str:
    base = entry[:8].decode("ascii", "replace").rstrip()
    extension = entry[8:11].decode("ascii", "replace").rstrip()
    return f"{base}.{extension}" if extension else base


def read_volume(disk: Disk) -> Volume:
    """Read all of a disk that is one FAT32 volume."""
    try:
        reader = _Reader(disk)
        reader.folder(reader.chain(reader.root, "/"), "")
    except (ValueError, struct.error, RecursionError) as error:
        return Volume({}, [str(error)])
    return reader.volume
