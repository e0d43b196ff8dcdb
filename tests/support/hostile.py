"""Runs hostile machine code in ring 3, in a process of its own with a watchdog.

    PYTHONPATH=tests .venv/bin/python -m support.hostile --seconds 3600 [--arch NAME]
        [--seed N] [--case N]

A worker runs case after case (hostile_code.py) on a bare machine with two CPUs. After
each case a healthy thread in another address space must go on as if nothing had been;
now and then everything outside the program's own pages must be as it was. The parent
sees when the worker dies or a case does not end, says which case that was, and goes
on after it. `--case` runs one case alone.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from multiprocessing import get_context
from multiprocessing.sharedctypes import RawArray
from random import Random
from signal import SIGABRT
from typing import Any

import attrs

from anos_sim.hw.vcpu import NOW, NUMBER, Registers, Trap

from .bare_cpu import (
    CODE,
    CODE_FRAME,
    DATA,
    DATA_FRAME,
    DEVICES,
    PAGE,
    STACK,
    STACK_FRAME,
    BareMachine,
)
from .hostile_code import hostile_code
from .hostile_riscv import hostile_riscv_code
from .machine_code import LANGUAGES, X86_64, MachineCode

ALIAS, READ_ONLY, SUPERVISOR, DEVICE = DATA + PAGE, DATA + 2 * PAGE, DATA + 3 * PAGE, 0x5000_0000
KEPT_FRAME = 0x23_0000
"""Behind READ_ONLY and, one frame on, SUPERVISOR: nobody may change them."""
ADDRESSES = [CODE, CODE + PAGE, DATA, ALIAS, STACK - PAGE, READ_ONLY, SUPERVISOR, DEVICE, STACK,
             0, -1, 1 << 47, -1 << 47]  # fmt: skip
OWN_FRAMES = (CODE_FRAME, CODE_FRAME + PAGE, DATA_FRAME, STACK_FRAME)
ENTRIES = (CODE, CODE + 1, CODE + 0x800, CODE + PAGE - 64, CODE + PAGE - 2, CODE + PAGE)
RUN_PS = 20_000_000
RUNS_MAX = 6
"""A case ends after so many stops that a program may survive: a call, the end of its slice."""
CASES_PER_LOOK = 500
"""Between two looks at all of RAM."""
PATIENCE_S = 10
HEALTHY_CODE, HEALTHY_FRAME = CODE + 16 * PAGE, KEPT_FRAME + 2 * PAGE

MAKERS = {"x86_64": hostile_code, "riscv64": hostile_riscv_code}

CURRENT, CASES, ESCAPED, REPLACED, WRONG, TRAPS = 0, 1, 2, 3, 4, 5
WORDS = TRAPS + len(Trap)


class Broken(Exception):
    """A hostile program did something to somebody else."""


class Arena:
    """The machine that hostile programs run on, and the healthy program beside them."""

    def __init__(self, engines: int, code: MachineCode = X86_64) -> None:
        self.code = code
        self.machine = machine = BareMachine(2, engines, code.architecture)
        machine.map(HEALTHY_CODE, HEALTHY_FRAME, "rx")
        machine.add_space()
        machine.map(CODE + PAGE, CODE_FRAME + PAGE, "rwx")
        machine.map(ALIAS, CODE_FRAME, "rw")
        machine.map(READ_ONLY, KEPT_FRAME, "r")
        machine.map(SUPERVISOR, KEPT_FRAME + PAGE, "rw")
        machine.map(DEVICE, DEVICES, "rw")
        self._close_the_supervisor_page()
        self.memory = machine.memory
        self.memory.write(HEALTHY_FRAME, code.healthy)
        self.healthy = machine.thread(HEALTHY_CODE, space=1)
        self.expected = self.digest()

    def _close_the_supervisor_page(self) -> None:
        words, bits = self.machine.memory.words, self.machine.bits
        for index in range(self.machine.memory.kernel_begin >> 3, len(words)):
            if words[index] & bits.user and words[index] & bits.present == bits.present:
                words[index] |= bits.accessed  # the MMU sets it: then nothing changes there
            if bits.frame(words[index]) == (KEPT_FRAME + PAGE) >> 12:
                words[index] &= ~bits.user

    def digest(self) -> str:
        """Everything in RAM but the program's own pages."""
        found = hashlib.sha1()
        view, begin = self.memory.view, 0
        for frame in (*sorted(OWN_FRAMES), self.memory.size_bytes):
            found.update(view[begin:frame])
            begin = frame + PAGE
        return found.hexdigest()

    def look(self) -> None:
        """Is all that is not theirs as it was?"""
        if self.digest() != self.expected:
            raise Broken("memory outside the program's own pages has changed")

    def run(self, random: Random, counts: Any) -> None:
        """One case."""
        machine, code = self.machine, MAKERS[self.code.architecture.name](random, ADDRESSES)
        entry = random.choice(ENTRIES)
        for frame in OWN_FRAMES:
            self.memory.write(frame, bytes(PAGE))
        at = CODE_FRAME + entry - CODE
        self.memory.write(at, code[: CODE_FRAME + 2 * PAGE - at])
        thread = Registers(machine.root, entry, STACK - 0x100, machine.architecture)
        for _ in range(RUNS_MAX):
            index = random.randrange(2)
            cpu = machine.cpus[index]
            trap = machine.run(thread, index, cpu.state[NOW] + RUN_PS)
            counts[TRAPS + trap] += 1
            if trap is Trap.SYSCALL:
                thread.set_result(0, random.randrange(1 << 64))
            elif trap is not Trap.BUDGET:
                break
        if trap is Trap.CRASH:
            counts[REPLACED] += 1
            if cpu.state[NUMBER] != SIGABRT:  # which is the translator's, at LOCK BTS (locked.c)
                print(f"engine replaced: signal {cpu.state[NUMBER]}, case {counts[CURRENT]}")
            cpu.replace()
        elif trap is Trap.ESCAPE:
            counts[ESCAPED] += 1
        thread.forget()
        machine.bus.accesses.clear()
        self.check_healthy(random.randrange(2))

    def check_healthy(self, cpu: int) -> None:
        """The other program makes its next call."""
        trap = self.machine.run(self.healthy, cpu, self.machine.cpus[cpu].state[NOW] + RUN_PS)
        if trap is not Trap.SYSCALL or self.machine.cookie(cpu) != 7:
            raise Broken(f"the healthy program ended by {trap.name}")
        found = self.healthy.read()[self.code.answered]
        if found != 1:  # its last call answered 0
            raise Broken(f"the healthy program has {found:#x} in {self.code.answered}")
        self.healthy.set_result(0, 0)


