"""A run is a function of its image, its configuration and its seed: nothing else shows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.kernel import program_image, run_image

SCRIPT = """
import sys
from support.kernel import program_image, run_image
run = run_image(program_image(sys.argv[1]), sys.argv[2], int(sys.argv[3]), seed=7, record=True)
print(run.time_ps, *run.lines, *run.reports, *run.events, sep="\\n")
"""
TESTS = Path(__file__).resolve().parents[1]


def start(hash_seed: str, *arguments: str) -> subprocess.Popen[bytes]:
    """A run in a Python of its own, which hashes differently."""
    paths = [str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(paths)}
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *arguments], env=environment, stdout=subprocess.PIPE
    )


@pytest.mark.parametrize("cpus", [1, 4])
@pytest.mark.parametrize("program", ["process", "pages", "threads"])
def test_two_runs_are_the_same_to_the_last_event(program: str, cpus: int) -> None:
    runs = [start(seed, program, "derived", str(cpus)) for seed in ("1", "2")]
    first, second = (run.communicate()[0] for run in runs)
    assert [run.returncode for run in runs] == [0, 0]
    assert len(first.splitlines()) > 200
    assert first == second


@pytest.mark.parametrize("cpus", [1, 4])
def test_recording_events_changes_nothing(cpus: int) -> None:
    silent, recorded = (
        run_image(program_image("process"), cpus=cpus, record=record) for record in (False, True)
    )
    assert recorded.lines == silent.lines
    assert recorded.time_ps == silent.time_ps
    assert silent.events == []


def test_the_seed_changes_the_cookies_and_not_the_outcome() -> None:
    runs = [run_image(program_image("names"), seed=seed, record=True) for seed in (1, 2)]
    assert runs[0].lines == runs[1].lines
    assert runs[0].events != runs[1].events
