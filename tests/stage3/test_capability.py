"""Capabilities in a whole kernel: any calls, in any order, by objects and by real programs."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

from support.architectures import only_if_built
from support.capability_machine import CapabilityMachine
from support.effort import EFFORT

SETTINGS = settings(
    max_examples=max(1, round(30 * EFFORT)),
    stateful_step_count=50,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    derandomize=EFFORT == 1,
)


class ProgramsMachine(CapabilityMachine):
    """The same, made from ring 3: cookies, registers, stacks and page tables are real."""

    programs = True


TestHandlers = pytest.mark.no_machine(CapabilityMachine.TestCase)
TestHandlers.settings = SETTINGS
TestProgramsOnX86_64 = ProgramsMachine.TestCase
TestProgramsOnX86_64.settings = SETTINGS


class RiscvMachine(ProgramsMachine):
    """The same on RISC-V."""

    arch = "riscv64"


TestProgramsOnRiscv64 = only_if_built("riscv64")(RiscvMachine.TestCase)
TestProgramsOnRiscv64.settings = SETTINGS
