"""A keyboard: keys that go down and up, in a queue, with an interrupt by MSI.

It is a PCI function of class 09/00/00 (input device, keyboard) with a device of our own
behind it (docs/console.md). BAR 0 has three registers of 32 bits. Keys are numbered as
in the HID Usage Tables, page 0x07 (keyboard). The queue is of any length, so no key is
lost, and an interrupt is sent for every event that comes while they are allowed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from .msi import Msi
from .pci import Function
from .pci_header import Bar
from .register import Reg32, RegisterBlock

BAR_BYTES = 0x1000
EVENT_BYTES = 2
PRESSED = 1 << 8
"""In an event: the key went down, else up. The key's usage is below."""


class KeyboardRegisters(RegisterBlock):
    """What software sees of the keyboard."""

    STATUS = Reg32(0x00)  # bit 0: an event waits
    EVENT = Reg32(0x04)  # reading takes the next one: bits 0-7 usage, 8 pressed, 31 valid
    CONTROL = Reg32(0x08, rw=1)  # bit 0: interrupt when an event comes

    VALID = 1 << 31
    INTERRUPTS = 1

    def __init__(self, keyboard: Keyboard) -> None:
        super().__init__()
        self.keyboard = keyboard

    @STATUS.on_read
    def _look(self) -> None:
        self.STATUS = int(bool(self.keyboard.events))

    @EVENT.on_read
    def _take(self) -> None:
        events = self.keyboard.events
        self.EVENT = self.VALID | events.popleft() if events else 0

    @CONTROL.on_write
    def _control_written(self, before: int) -> None:
        if self.CONTROL & ~before & self.INTERRUPTS and self.keyboard.events:
            self.keyboard.msi.send()


class Keyboard(Function):
    """The keyboard. `receive` presses and releases keys."""

    def __init__(self, name: str) -> None:
        super().__init__(name, vendor=0x1234, device=0x0900, class_code=0x09_00_00)
        self.registers = KeyboardRegisters(self)
        self.add_bar(Bar(0, BAR_BYTES, self.registers))
        self.msi = Msi(self)
        self.add_capability(self.msi)
        self.events: deque[int] = deque()
        self.input_listeners: list[Callable[[bytes], None]] = []
        """Hear whatever comes in."""

    def receive(self, data: bytes) -> None:
        """Queue events: two bytes each, little-endian, a usage and PRESSED."""
        for listener in self.input_listeners:
            listener(data)
        for at in range(0, len(data) - 1, EVENT_BYTES):
            self.events.append(int.from_bytes(data[at : at + EVENT_BYTES], "little") & 0x1FF)
            if self.registers.CONTROL & KeyboardRegisters.INTERRUPTS:
                self.msi.send()
