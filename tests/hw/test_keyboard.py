"""The keyboard: events in order, and an interrupt for each."""

from __future__ import annotations

import pytest

from anos_sim.hw.config import MachineConfig
from anos_sim.hw.keyboard import PRESSED
from anos_sim.hw.machine import Machine

STATUS, EVENT, CONTROL = 0, 4, 8
VALID = 1 << 31
A = 0x04
EVENTS = bytes((A, 1, A, 0))
"""Down, up."""


class Keys:
    def __init__(self) -> None:
        self.machine = Machine(MachineConfig(ram_mib=32, console="screen"))
        self.keyboard = self.machine.keyboard
        self.base = self.keyboard.bar_address(self.keyboard.bars[0])
        self.messages = 0
        self.machine.on_msi = self.hear
        self.keyboard.config_write(0x42, 2, 1)

    def hear(self, address: int, data: int) -> None:
        self.messages += 1

    def get(self, register: int) -> int:
        return self.machine.bus.read(self.base + register, 4)

    def put(self, register: int, value: int) -> None:
        self.machine.bus.write(self.base + register, 4, value)


@pytest.fixture
def keys() -> Keys:
    return Keys()


def test_a_machine_with_a_screen_console_has_a_keyboard_in_place_of_the_serial_port() -> None:
    classes = {
        console: [each.class_code for each in Machine(MachineConfig(console=console)).functions]
        for console in ("serial", "screen")
    }
    assert 0x09_00_00 in classes["screen"]
    assert 0x07_00_02 not in classes["screen"]
    assert 0x09_00_00 not in classes["serial"]
    assert 0x07_00_02 in classes["serial"]


def test_events_are_taken_in_order(keys: Keys) -> None:
    assert keys.get(STATUS) == 0
    assert keys.get(EVENT) == 0
    keys.keyboard.receive(EVENTS)
    assert keys.get(STATUS) == 1
    assert [keys.get(EVENT) for _ in range(3)] == [VALID | PRESSED | A, VALID | A, 0]
    assert keys.get(STATUS) == 0


def test_an_event_interrupts_if_that_is_allowed(keys: Keys) -> None:
    keys.keyboard.receive(EVENTS)
    assert keys.messages == 0
    keys.put(CONTROL, 1)
    assert keys.messages == 1, "they were there already"
    keys.keyboard.receive(EVENTS)
    assert keys.messages == 3
    keys.put(CONTROL, 0)
    keys.keyboard.receive(EVENTS)
    assert keys.messages == 3


def test_what_is_no_whole_event_is_left_out_and_bits_above_are_not_passed_on(keys: Keys) -> None:
    keys.keyboard.receive(b"\x04\xff\x05")
    assert [keys.get(EVENT), keys.get(EVENT)] == [VALID | PRESSED | A, 0]
