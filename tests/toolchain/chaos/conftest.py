"""These tests name an architecture: `anos-sim chaos` has a default of its own, x86_64."""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Before tests/conftest.py leaves out what is marked."""
    mark = pytest.mark.arch("a campaign's default is x86_64")
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(mark)
