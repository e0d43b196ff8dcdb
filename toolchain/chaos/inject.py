"""Puts a plan's faults into a running system."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from anos_sim.hw.clock import PS_PER_NS
from anos_sim.hw.command_engine import CommandEngine
from anos_sim.hw.drive import Answer, Operation
from anos_sim.stage3.channel import Message
from anos_sim.stage3.kernel import Kernel

from . import effects
from .fault import Fault, Plan
from .shortage import Shortage
from .taps import (
    Arrive,
    CodeTap,
    DriveTap,
    command_engines,
    ends_of,
    hold_back,
    let_go,
    tap_interrupts,
    tap_messages,
)


@attrs.define
class Fired:
    """A fault that has happened: when, and what it met."""

    fault: Fault
    time_ps: int
    what: str


class Injector:
    """Arms a plan on a kernel; `fired` tells what has happened.

    `after` is called when a fault has happened: a moment of interest to who checks. With
    `count_all` everything is counted, for a profile; else only what the plan needs is tapped.
    """

    def __init__(
        self,
        kernel: Kernel,
        plan: Plan,
        after: Callable[[], None] = lambda: None,
        count_all: bool = False,
    ) -> None:
        self.kernel = kernel
        self.clock = kernel.clock
        self.fired: list[Fired] = []
        self.begin_ps = kernel.latest_ps()
        self.messages: dict[str, int] = {}
        self.commands = self.interrupts = 0
        self.code: CodeTap | None = None
        self.shortage: Shortage | None = None
        """Of memory, while there is one."""
        self.successors_left = 0
        """How many successors of who was killed shall end as well."""
        self._after = after
        self._waiting: dict[str, list[Fault]] = {}
        for fault in sorted(plan.faults, key=lambda fault: fault.when[1]):
            self._waiting.setdefault(fault.when[0], []).append(fault)
        wanted = set(self._waiting)
        if not wanted and not count_all:
            return
        self._source = self.clock.source("faults")
        if count_all or "message" in wanted:
            tap_messages(kernel, self._hear_message)
        if count_all or "code" in wanted:
            self._tap_code()
        if count_all or "disk" in wanted:
            for engine in command_engines(kernel):
                DriveTap(engine, self._carry_out)
        if count_all or "interrupt" in wanted:
            tap_interrupts(kernel, self._interrupt)
        for fault in self._waiting.get("time", []):
            time_ps = self.begin_ps + fault.when[1] * PS_PER_NS
            self.clock.at(time_ps, self._source, self.act, fault)

    def _soon(self, fault: Fault, *arguments: object) -> None:
        """Have it happen as soon as this turn is over."""
        self.clock.at(self.kernel.now_ps(), self._source, self.act, fault, *arguments)

    def act(self, fault: Fault, *arguments: object) -> None:
        """Let it happen now."""
        what = effects.EFFECTS[fault.kind](self, fault, *arguments)
        self.note(fault, what)

    def note(self, fault: Fault, what: str) -> None:
        """A fault has happened; "" if there was nothing that it could meet."""
        if what:
            self.fired.append(Fired(fault, self.kernel.now_ps(), what))
            self._after()

    def later(self, delay_ns: int, action: Callable[..., None], *arguments: object) -> None:
        """Call something after some virtual time."""
        time_ps = self.kernel.now_ps() + delay_ns * PS_PER_NS
        self.clock.at(time_ps, self._source, action, *arguments)

    # ---- messages ----

    def _hear_message(self, message: Message) -> None:
        counts = self.messages
        counts[""] = counts.get("", 0) + 1
        for name in dict.fromkeys(ends_of(message)):
            if name:
                counts[name] = counts.get(name, 0) + 1
        for fault in list(self._waiting.get("message", ())):
            if counts.get(fault.target, 0) >= fault.when[1]:
                self._waiting["message"].remove(fault)
                self._soon(fault, message)

    # ---- code ----

    def _tap_code(self) -> None:
        faults = self._waiting.get("code", [])
        self.code = CodeTap(self.kernel, self._code_reached)
        for fault in reversed(faults):
            self.code.stops.setdefault(fault.target, []).append(fault.when[1])

    def _code_reached(self, name: str, count: int) -> None:
        for fault in list(self._waiting.get("code", ())):
            if (fault.target, fault.when[1]) == (name, count):
                self._waiting["code"].remove(fault)
                self._soon(fault)

    # ---- disks ----

    def _carry_out(self, engine: CommandEngine, operation: Operation, data: bytes) -> Answer:
        self.commands += 1
        tap = engine.drive
        assert isinstance(tap, DriveTap)
        waiting = self._waiting.get("disk", [])
        for fault in list(waiting):
            if self.commands >= fault.when[1] and effects.fits(fault, operation):
                waiting.remove(fault)
                return effects.spoil(self, fault, tap, operation, data)
        return tap.drive.execute(operation, data)

    # ---- interrupts ----

    def _interrupt(self, arrive: Arrive, address: int, data: int) -> None:
        self.interrupts += 1
        waiting = self._waiting.get("interrupt", [])
        for fault in list(waiting):
            if self.interrupts >= fault.when[1]:
                waiting.remove(fault)
                effects.disturb(self, fault, arrive, address, data)
                return
        arrive(address, data)

    # ---- threads that wait ----

    def hold(self, message: Message, delay_ns: int) -> str:
        """Let the receiver of a message wait; "" if nobody had it."""
        for thread in message.receiver.threads if message.receiver is not None else ():
            if thread.receive is not None and hold_back(self.kernel, thread):
                self.later(delay_ns, let_go, self.kernel, thread)
                return f"{thread} gets message {message.number} late"
        return ""
