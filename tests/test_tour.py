"""docs/tour.md shows what really happens."""

from __future__ import annotations

import re
from pathlib import Path

from anos_sim.hw.config import MachineConfig
from anos_sim.stage3.event_log import EventLog
from anos_sim.toolchain.options import sample_disk
from support.boot import boot_system
from support.trace import one_file_read

LOG_LINE = re.compile(r" *\d+\.\d{6} cpu\d+ ")
TOUR = Path(__file__).resolve().parents[1] / "docs" / "tour.md"


def real_trace() -> str:
    """The trace of one boot on one CPU."""
    log = EventLog()
    booted = boot_system(MachineConfig(cpus=1, disks=(str(sample_disk()),)), events=log)
    booted.close()
    return "\n".join(one_file_read(log.events))


def test_the_tour_shows_the_trace_of_a_real_boot() -> None:
    block = re.search(r"```trace\n(.*?)\n```", TOUR.read_text(), re.DOTALL)
    assert block is not None
    assert block[1] == real_trace()


def test_the_tour_speaks_of_files_that_exist() -> None:
    root = TOUR.parents[1]
    named = re.findall(r"`((?:stage3|hw|tests|docs|servers)/[\w./]+)`", TOUR.read_text())
    assert named
    assert [name for name in named if not (root / name).exists()] == []


def test_the_transcript_in_the_readme_is_what_a_run_prints() -> None:
    """Times and sizes may differ from build to build, what is said may not."""
    readme = (TOUR.parents[1] / "README.md").read_text()
    block = re.search(r"```\n\$ make run\n(.*?)\nshell\[\d+\] switched off", readme, re.DOTALL)
    assert block is not None
    shown = block[1].splitlines()
    booted = boot_system()
    booted.close()
    said = [f"{line.process}[{line.pid}] {line.text}" for line in booted.lines]
    logged = [" ".join(line.split()[2:]) for line in shown if LOG_LINE.match(line)]
    assert _without_sizes(logged) == _without_sizes([" ".join(line.split()) for line in said])
    console = [line for line in shown if not LOG_LINE.match(line)]
    assert _without_sizes(console) == _without_sizes(booted.console.splitlines())


def _without_sizes(lines: list[str]) -> list[str]:
    return [re.sub(r"[\da-f]{16}|\d{4,}|\d+\.\d+", "#", line).rstrip() for line in lines]