def work(name: str, seed: int, first: int, last: int, deadline: float, counts: Any) -> None:
    """The worker: cases from `first` on, until the deadline."""
    code = next(each for each in LANGUAGES if each.architecture.name == name)
    arena = Arena(1 + seed % 2, code)
    for case in range(first, last):
        if time.monotonic() >= deadline:
            break
        counts[CURRENT] = case
        try:
            arena.run(Random(f"{seed}/{case}"), counts)
            counts[CASES] += 1
            if case % CASES_PER_LOOK == 0 or case == last - 1:
                arena.look()
        except Broken as broken:
            counts[WRONG] += 1
            print(f"case {case}: {broken}")
            arena.machine.__exit__()
            arena = Arena(1 + seed % 2, code)
    arena.look()


@attrs.frozen
class Tally:
    """What a run of the fuzzer found."""

    seed: int
    seconds: float
    cases: int
    traps: dict[str, int]
    replaced: int
    escaped: int
    failures: list[str]
    """Cases that killed the worker, did not end, or changed what is not theirs."""

    def text(self) -> str:
        """For people."""
        rate = self.cases / self.seconds if self.seconds else 0
        traps = ", ".join(f"{name} {count}" for name, count in self.traps.items() if count)
        time_taken = f"{self.seconds:.0f} s ({rate:.0f} a second)"
        return "\n".join(
            [
                f"seed {self.seed}: {self.cases} cases in {time_taken}",
                f"stops: {traps}",
                f"left user mode, and was stopped: {self.escaped}",
                f"engines replaced: {self.replaced}",
                f"crashes, hangs and escapes: {len(self.failures)}",
                *self.failures,
            ]
        )


def fuzz(
    seed: int,
    seconds: float,
    first: int = 0,
    last: int = sys.maxsize,
    name: str = X86_64.architecture.name,
) -> Tally:
    """Run cases for some seconds; a worker that dies or hangs is replaced."""
    context = get_context("spawn")
    counts: Any = RawArray("q", WORDS)
    failures: list[str] = []
    begin = time.monotonic()
    deadline = begin + seconds
    while first < last and time.monotonic() < deadline:
        counts[CURRENT] = first
        worker = context.Process(target=work, args=(name, seed, first, last, deadline, counts))
        worker.start()
        seen, since = first, time.monotonic()
        while worker.is_alive():
            worker.join(1)
            if counts[CURRENT] != seen:
                seen, since = counts[CURRENT], time.monotonic()
            elif time.monotonic() - since > PATIENCE_S and worker.is_alive():
                worker.kill()
                worker.join()
                failures.append(f"case {counts[CURRENT]} does not end")
        if worker.exitcode == 0:
            break
        if worker.exitcode != -9:
            failures.append(f"case {counts[CURRENT]} ended the worker: {worker.exitcode}")
        first = counts[CURRENT] + 1
    if counts[WRONG]:
        failures.append(f"{counts[WRONG]} cases did something to somebody else")
    traps = {trap.name: counts[TRAPS + trap] for trap in Trap}
    return Tally(
        seed,
        time.monotonic() - begin,
        counts[CASES],
        traps,
        counts[REPLACED],
        counts[ESCAPED],
        failures,
    )


def main() -> int:
    """The command line; 1 if something got out."""
    parser = argparse.ArgumentParser(prog="python -m support.hostile", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--case", type=int)
    parser.add_argument("--arch", default=X86_64.architecture.name, choices=tuple(MAKERS))
    options = parser.parse_args()
    one = options.case
    first, last = (0, sys.maxsize) if one is None else (one, one + 1)
    tally = fuzz(options.seed, options.seconds, first, last, options.arch)
    print(tally.text())
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())
