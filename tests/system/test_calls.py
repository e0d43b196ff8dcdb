"""Programs check the kernel's calls from inside, under both policies and on one CPU and four."""

from __future__ import annotations

import pytest

from anos_sim.toolchain.conformance import END_PS, PROGRAMS, Program
from support.kernel import Run, program_image, run_image

CALLS = [program for program in PROGRAMS if program.name != "hostile"]
"""That one has tests of its own."""

systems = pytest.mark.parametrize("cpus", [1, 4, 16])
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
@pytest.mark.parametrize("program", CALLS, ids=lambda program: program.name)
def test_calls(program: Program, policy: str, cpus: int) -> None:
    run = run_image(
        program.image(),
        policy,
        cpus,
        ram_mib=program.ram_mib,
        end_ps=END_PS,
        prepare=program.prepare,
    )
    check(run)
    assert len(run.reports) <= program.deaths, run.reports


@policies
def test_a_program_that_asks_for_nothing_gets_none_of_our_calls(policy: str) -> None:
    run = run_image(program_image("own"), policy)
    assert run.lines == ["ok there are no calls of ours", "done 1"]


@policies
def test_characters_reach_the_host(policy: str) -> None:
    lines = run_image(program_image("log"), policy).lines
    assert lines[lines.index("x") + 1] == "y"
