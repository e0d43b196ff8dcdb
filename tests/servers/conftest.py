"""What several tests of the servers need."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.fat_image import copy_in, make_volume
from support.fat_volumes import FILES, KINDS, MIB
from support.file_host import build_fat_host


@pytest.fixture(scope="session")
def fat_host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """fat32drv, compiled for the host once."""
    return build_fat_host(tmp_path_factory.mktemp("fat_host"))


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """An image of each kind of FAT with FILES; not to be changed."""
    folder = tmp_path_factory.mktemp("images")
    for name, data in FILES.items():
        path = folder / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    made = {}
    for bits, (size, *options) in KINDS.items():
        made[bits] = folder / f"fat{bits}"
        make_volume(made[bits], bits, size, *options)
        copy_in(made[bits], folder / "files")
    return made


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """An empty FAT32 volume."""
    made = tmp_path / "image"
    make_volume(made, 32, 34 * MIB, "-s", "1")
    return made
