"""The console's driver when the kernel gives it no interrupts any more."""

from __future__ import annotations

from support.boot import boot_system

SCRIPT = b"echo first\necho second\necho third\npoweroff\n"


def test_a_console_that_can_hear_no_more_is_started_anew() -> None:
    booted = boot_system(script=SCRIPT, until="first\n")
    kernel = booted.kernel
    (vector,) = [each for each in kernel.vectors.all() if each.owner.name == "serialdrv"]
    vector.slow = True
    while kernel.advance(1000):
        pass
    console, log, outcome = booted.console, booted.text("SYSTEM"), kernel.outcome
    booted.close()
    assert outcome is not None
    assert outcome.power_off
    assert "\nthird\n" in console
    assert "has ended; generation 2" in log
