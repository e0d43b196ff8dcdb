"""Threads that make the calls a test tells them to, and the kernel they are in.

A call begins with a cookie, its arguments lie in the process's memory, and a call that
waits comes back when the kernel wakes its thread. `puppets.py` has the two ways in which
a thread makes it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Self

import attrs

from anos_sim.stage3 import lifecycle
from anos_sim.stage3.abi import (
    PAGE_BYTES,
    PROGRAM_BASE,
    MapFlags,
    Status,
    Sysno,
)
from anos_sim.stage3.kernel import Kernel
from anos_sim.stage3.objects import SystemCall
from anos_sim.stage3.process import Process
from anos_sim.stage3.thread import Thread, ThreadState

from .kernel import end_everything

CONTROL, PAGES = 0x5_0000_0000, 24
"""As in puppet.c."""
BLOCK_BYTES, TYPE, COUNT = 80, 56, 72
THREADS_MAX = 4
STACKS = CONTROL + PAGE_BYTES
ARGUMENTS = STACKS + THREADS_MAX * PAGE_BYTES
"""A page of each thread for structures, then one for what it sends, then one to receive at."""
BUFFERS = ARGUMENTS + THREADS_MAX * PAGE_BYTES
WINDOWS = BUFFERS + THREADS_MAX * PAGE_BYTES
MAPS = WINDOWS + THREADS_MAX * PAGE_BYTES
"""Pages to map things at; a new process gets no copy of them."""
TEXT_BYTES = 1 << 20
STACK_TOP = 0x3000_0000
TURNS_MAX = 3000
RW = int(MapFlags.READ | MapFlags.WRITE)
_PARAMS = struct.Struct("<QQQBB6xQH6xQ8x")


@attrs.frozen
class Answer:
    """What a call came back with."""

    type: int
    value: int = 0

    @property
    def status(self) -> Status:
        """The type, as a status."""
        return Status(self.type - (1 << 64) if self.type >> 63 else self.type)


@attrs.define(eq=False)
class Puppet:
    """One thread: `index` among those of its process, `count` of calls that came back."""

    thread: Thread = attrs.field(repr=False)
    index: int
    count: int = 0
    waits: bool = False

    @property
    def process(self) -> Process:
        """Whose thread it is."""
        return self.thread.process

    @property
    def alive(self) -> bool:
        """Has it not ended?"""
        return self.thread.state is not ThreadState.DEAD

    @property
    def block(self) -> int:
        """Where its block is."""
        return CONTROL + self.index * BLOCK_BYTES

    @property
    def arguments(self) -> int:
        """A page for structures."""
        return ARGUMENTS + self.index * PAGE_BYTES

    @property
    def buffer(self) -> int:
        """A page to send."""
        return BUFFERS + self.index * PAGE_BYTES

    @property
    def window(self) -> int:
        """A page to receive at."""
        return WINDOWS + self.index * PAGE_BYTES

    def __str__(self) -> str:
        return f"{self.process.pid}.{self.index}"


class Theatre:
    """A kernel whose threads do what they are told; `close` it."""

    kernel: Kernel

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.puppets: list[Puppet] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the machine."""
        self.kernel.close()
        self.kernel.machine.close()

    def finish(self) -> None:
        """End everything; nothing may be lost."""
        self.kernel.outcome = None
        end_everything(self.kernel)

    # ---- memory ----

    def write(self, process: Process, address: int, data: bytes) -> None:
        """Write into a process's memory."""
        assert process.space.store(address, data)

    def read(self, process: Process, address: int, size_bytes: int) -> bytes:
        """Read a process's memory."""
        data = process.space.load(address, size_bytes)
        assert data is not None
        return data

    def word(self, process: Process, address: int) -> int:
        """Read 8 bytes."""
        return int.from_bytes(self.read(process, address, 8), "little")

    # ---- calls ----

    def cookie_of(self, process: Process, number: int) -> int:
        """The cookie by which a process makes a call; one that nobody has if it may not."""
        for cookie in process.calls:
            target = process.capabilities[cookie].target
            if isinstance(target, SystemCall) and target.number == number:
                return cookie
        return 12345

    def call(self, puppet: Puppet, number: int, *arguments: int) -> Answer | None:
        """Let a thread make a call; None if it waits, or if it has ended."""
        return self.raw(puppet, self.cookie_of(puppet.process, number), arguments)

    def raw(
        self, puppet: Puppet, cookie: int, arguments: Sequence[int], slow: bool = False
    ) -> Answer | None:
        """The same by any number in place of a call's cookie."""
        raise NotImplementedError

    def answers(self) -> dict[Puppet, Answer]:
        """Whose calls have come back since they were last asked for, other than at once."""
        found = {puppet: self.come_back(puppet) for puppet in self.puppets}
        return {puppet: answer for puppet, answer in found.items() if answer is not None}

    def come_back(self, puppet: Puppet) -> Answer | None:
        """What a call that waited has come back with."""
        raise NotImplementedError

    def pass_time(self) -> None:
        """Let the next thing happen that is due."""
        raise NotImplementedError

    def fault(self, process: Process) -> None:
        """A process ends in the middle of whatever it does."""
        lifecycle.end_process(self.kernel, process, "a fault")
        self.come_to_rest()

    def come_to_rest(self) -> None:
        """Whoever was woken goes as far as it can."""
        raise NotImplementedError

    # ---- births ----

    def learn(self, thread: Thread, index: int) -> Puppet:
        """A thread that can be told what to do from now on."""
        puppet = Puppet(thread, index)
        self.puppets.append(puppet)
        return puppet

    def entry(self) -> int:
        """Where a new thread begins."""
        raise NotImplementedError

    def start(self, thread: Thread, index: int) -> Puppet:
        """A new thread gets as far as to wait for its first call."""
        raise NotImplementedError

    def create_process(self, parent: Puppet, words: Sequence[int]) -> Puppet | Answer:
        """Let a thread make a process with call 6 and these words on its stack (path 1).

        They come after two that the puppet needs: its block and the cookie to sleep with.
        """
        process = parent.process
        values = [CONTROL, self.cookie_of(process, Sysno.SLEEP), *words]
        regions = [PROGRAM_BASE, TEXT_BYTES, CONTROL, MAPS - CONTROL]
        at = parent.arguments
        params = _PARAMS.pack(
            self.entry(), STACK_TOP - 4 * PAGE_BYTES, 4 * PAGE_BYTES,
            2, 1, at + 64, len(values), at + 128,
        )  # fmt: skip
        self.write(process, at, params)
        self.write(process, at + 64, struct.pack("<4Q", *regions))
        self.write(process, at + 128, struct.pack(f"<{len(values)}Q", *values))
        before = len(self.kernel.processes)
        answer = self.call(parent, Sysno.CREATE_PROCESS, at)
        assert answer is not None
        if answer.type:
            return answer
        assert len(self.kernel.processes) == before + 1
        child = self.kernel.processes[answer.value]
        return self.start(child.threads[0], 0)

    def stack_words(self, child: Process, count: int) -> list[int]:
        """The words that a child was made with."""
        base = STACK_TOP - 8 * count
        return [self.word(child, base + 8 * index) for index in range(2, count)]

    def build_process(self, parent: Puppet, calls: Sequence[int]) -> tuple[int, Puppet]:
        """Let a thread build a process from outside; its capability, and the new thread.

        It is given the calls with these cookies, and the one to sleep.
        """
        made = self.call(parent, Sysno.BUILD_PROCESS, 1)
        assert made is not None
        assert not made.type
        child = list(self.kernel.building)[-1]
        for base, size, flags in (
            (PROGRAM_BASE, TEXT_BYTES, MapFlags.READ | MapFlags.EXEC),
            (CONTROL, MAPS - CONTROL, MapFlags.READ | MapFlags.WRITE),
        ):
            mapped = self.call(parent, Sysno.MAP_INTO, made.value, base, base, size, flags)
            assert mapped == Answer(0)
        sleep = self.call(
            parent, Sysno.GIVE, made.value, self.cookie_of(parent.process, Sysno.SLEEP), 0
        )
        assert sleep is not None
        for cookie in calls:
            given = self.call(parent, Sysno.GIVE, made.value, cookie, 0)
            assert given is not None
            assert not given.type
        top = STACKS + PAGE_BYTES - 64
        self.write(child, top, struct.pack("<2Q", CONTROL, sleep.value))
        started = self.call(parent, Sysno.START_PROCESS, made.value, self.entry(), top)
        assert started is not None
        assert not started.type
        return made.value, self.start(child.threads[0], 0)

    def create_thread(self, puppet: Puppet, index: int) -> Puppet:
        """Let a thread make another one in its process."""
        top = STACKS + (index + 1) * PAGE_BYTES - 64
        block = CONTROL + index * BLOCK_BYTES
        sleep = self.cookie_of(puppet.process, Sysno.SLEEP)
        self.write(puppet.process, top, struct.pack("<2Q", block, sleep))
        answer = self.call(puppet, Sysno.CREATE_THREAD, self.entry(), top, 1)
        assert answer is not None
        assert not answer.type
        return self.start(puppet.process.threads[-1], index)
