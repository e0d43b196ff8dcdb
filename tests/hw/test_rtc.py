"""The real-time clock."""

from __future__ import annotations

from anos_sim.hw.clock import PS_PER_S, Clock
from anos_sim.hw.config import MachineConfig
from anos_sim.hw.machine import Machine
from anos_sim.hw.rtc import Rtc


def test_it_runs_on_virtual_time_from_the_epoch() -> None:
    clock = Clock()
    rtc = Rtc(clock, epoch_s=1000)
    clock.now_ps = 2 * PS_PER_S + 5_000
    assert rtc.unix_ns() == 1_002_000_000_005


def test_reading_the_low_word_latches_the_high_one() -> None:
    machine = Machine(MachineConfig(ram_mib=32, epoch=1_800_000_000))
    low = machine.bus.read(machine.addresses.clock, 4)
    machine.clock.now_ps = 100 * PS_PER_S
    high = machine.bus.read(machine.addresses.clock + 4, 4)
    assert high << 32 | low == 1_800_000_000 * 10**9
    machine.bus.write(machine.addresses.clock, 4, 0)
    assert machine.rtc.unix_ns() == 1_800_000_100 * 10**9
