"""Threads on and off CPUs: placing, waking, blocking, preempting, sleeping.

Which thread goes first is the scheduling policy's to say (`scheduler.py`); here is
what its answer does to CPUs and their clocks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from anos_sim.hw.clock import Clock
from anos_sim.hw.vcpu import (
    BLOCKED,
    LIMIT,
    NOW,
    THREAD_RESULT_SET,
    THREAD_RESULT_TYPE,
    THREAD_RESULT_VALUE,
)

from .abi import MASK64, TICK_NS
from .cpu import Cpu
from .events import EventKind
from .scheduler import Scheduler
from .thread import Thread, ThreadState

if TYPE_CHECKING:
    from .event_log import EventLog

TICK_PS = TICK_NS * 1000
READY, SENDING, RECEIVING = ThreadState.READY, ThreadState.SENDING, ThreadState.RECEIVING
WAKE = int(EventKind.WAKE)


def waiting(cpu: Cpu) -> int:
    """How many threads of a CPU cannot run now, because another one does or goes first."""
    busy = cpu.thread is not None or cpu.next is not None
    return cpu.queue.count if busy else max(0, cpu.queue.count - 1)


class Dispatcher:
    """The CPUs and the threads on them.

    Always: each thread is running on one CPU, in one run queue, or blocked on one
    object. `current` is the CPU whose trap is being handled.
    """

    def __init__(
        self, clock: Clock, cpus: list[Cpu], scheduler: Scheduler, quantum_ps: int
    ) -> None:
        self.clock = clock
        self.cpus = cpus
        self.current: Cpu | None = None
        self.scheduler = scheduler
        self.quantum_ps = quantum_ps
        self.events: EventLog | None = None
        self._sleepers = clock.source("sleep", cancellable=True)
        self._timers = clock.source("timer", cancellable=True)

    def now_ps(self) -> int:
        """Local time of whoever acts: the CPU whose trap is handled, or the event."""
        return self.current.state[NOW] if self.current is not None else self.clock.now_ps

    def not_before(self, time_ps: int) -> None:
        """What the current CPU has just seen happened at `time_ps`: it cannot be earlier here."""
        cpu = self.current
        if cpu is not None and cpu.state[NOW] < time_ps:
            cpu.state[NOW] = time_ps

    def place(self) -> Cpu:
        """The CPU for a new thread: the first with the least to do."""
        return min(self.cpus, key=lambda cpu: cpu.queue.count + (cpu.thread is not None))

    def make_ready(self, thread: Thread, cpu: Cpu) -> None:
        """Queue a thread on a CPU; an idle one starts it now.

        A busy one keeps it until it blocks, or until an idle CPU steals it, which
        then starts it as of now: so the running CPU must not get far ahead.
        """
        current = self.current
        now_ps = current.state[NOW] if current is not None else self.clock.now_ps
        thread.state = READY
        thread.ready_ps = now_ps
        if cpu is current:
            if cpu.next is None:
                cpu.queue.push(thread)
            else:
                cpu.push(thread)
            if len(self.cpus) > 1:
                self._stay_near(now_ps)
        elif cpu.has_work():
            cpu.push(thread)
        else:
            self._start_clock(cpu, now_ps)
            cpu.push(thread)

    def _stay_near(self, time_ps: int) -> None:
        """Another CPU has, or may get, work as of `time_ps`: go no further than a quantum."""
        current = self.current
        if current is not None:
            limit_ps = time_ps + self.quantum_ps
            if current.state[LIMIT] > limit_ps:
                current.vcpu.lower_limit(limit_ps)

    def _start_clock(self, cpu: Cpu, now_ps: int) -> None:
        """An idle CPU gets work as of `now_ps`."""
        state = cpu.state
        if state[NOW] < now_ps:
            state[NOW] = now_ps
        if state[NOW] >= cpu.next_tick_ps:
            cpu.next_tick_ps = state[NOW] - state[NOW] % TICK_PS + TICK_PS
        self._stay_near(state[NOW])

    def wake(self, thread: Thread, result_type: int, value: int) -> None:
        """End a thread's wait with a result (the value is 0 unless that is OK or RESTARTED).

        The CPU that wakes it runs it if it has just become free; else the CPU
        where it ran last, if that is idle.
        """
        words = thread.words
        words[THREAD_RESULT_SET] = 1
        if result_type:
            words[THREAD_RESULT_TYPE] = result_type & MASK64
        words[THREAD_RESULT_VALUE] = value
        thread.blocked_on = None
        if self.events is not None and (
            thread.state is not SENDING and (result_type or thread.state is not RECEIVING)
        ):  # else the message's own event says so (event_reader.py)
            self.events.extend((WAKE, self.now_ps(), thread.tid))
        cpu, last = self.current, thread.last_cpu
        if cpu is None:
            self.make_ready(thread, last or self.place())
        elif cpu.thread is None and cpu.next is None and not cpu.queue.count:
            thread.state = READY
            thread.ready_ps = cpu.state[NOW]
            cpu.next = thread  # handed over: no queue is touched
        elif last is cpu and cpu.next is None and len(self.cpus) == 1:
            thread.state = READY
            thread.ready_ps = cpu.state[NOW]
            cpu.queue.push(thread)
        elif last is not None and last is not cpu and not last.has_work():
            self.make_ready(thread, last)
        else:
            self.make_ready(thread, cpu)

    def block(self, thread: Thread, state: ThreadState, on: object) -> None:
        """Take the running thread off its CPU until it is woken."""
        thread.state = state
        thread.blocked_on = on
        cpu: Cpu = thread.last_cpu  # type: ignore[assignment]
        cpu.thread = None
        events = self.events
        if events is not None and state is not SENDING:  # whose event says so already
            cpu.state[BLOCKED] = events.texts[state._value_]  # the CPU adds the event

    def preempt(self, cpu: Cpu) -> None:
        """Put the running thread at the back of its queue and let the first one there go next.

        It is chosen before the thread is queued: at the end of a slice even a
        lower class gets its turn.
        """
        thread = cpu.thread
        if thread is not None:
            thread.state = READY
            thread.ready_ps = cpu.state[NOW]
            cpu.thread = None
            following = cpu.next or self.scheduler.pick(cpu.queue)
            cpu.queue.push(thread)
            cpu.next = following

    def give_way(self, cpu: Cpu) -> None:
        """Put the running thread at the back of its level; who goes first then is picked anew."""
        thread = cpu.thread
        if thread is not None:
            thread.state = READY
            thread.ready_ps = cpu.state[NOW]
            cpu.thread = None
            cpu.push(thread)

    def steal(self) -> None:
        """Threads that wait for a busy CPU move to CPUs that are idle."""
        for cpu in self.cpus:
            if cpu.has_work():
                continue
            busiest = max(self.cpus, key=waiting)
            thread = self.scheduler.pick(busiest.queue) if waiting(busiest) else None
            if thread is None:
                return
            self._start_clock(cpu, thread.ready_ps)
            cpu.push(thread)

    def sleep(self, thread: Thread, nanoseconds: int) -> None:
        """Block a thread to the first tick at or after its time; ties wake last in, first out."""
        now_ticks = self.now_ps() // TICK_PS
        wake_tick = max(now_ticks + nanoseconds // TICK_NS, now_ticks + 1)
        self.block(thread, ThreadState.SLEEPING, None)
        self.clock.at_last_first(wake_tick * TICK_PS, self._sleepers, self._wake_sleeper, thread)

    def _wake_sleeper(self, thread: Thread) -> None:
        self.wake(thread, 0, 0)

    def stop_sleeping(self, thread: Thread) -> None:
        """A thread ends in its sleep: nothing is left that would wake it."""
        self.clock.cancel(self._sleepers, thread)

    def wake_after(self, nanoseconds: int, action: Callable[..., None], *arguments: Any) -> None:
        """Call `action(*arguments)` after a time, to the nanosecond, unless it is forgotten."""
        time_ps = self.now_ps() + min(nanoseconds, MASK64 >> 4) * 1000
        self.clock.at(time_ps, self._timers, action, *arguments)

    def forget_wake(self, *arguments: Any) -> None:
        """What `wake_after` was given has become needless."""
        self.clock.cancel(self._timers, *arguments)
