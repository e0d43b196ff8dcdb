"""Volumes that tests of the FAT driver use, what is on them, and what errors they see."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from .file_host import FileError

MIB = 1 << 20
VOLUMES = {
    "FAT12 floppy": (12, 1440 << 10, ()),
    "FAT12, large clusters": (12, 8 * MIB, ("-s", "16")),
    "FAT12, one table": (12, 2 * MIB, ("-f", "1")),
    "FAT16": (16, 16 * MIB, ()),
    "FAT16, clusters of a sector": (16, 5 * MIB, ("-s", "1")),
    "FAT16, sectors of 2048": (16, 40 * MIB, ("-S", "2048")),
    "FAT32": (32, 64 * MIB, ()),
    "FAT32, clusters of a page": (32, 300 * MIB, ("-s", "8")),
    "FAT32, sectors of 4096": (32, 270 * MIB, ("-S", "4096", "-s", "1")),
}

FILES = {
    "FILE.BIN": bytes(range(256)) * 40,
    "SUB/INNER.TXT": b"inner",
    "A long name to be damaged.txt": b"long",
    **{f"SUB/another file {number}.txt": b"more" for number in range(30)},
}
"""What is on volumes that get damaged."""
KINDS = {12: (2 * MIB, "-s", "1"), 16: (5 * MIB, "-s", "1"), 32: (34 * MIB, "-s", "1")}


def content(size: int, seed: int = 0) -> bytes:
    """The same bytes for the same numbers."""
    return random.Random(seed * 1_000_003 + size).randbytes(size)


def error_of(action: Callable[..., object], *arguments: object) -> int:
    """The error that a request is answered with."""
    with pytest.raises(FileError) as caught:
        action(*arguments)
    return caught.value.code
