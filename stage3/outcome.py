"""How a run ended, and what it counted."""

from __future__ import annotations

import attrs


@attrs.frozen
class Outcome:
    """How a run ended: `status` is its exit status, `cause` a sentence for people."""

    status: int
    cause: str
    panic: bool = False
    power_off: bool = False
    reboot: bool = False
    """The machine shall be switched on again, with what is on its disks."""
    interrupted: bool = False
    """It ended from outside, between two turns or while it asked for input."""


@attrs.define
class Statistics:
    """Counters of a run; those that the CPUs count are on them."""

    messages: int = 0
    refused: int = 0
    page_faults: int = 0
    interrupts: int = 0
