"""Other schedules than the usual one: which thread goes first, and where one is preempted.

A system must be right under each of them: a schedule only decides what nothing promises, the
order of ready threads of one class and the moments at which a CPU turns to another. It is a
`Scheduler` that also sees every entry into user mode: `attach` it to a kernel, once.

    random:SEED      any thread of the class, preempted after random times; CPUs lag a little
    pct:SEED:DEPTH   strict random priorities with DEPTH - 1 places where the running thread
                     falls behind all others (Burckhardt et al., ASPLOS 2010); on one CPU this
                     finds a bug of depth d in n threads and k steps with at least 1/(n k^(d-1))
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from anos_sim.hw.vcpu import LIMIT, NOW

from .abi import SLICE_TICKS
from .scheduler import RoundRobin, RunQueue

if TYPE_CHECKING:
    from .cpu import Cpu
    from .kernel import Kernel
    from .thread import Thread

GAP_PS_MAX = 200_000_000
"""A random schedule preempts after up to so much of a CPU's time."""
LAG_PS_MAX = 5_000_000
STEPS = 4096
"""PCT draws its change points from so many entries into user mode."""
DEPTH_MAX = 64


class Schedule(RoundRobin):
    """What both have in common: a CPU can be told to consult the schedule now."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self._due: set[int] = set()

    def attach(self, kernel: Kernel) -> None:
        """Decide from here on, in place of the scheduler that the kernel has."""
        kernel.scheduler = self
        for cpu in kernel.cpus:
            self._watch(cpu)

    def _watch(self, cpu: Cpu) -> None:
        enter = cpu.vcpu.enter

        def watched() -> None:
            before_ps = cpu.state[NOW]
            self.enters(cpu)
            enter()
            self.left(cpu, cpu.state[NOW] - before_ps)

        cpu.vcpu.enter = watched

    def enters(self, cpu: Cpu) -> None:
        """A CPU goes to user mode."""

    def left(self, cpu: Cpu, ps: int) -> None:
        """It is back, after so much of its time."""

    def consult(self, cpu: Cpu) -> None:
        """Let the CPU ask `tick` before it goes on."""
        self._due.add(cpu.index)
        cpu.next_tick_ps = min(cpu.next_tick_ps, cpu.state[NOW])
        cpu.state[LIMIT] = min(cpu.state[LIMIT], cpu.state[NOW])

    def tick(self, current: Thread, queue: RunQueue) -> bool:
        """Give way if the schedule wants it, or the usual rules do."""
        cpu = current.last_cpu
        if cpu is not None and cpu.index in self._due:
            self._due.discard(cpu.index)
            return queue.count > 0 and queue.first_level >> 8 <= current.level >> 8
        return super().tick(current, queue)

    def replied(self, current: Thread, queue: RunQueue) -> bool:
        """As the usual rules."""
        return super().tick(current, queue)

    def _take(self, queue: RunQueue, thread: Thread) -> Thread:
        queue.remove(thread)
        thread.slice_left = SLICE_TICKS
        return thread


def _first_class(queue: RunQueue) -> list[Thread]:
    """Ready threads of the highest class, in order."""
    highest = queue.first_level >> 8
    return [thread for thread in queue.all() if thread.level >> 8 == highest]


class RandomSchedule(Schedule):
    """Picks any thread of the class, and preempts after random times."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._gaps: dict[int, int] = {}

    def pick(self, queue: RunQueue) -> Thread | None:
        """Take any ready thread of the highest class."""
        if not queue.count:
            return None
        return self._take(queue, self.chance.choice(_first_class(queue)))

    def enters(self, cpu: Cpu) -> None:
        """Go no further than to the next preemption."""
        gap = self._gaps.get(cpu.index, 0)
        if gap <= 0:
            gap = self._gaps[cpu.index] = self.chance.randint(1, GAP_PS_MAX)
        cpu.state[LIMIT] = min(cpu.state[LIMIT], cpu.state[NOW] + gap)

    def left(self, cpu: Cpu, ps: int) -> None:
        """Preempt if it is time; the CPU may lag, so that others overtake it."""
        self._gaps[cpu.index] -= ps
        if self._gaps[cpu.index] <= 0:
            cpu.state[NOW] += self.chance.randint(0, LAG_PS_MAX)
            self.consult(cpu)


class PctSchedule(Schedule):
    """Runs the ready thread with the highest priority; these change at few places only."""

    def __init__(self, seed: int, depth: int) -> None:
        super().__init__(seed)
        self._changes = {self.chance.randrange(1, STEPS) for _ in range(depth - 1)}
        self._priorities: dict[int, float] = {}
        self._lowest = 0
        self._steps = 0

    def _priority(self, thread: Thread) -> float:
        if thread.tid not in self._priorities:
            self._priorities[thread.tid] = self.chance.random()
        return self._priorities[thread.tid]

    def _fall_behind(self, thread: Thread) -> None:
        self._lowest -= 1
        self._priorities[thread.tid] = self._lowest

    def pick(self, queue: RunQueue) -> Thread | None:
        """Take the one with the highest priority."""
        if not queue.count:
            return None
        return self._take(queue, max(_first_class(queue), key=self._priority))

    def enters(self, cpu: Cpu) -> None:
        """One more step: change priorities if it is one for that, and give way if need be."""
        self._steps += 1
        thread = cpu.thread
        if thread is None:
            return
        if self._steps in self._changes:
            self._fall_behind(thread)
        own = self._priority(thread)
        queue = cpu.queue
        if (
            queue.count
            and queue.first_level >> 8 <= thread.level >> 8
            and any(self._priority(each) > own for each in _first_class(queue))
        ):
            self.consult(cpu)

    def tick(self, current: Thread, queue: RunQueue) -> bool:
        """Who has used up a whole slice, or polls, falls behind: nobody starves for ever."""
        gives_way = super().tick(current, queue)
        if gives_way and current.slice_left <= 0:
            self._fall_behind(current)
        return gives_way

    def yielded(self, current: Thread, queue: RunQueue) -> bool:
        """Fall behind all others."""
        self._fall_behind(current)
        return super().yielded(current, queue)


def make_schedule(text: str) -> Schedule:
    """The schedule that a text names.

    Raises:
        ValueError: it names none; the text says what to write.
    """
    name, *numbers = text.split(":")
    if all(number.isdecimal() for number in numbers):
        values = [int(number) for number in numbers]
        if name == "random" and len(values) == 1:
            return RandomSchedule(values[0])
        if name == "pct" and len(values) == 2 and 1 <= values[1] <= DEPTH_MAX:
            return PctSchedule(*values)
    raise ValueError(f"write random:SEED or pct:SEED:DEPTH, DEPTH 1 to {DEPTH_MAX}")
