"""The disk of a run without `--disk`: a few text files to list and to read."""

from __future__ import annotations

import hashlib
from pathlib import Path

from .disk_image import write_fat32

SAMPLE_LABEL = "SAMPLE"
LAYOUT = 2
"""Grows when `write_fat32` puts the same files to other places."""
SAMPLE_FILES = {
    "README.TXT": b"""\
This file came to you through programs that share nothing but messages: shell
asked fat32drv, fat32drv asked ahcidrv, and ahcidrv told the disk where to put
the sectors. Each message carried a page that its receiver saw in place.
""",
    "HELLO.TXT": b"Hello from a real FAT32 volume on a simulated disk.\n",
    "DOCS/CHANNELS.TXT": b"""\
A channel carries messages. The sender waits for the reply; the receiver sees
the sender's own page, mapped into its address space until it answers.
""",
    "DOCS/RIGHTS.TXT": b"""\
A process can do what it holds a capability for, and nothing else. Who gave
it that capability is recorded, up to the one that the kernel made at boot.
""",
    "DOCS/NUMBERS.TXT": "".join(
        f"{n:4} {n * n:8} {n * n * n:12}\n" for n in range(1, 1001)
    ).encode(),
    "A name that is too long for DOS.txt": b"Long names are kept in extra directory entries.\n",
}


def sample_version() -> str:
    """A short name for the sample disk: other content, or another layout, has another name."""
    return hashlib.blake2b(repr((LAYOUT, SAMPLE_FILES)).encode(), digest_size=6).hexdigest()


def write_sample_disk(path: Path) -> None:
    """Write the sample disk, always the same bytes: a sparse file of 40 MiB."""
    write_fat32(path, SAMPLE_FILES, label=SAMPLE_LABEL)
