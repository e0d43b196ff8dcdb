"""One run: a machine, a kernel, who types and who listens, as a trio program.

The kernel's loop runs in bursts without awaiting and reaches a checkpoint every
few milliseconds of host time; host time decides nothing inside the run. Only with a
terminal the time in which nothing runs passes as it does on the host, and what is typed
arrives at that time; both are taken down, so that the run can be had again.
"""

from __future__ import annotations

import re
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack

import trio

from anos_sim.hw.clock import NEVER, PS_PER_S
from anos_sim.hw.machine import Machine
from anos_sim.hw.python_device import failure
from anos_sim.hw.serial import silence
from anos_sim.stage3 import console
from anos_sim.stage3.boot import boot
from anos_sim.stage3.kernel import Kernel
from anos_sim.stage3.log import LogLine
from anos_sim.stage3.outcome import Outcome
from anos_sim.stage3.schedule import make_schedule

from .errors import UserError
from .keys import KEYBOARD
from .options import RunOptions
from .person import Person
from .run_hash import RunHash
from .script import Script, Source
from .source_line import Places
from .terminal import Terminal
from .typed_input import SERIAL, InputLog, InputReplay, Typed

BURST_SECONDS = 0.005
BURST_TURNS = 20
INTERRUPTED = 130
END_SIGNALS = (signal.SIGTERM, signal.SIGHUP)
SIGNAL_STATUS = 128
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[@-~]|[^\x20-\x7e\t\x80-\U0010ffff]")


