"""One run: arm a plan, go on to the end or until nothing gets on any more, and judge."""

from __future__ import annotations

import time
import traceback
from contextlib import nullcontext
from typing import Any

import attrs

from anos_sim.hw.clock import PS_PER_MS
from anos_sim.stage3.event_log import EventLog
from anos_sim.stage3.kernel import Kernel
from anos_sim.stage3.log import LogLine
from anos_sim.stage3.thread import Thread
from anos_sim.toolchain.wait_for import show_wait

from .base import Base
from .draw import Profile
from .fault import Plan
from .inject import Injector
from .invariants import check_kernel
from .lines import Lines
from .verdict import Verdict, decide

TURNS = 100
CHECKS_MAX = 20
"""Invariants are checked after so many faults and starts of a server at most, and at the end."""
SETTLE_PS = 400 * PS_PER_MS
"""So long after the workload's end a server that ended may take to have a successor."""


@attrs.define
class Result:
    """What a run came to."""

    verdict: Verdict
    why: str
    hash: str
    fired: list[str] = attrs.field(factory=list)
    details: list[str] = attrs.field(factory=list)
    time_ps: int = 0
    operations: int = 0
    retries: int = 0
    host_seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """For the results file."""
        return attrs.asdict(self) | {"verdict": self.verdict.value}


class Run:
    """A run of a base, which it uses up."""

    def __init__(
        self, base: Base, plan: Plan, events: EventLog | None = None, count_all: bool = False
    ) -> None:
        self.base = base
        self.kernel: Kernel = base.kernel
        self.plan = plan
        self.lines = Lines()
        self.broken = ""
        self.ended = ""
        """Why it ended, if not because the workload did."""
        self.alive = {pid: process.name for pid, process in self.kernel.processes.items()}
        self.events = events if events is not None else EventLog(keep=False)
        self.count_all = count_all
        self.injector: Injector | None = None
        self._checks = 0
        self._progress_ps = self._progress_code_ps = 0
        self._done = False
        self._done_ps = 0
        self._next_pid = self.kernel.next_pid

    def go(self) -> Result:
        """Do it."""
        begin = time.monotonic()
        base, kernel = self.base, self.kernel
        base.on_line = self._hear
        kernel.record(self.events)
        if self.plan.schedule is not None:
            from anos_sim.stage3.schedule import make_schedule

            make_schedule(self.plan.schedule).attach(kernel)
        self._got_on()
        try:
            self.injector = Injector(kernel, self.plan, self._check, self.count_all)
            while self._gets_on() and self._advance():
                if kernel.next_pid != self._next_pid:
                    self._next_pid = kernel.next_pid
                    self._check()
            self._check(last=True)
        except AssertionError as error:
            self.broken = f"an invariant does not hold: {_last_line(error)}"
        except Exception as error:
            self.broken = f"the simulator fails: {_last_line(error)}"
        details = self._why_it_stands() if not self._done and not self.broken else []
        try:
            digest = self.events.hash()
        except Exception as error:
            digest = ""
            self.broken = self.broken or f"the events cannot be read: {error!r}"
        result = decide(self)
        result.hash = digest
        result.details += details
        if result.verdict is Verdict.HUNG and details:
            cause = next((line for line in details if line.startswith("deadlock")), details[-1])
            result.why += f": {cause}"
        result.host_seconds = round(time.monotonic() - begin, 4)
        return result

    def _advance(self) -> bool:
        """Some turns, but none after the one in which the workload ends."""
        advance = self.kernel.advance
        for _ in range(TURNS):
            if not advance(1):
                return False
            if self._done:
                break
        return True

    def _hear(self, line: LogLine) -> None:
        self.lines.hear(line)
        scenario = self.base.scenario
        if scenario.is_progress(line.process, line.text):
            self._got_on()
            if scenario.is_done(line.text):
                self._done = True
                self._done_ps = self.kernel.latest_ps()

    def _got_on(self) -> None:
        self._progress_ps = self.kernel.latest_ps()
        self._progress_code_ps = self.base.code_ps()

    def _gets_on(self) -> bool:
        if self._done:
            late = self.kernel.latest_ps() - self._done_ps > SETTLE_PS
            ends = self.injector.successors_left if self.injector is not None else 0
            return bool(ends or self.missing()) and not late
        limits = self.base.scenario.limits
        if self.base.code_ps() - self._progress_code_ps > limits.busy_ps:
            self.ended = "the CPUs are busy, and the workload does not get on"
        elif self.kernel.latest_ps() - self._progress_ps > limits.stall_ps:
            self.ended = "the workload does not get on"
        return not self.ended

    def _check(self, last: bool = False) -> None:
        self._checks += 1
        if last or self._checks <= CHECKS_MAX:
            shortage = self.injector.shortage if self.injector is not None else None
            with shortage.lifted() if shortage is not None else nullcontext():
                check_kernel(self.kernel)

    def _why_it_stands(self) -> list[str]:
        """Who waits for whom, seen from the workload's thread or from who used the CPUs."""
        outcome = self.kernel.outcome
        if outcome is not None and outcome.panic:
            return [f"lost event: {outcome.cause}"]
        try:
            kernel = self.kernel
            thread = self._stuck()
            return show_wait(kernel, thread) if thread is not None else []
        except Exception as error:
            return [f"(cannot tell who waits for whom: {error!r})"]

    def _stuck(self) -> Thread | None:
        name = getattr(self.base.scenario, "process", "")
        for process in self.kernel.processes.values():
            if process.name == name and process.threads:
                return process.threads[0]
        return None

    def died(self) -> list[str]:
        """Who has ended of those that there were at the branch, but for the workload."""
        workload = getattr(self.base.scenario, "process", "")
        ended = [name for pid, name in self.alive.items() if pid not in self.kernel.processes]
        return [name for name in dict.fromkeys(ended) if name != workload]

    def missing(self) -> list[str]:
        """Who of them has no successor."""
        now = {process.name for process in self.kernel.processes.values()}
        return [name for name in self.died() if name not in now]

    @property
    def done(self) -> bool:
        """Has the workload come to its end?"""
        return self._done

    def profile(self) -> Profile:
        """What there was to count; of a run with `count_all`."""
        injector = self.injector
        assert injector is not None
        assert injector.code is not None
        return Profile(
            self.base.targets,
            dict(injector.messages),
            dict(injector.code.executed),
            (self.kernel.latest_ps() - injector.begin_ps) // 1000,
            injector.commands,
            injector.interrupts,
        )


def _last_line(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({frames[-1].name}, line {frames[-1].lineno})" if frames else ""
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0] if text else ''}{where}"
