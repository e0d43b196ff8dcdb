"""Calls that a rule machine has threads make, without any engine.

A step picks a ready thread, has it make a call with arguments that mean something
more often than not, and lets it be preempted. After each step the kernel's
invariants hold; in the end everything comes back.
"""

from __future__ import annotations

import attrs
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant

from anos_sim.stage3.abi import LAST_SYSNO, MASK64, PAGE_BYTES, Status, Sysno
from anos_sim.stage3.channel import Channel
from anos_sim.stage3.cpu import Cpu
from anos_sim.stage3.errors import SyscallError
from anos_sim.stage3.process import Process
from anos_sim.stage3.syscall import TABLE
from anos_sim.stage3.thread import Thread, ThreadState

from .invariants import check_kernel
from .kernel import SCRATCH, boot_image, code_image, end_everything

NUMBERS = st.integers(0, 15)
PAGES = [SCRATCH + index * PAGE_BYTES for index in range(8)]
SIZES = [PAGE_BYTES, 2 * PAGE_BYTES, 3 * PAGE_BYTES, 0, 8]
JUNK = [0, 1, 12345, MASK64]


class CallMachine(RuleBasedStateMachine):
    """A kernel whose threads do what the rules of a subclass say."""

    @initialize(policy=st.sampled_from(["derived", "bearer"]), cpus=st.sampled_from([1, 3]))
    def boot(self, policy: str, cpus: int) -> None:
        image = attrs.evolve(code_image(b"\x0f\x0b"), highest_call=int(LAST_SYSNO))
        self.kernel = boot_image(image, policy, cpus)
        self.call(Sysno.CREATE_CHANNEL, 0, [])
        for _ in range(2):
            self.call(Sysno.CREATE_THREAD, 0, [SCRATCH, SCRATCH, 1])
        self.prepare()

    def prepare(self) -> None:
        """What a subclass wants to be there from the beginning."""

    # ---- how a step is made ----

    def ready(self) -> list[tuple[Cpu, Thread]]:
        """Threads that could run, with their CPU."""
        return [(cpu, thread) for cpu in self.kernel.cpus for thread in cpu.queue.all()]

    def call(self, number: Sysno, who: int, arguments: list[int]) -> int | None:
        """Let a ready thread make a call; its value if there was one."""
        ready = self.ready()
        if not ready:
            return None
        cpu, thread = ready[who % len(ready)]
        if thread.process.pid == 1 and self.would_end(number, thread, arguments):
            return None
        kernel = self.kernel
        kernel.current = cpu
        cpu.queue.remove(thread)
        cpu.thread, thread.state, thread.last_cpu = thread, ThreadState.RUNNING, cpu
        value, status = None, Status.FAILURE
        try:
            value = TABLE[number](kernel, thread, [*arguments, 0, 0, 0, 0, 0])
            assert value is None or 0 <= value <= MASK64
        except SyscallError as error:
            status = error.status
        assert status is not Status.OK
        if cpu.thread is thread:
            kernel.preempt(cpu)
        if cpu.next is not None:
            following, cpu.next = cpu.next, None
            cpu.queue.push(following)
        kernel.current = None
        return value

    def would_end(self, number: Sysno, thread: Thread, arguments: list[int]) -> bool:
        """Would SYSTEM end by this, or be left without a thread that runs?"""
        if number in (Sysno.KILL_PROCESS, Sysno.POWER):
            return arguments[:1] == [0]
        if number == Sysno.EXIT_PROCESS:
            return True
        awake = [each for each in thread.process.threads if each.state is ThreadState.READY]
        return len(awake) < 2 and number in (
            Sysno.KILL_CURRENT_TASK,
            Sysno.SEND_MESSAGE,
            Sysno.RECV_MESSAGE,
            Sysno.READ_KERNEL_LOG,
            Sysno.WAIT_INTERRUPT,
            Sysno.WAIT,
            Sysno.FUTEX_WAIT,
        )

    def process(self, who: int) -> Process | None:
        """The process of the thread that `who` stands for."""
        ready = self.ready()
        return ready[who % len(ready)][1].process if ready else None

    def cookie(self, who: int, which: int, kind: type | None = Channel) -> int:
        """A cookie that the caller holds, or something that is none."""
        process = self.process(who)
        held = [
            cookie
            for cookie, capability in (process.capabilities.items() if process else [])
            if kind is None or isinstance(capability.target, kind)
        ]
        candidates = [*held * 4, *JUNK]
        return candidates[which % len(candidates)]

    def message(self, who: int, which: int) -> int:
        """A message that the caller serves, or something that is none."""
        process = self.process(who)
        served = list(process.messages) if process else []
        candidates = [*served * 4, *JUNK]
        return candidates[which % len(candidates)]

    def server(self, who: int) -> int:
        """A thread that has a message to answer, if there is one."""
        ready = self.ready()
        serving = [index for index, (_, thread) in enumerate(ready) if thread.process.serving()]
        return serving[who % len(serving)] if serving else who

    @invariant()
    def everything_is_counted_once(self) -> None:
        if hasattr(self, "kernel"):
            check_kernel(self.kernel)

    def teardown(self) -> None:
        if hasattr(self, "kernel"):
            end_everything(self.kernel)
            self.kernel.close()
            self.kernel.machine.close()
