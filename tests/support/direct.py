"""A kernel whose threads make calls one by one, by a test's order; no engine runs."""

from __future__ import annotations

from types import TracebackType

import attrs

from anos_sim.hw.vcpu import THREAD_RESULT_TYPE, THREAD_RESULT_VALUE
from anos_sim.stage3 import lifecycle
from anos_sim.stage3.abi import LAST_SYSNO, Sysno
from anos_sim.stage3.cpu import Cpu
from anos_sim.stage3.errors import SyscallError
from anos_sim.stage3.kernel import Kernel
from anos_sim.stage3.process import Process
from anos_sim.stage3.syscall import TABLE
from anos_sim.stage3.thread import Thread, ThreadState

from .invariants import check_kernel
from .kernel import SCRATCH, boot_image, code_image, end_everything


class DirectKernel:
    """SYSTEM has four pages of memory at SCRATCH and one thread; `call` makes it do things.

    When the test is over the invariants hold, and nothing is left of all processes.
    """

    def __init__(self, policy: str = "derived", cpus: int = 1) -> None:
        image = attrs.evolve(code_image(b"\x0f\x0b"), highest_call=int(LAST_SYSNO))
        self.kernel: Kernel = boot_image(image, policy, cpus)
        self.system: Process = self.kernel.processes[1]
        self.main: Thread = self.system.threads[0]

    def __enter__(self) -> DirectKernel:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                check_kernel(self.kernel)
                end_everything(self.kernel)
        finally:
            self.kernel.close()
            self.kernel.machine.close()

    def thread(self, process: Process | None = None, thread_class: int = 1) -> Thread:
        """One more thread."""
        where = process or self.system
        return lifecycle.start_thread(self.kernel, where, SCRATCH, SCRATCH, thread_class)

    def child(self, *objects: int) -> tuple[int, Process, list[int]]:
        """A started child that is given objects: our cookie to it, itself, its cookies."""
        cookie = self.value(Sysno.BUILD_PROCESS, 1)
        given = [self.value(Sysno.GIVE, cookie, each, 0) for each in objects]
        process = self.system.capabilities[cookie].target
        assert isinstance(process, Process)
        self.value(Sysno.START_PROCESS, cookie, SCRATCH, SCRATCH)
        return cookie, process, given

    def on(self, thread: Thread, cpu: Cpu | None = None) -> Cpu:
        """Let a ready thread run, on a CPU or where it is."""
        for each in self.kernel.cpus:
            if each.next is thread:
                each.next = None
                break
            if thread in each.queue.all():
                each.queue.remove(thread)
                break
        else:
            raise AssertionError(f"{thread} is {thread.state}")
        where = cpu or each
        where.thread, thread.state, thread.last_cpu = thread, ThreadState.RUNNING, where
        return where

    def call(
        self, thread: Thread, number: Sysno, *arguments: int, cpu: Cpu | None = None
    ) -> int | None:
        """Have a thread make a call; None if it waits. Raises `SyscallError` if it is refused."""
        where = self.on(thread, cpu)
        self.kernel.current = where
        try:
            return TABLE[number](self.kernel, thread, [*arguments, 0, 0, 0, 0, 0])
        finally:
            if where.thread is thread:
                self.kernel.give_way(where)
            self.kernel.current = None

    def value(self, number: Sysno, *arguments: int) -> int:
        """Have SYSTEM's first thread make a call that does not wait."""
        value = self.call(self.main, number, *arguments)
        assert value is not None
        return value

    def status(self, thread: Thread, number: Sysno, *arguments: int) -> str:
        """The name of the status that a call is refused with; "OK" if it is not."""
        try:
            self.call(thread, number, *arguments)
        except SyscallError as error:
            return error.status.name
        return "OK"


def result(thread: Thread) -> tuple[int, int]:
    """What a thread's wait ended with: status, value."""
    words = thread.registers.words
    status = words[THREAD_RESULT_TYPE]
    return status - (status >> 63 << 64), words[THREAD_RESULT_VALUE]
