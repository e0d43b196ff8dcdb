"""Capabilities in a whole kernel: any calls, in any order, by objects and by real programs."""

from __future__ import annotations

import pytest

from support.architectures import only_if_built
from support.capability_machine import CapabilityMachine
from support.effort import MACHINES


class ProgramsMachine(CapabilityMachine):
    """The same, made from ring 3: cookies, registers, stacks and page tables are real."""

    programs = True


TestHandlers = pytest.mark.no_machine(CapabilityMachine.TestCase)
TestHandlers.settings = MACHINES
TestProgramsOnX86_64 = ProgramsMachine.TestCase
TestProgramsOnX86_64.settings = MACHINES


class RiscvMachine(ProgramsMachine):
    """The same on RISC-V."""

    arch = "riscv64"


TestProgramsOnRiscv64 = only_if_built("riscv64")(RiscvMachine.TestCase)
TestProgramsOnRiscv64.settings = MACHINES
