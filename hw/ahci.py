"""The AHCI controller: a PCI function, the HBA's registers, and its ports.

BAR 5 maps the HBA (AHCI 1.3.1, 3): the generic host control, then 0x80 bytes a
port from 0x100. Interrupts leave as one MSI. Commands run in `command_engine`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from .ahci_bits import CAP, GHC
from .ahci_port import Port
from .clock import Clock
from .command_engine import DriveTiming
from .drive import CommandListener, Drive
from .msi import Msi
from .pci import Function
from .pci_header import Bar
from .register import U32, Reg32, RegisterBlock

ABAR = 5
PORTS_OFFSET = 0x100
PORT_BYTES = 0x80
PORT_COUNT_MAX = 32
ABAR_BYTES_MIN = 0x1000


class Hba(RegisterBlock):
    """Generic host control (3.1)."""

    CAP = Reg32(0x00, reset=CAP.S64A | CAP.SNCQ | CAP.SCLO | CAP.GEN2 | CAP.SAM | CAP.PMD | CAP.NCS)
    GHC = Reg32(0x04, rw=GHC.IE, w1s=GHC.HR, reset=GHC.AE)  # AE is fixed, as SAM says
    IS = Reg32(0x08, w1c=U32)  # a bit per port
    PI = Reg32(0x0C)  # ports implemented
    VS = Reg32(0x10, reset=0x0001_0301)
    CAP2 = Reg32(0x24)

    def __init__(self, controller: AhciController) -> None:
        super().__init__()
        self.controller = controller

    @GHC.on_write
    def _control_written(self, before: int) -> None:
        if self.GHC & GHC.HR:
            self.controller.reset()
        elif self.GHC & ~before & GHC.IE and self.IS:
            self.controller.msi.send()

    @IS.on_write
    def _status_written(self, before: int) -> None:
        """What is still pending shows again, and interrupts again (10.6.2)."""
        for port in self.controller.ports:
            if port.IS & port.IE:
                self.IS |= 1 << port.index
        if self.IS and self.GHC & GHC.IE:
            self.controller.msi.send()


class AhciController(Function):
    """An AHCI 1.3.1 controller with a port for each of `drives` (None is an empty one).

    As a device it answers at offsets of BAR 5. It raises an MSI for every
    command that completes, even if software never clears an interrupt status.
    """

    def __init__(
        self, name: str, drives: Sequence[Drive | None], clock: Clock, timing: DriveTiming
    ) -> None:
        assert 1 <= len(drives) <= PORT_COUNT_MAX
        super().__init__(name, vendor=0x8086, device=0x2922, class_code=0x01_06_01)
        self.hba = Hba(self)
        self.hba.CAP |= len(drives) - 1
        self.hba.PI = (1 << len(drives)) - 1
        self.ports = [
            Port(self, index, drive, clock, clock.source(f"{name}.{index}"), timing)
            for index, drive in enumerate(drives)
        ]
        size = ABAR_BYTES_MIN
        while size < PORTS_OFFSET + PORT_BYTES * len(drives):
            size *= 2
        self.add_bar(Bar(ABAR, size, self))
        self.msi = Msi(self)
        self.add_capability(self.msi)

    def unplug_at(self, time_ps: int, index: int) -> None:
        """Have the drive at port `index`, if there is one, pulled out at that time."""
        port = self.ports[index]
        if port.engine is not None:
            port.clock.at(time_ps, port.engine.source, port.unplug)

    def watch_commands(self, listener: CommandListener | None) -> None:
        """Tell `listener` of every command that a drive of ours begins; None: tell nobody."""
        for port in self.ports:
            if port.engine is not None:
                drive = f"{self.name}, port {port.index}"
                port.engine.on_begin = partial(listener, drive) if listener is not None else None

    @property
    def busy(self) -> bool:
        """Whether a command is in flight: its memory is still the controller's."""
        return any(port.busy for port in self.ports)

    def bus_master_lost(self) -> None:
        """DMA is refused from now on."""
        for port in self.ports:
            port.bus_master_lost()

    def reset(self) -> None:
        """GHC.HR: everything but the ports' base addresses starts anew (10.4.3)."""
        self.hba.GHC = GHC.AE
        self.hba.IS = 0
        for port in self.ports:
            port.reset()

    def port_interrupt(self, index: int) -> None:
        """Note the port and interrupt, if interrupts are enabled (10.6.2)."""
        self.hba.IS |= 1 << index
        if self.hba.GHC & GHC.IE:
            self.msi.send()

    def _registers_at(self, offset: int) -> tuple[RegisterBlock | None, int]:
        if offset < PORTS_OFFSET:
            return self.hba, offset
        index, at = divmod(offset - PORTS_OFFSET, PORT_BYTES)
        return (self.ports[index], at) if index < len(self.ports) else (None, 0)

    def read(self, offset: int, size: int) -> int:
        """Read a register; an absent port reads zero."""
        block, at = self._registers_at(offset)
        return block.read(at, size) if block else 0

    def write(self, offset: int, size: int, value: int) -> None:
        """Write a register."""
        block, at = self._registers_at(offset)
        if block:
            block.write(at, size, value)
