"""STAGE3's state, listed once, and the loop that owns it.

The loop: take the earliest of (next event, the CPU with the smallest local time
that has work), act, repeat. A CPU runs until its budget is used: the next event,
the next tick, or a quantum beyond the slowest other CPU that has work. Between
two runs everything is plain data; nothing lives in a suspended coroutine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from anos_sim.hw.clock import NEVER, PS_PER_S
from anos_sim.hw.vcpu import (
    CALLS,
    ENGINES_MAX,
    ENGINES_PER_CPU_MAX,
    LIMIT,
    NOW,
    PS_PER_BYTE,
    PS_PER_MMIO,
    PS_PER_TRAP,
    SLOW_VALUE,
    Board,
    Vcpu,
)

from . import devices, trap
from .capability import Capability
from .channel import NameTable
from .cookie import CookieJar
from .cpu import Cpu
from .delegation import DelegationTree
from .dispatch import TICK_PS, Dispatcher, waiting
from .errors import KernelPanic
from .event_log import EventLog
from .events import EventKind
from .interrupt import VectorTable
from .log import KernelLog, LogLine
from .outcome import Outcome, Statistics
from .physical import PhysicalMemory
from .policy import POLICIES
from .process import Process
from .scheduler import RoundRobin, Scheduler
from .symbols import Symbols
from .thread import Thread

if TYPE_CHECKING:
    from anos_sim.hw.machine import Machine

QUIET_PS = 3 * PS_PER_S
"""A run without a time limit ends when nothing will happen for this long."""


class Kernel(Dispatcher):
    """All kernel state of one machine.

    Always: each counted frame has as many references as entries, messages and
    DMA runs name it; each thread is in one place (`dispatch.py`).
    """

    def __init__(
        self, machine: Machine, policy: str, seed: int = 0, scheduler: Scheduler | None = None
    ) -> None:
        self.machine = machine
        self.memory = machine.memory
        self.architecture = machine.architecture
        engines_per_cpu = min(ENGINES_PER_CPU_MAX, ENGINES_MAX // machine.config.cpus)
        self.board = Board(machine.memory, machine.bus, engines_per_cpu, self.architecture)
        self.physical = PhysicalMemory(machine.memory, self.board.uses, self.architecture.pages)
        self.frames = self.physical.frames
        self.ram_words, self.frame_counts = self.physical.words, self.frames.counts
        self.physical.flush_targets.append(self.board)
        super().__init__(
            machine.clock,
            [self._open_cpu(index) for index in range(machine.config.cpus)],
            scheduler or RoundRobin(),
            machine.config.costs.quantum_ns * 1000,
        )

        self.seed = seed
        self.jar = CookieJar(seed)
        self.tree = DelegationTree(self.jar)
        self.policy = POLICIES[policy](self)
        self.counts_receivers = self.policy.counts_receivers
        self.keeps_alias = self.policy.keep_alias
        bits = self.architecture.pages
        self.device_bit = bits.device
        self.window_bits = bits.present | bits.write | bits.user
        self.window_bits |= bits.execute if self.policy.execute_everywhere else bits.no_execute
        self.board.words[SLOW_VALUE] = self.policy.slow_call_value
        self.processes: dict[int, Process] = {}
        self.building: dict[Process, None] = {}
        self.next_pid = 1
        self.next_tid = 2
        self.names = NameTable()
        self.next_channel = 1
        self.next_object = 1
        self.vectors = VectorTable()
        self.log = KernelLog()
        self.firmware_tables_taken = False

        self.symbols = Symbols()
        self.statistics = Statistics()
        self.threads_made = 0
        self.booted_ps = machine.clock.now_ps
        """When the machine was switched on: not 0 after a reboot."""
        self.turns = 0
        """How many turns of the loop are done: a place in the run, the same in every replay."""
        self.ended_processes = 0
        self.reports: list[str] = []
        self.outcome: Outcome | None = None
        self.end_ps = NEVER
        self.quiet_ps = QUIET_PS
        """The run ends when nothing runs and nothing is due for longer than this."""
        self.on_log: Callable[[LogLine], None] = lambda line: None
        self.on_report: Callable[[str], None] = lambda report: None

        self.board.before_device = self._before_device
        self.clock.on_earlier = self._earlier_event
        machine.on_msi = self._interrupt

    def _open_cpu(self, index: int) -> Cpu:
        vcpu = Vcpu(self.board, index)
        config = self.machine.config
        vcpu.state[NOW] = self.machine.clock.now_ps
        vcpu.state[PS_PER_BYTE] = config.costs.code_ps_per_byte
        vcpu.state[PS_PER_MMIO] = config.costs.mmio_ns * 1000
        vcpu.state[PS_PER_TRAP] = config.costs.syscall_ns * 1000
        framebuffer = self.machine.framebuffer
        vcpu.map_memory(framebuffer.physical, framebuffer.size_bytes, framebuffer.host_address)
        for base, size_bytes in self.machine.bus.windows():
            vcpu.map_devices(base, size_bytes)
        return Cpu(vcpu)

    # ---- time ----

    def _before_device(self, vcpu: Vcpu) -> None:
        self.clock.now_ps = vcpu.state[NOW]

    def _interrupt(self, address: int, data: int) -> None:
        devices.interrupt(self, address, data)

    def _earlier_event(self, time_ps: int) -> None:
        if self.current is not None:
            self.current.vcpu.lower_limit(time_ps)

    # ---- the loop ----

    def advance(self, rounds: int) -> bool:
        """Do at most `rounds` turns of the loop; False when the run has ended."""
        try:
            for _ in range(rounds):
                if self.outcome is not None:
                    return False
                self._turn()
                self.turns += 1
        except KernelPanic as panic:
            self.end(Outcome(1, str(panic), panic=True))
        return self.outcome is None

    def _turn(self) -> None:
        clock = self.clock
        best: Cpu | None = None
        best_ps = others_ps = NEVER
        waiters = idle = 0
        for cpu in self.cpus:
            if cpu.thread is None and cpu.next is None and not cpu.queue.count:
                idle += 1
            else:
                waiters += waiting(cpu)
                now_ps = cpu.state[NOW]
                if now_ps < best_ps:
                    best, best_ps, others_ps = cpu, now_ps, best_ps
                elif now_ps < others_ps:
                    others_ps = now_ps
        if idle and waiters:
            self.steal()
            return
        next_ps = clock.next_ps
        if next_ps <= best_ps:
            if next_ps >= self.end_ps or (best is None and self._is_quiet(next_ps)):
                self._stop_at_end(next_ps)
                return
            self.current = None
            if self.events is not None:
                self.events.place(-1)
            clock.fire()
        elif best is None or best_ps >= self.end_ps:
            self._stop_at_end(best_ps)
        else:
            self.current = best
            if best_ps >= best.next_tick_ps:
                self._tick(best)
            limit_ps = min(next_ps, others_ps + self.quantum_ps, best.next_tick_ps, self.end_ps)
            if self.events is None:
                trap.run(self, best, limit_ps)
            else:
                self.events.place(best.index)
                trap.run(self, best, limit_ps)
                self.events.pass_on(best)
            self.current = None
            self.board.check()

    def _is_quiet(self, next_ps: int) -> bool:
        return self.end_ps == NEVER and next_ps - self.latest_ps() > self.quiet_ps

    def _stop_at_end(self, time_ps: int) -> None:
        if time_ps >= self.end_ps != NEVER:
            self.clock.now_ps = self.end_ps
            self.end(Outcome(0, "the time given by --for has passed"))
        else:
            self.end(Outcome(0, "the system is quiet: nothing is ready and nothing is due soon"))

    def end(self, outcome: Outcome) -> None:
        """End the run after the current step; the first reason counts."""
        if self.outcome is None:
            self.outcome = outcome
        if self.current is not None:
            self.current.state[LIMIT] = 0

    def latest_ps(self) -> int:
        """The time that the machine as a whole has reached."""
        times = [cpu.state[NOW] for cpu in self.cpus if cpu.switched]
        return max([self.clock.now_ps, *times])

    def is_idle(self) -> bool:
        """Is there no thread to run on any CPU?"""
        return not any(cpu.has_work() for cpu in self.cpus)

    def _tick(self, cpu: Cpu) -> None:
        """100 Hz: the policy may take the CPU from its thread."""
        now_ps = cpu.state[NOW]
        cpu.next_tick_ps = now_ps - now_ps % TICK_PS + TICK_PS
        thread = cpu.thread
        if thread is not None and self.scheduler.tick(thread, cpu.queue):
            self.preempt(cpu)

    def syscall_count(self) -> int:
        """Calls made on all CPUs."""
        return sum(cpu.state[CALLS] for cpu in self.cpus)

    def switch_count(self) -> int:
        """Times that a CPU turned to a thread."""
        return sum(cpu.switched for cpu in self.cpus)

    # ---- what others see ----

    def all_processes(self) -> list[Process]:
        """Every process, those being built last."""
        return [*self.processes.values(), *self.building]

    def record(self, log: EventLog) -> None:
        """Record events from here on, beginning with what there is."""
        self.events = log
        log.attach(self)

    def stop_recording(self) -> None:
        """Record no more; what was recorded so far has been told."""
        if self.events is not None:
            self.events.close()
            self.events = None

    def emit(self, kind: EventKind, thread: Thread | None, *fields: int | str) -> None:
        """Record an event with the fields of its kind (events.KINDS).

        Callers test `events` first, so that it costs nothing when off.
        """
        if self.events is not None:
            self.events.emit(kind, thread, fields)

    def used(self, caller: Thread, held: Capability, rights: int) -> None:
        """Rights were exercised: worth knowing while events are recorded."""
        if self.events is not None:
            self.policy.used(caller, held, rights)

    def refused(self, caller: Thread, cookie: int) -> None:
        """A cookie that is not held was used as an object: record whose it is, if anybody's.

        Only people see that; the program gets the answer for an unknown number.
        """
        if self.events is not None:
            holder = next(
                (
                    f"{process}: {process.capabilities[cookie].target}"
                    for process in self.all_processes()
                    if cookie in process.capabilities
                ),
                "nobody",
            )
            self.emit(EventKind.REFUSED, caller, cookie, holder)

    def close(self) -> None:
        """Free the engines."""
        for cpu in self.cpus:
            cpu.vcpu.close()
