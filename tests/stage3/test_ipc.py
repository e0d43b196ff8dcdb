"""Messages in a whole kernel: who sends, receives, loses a right or ends, in any order."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

from support.effort import EFFORT
from support.ipc_machine import IpcMachine

SETTINGS = settings(
    max_examples=max(1, round(60 * EFFORT)),
    stateful_step_count=50,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    derandomize=EFFORT == 1,
)


class ProgramsMachine(IpcMachine):
    """The same, made from ring 3."""

    programs = True


TestHandlers = IpcMachine.TestCase
TestHandlers.settings = SETTINGS
TestPrograms = ProgramsMachine.TestCase
TestPrograms.settings = SETTINGS
