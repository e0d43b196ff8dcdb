"""What many capabilities cost. The figures are in docs/performance.md; here are the bounds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support import scale
from support.effort import EFFORT
from support.null_call import compare, steps_each

TESTS = Path(__file__).parents[1]
COUNT = 1_000_000 if EFFORT >= 6 else 20_000
BYTES_EACH_MAX = 1000
"""So that a million fit into a gigabyte."""


def measured(count: int, shape: str) -> dict[str, float]:
    """What `support.scale` says, in a process of its own."""
    command = [sys.executable, "-m", "support.scale", str(count), shape]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])}
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    found: dict[str, float] = json.loads(ran.stdout)
    return found


@pytest.mark.parametrize("shape", ["wide", "deep", "bushy"])
def test_a_million_capabilities_fit_into_a_gigabyte(shape: str) -> None:
    """And revoking them takes as long for each as if there were a fifth of them."""
    many, few = measured(COUNT, shape), measured(COUNT // 5, shape)
    assert many["bytes each"] < BYTES_EACH_MAX
    assert many["revoking, s"] / 5 < 4 * few["revoking, s"] + 0.05


def test_a_call_costs_as_much_under_either_policy() -> None:
    """One look-up of the cookie in one table, whose table that ever is."""
    derived, bearer = compare(steps_each)
    assert derived == pytest.approx(bearer, rel=0.01)
    assert derived < 10


def test_the_tool_makes_what_it_says() -> None:
    assert scale.measure(100, "bushy")["count"] == 100
