"""Threads that make the calls a test tells them to: as Python objects, or real ones in user mode.

`Handlers` calls the kernel's functions itself; no engine runs. `Programs` runs
tests/guest/puppet.c: the test writes a call into the memory of a sleeping thread and
wakes it, so the cookies, registers, stacks and page tables are those of a real program.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from functools import partial

import pytest

from anos_sim.hw.vcpu import NOW, THREAD_RESULT_SET, THREAD_RESULT_TYPE, THREAD_RESULT_VALUE
from anos_sim.stage3.abi import (
    LAST_SLOT,
    MASK64,
    PAGE_BYTES,
    SYSTEM_BASE,
    MapFlags,
    Status,
)
from anos_sim.stage3.errors import SyscallError
from anos_sim.stage3.image import Segment, SystemImage
from anos_sim.stage3.thread import Thread, ThreadState
from anos_sim.toolchain.guest.zig import TARGETS

from .architectures import DEFAULT, only_if_built
from .kernel import boot_image, program_image
from .theatre import (
    CONTROL,
    COUNT,
    PAGES,
    RW,
    TURNS_MAX,
    TYPE,
    Answer,
    Puppet,
    Theatre,
)  # fmt: skip


class Handlers(Theatre):
    """The threads are Python objects; calling is calling the handler."""

    def __init__(self, cpus: int = 1, ram_mib: int = 32) -> None:
        everything = int(MapFlags.READ | MapFlags.WRITE | MapFlags.EXEC)
        segments = (
            Segment(SYSTEM_BASE, b"\x0f\x0b", 2, everything),
            Segment(CONTROL, b"", PAGES * PAGE_BYTES, RW),
        )
        image = SystemImage("puppets", SYSTEM_BASE, segments, int(LAST_SLOT), b"")
        super().__init__(boot_image(image, "derived", cpus, ram_mib=ram_mib))
        self.learn(self.kernel.processes[1].threads[0], 0)

    def entry(self) -> int:
        return SYSTEM_BASE

    def start(self, thread: Thread, index: int) -> Puppet:
        return self.learn(thread, index)

    def raw(
        self, puppet: Puppet, cookie: int, arguments: Sequence[int], slow: bool = False
    ) -> Answer | None:
        kernel, thread = self.kernel, puppet.thread
        assert not puppet.waits
        cpu = next(cpu for cpu in kernel.cpus if thread in cpu.queue.all())
        cpu.queue.remove(thread)
        cpu.thread, thread.state, thread.last_cpu = thread, ThreadState.RUNNING, cpu
        kernel.current = cpu
        cpu.state[NOW] = max(cpu.state[NOW], kernel.clock.now_ps) + 200_000
        handler = thread.process.calls.get(cookie)
        answer: Answer | None = None
        thread.registers.words[THREAD_RESULT_SET] = 0
        if handler is None:
            answer = Answer(Status.INCAPABLE & MASK64)
        else:
            try:
                value = handler(kernel, thread, [*arguments, 0, 0, 0, 0, 0][:5])
                answer = None if value is None else Answer(0, value)
            except SyscallError as error:
                answer = Answer(error.status & MASK64, error.value)
        if cpu.thread is thread:
            kernel.preempt(cpu)
        self.come_to_rest()
        kernel.current = None
        puppet.waits = answer is None
        return answer or self.come_back(puppet)

    def come_to_rest(self) -> None:
        for cpu in self.kernel.cpus:
            if cpu.next is not None:
                following, cpu.next = cpu.next, None
                cpu.queue.push(following)

    def come_back(self, puppet: Puppet) -> Answer | None:
        if not puppet.waits or puppet.thread.state is not ThreadState.READY:
            return None
        words = puppet.thread.registers.words
        assert words[THREAD_RESULT_SET]
        answer = Answer(words[THREAD_RESULT_TYPE], words[THREAD_RESULT_VALUE])
        words[THREAD_RESULT_TYPE] = words[THREAD_RESULT_SET] = 0
        puppet.waits = False
        return answer

    def pass_time(self) -> None:
        self.kernel.clock.fire()
        self.come_to_rest()


class Programs(Theatre):
    """The threads run puppet.c."""

    def __init__(self, cpus: int = 1, ram_mib: int = 32, arch: str = DEFAULT) -> None:
        image = program_image("puppet", own_calls=True, arch=arch)
        super().__init__(boot_image(image, "derived", cpus, ram_mib=ram_mib, arch=arch))
        self.start(self.kernel.processes[1].threads[0], 0)

    def entry(self) -> int:
        return self.word(self.kernel.processes[1], CONTROL + PAGE_BYTES - 8)

    def start(self, thread: Thread, index: int) -> Puppet:
        self.come_to_rest()
        assert thread.state is ThreadState.SLEEPING
        puppet = self.learn(thread, index)
        puppet.count = self.word(thread.process, puppet.block + COUNT)
        return puppet

    def raw(
        self, puppet: Puppet, cookie: int, arguments: Sequence[int], slow: bool = False
    ) -> Answer | None:
        kernel, thread = self.kernel, puppet.thread
        assert thread.state is ThreadState.SLEEPING
        words = [int(slow), cookie, *[*arguments, 0, 0, 0, 0, 0][:5]]
        self.write(puppet.process, puppet.block, struct.pack("<7Q", *words))
        kernel.stop_sleeping(thread)
        kernel.wake(thread, 0, 0)
        puppet.waits = True
        self.come_to_rest()
        return self.come_back(puppet)

    def come_back(self, puppet: Puppet) -> Answer | None:
        if not puppet.waits or not puppet.alive:
            return None
        data = self.read(puppet.process, puppet.block + TYPE, 24)
        type, value, count = struct.unpack("<3Q", data)
        if count == puppet.count:
            return None
        puppet.count += 1
        assert count == puppet.count
        puppet.waits = False
        return Answer(type, value)

    def pass_time(self) -> None:
        assert self.kernel.advance(1), self.kernel.outcome
        self.come_to_rest()

    def come_to_rest(self) -> None:
        kernel = self.kernel
        for _ in range(TURNS_MAX):
            if not any(cpu.has_work() for cpu in kernel.cpus):
                return
            assert kernel.advance(1), kernel.outcome
        raise AssertionError("it does not come to rest")


def on(arch: str) -> Callable[[], Programs]:
    """Programs of an architecture."""
    return partial(Programs, arch=arch)


THEATRES = [
    pytest.param(Handlers, id="handlers"),
    *(pytest.param(on(arch), id=f"Programs-{arch}", marks=only_if_built(arch)) for arch in TARGETS),
]
"""For a fixture: the kernel's functions alone, and real programs."""
