"""A serial console: a 16550 UART behind PCI, interrupting by MSI.

BAR 0 (64-bit) maps the eight registers, one byte each (PC16550D data sheet,
table II). Sending takes no time: what the guest writes goes to `on_output` at
once. What comes in waits in a queue of any length, so nothing is overrun. Who
types a script is asked for more whenever the guest raises RTS: so the guest's
own time decides when input comes, and the host's does not.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from .msi import Msi
from .pci import Function
from .pci_header import Bar

BAR_BYTES = 0x1000
REGISTER_COUNT = 8

DATA, IER, IIR, LCR, MCR, LSR, MSR, SCRATCH = range(REGISTER_COUNT)
IER_RECEIVED = 0x01
IER_TRANSMITTER_EMPTY = 0x02
IER_RW = 0x0F
IIR_NOTHING = 0x01
IIR_TRANSMITTER_EMPTY = 0x02
IIR_RECEIVED = 0x04
IIR_FIFOS = 0xC0
FCR_ENABLE = 0x01
FCR_CLEAR_RECEIVER = 0x02
LCR_DLAB = 0x80
MCR_RW = 0x1F
MCR_REQUEST_TO_SEND = 0x02
MCR_LOOPBACK = 0x10
LSR_DATA_READY = 0x01
LSR_TRANSMITTER_IDLE = 0x60
MSR_CONNECTED = 0xB0  # carrier, data set ready, clear to send


class Serial(Function):
    """The UART. `on_output(data)` hears what the guest sends, `receive` feeds it.

    `source` is asked for input when RTS rises.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name, vendor=0x1B36, device=0x0002, class_code=0x07_00_02)
        self.add_bar(Bar(0, BAR_BYTES, self, is_64bit=True))
        self.msi = Msi(self)
        self.add_capability(self.msi)
        self.on_output: Callable[[bytes], None] = discard
        self.source: Callable[[], bytes] = silence
        self.input_listeners: list[Callable[[bytes], None]] = []
        """Hear whatever comes in, also nothing where `source` was asked in vain."""
        self.input: deque[int] = deque()
        self.registers = bytearray(REGISTER_COUNT)
        self.divisor = bytearray((1, 0))
        self.fifos = False
        self.transmitter_event = False

    def receive(self, data: bytes) -> None:
        """Queue input for the guest."""
        for listener in self.input_listeners:
            listener(data)
        self._queue(data)

    def _queue(self, data: bytes) -> None:
        self.input.extend(data)
        if data and self.registers[IER] & IER_RECEIVED:
            self.msi.send()

    def read(self, offset: int, size: int) -> int:
        """Read registers, one byte each; there is nothing after the eighth."""
        return sum(self._read(offset + index) << 8 * index for index in range(size))

    def write(self, offset: int, size: int, value: int) -> None:
        """Write registers, one byte each."""
        for index in range(size):
            self._write(offset + index, value >> 8 * index & 0xFF)

    def _read(self, register: int) -> int:
        if register >= REGISTER_COUNT:
            return 0
        if register <= IER and self.registers[LCR] & LCR_DLAB:
            return self.divisor[register]
        if register == DATA:
            return self.input.popleft() if self.input else 0
        if register == IIR:
            return self._identify() | IIR_FIFOS * self.fifos
        if register == LSR:
            return LSR_TRANSMITTER_IDLE | LSR_DATA_READY * bool(self.input)
        if register == MSR:
            return MSR_CONNECTED
        return self.registers[register]

    def _identify(self) -> int:
        """The most urgent cause; reading it is what ends a transmitter interrupt."""
        if self.input and self.registers[IER] & IER_RECEIVED:
            return IIR_RECEIVED
        if self.transmitter_event and self.registers[IER] & IER_TRANSMITTER_EMPTY:
            self.transmitter_event = False
            return IIR_TRANSMITTER_EMPTY
        return IIR_NOTHING

    def _write(self, register: int, value: int) -> None:
        if register <= IER and self.registers[LCR] & LCR_DLAB:
            self.divisor[register] = value
        elif register == DATA:
            self._send(value)
        elif register == IER:
            self._enable(value & IER_RW)
        elif register == IIR:  # written, it is the FIFO control register
            self.fifos = bool(value & FCR_ENABLE)
            if value & FCR_CLEAR_RECEIVER:
                self.input.clear()
        elif register == MCR:
            risen = value & ~self.registers[MCR]
            self.registers[MCR] = value & MCR_RW
            if risen & MCR_REQUEST_TO_SEND:
                self.receive(self.source())
        elif register in (LCR, SCRATCH):
            self.registers[register] = value

    def _send(self, value: int) -> None:
        if self.registers[MCR] & MCR_LOOPBACK:
            self._queue(bytes((value,)))
        else:
            self.on_output(bytes((value,)))
        self._transmitter_is_empty()

    def _enable(self, causes: int) -> None:
        added = causes & ~self.registers[IER]
        self.registers[IER] = causes
        if added & IER_RECEIVED and self.input:
            self.msi.send()
        if added & IER_TRANSMITTER_EMPTY:
            self._transmitter_is_empty()

    def _transmitter_is_empty(self) -> None:
        self.transmitter_event = True
        if self.registers[IER] & IER_TRANSMITTER_EMPTY:
            self.msi.send()


def silence() -> bytes:
    """Nobody types."""
    return b""


def discard(data: bytes) -> None:
    """Nobody listens to the console."""
