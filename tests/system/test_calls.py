"""Programs check the kernel's calls from inside, under both policies and on one CPU and four."""

from __future__ import annotations

import pytest

from anos_sim.stage3 import devices
from anos_sim.stage3.abi import MSI_ADDRESS, MSI_FIRST
from anos_sim.stage3.kernel import Kernel
from support.kernel import Run, program_image, run_image

PROGRAMS = [
    "firmware",
    "ipc",
    "log",
    "memory",
    "names",
    "pages",
    "process",
    "regions",
    "slowpath",
    "stack",
    "threads",
]
DEATHS = {"stack": 2}
"""Children that have no right to end themselves, and so end otherwise."""
MS = 1_000_000_000

systems = pytest.mark.parametrize("cpus", [1, 4])
policies = pytest.mark.parametrize("policy", ["derived", "bearer"])


def check(run: Run) -> None:
    """All checks were made and none failed."""
    failed = [line for line in run.lines if line.startswith("FAIL")]
    assert failed == []
    passed = sum(line.startswith("ok ") for line in run.lines)
    assert run.lines[-1] == f"done {passed}"
    assert passed > 0


@systems
@policies
@pytest.mark.parametrize("program", PROGRAMS)
def test_calls(program: str, policy: str, cpus: int) -> None:
    run = run_image(program_image(program), policy, cpus)
    check(run)
    assert len(run.reports) <= DEATHS.get(program, 0), run.reports


@systems
@policies
def test_interrupts(policy: str, cpus: int) -> None:
    def schedule(kernel: Kernel) -> None:
        source = kernel.clock.source("the test")
        for time_ms in (100, *[200] * 6, 300, 2000):
            kernel.clock.at(time_ms * MS, source, devices.interrupt, kernel, MSI_ADDRESS, MSI_FIRST)

    check(run_image(program_image("interrupts"), policy, cpus, prepare=schedule))


@policies
def test_our_own_calls(policy: str) -> None:
    for cpus in (1, 4):
        check(run_image(program_image("own", own_calls=True), policy, cpus))


@policies
def test_a_program_that_asks_for_nothing_gets_none_of_our_calls(policy: str) -> None:
    run = run_image(program_image("own"), policy)
    assert run.lines == ["ok there are no calls of ours", "done 1"]
