"""What begins and ends leaves nothing behind, in the machine or in the host's memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support import leaks

TESTS = Path(__file__).parents[1]
WARM_UP = 3
"""Batches until all that is made once has been made."""
GROWTH_KIB_MAX = 5 * 1024


@pytest.mark.parametrize(
    ("policy", "cpus", "batches"),
    [("derived", 1, 100 + WARM_UP), ("bearer", 1, 8), ("derived", 4, 8)],
)
def test_processes_and_messages_leave_nothing_behind(policy: str, cpus: int, batches: int) -> None:
    """The first run is 11,900 processes, made in both ways, and 1,000,000 messages."""
    command = [sys.executable, leaks.__file__, policy, str(cpus), str(batches)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])}
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    found: list[dict[str, int]] = json.loads(ran.stdout)
    first, last = found[WARM_UP - 1], found[-1]
    growth_kib = last.pop("host KiB") - first.pop("host KiB")
    assert last == first
    assert growth_kib < GROWTH_KIB_MAX
