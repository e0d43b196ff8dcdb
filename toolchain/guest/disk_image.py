"""Make a FAT32 disk image: no partitions, always the same bytes for the same files.

The image is sparse: only the boot sectors, the used part of the two tables and
the data are written, so an empty disk of any size costs milliseconds.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from .errors import BuildError
from .fat_names import ENTRY_BYTES, check_name, long_name_entries, short_name

SECTOR_BYTES = 512
SIZE_BYTES = 40 << 20
CLUSTERS_MIN = 65_525
"""With fewer a volume is FAT16, whatever its boot sector says."""
_CLUSTERS_MAX = 0x0FFF_FFF5
_RESERVED_SECTORS = 32
_TABLES = 2
_ROOT_CLUSTER = 2
_INFO_SECTOR, _BACKUP_SECTOR = 1, 6
_END_OF_CHAIN = 0x0FFF_FFFF
_MEDIA = 0xF8
_DATE = (2024 - 1980) << 9 | 1 << 5 | 1
_TIME = 12 << 11
"""1 January 2024, 12:00: of every file, so that images can be compared."""
_ATTRIBUTE_VOLUME, _ATTRIBUTE_FOLDER, _ATTRIBUTE_FILE = 0x08, 0x10, 0x20


@dataclass
class _Node:
    """A file or a folder; `children` is None for a file."""

    content: bytes = b""
    children: dict[str, _Node] | None = None
    clusters: range = field(default_factory=lambda: range(0))

    @property
    def first_cluster(self) -> int:
        return self.clusters.start if self.clusters else 0


@dataclass(frozen=True)
class _Geometry:
    sectors: int
    cluster_sectors: int
    table_sectors: int

    @property
    def data_sector(self) -> int:
        return _RESERVED_SECTORS + _TABLES * self.table_sectors

    @property
    def clusters(self) -> int:
        return (self.sectors - self.data_sector) // self.cluster_sectors

    @property
    def cluster_bytes(self) -> int:
        return self.cluster_sectors * SECTOR_BYTES


def write_fat32(
    path: Path, files: Mapping[str, bytes], size_bytes: int = SIZE_BYTES, label: str = "ANOS-SIM"
) -> None:
    """Write an image with `files`: paths with '/' between the names, and their contents.

    Folders appear as they are named; a path that ends with '/' is an empty one.

    Raises:
        BuildError: a name that FAT cannot hold, a size that it cannot have, or
            more data than fits.
    """
    geometry = _geometry(size_bytes)
    root = _tree(files)
    volume = _label(label)
    used = _place(root, geometry)
    serial = zlib.crc32(repr((label, size_bytes, sorted(files.items()))).encode())
    with path.open("wb") as image:
        image.truncate(size_bytes)
        for first in (0, _BACKUP_SECTOR):
            _put(image, first, _boot_sector(geometry, serial, volume))
            _put(image, first + _INFO_SECTOR, _info_sector(geometry, used))
        table = _table(root, used)
        for index in range(_TABLES):
            _put(image, _RESERVED_SECTORS + index * geometry.table_sectors, table)
        for node, parent in _walk(root, root):
            if node.clusters:
                sector = (node.first_cluster - 2) * geometry.cluster_sectors
                data = (
                    node.content if node.children is None else _folder(node, parent, root, volume)
                )
                _put(image, geometry.data_sector + sector, data)


def _geometry(size_bytes: int) -> _Geometry:
    sectors = size_bytes // SECTOR_BYTES
    cluster_sectors = next(
        (count for limit, count in ((260, 1), (8192, 8), (16384, 16)) if size_bytes <= limit << 20),
        32,
    )
    clusters = (sectors - _RESERVED_SECTORS) // cluster_sectors
    table_sectors = -(-(clusters + 2) * 4 // SECTOR_BYTES)
    geometry = _Geometry(sectors, cluster_sectors, table_sectors)
    if size_bytes % SECTOR_BYTES or not CLUSTERS_MIN <= geometry.clusters <= _CLUSTERS_MAX:
        raise BuildError(
            f"a FAT32 disk of {size_bytes} bytes cannot be: use a multiple of 512 from 33 MiB on"
        )
    return geometry


def _label(label: str) -> bytes:
    if not label or len(label) > 11 or not label.isascii() or not label.isprintable():
        raise BuildError(f"the volume label {label!r} must be 1 to 11 ASCII characters")
    return label.upper().encode().ljust(11)


def _tree(files: Mapping[str, bytes]) -> _Node:
    root = _Node(children={})
    for path, content in files.items():
        *folders, name = path.removesuffix("/").split("/")
        node = root
        for folder in folders:
            node = _child(node, folder, path, _Node(children={}))
            if node.children is None:
                raise BuildError(f"{path!r} goes through {folder!r}, which is a file")
        leaf = _Node(children={}) if path.endswith("/") else _Node(content)
        if _child(node, name, path, leaf) is not leaf and not path.endswith("/"):
            raise BuildError(f"{path!r} is on the disk twice (FAT does not tell cases apart)")
    return root


def _child(node: _Node, name: str, path: str, new: _Node) -> _Node:
    """Return the child of that name, or add `new` as one."""
    assert node.children is not None
    if name in node.children:
        return node.children[name]
    check_name(name)
    if name.lower() in (other.lower() for other in node.children):
        raise BuildError(f"{path!r} is on the disk twice (FAT does not tell cases apart)")
    node.children[name] = new
    return new


def _walk(node: _Node, parent: _Node) -> Iterator[tuple[_Node, _Node]]:
    yield node, parent
    for child in (node.children or {}).values():
        yield from _walk(child, node)


def _place(root: _Node, geometry: _Geometry) -> int:
    """Give every node its clusters, one behind the other; return the first free one.

    Folders come first, then files, large ones first: what is read first of a disk is
    near its beginning, and reading a small file needs the disk once more.
    """
    free = _ROOT_CLUSTER
    nodes = sorted(_walk(root, root), key=lambda pair: _rank(pair[0]))
    for node, parent in nodes:
        size = len(node.content)
        if node.children is not None:
            size = max(len(_folder(node, parent, root, b" " * 11)), 1)
        count = -(-size // geometry.cluster_bytes)
        node.clusters = range(free, free + count)
        free += count
    if free > geometry.clusters + 2:
        raise BuildError("the files do not fit on the disk")
    return free


def _rank(node: _Node) -> tuple[bool, int]:
    return node.children is None, -len(node.content)


def _folder(node: _Node, parent: _Node, root: _Node, volume: bytes) -> bytes:
    """Return the entries of a folder."""
    data = b""
    if node is root:
        data = _entry(volume, _ATTRIBUTE_VOLUME, 0, 0)
    else:
        above = 0 if parent is root else parent.first_cluster
        data = _entry(b".          ", _ATTRIBUTE_FOLDER, node.first_cluster, 0)
        data += _entry(b"..         ", _ATTRIBUTE_FOLDER, above, 0)
    # Names that are short already keep theirs, whatever aliases come before them.
    children = node.children or {}
    taken = {short_name(name, ()) for name in children if "~" in name}
    for name, child in children.items():
        short = short_name(name, taken)
        taken.add(short)
        attribute = _ATTRIBUTE_FILE if child.children is None else _ATTRIBUTE_FOLDER
        data += long_name_entries(name, short)
        data += _entry(short, attribute, child.first_cluster, len(child.content))
    return data


def _entry(short: bytes, attribute: int, cluster: int, size: int) -> bytes:
    stamps = struct.pack("<BHHH", 0, _TIME, _DATE, _DATE)
    where = struct.pack("<HHHHI", cluster >> 16, _TIME, _DATE, cluster & 0xFFFF, size)
    entry = short + bytes([attribute, 0]) + stamps + where
    assert len(entry) == ENTRY_BYTES
    return entry


def _table(root: _Node, used: int) -> bytes:
    table = [0] * used
    table[0], table[1] = 0x0FFF_FF00 | _MEDIA, _END_OF_CHAIN
    for node, _ in _walk(root, root):
        for cluster in node.clusters:
            table[cluster] = cluster + 1
        if node.clusters:
            table[node.clusters[-1]] = _END_OF_CHAIN
    return struct.pack(f"<{used}I", *table)


def _boot_sector(geometry: _Geometry, serial: int, volume: bytes) -> bytes:
    sector = bytearray(b"\xeb\x58\x90ANOS-SIM")
    sector += struct.pack("<HBHB", SECTOR_BYTES, geometry.cluster_sectors, _RESERVED_SECTORS, 2)
    sector += struct.pack("<HHBHHHII", 0, 0, _MEDIA, 0, 63, 255, 0, geometry.sectors)
    sector += struct.pack("<IHHI", geometry.table_sectors, 0, 0, _ROOT_CLUSTER)
    sector += struct.pack("<HH12xBBBI", _INFO_SECTOR, _BACKUP_SECTOR, 0x80, 0, 0x29, serial)
    sector += volume + b"FAT32   "
    return bytes(sector.ljust(510, b"\0")) + b"\x55\xaa"


def _info_sector(geometry: _Geometry, used: int) -> bytes:
    free = geometry.clusters - (used - 2)
    next_free = used if free else 0xFFFF_FFFF
    return struct.pack("<I480xIII12xI", 0x4161_5252, 0x6141_7272, free, next_free, 0xAA55_0000)


def _put(image: BinaryIO, sector: int, data: bytes) -> None:
    image.seek(sector * SECTOR_BYTES)
    image.write(data)
