"""How an AHCI port carries out commands, from an issued slot to the interrupt.

Issued slots are taken in order. A command without queuing keeps the drive busy
until it ends; queued ones (NCQ) overlap their set-up and share the link. Each
ends in an event on the clock, in which the data moves, the drive's FIS is
stored and an interrupt is raised. An error stops the engine until software
clears PxCMD.ST (AHCI 1.3.1, 5.3 and 6.2).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs

from . import fis
from .ahci_bits import Det, PxCMD, PxIS
from .clock import PS_PER_NS, Clock
from .command_list import CommandHeader, PrdtOverflow, gather, read_prdt, scatter
from .drive import Drive, Operation, Transfer, refuse
from .fis import BSY, DRQ, RegisterH2D, TaskFile
from .memory import BusError

if TYPE_CHECKING:
    from .ahci_port import Port

SLOT_COUNT = 32
SRST = 0x04

PS_FIS_OFFSET = 0x20
D2H_FIS_OFFSET = 0x40
SDB_FIS_OFFSET = 0x58


@attrs.frozen
class DriveTiming:
    """How long a command takes: a fixed part, and the link's time for each byte."""

    command_ns: int = 20_000
    ps_per_byte: int = 500


@attrs.frozen
class Issued:
    """A command that the drive has and that has not ended."""

    header: CommandHeader
    operation: Operation


def lowest_bit(bits: int) -> int:
    """The number of the lowest bit that is set; there is one."""
    return (bits & -bits).bit_length() - 1


