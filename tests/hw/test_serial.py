"""The serial console: a 16550 with MSI."""

from __future__ import annotations

import pytest

from anos_sim.hw.config import MachineConfig
from anos_sim.hw.machine import Machine

DATA, IER, IIR, LCR, MCR, LSR, MSR, SCRATCH = range(8)


class Console:
    def __init__(self) -> None:
        self.machine = Machine(MachineConfig(ram_mib=32))
        self.serial = self.machine.serial
        self.base = self.serial.bar_address(self.serial.bars[0])
        self.sent = bytearray()
        self.messages = 0
        self.serial.on_output = self.sent.extend
        self.machine.on_msi = self.hear
        self.serial.config_write(0x42, 2, 1)

    def hear(self, address: int, data: int) -> None:
        self.messages += 1

    def get(self, register: int, size: int = 1) -> int:
        return self.machine.bus.read(self.base + register, size)

    def put(self, register: int, value: int) -> None:
        self.machine.bus.write(self.base + register, 1, value)


@pytest.fixture
def console() -> Console:
    return Console()


def test_it_is_a_16550_behind_a_64_bit_bar(console: Console) -> None:
    assert console.serial.class_code == 0x07_00_02
    assert console.base >= 1 << 32


def test_what_is_sent_comes_out_at_once(console: Console) -> None:
    for byte in b"hello\n":
        assert console.get(LSR) & 0x60 == 0x60
        console.put(DATA, byte)
    assert console.sent == b"hello\n"


def test_input_waits_until_it_is_read(console: Console) -> None:
    console.serial.receive(b"ab" * 50)
    assert console.get(LSR) & 1
    assert bytes(console.get(DATA) for _ in range(100)) == b"ab" * 50
    assert console.get(LSR) & 1 == 0
    assert console.get(DATA) == 0


def test_input_interrupts_if_asked_to(console: Console) -> None:
    console.serial.receive(b"a")
    assert console.messages == 0
    console.put(IER, 1)
    assert console.messages == 1, "it was there already"
    assert console.get(IIR) == 0x04
    console.serial.receive(b"b")
    assert console.messages == 2
    console.get(DATA)
    console.get(DATA)
    assert console.get(IIR) == 0x01


def test_an_empty_transmitter_interrupts_once_a_byte(console: Console) -> None:
    console.put(IER, 2)
    assert console.messages == 1
    assert console.get(IIR) == 0x02
    assert console.get(IIR) == 0x01, "reading it was the acknowledgement"
    console.put(DATA, 0x41)
    assert console.messages == 2


def test_the_divisor_hides_behind_dlab(console: Console) -> None:
    console.put(LCR, 0x83)
    console.put(0, 0x0C)
    console.put(1, 0x01)
    assert (console.get(0), console.get(1)) == (0x0C, 0x01)
    console.put(LCR, 0x03)
    assert console.get(IER) == 0
    assert console.sent == b""


def test_fifo_control(console: Console) -> None:
    console.serial.receive(b"abc")
    console.put(IIR, 0x01)
    assert console.get(IIR) & 0xC0 == 0xC0
    console.put(IIR, 0x03)
    assert console.get(LSR) & 1 == 0


def test_loopback_sends_to_itself(console: Console) -> None:
    console.put(MCR, 0x10)
    console.put(DATA, 0x55)
    assert console.sent == b""
    assert console.get(DATA) == 0x55


def test_wide_accesses_are_bytes_side_by_side(console: Console) -> None:
    console.put(SCRATCH, 0xA5)
    assert console.get(4, 4) == 0xA5_B0_60_00
    assert console.get(8, 4) == 0


def test_who_types_a_script_is_asked_when_the_guest_raises_rts(console: Console) -> None:
    lines = iter([b"first\n", b"second\n"])
    console.serial.source = lambda: next(lines, b"")
    assert console.get(LSR) & 1 == 0
    console.put(MCR, 0x03)
    assert bytes(console.get(DATA) for _ in range(6)) == b"first\n"
    console.put(MCR, 0x03)
    assert console.get(LSR) & 1 == 0, "it was up already"
    console.put(MCR, 0x01)
    console.put(MCR, 0x03)
    assert bytes(console.get(DATA) for _ in range(7)) == b"second\n"