class Session:
    """A booted system. `listeners` hear every log line, `reports` every death.

    `consoles` hear the bytes that the guest sends to its console; whole lines of them go
    to `listeners` as well, as lines of the process "serial". `source` is who types a
    script; at a terminal a `person` does.
    """

    def __init__(self, options: RunOptions) -> None:
        self.options = options
        self.machine = Machine(options.config)
        self.boots = 1
        self.follows_reboots = True
        """False: a reboot is the end of the run."""
        self.input = InputLog()
        self.source: Source | None = None
        self.person: Person | None = None
        self._replay: InputReplay | None = None
        if options.typed or options.live:
            self._replay = InputReplay(options.typed)
            self.source = self._replay.pull
        elif options.script is not None:
            self.source = Script(options.script)
        try:
            self.kernel = self._boot()
        except BaseException:
            self.machine.close()
            raise
        self.hash = RunHash(self.machine)
        self.listeners: list[Callable[[LogLine], None]] = []
        self.consoles: list[Callable[[bytes], None]] = []
        self.reports: list[Callable[[str], None]] = []
        self.pace: Callable[[], Awaitable[None]] | None = None
        """Awaited after every turn: who watches may take the time it needs, and changes nothing."""
        self.pauses: list[Callable[[], None]] = []
        """Called every few milliseconds and before every wait."""
        self.ends: list[Callable[[], None]] = []
        """Called when the run is over."""
        self.background: list[Callable[[], Awaitable[None]]] = []
        """Tasks beside the run; they end with it."""
        self.host_seconds = 0.0
        self._found = False
        self._serial = b""

    def _boot(self) -> Kernel:
        options, machine = self.options, self.machine
        seed = options.config.seed
        kernel = boot(machine, options.image, options.policy, seed, options.scheduler)
        if options.schedule is not None:
            make_schedule(options.schedule).attach(kernel)
        for folder in options.symbols:
            kernel.symbols.add_folder(folder)
        kernel.symbols.line_of = Places(kernel.symbols).line
        kernel.on_log = self._log_line
        kernel.on_report = self._report
        if options.end_ps is not None:
            kernel.end_ps = options.end_ps
        if options.live or self.person is not None:
            self._expect_keys(kernel)
        machine.serial.on_output = self._serial_output
        machine.serial.source = self._pull
        machine.power.on_cut = self._power_cut
        self._typist = machine.clock.source("what is typed")
        return kernel

    # ---- the run ----

    def run(self, realtime: bool = False) -> Outcome:
        """Run to the end; Ctrl-C is an end too, with status 130."""
        begin = time.monotonic()
        try:
            trio.run(self._main, realtime, restrict_keyboard_interrupt_to_checkpoints=True)
        except KeyboardInterrupt:
            self.interrupt()
        except Exception as error:
            sentence = failure(error, self.options.config.device)
            if sentence is None:
                raise
            raise UserError(sentence) from error
        finally:
            self.host_seconds = time.monotonic() - begin
            self._end_lines()
            for listener in self.ends:
                listener()
        outcome = self.kernel.outcome
        assert outcome is not None
        if self.options.until is not None and not self._found and outcome.status == 0:
            outcome = Outcome(1, f"no log line contained {self.options.until!r}; {outcome.cause}")
        return outcome

    def interrupt(self, status: int = INTERRUPTED) -> None:
        """End the run from outside."""
        cause = "interrupted" if status == INTERRUPTED else "terminated"
        self.kernel.end(Outcome(status, cause, interrupted=True))

    async def _main(self, realtime: bool) -> None:
        person = self.person
        if person is None and not self.background:
            await self._loop(realtime)
            return
        error: BaseException | None = None
        with ExitStack() as stack:
            signals = stack.enter_context(trio.open_signal_receiver(*END_SIGNALS))
            if person is not None:
                stack.enter_context(person.terminal)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._hear_signals, signals)
                if person is not None:
                    nursery.start_soon(person.listen)
                for task in self.background:
                    nursery.start_soon(task)
                try:
                    await self._loop(realtime)
                except (Exception, KeyboardInterrupt) as raised:
                    error = raised
                nursery.cancel_scope.cancel()
        if error is not None:
            raise error

    async def _loop(self, realtime: bool) -> None:
        begin = time.monotonic()
        pause = begin + BURST_SECONDS
        going = True
        while going:
            if self.person is not None:
                await self.person.attend()
            kernel = self.kernel
            single = realtime or self.pace or self.person
            going = kernel.advance(self._turns(1 if single else BURST_TURNS))
            if not going and self.reboots():
                self._reboot()
                going = True
            if self.pace is not None:
                await self.pace()
                continue
            if realtime and going:
                ahead = kernel.latest_ps() / PS_PER_S - (time.monotonic() - begin)
                if ahead > BURST_SECONDS:
                    self.pause()
                    await trio.sleep(ahead)
                    continue
            if time.monotonic() >= pause:
                self.pause()
                await trio.lowlevel.checkpoint()
                pause = time.monotonic() + BURST_SECONDS

    def reboots(self) -> bool:
        """Has the system asked to be booted again, and will it be?"""
        outcome = self.kernel.outcome
        return outcome is not None and outcome.reboot and self.follows_reboots

    def _reboot(self) -> None:
        """Boot again, with what is on the disks; time, turns and events go on."""
        before, outcome = self.kernel, self.kernel.outcome
        assert outcome is not None
        self._end_lines()
        time_ps = self.machine.clock.now_ps = before.latest_ps()
        self.hash.add_boot(before)
        self._log_line(LogLine(time_ps, 0, 0, "power", f"{outcome.cause}: the system boots again"))
        self.machine = Machine(self.options.config, self.machine)
        self.kernel = self._boot()
        self.kernel.turns = before.turns
        self.boots += 1
        if before.events is not None:
            before.events.follow(self.kernel, outcome.cause)
            self.kernel.events, before.events = before.events, None
        before.close()

    def pause(self) -> None:
        """Let what is buffered be seen: the run waits now, or may do so."""
        for listener in self.pauses:
            listener()

    def _turns(self, limit: int) -> int:
        """How many turns may follow before a replay has something to do."""
        kernel = self.kernel
        if self._replay is not None:
            for typed in self._replay.due(kernel.turns):
                self.type(typed)
            limit = self._replay.turns(kernel.turns, limit)
        turns = self.options.turns
        if turns is not None:
            if turns <= kernel.turns:
                self.interrupt(self.options.end_status)
            limit = max(1, min(limit, turns - kernel.turns))
        return limit

    # ---- input ----

    @property
    def has_keyboard(self) -> bool:
        """Is the console on a keyboard and the screen?"""
        return self.options.config.console == "screen"

    def _expect_keys(self, kernel: Kernel) -> None:
        """A keyboard does not tell when somebody waits for a key: that may always be so."""
        if self.has_keyboard:
            kernel.quiet_ps = NEVER

    def attach(self, terminal: Terminal) -> None:
        """Let a person type, in place of a script."""
        self.person = Person(self, terminal)
        self.source = silence
        self._expect_keys(self.kernel)

    def _pull(self) -> bytes:
        """The guest asks for input."""
        if self.source is None:
            return b""
        kernel = self.kernel
        kernel.quiet_ps = NEVER  # who has typed a command waits as long as it takes
        data, interrupted = b"", False
        try:
            data = self.source()
        except KeyboardInterrupt:
            interrupted = True
            self.interrupt()
        self.input.pulled(kernel.turns, data, interrupted)
        return data

    def type(self, typed: Typed) -> None:
        """Let something that was typed arrive; between two turns."""
        self.input.typed(self.kernel.turns, typed)
        machine = self.machine
        device = machine.keyboard if typed.device == KEYBOARD else machine.serial
        machine.clock.at(typed.time_ps, self._typist, device.receive, typed.data)

    async def _hear_signals(self, signals: AsyncIterator[int]) -> None:
        async for number in signals:
            self.interrupt(SIGNAL_STATUS + number)
            if self.person is not None:
                self.person.wake()

    # ---- what happens ----

    def _log_line(self, line: LogLine) -> None:
        self.hash.add_line(line)
        for listener in self.listeners:
            listener(line)
        until = self.options.until
        if until is not None and not self._found and until in line.text:
            self._found = True
            self.kernel.end(Outcome(0, f"a log line contains {until!r}"))

    def _serial_output(self, data: bytes) -> None:
        for listener in self.consoles:
            listener(data)
        self._serial += data
        while b"\n" in self._serial:
            self._end_line()

    def _end_lines(self) -> None:
        """What has no newline is shown all the same: no more will come."""
        for process in self.kernel.all_processes():
            console.flush(self.kernel, process)
        if self._serial:
            self._end_line()

    def _end_line(self) -> None:
        """A line that the guest has sent to its console is one of the log's lines."""
        line, _, self._serial = self._serial.partition(b"\n")
        text = _CONTROL.sub("", line.decode("utf-8", "replace"))
        cpu = self.kernel.current
        index = cpu.index if cpu is not None else 0
        self._log_line(LogLine(self.kernel.now_ps(), index, 0, SERIAL, text))

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
