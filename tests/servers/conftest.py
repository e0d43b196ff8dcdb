"""What several tests of the servers need."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.fat_host import build_fat_host


@pytest.fixture(scope="session")
def fat_host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """fat32drv, compiled for the host once."""
    return build_fat_host(tmp_path_factory.mktemp("fat_host"))
