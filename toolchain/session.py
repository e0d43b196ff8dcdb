"""One run: a machine, a kernel and who listens, as a trio program.

The kernel's loop runs in bursts without awaiting and reaches a checkpoint every
few milliseconds of host time; host time decides nothing inside the run.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

import trio

from anos_sim.hw.clock import PS_PER_S
from anos_sim.hw.machine import Machine
from anos_sim.stage3 import console
from anos_sim.stage3.boot import boot
from anos_sim.stage3.kernel import Kernel
from anos_sim.stage3.log import LogLine
from anos_sim.stage3.outcome import Outcome

from .options import RunOptions
from .run_hash import RunHash
from .typed_input import InputReplay

BURST_SECONDS = 0.005
BURST_TURNS = 20
INTERRUPTED = 130


class Session:
    """A booted system. `listeners` hear every log line, `reports` every death."""

    def __init__(self, options: RunOptions) -> None:
        self.options = options
        self.machine = Machine(options.config)
        try:
            self.kernel = self._boot()
        except BaseException:
            self.machine.close()
            raise
        self.hash = RunHash(self.machine)
        self.listeners: list[Callable[[LogLine], None]] = []
        self.reports: list[Callable[[str], None]] = []
        self.pace: Callable[[], Awaitable[None]] | None = None
        """Awaited after every turn: who watches may take the time it needs, and changes nothing."""
        self.host_seconds = 0.0
        self._found = False
        self._serial = b""
        self.machine.serial.on_output = self._serial_output
        self.machine.power.on_cut = self._power_cut
        self._typed = InputReplay(options.typed, self.machine.serial) if options.typed else None

    def _boot(self) -> Kernel:
        options = self.options
        kernel = boot(
            self.machine, options.image, options.policy, options.config.seed, options.scheduler
        )
        for folder in options.symbols:
            kernel.symbols.add_folder(folder)
        kernel.on_log = self._log_line
        kernel.on_report = self._report
        if options.end_ps is not None:
            kernel.end_ps = options.end_ps
        return kernel

    def run(self, realtime: bool = False) -> Outcome:
        """Run to the end; Ctrl-C is an end too, with status 130."""
        begin = time.monotonic()
        try:
            trio.run(self._main, realtime, restrict_keyboard_interrupt_to_checkpoints=True)
        except KeyboardInterrupt:
            self.kernel.end(Outcome(INTERRUPTED, "interrupted"))
        finally:
            self.host_seconds = time.monotonic() - begin
            for process in self.kernel.all_processes():
                console.flush(self.kernel, process)
            if self._serial:
                self._serial_output(b"\n")
        outcome = self.kernel.outcome
        assert outcome is not None
        if self.options.until is not None and not self._found and outcome.status == 0:
            outcome = Outcome(1, f"no log line contained {self.options.until!r}; {outcome.cause}")
        return outcome

    async def _main(self, realtime: bool) -> None:
        kernel = self.kernel
        begin = time.monotonic()
        pause = begin + BURST_SECONDS
        going = True
        while going:
            going = kernel.advance(self._turns(1 if realtime or self.pace else BURST_TURNS))
            if self.pace is not None:
                await self.pace()
                continue
            if realtime and going:
                ahead = kernel.latest_ps() / PS_PER_S - (time.monotonic() - begin)
                if ahead > BURST_SECONDS:
                    await trio.sleep(ahead)
                    continue
            if time.monotonic() >= pause:
                await trio.lowlevel.checkpoint()
                pause = time.monotonic() + BURST_SECONDS

    def _turns(self, limit: int) -> int:
        """How many turns may follow before a replay has something to do."""
        if self._typed is not None:
            limit = self._typed.turns(self.kernel, limit)
        turns = self.options.turns
        if turns is not None:
            if turns <= self.kernel.turns:
                self.kernel.end(Outcome(INTERRUPTED, "interrupted"))
            limit = max(1, min(limit, turns - self.kernel.turns))
        return limit

    def _log_line(self, line: LogLine) -> None:
        self.hash.add_line(line)
        for listener in self.listeners:
            listener(line)
        until = self.options.until
        if until is not None and not self._found and until in line.text:
            self._found = True
            self.kernel.end(Outcome(0, f"a log line contains {until!r}"))

    def _serial_output(self, data: bytes) -> None:
        """What the guest writes to its serial console appears among the log's lines."""
        *lines, self._serial = (self._serial + data).split(b"\n")
        for line in lines:
            text = line.rstrip(b"\r").decode("utf-8", "replace")
            cpu = self.kernel.current
            index = cpu.index if cpu is not None else 0
            self._log_line(LogLine(self.kernel.now_ps(), index, 0, "serial", text))

    def _power_cut(self, survived: int, total: int) -> None:
        """The power fails: the run is at its end."""
        writes = self.machine.power.cut_after
        lost = f"{survived} of {total} sectors that were not flushed survive"
        self.kernel.end(Outcome(0, f"power cut after write {writes}: {lost}"))

    def _report(self, report: str) -> None:
        for listener in self.reports:
            listener(report)

    def close(self) -> None:
        """Free the machine; disk images that may be written are complete afterwards."""
        self.kernel.close()
        self.machine.close()
