"""fat32drv on disks with random damage and with random requests: it answers, and goes on."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support import file_host as fat
from support.effort import EFFORT
from support.fat_image import FatImage
from support.fat_volumes import KINDS, MIB
from support.file_host import FatHost, FileError

pytestmark = pytest.mark.no_machine


def copy_of(image: Path, folder: Path) -> FatImage:
    """An image that a test may change."""
    copy = folder / "copy"
    copy.write_bytes(image.read_bytes())
    return FatImage(copy)


def look_at_everything(host: FatHost) -> None:
    """List and read what there is, whatever it is, up to a limit."""
    for mount in host.mounts:
        left = 200
        folders = [mount]
        while folders and left > 0:
            folder = folders.pop()
            try:
                for entry in host.list(folder):
                    left -= 1
                    path = f"{folder}/{entry.name}"
                    if entry.is_directory:
                        folders.append(path[:3000])
                    elif entry.size:
                        for offset in (0, entry.size // 2, entry.size - 1):
                            host.ask(fat.READ, path[:3000], offset)
                    if left == 0:
                        break
            except FileError as error:
                if error.code not in range(-11, 0):
                    raise


def change_everything(host: FatHost) -> None:
    """Write, make, move and remove, wherever there is something; any error will do."""
    for mount in host.mounts:
        names = ["FILE.BIN", "SUB/INNER.TXT", "A long name to be damaged.txt", "new", "SUB/new one"]
        for number, name in enumerate(names):
            path = f"{mount}/{name}"
            for action, arguments in (
                (host.create, (path,)),
                (host.write, (path, b"x" * 700, 300 * number)),
                (host.rename, (path, f"{mount}/SUB/moved {number}")),
                (host.truncate, (f"{mount}/SUB/moved {number}", 100)),
                (host.make_directory, (f"{path} as a directory",)),
                (host.rename, (f"{mount}/SUB", f"{mount}/{number}")),
                (host.remove, (f"{mount}/{number}/moved {number}",)),
                (host.sync, (mount,)),
                (host.rename, (f"{mount}/{number}", f"{mount}/SUB")),
                (host.remove_directory, (f"{path} as a directory",)),
            ):
                with contextlib.suppress(FileError):
                    cast("Callable[..., None]", action)(*arguments)


@settings(
    max_examples=int(60 * EFFORT),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    bits=st.sampled_from(list(KINDS)),
    flips=st.lists(
        st.tuples(st.sampled_from(["boot", "table", "root", "sub"]), st.integers(0, 2047))
        | st.tuples(st.just("anywhere"), st.integers(0, 2 * MIB - 1)),
        min_size=1,
        max_size=12,
    ),
    values=st.lists(st.integers(1, 255), min_size=12, max_size=12),
)
def test_whatever_is_damaged_there_is_an_answer(
    bits: int,
    flips: list[tuple[str, int]],
    values: list[int],
    fat_host: Path,
    images: dict[int, Path],
    tmp_path: Path,
) -> None:
    image = copy_of(images[bits], tmp_path)
    sub = image.offset(image.first_cluster(image.entry(b"SUB        ")))
    where = {"boot": 0, "table": image.tables[0], "root": image.root, "sub": sub, "anywhere": 0}
    for (place, offset), value in zip(flips, values, strict=False):
        at = where[place] + (offset % 512 if place == "boot" else offset)
        image.data[at] ^= value
    image.save()
    with FatHost(fat_host, image.image) as host:
        look_at_everything(host)
        change_everything(host)
        look_at_everything(host)


@settings(
    max_examples=int(60 * EFFORT), suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    tag=st.sampled_from([fat.SIZE, fat.LOAD, fat.QUERY_SIZE, fat.LOAD_PAGE])
    | st.integers(fat.LIST, fat.SET_TIME),
    body=st.binary(max_size=64).map(lambda data: data.replace(b"x", b"disk0:/")),
    size=st.integers(0, 4096),
)
def test_whatever_is_asked_there_is_an_answer(
    tag: int, body: bytes, size: int, fat_host: Path, images: dict[int, Path], tmp_path: Path
) -> None:
    with FatHost(fat_host, copy_of(images[12], tmp_path).image) as host:
        host.send(tag, body, size)
