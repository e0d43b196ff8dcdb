"""A power cut at any write: what was flushed is there, and the volume is sound."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from support.effort import EFFORT
from support.fat_image import make_volume
from support.fat_volumes import content
from support.file_host import FatHost
from support.power_cut import (
    Medium,
    Workload,
    check_files,
    complaints,
    read_all,
    read_trace,
    survivors_of,
)

pytestmark = pytest.mark.no_machine

KINDS = {12: (1440 << 10, "-s", "1"), 16: (5 << 20, "-s", "1"), 32: (34 << 20, "-s", "1")}
TOO_LONG = re.compile(r"/(ONE|TWO)$|^  File size is .* chain length is >|^  Truncating file to")
"""What fsck.fat may say of a file of more than 128 KiB that was getting longer."""
STEPS = 200
CUTS = 30
"""About so many of each kind of FAT in `make test`; `make check` makes them all."""


@pytest.mark.parametrize("bits", KINDS)
def test_whatever_was_flushed_survives_a_cut_at_any_write(
    bits: int, fat_host: Path, tmp_path: Path
) -> None:
    size, *options = KINDS[bits]
    image, trace = tmp_path / "image", tmp_path / "trace"
    make_volume(image, bits, size, *options)
    empty = image.read_bytes()
    with FatHost(fat_host, image, trace=trace) as host:
        host.set_clock(1_700_000_000)
        workload = Workload(host, seed=bits)
        workload.go(STEPS)
    assert complaints(image) == []
    assert read_all(image, tmp_path / "read") == workload.files
    writes = read_trace(trace)
    medium, chance = Medium(empty, tmp_path / "cut"), random.Random(bits)
    stride = 1 if EFFORT > 1 else max(1, len(writes) // CUTS)
    for cut in range(len(writes) + 1):
        for survivors in survivors_of(medium.pending, chance) if cut % stride == 0 else ():
            where = f"after write {cut} of {len(writes)}, with {sorted(survivors)}"
            is_renaming = any(
                step.kind == "rename" and step.begin <= cut <= step.end for step in workload.steps
            )
            with medium.cut(survivors) as left:
                assert complaints(left, two_names=is_renaming) == [], where
                found = read_all(left, tmp_path / "read")
            assert check_files(found, workload.steps, cut) == "", where
        if cut < len(writes):
            medium.take(writes[cut])


@pytest.mark.parametrize("bits", [16, 32])
def test_files_that_grow_over_many_sectors_of_the_table_survive_a_cut_at_any_write(
    bits: int, fat_host: Path, tmp_path: Path
) -> None:
    size, *options = KINDS[bits]
    image, trace = tmp_path / "image", tmp_path / "trace"
    make_volume(image, bits, size, *options)
    empty = image.read_bytes()
    names, piece, rounds = ("one", "two"), content(30_000), 20
    with FatHost(fat_host, image, trace=trace) as host:
        for name in names:
            host.create(f"disk0:/{name}")
            host.write(f"disk0:/{name}", content(150_000))
        host.sync()
        synced = host.events()
        for number in range(rounds):
            for name in names:
                host.write(f"disk0:/{name}", piece, 150_000 + number * len(piece))
            if number % 8 == 5:
                host.sync()
    assert complaints(image) == []
    writes, whole = read_trace(trace), content(150_000) + piece * rounds
    medium, chance = Medium(empty, tmp_path / "cut"), random.Random(bits)
    stride = 1 if EFFORT > 1 else max(1, len(writes) // CUTS)
    for cut in range(len(writes) + 1):
        if cut >= synced and cut % stride == 0:
            for survivors in survivors_of(medium.pending, chance):
                where = f"after write {cut} of {len(writes)}, with {sorted(survivors)}"
                with medium.cut(survivors) as left:
                    said = [line for line in complaints(left) if not TOO_LONG.match(line)]
                    assert said == [], where
                    found = read_all(left, tmp_path / "read")
                for name in names:
                    assert len(found[name]) >= 150_000, where
                    assert whole.startswith(found[name]), where
        if cut < len(writes):
            medium.take(writes[cut])