class CommandEngine:
    """The command list engine of one port with a drive.

    `in_flight` are the commands the drive works on, by slot. `generation`
    changes when they are dropped, so that their events find nothing to end.
    """

    def __init__(
        self, port: Port, drive: Drive, clock: Clock, source: int, timing: DriveTiming
    ) -> None:
        self.port = port
        self.drive = drive
        self.clock = clock
        self.source = source
        self.timing = timing
        self.in_flight: dict[int, Issued] = {}
        self.generation = 0
        self.last_slot = SLOT_COUNT - 1
        self.link_free_ps = 0
        self.stopped = False
        self.in_soft_reset = False
        self.on_begin: Callable[[int, int, int, int], None] | None = None
        """Hears (slot, command, first sector, bytes) of every command that begins."""

    def start(self) -> None:
        """PxCMD.ST was set: begin with slot 0."""
        self.last_slot = SLOT_COUNT - 1
        self.stopped = False

    def drop(self) -> None:
        """Forget what is in flight; it will neither move data nor end."""
        self.generation += 1
        self.in_flight.clear()
        self.link_free_ps = 0
        self.in_soft_reset = False

    def stop(self, cause: int) -> None:
        """A fatal error: nothing more is taken until software restarts the port."""
        self.stopped = True
        self.port.interrupt(cause)

    def take(self) -> None:
        """Give the drive what it can take, slot after slot, going round (5.3.2.3)."""
        port = self.port
        while not self.stopped and port.CMD & PxCMD.CR and port.SSTS & Det.MASK == Det.PRESENT:
            issued = port.CI
            if not issued or port.TFD & (BSY | DRQ):
                return
            later = issued >> self.last_slot + 1 << self.last_slot + 1
            slot = lowest_bit(later or issued)
            self.last_slot = slot
            port.CMD = port.CMD & ~PxCMD.CCS | slot << 8
            try:
                self._take_slot(slot)
            except BusError:
                self.drop()
                self.stop(PxIS.HBFS)

    def _take_slot(self, slot: int) -> None:
        port = self.port
        header = CommandHeader.fetch(port.controller, port.list_base, slot)
        command = RegisterH2D.parse(header.fetch_fis(port.controller))
        if command is None:
            self._fail(refuse()[0])
        elif not command.is_command:
            port.CI &= ~(1 << slot)
            self._control_written(command.control)
        else:
            self._begin(slot, Issued(header, self.drive.decode(command)))

    def _control_written(self, control: int) -> None:
        """Software reset: SRST set, then cleared, each by a FIS of its own (10.4.1)."""
        was_in_reset, self.in_soft_reset = self.in_soft_reset, bool(control & SRST)
        if was_in_reset and not self.in_soft_reset:
            self.drop()
            self.send_signature()

    def _begin(self, slot: int, issued: Issued) -> None:
        """Schedule the command's end: set-up, then its bytes when the link is free."""
        if issued.operation.transfer.queued:
            self.port.CI &= ~(1 << slot)
        elif self.in_flight:  # mixing both kinds is an error (SATA 3.0, 13.6.4)
            self.drop()
            self._fail(refuse()[0])
            return
        else:
            self.port.TFD = BSY | fis.DRDY | fis.SEEK
        self.in_flight[slot] = issued
        if self.on_begin is not None:
            operation = issued.operation
            self.on_begin(slot, operation.fis.command, operation.lba, operation.byte_count)
        ready_ps = self.clock.now_ps + self.timing.command_ns * PS_PER_NS
        bytes_ps = issued.operation.byte_count * self.timing.ps_per_byte
        self.link_free_ps = max(ready_ps, self.link_free_ps) + bytes_ps
        self.clock.at(self.link_free_ps, self.source, self._finish, slot, self.generation)

    def _finish(self, slot: int, generation: int) -> None:
        """The time of the command in `slot` has come, unless it was dropped."""
        if generation != self.generation:
            return
        try:
            self._carry_out(slot, self.in_flight.pop(slot))
        except BusError:
            self.drop()
            self.stop(PxIS.HBFS)
        except PrdtOverflow:
            self.drop()
            self.stop(PxIS.OFS)
        self.take()

    def _carry_out(self, slot: int, issued: Issued) -> None:
        dma = self.port.controller
        operation = issued.operation
        prdt = read_prdt(dma, issued.header) if operation.byte_count else []
        data, processed = b"", False
        if operation.transfer.from_host:
            data, processed = gather(dma, prdt, operation.byte_count)
        task, answer = self.drive.execute(operation, data)
        if task.failed:
            self.drop()
            self._fail(task, queued=operation.transfer.queued)
            return
        if answer:
            processed = scatter(dma, prdt, answer)
        causes = PxIS.DPS * processed
        if operation.transfer.queued:
            self._end_queued(slot, task, causes)
        else:
            issued.header.report_count(dma, operation.byte_count)
            self._end(slot, operation, task, causes)

    def _end(self, slot: int, operation: Operation, task: TaskFile, causes: int) -> None:
        if operation.transfer is Transfer.PIO_IN:
            self.port.store_fis(PS_FIS_OFFSET, fis.pio_setup(task, operation.byte_count))
            causes |= PxIS.PSS
        else:
            self.port.store_fis(D2H_FIS_OFFSET, fis.register_d2h(task, interrupt=True))
            causes |= PxIS.DHRS
        self.port.show(task)
        self.port.CI &= ~(1 << slot)
        self.port.interrupt(causes)

    def _end_queued(self, slot: int, task: TaskFile, causes: int) -> None:
        self.port.store_fis(SDB_FIS_OFFSET, fis.set_device_bits(task, 1 << slot))
        self.port.show(task)
        self.port.SACT &= ~(1 << slot)
        self.port.interrupt(causes | PxIS.SDBS)

    def _fail(self, task: TaskFile, queued: bool = False) -> None:
        """The drive reports an error; CI or SACT keep the command's bit (6.2.2)."""
        if queued:
            self.port.store_fis(SDB_FIS_OFFSET, fis.set_device_bits(task, 0))
        else:
            self.port.store_fis(D2H_FIS_OFFSET, fis.register_d2h(task, interrupt=True))
        self.port.show(task)
        self.stop(PxIS.TFES | (PxIS.SDBS if queued else PxIS.DHRS))

    def send_signature(self) -> None:
        """Reset the drive; its first FIS tells what it is and raises no interrupt."""
        task = self.drive.reset()
        self.port.SIG = task.signature
        self.port.show(task)
        try:
            self.port.store_fis(D2H_FIS_OFFSET, fis.register_d2h(task, interrupt=False))
        except BusError:
            self.stop(PxIS.HBFS)
