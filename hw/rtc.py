"""The real-time clock: what day it is in the machine.

It starts at the `epoch` of the configuration and runs on virtual time, so a run
sees the same days each time. Its registers are those of the Goldfish RTC that
other simulated boards have: reading TIME_LOW latches TIME_HIGH.
"""

from __future__ import annotations

from .clock import PS_PER_NS, Clock
from .register import Reg32, RegisterBlock

RTC_BYTES = 0x1000
NS_PER_S = 1_000_000_000


class Rtc(RegisterBlock):
    """Nanoseconds since 1970 (UTC), as registers and as `unix_ns`."""

    TIME_LOW = Reg32(0x00)
    TIME_HIGH = Reg32(0x04)

    def __init__(self, clock: Clock, epoch_s: int) -> None:
        super().__init__()
        self.clock = clock
        self.epoch_s = epoch_s

    def unix_ns(self) -> int:
        """The time of whoever acts now."""
        return self.epoch_s * NS_PER_S + self.clock.now_ps // PS_PER_NS

    @TIME_LOW.on_read
    def _latch(self) -> None:
        now = self.unix_ns()
        self.TIME_LOW = now
        self.TIME_HIGH = now >> 32
