"""One port of an AHCI controller: its registers, its link and its interrupts.

What happens to issued commands is in `command_engine`; an empty port has no
engine, its link never comes up.
"""

from __future__ import annotations

from typing import Protocol

from .ahci_bits import Det, PxCMD, PxIS, PxSERR
from .clock import PS_PER_MS, Clock
from .command_engine import CommandEngine, DriveTiming
from .command_list import Dma
from .drive import Drive
from .fis import BSY, DRQ, TaskFile
from .register import U32, Reg32, RegisterBlock

LINK_UP_PS = PS_PER_MS
LINK_IS_UP = 0x120 | Det.PRESENT  # active, 3 Gb/s
SIGNATURE_NONE = U32


class Controller(Dma, Protocol):
    """What a port needs of the controller it belongs to."""

    def port_interrupt(self, index: int) -> None:
        """Port `index` has an enabled cause for an interrupt."""
        ...


class Port(RegisterBlock):
    """One port (AHCI 1.3.1, 3.3): 0x80 bytes at HBA base + 0x100 + index * 0x80.

    At power-on it is as firmware leaves it: link up, signature received, the
    base addresses zero and nothing running.
    """

    CLB = Reg32(0x00, rw=0xFFFF_FC00)  # command list base, 1 KiB aligned
    CLBU = Reg32(0x04, rw=U32)
    FB = Reg32(0x08, rw=0xFFFF_FF00)  # received FIS base, 256 bytes aligned
    FBU = Reg32(0x0C, rw=U32)
    IS = Reg32(0x10, w1c=0xFD80_00AF)  # interrupt status
    IE = Reg32(0x14, rw=0x7DC0_007F)  # interrupt enable; neither cold presence nor a switch
    CMD = Reg32(
        0x18,
        rw=PxCMD.ST | PxCMD.FRE | PxCMD.ATAPI | PxCMD.DLAE,
        w1s=PxCMD.CLO,
        reset=PxCMD.SUD | PxCMD.POD,
    )
    TFD = Reg32(0x20, reset=0x7F)  # task file data
    SIG = Reg32(0x24, reset=SIGNATURE_NONE)
    SSTS = Reg32(0x28)  # link status
    SCTL = Reg32(0x2C, rw=0x0000_0FFF)  # link control
    SERR = Reg32(0x30, w1c=0x07FF_0F03)  # link errors and changes
    SACT = Reg32(0x34, w1s=U32)  # queued commands, one bit per tag
    CI = Reg32(0x38, w1s=U32)  # command issue, one bit per slot
    SNTF = Reg32(0x3C, w1c=0x0000_FFFF)

    def __init__(
        self,
        controller: Controller,
        index: int,
        drive: Drive | None,
        clock: Clock,
        source: int,
        timing: DriveTiming,
    ) -> None:
        super().__init__()
        self.controller = controller
        self.index = index
        self.drive = drive
        self.clock = clock
        self.engine: CommandEngine | None = None
        if drive is not None:
            self.engine = CommandEngine(self, drive, clock, source, timing)
            signature = drive.reset()
            self.SSTS = LINK_IS_UP
            self.SIG = signature.signature
            self.TFD = signature.status

    @property
    def list_base(self) -> int:
        """Where the command list is."""
        return self.CLBU << 32 | self.CLB

    @property
    def busy(self) -> bool:
        """Whether the drive has a command whose data may still move."""
        return self.engine is not None and bool(self.engine.in_flight)

    def show(self, task: TaskFile) -> None:
        """Let TFD show the drive's registers."""
        self.TFD = task.error << 8 | task.status

    def store_fis(self, offset: int, data: bytes) -> None:
        """Store a FIS from the drive at `offset` of the received-FIS area (4.2.1).

        Raises:
            BusError: there is no memory for devices.
        """
        if self.CMD & PxCMD.FRE:
            self.controller.dma_write((self.FBU << 32 | self.FB) + offset, data)

    def interrupt(self, causes: int) -> None:
        """Note `causes`; each interrupts anew, whether or not earlier ones were cleared."""
        self.IS |= causes
        if causes & self.IE:
            self.controller.port_interrupt(self.index)

    @IE.on_write
    def _enable_written(self, before: int) -> None:
        if self.IS & self.IE and not self.IS & before:
            self.controller.port_interrupt(self.index)

    # Commands

    @CMD.on_write
    def _command_written(self, before: int) -> None:
        if self.CMD & PxCMD.CLO:
            self.CMD &= ~PxCMD.CLO
            self.TFD &= ~(BSY | DRQ)
        self.CMD = self.CMD & ~PxCMD.FR | PxCMD.FR * bool(self.CMD & PxCMD.FRE)
        if self.CMD & ~before & PxCMD.ST:
            self.CMD |= PxCMD.CR
            if self.engine is not None:
                self.engine.start()
        elif before & ~self.CMD & PxCMD.ST:
            self.CI = self.SACT = 0
            self.CMD &= ~(PxCMD.CR | PxCMD.CCS)
            self._drop()
        self._take()

    @SACT.on_write
    def _tags_written(self, before: int) -> None:
        if not self.CMD & PxCMD.ST:
            self.SACT = before

    @CI.on_write
    def _issue(self, before: int) -> None:
        """Slots can only be issued while the port runs (3.3.14)."""
        if not self.CMD & PxCMD.ST:
            self.CI = before
        self._take()

    def _take(self) -> None:
        if self.engine is not None:
            self.engine.take()

    def _drop(self) -> None:
        if self.engine is not None:
            self.engine.drop()

    def bus_master_lost(self) -> None:
        """DMA is refused from now on: what is in flight is dropped with a bus error."""
        if self.engine is not None and self.engine.in_flight:
            self.engine.drop()
            self.engine.stop(PxIS.HBFS)

    # The link

    def reset(self) -> None:
        """Reset by GHC.HR: all but the base addresses starts anew (10.4.3)."""
        kept = (self.CLB, self.CLBU, self.FB, self.FBU)
        self._drop()
        self.values = {offset: register.reset for offset, register in self.registers.items()}
        self.CLB, self.CLBU, self.FB, self.FBU = kept
        self._raise_link()

    @SCTL.on_write
    def _link_control_written(self, before: int) -> None:
        """DET 1 holds the link in reset (COMRESET), 4 turns it off, 0 lets it come up (10.4.2)."""
        old, new = before & Det.MASK, self.SCTL & Det.MASK
        if old == new or self.engine is None:
            return
        self._drop()
        if new == Det.NONE:
            self._raise_link()
        else:
            self.SSTS = Det.OFFLINE if new == Det.OFFLINE else Det.NONE
            self.TFD = BSY
            self.SIG = SIGNATURE_NONE

    def _raise_link(self) -> None:
        if self.engine is not None:
            self.TFD = BSY
            engine = self.engine
            engine.clock.after(LINK_UP_PS, engine.source, self._link_up, engine.generation)

    def _link_up(self, generation: int) -> None:
        """The drive is there again and sends its signature."""
        if self.engine is None or generation != self.engine.generation:
            return
        self.SSTS = LINK_IS_UP
        self.SERR |= PxSERR.X | PxSERR.N
        self.engine.send_signature()
        self.interrupt(PxIS.PCS | PxIS.PRCS)
        self._take()

    def unplug(self) -> None:
        """The drive is pulled out: what it was doing never ends, and the link is gone."""
        if self.engine is not None:
            self._drop()
            self.engine = self.drive = None
            self.SSTS = Det.NONE
            self.TFD = 0x7F
            self.SIG = SIGNATURE_NONE
            self.SERR |= PxSERR.N
            self.interrupt(PxIS.PRCS)

    @SERR.on_write
    def _link_errors_written(self, before: int) -> None:
        """Three bits of IS show bits of SERR and are cleared there (3.3.5)."""
        self.IS &= ~(PxIS.PCS | PxIS.PRCS | PxIS.UFS)
        self.IS |= PxIS.PCS * bool(self.SERR & PxSERR.X)
        self.IS |= PxIS.PRCS * bool(self.SERR & PxSERR.N)
        self.IS |= PxIS.UFS * bool(self.SERR & PxSERR.F)
