"""Programs check the kernel's calls from inside, under both policies and on one CPU and four."""

from __future__ import annotations

import pytest

from anos_sim.toolchain.conformance import END_PS, Program, programs_for
from anos_sim.toolchain.guest.zig import TARGETS
from support.architectures import architectures, only_if_built
from support.kernel import Run, program_image, run_image

CALLS = [
    pytest.param(program, arch, id=f"{program.name}-{arch}", marks=only_if_built(arch))
    for arch in TARGETS
    for program in programs_for(arch)
    if program.name != "hostile"  # it has tests of its own
]

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
@pytest.mark.parametrize(("program", "arch"), CALLS)
def test_calls(program: Program, arch: str, policy: str, cpus: int) -> None:
    run = run_image(
        program.image(arch),
        policy,
        cpus,
        ram_mib=program.ram_mib,
        arch=arch,
        end_ps=END_PS,
        prepare=program.prepare,
    )
    check(run)
    assert len(run.reports) <= program.deaths, run.reports


@policies
@architectures
def test_a_program_that_asks_for_nothing_gets_none_of_our_calls(arch: str, policy: str) -> None:
    run = run_image(program_image("own", arch=arch), policy, arch=arch)
    assert run.lines == ["ok there are no calls of ours", "done 1"]


@policies
@architectures
def test_characters_reach_the_host(arch: str, policy: str) -> None:
    lines = run_image(program_image("log", arch=arch), policy, arch=arch).lines
    assert lines[lines.index("x") + 1] == "y"
