"""Notifications, memory objects, watched processes and futexes, used at random.

Everything is lent, mapped, waited for, revoked and ended in any order; the
invariants say what may rest on a right that is gone: nothing.
"""

from __future__ import annotations

import struct

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from anos_sim.hw.clock import NEVER
from anos_sim.stage3 import lifecycle
from anos_sim.stage3.abi import ALL_RIGHTS, PAGE_BYTES, Rights, Sysno
from anos_sim.stage3.channel import Channel
from anos_sim.stage3.errors import OutOfFrames
from anos_sim.stage3.memory_object import MemoryObject
from anos_sim.stage3.notification import Notification
from anos_sim.stage3.objects import KernelObject
from anos_sim.stage3.process import Process
from support.call_machine import NUMBERS, PAGES, SIZES, CallMachine
from support.kernel import SCRATCH

PARAMS, REGIONS, VALUES = SCRATCH, SCRATCH + 0x100, SCRATCH + 0x200
STACK = 0x5000_0000
KINDS: list[type[KernelObject]] = [MemoryObject, Notification, MemoryObject, Process, Channel]
RIGHTS = st.sampled_from(
    [0, 0, Rights.READ | Rights.GRANT, Rights.SEND | Rights.GRANT, Rights.RECEIVE, Rights.OBSERVE]
)
LIMITS = st.sampled_from([0, 0, 1, 5_000_000])


class ObjectMachine(CallMachine):
    """Few rules, so that objects meet."""

    def prepare(self) -> None:
        """Objects, threads, and a child that has some of the objects."""
        for _ in range(2):
            self.call(Sysno.CREATE_THREAD, 0, [SCRATCH, SCRATCH, 1])
            self.call(Sysno.CREATE_NOTIFICATION, 0, [])
            self.call(Sysno.CREATE_MEMORY, 0, [2 * PAGE_BYTES])
        self.build_child(0, [0, 1, 3, 5], start=True)

    def held(self, who: int, which: int) -> int:
        """A cookie to an object of one of the kinds."""
        return self.cookie(who, which // len(KINDS), KINDS[which % len(KINDS)])

    @rule(who=NUMBERS, count=st.integers(1, 2))
    def create(self, who: int, count: int) -> None:
        self.call(Sysno.CREATE_NOTIFICATION, who, [])
        self.call(Sysno.CREATE_MEMORY, who, [count * PAGE_BYTES])

    @rule(who=NUMBERS, which=NUMBERS, page=NUMBERS, offset=st.integers(0, 1), flags=NUMBERS)
    def map_memory(self, who: int, which: int, page: int, offset: int, flags: int) -> None:
        arguments = [
            self.cookie(who, which, MemoryObject), PAGES[1 + page % 6], offset * PAGE_BYTES,
            SIZES[page % 2], flags % 8,
        ]  # fmt: skip
        self.call(Sysno.MAP_MEMORY, who, arguments)

    @rule(who=NUMBERS, page=NUMBERS, size=NUMBERS, flags=st.integers(0, 9))
    def protect(self, who: int, page: int, size: int, flags: int) -> None:
        self.call(Sysno.PROTECT, who, [SIZES[size % 4], PAGES[1 + page % 6], flags])

    @rule(who=NUMBERS, page=NUMBERS)
    def device_memory(self, who: int, page: int) -> None:
        first = self.call(Sysno.ALLOC_PHYSICAL_PAGES, who, [PAGE_BYTES])
        if first is not None:
            self.call(Sysno.MAP_PHYSICAL, who, [first, PAGES[1 + page % 6], PAGE_BYTES, 3])

    @rule(who=NUMBERS, page=NUMBERS, write=st.booleans())
    def touch(self, who: int, page: int, write: bool) -> None:
        process = self.process(who)
        if process is not None:
            serve = process.space.serve_write if write else process.space.serve_read
            try:
                serve(PAGES[page % 8])
            except OutOfFrames:
                raise AssertionError("there is plenty") from None

    @rule(who=NUMBERS, which=NUMBERS, bits=st.integers(0, 7))
    def signal(self, who: int, which: int, bits: int) -> None:
        self.call(Sysno.SIGNAL, who, [self.cookie(who, which, Notification), bits])

    @rule(who=NUMBERS, which=NUMBERS, mask=st.integers(0, 7), ns=LIMITS)
    def wait(self, who: int, which: int, mask: int, ns: int) -> None:
        self.call(Sysno.WAIT, who, [self.cookie(who, which, Notification), mask, ns])

    @rule(who=NUMBERS, which=NUMBERS, line=NUMBERS, bits=st.integers(0, 7))
    def watch_process(self, who: int, which: int, line: int, bits: int) -> None:
        process = self.cookie(who, which, Process)
        arguments = [process, self.cookie(who, line, Notification), bits]
        self.call(Sysno.WATCH_PROCESS, who, arguments)
        self.call(Sysno.PROCESS_STATUS, who, [process])

    @rule(who=NUMBERS, word=st.integers(0, 1), ns=LIMITS)
    def futex_wait(self, who: int, word: int, ns: int) -> None:
        self.call(Sysno.FUTEX_WAIT, who, [PAGES[1] + 4 * word, 0, ns])

    @rule(who=NUMBERS, word=st.integers(0, 1), count=st.integers(0, 3))
    def futex_wake(self, who: int, word: int, count: int) -> None:
        self.call(Sysno.FUTEX_WAKE, who, [PAGES[1] + 4 * word, count])
        self.call(Sysno.YIELD, who, [])

    @rule(who=NUMBERS)
    def create_thread(self, who: int) -> None:
        process = self.process(who)
        if process is not None and len(process.threads) < 5:
            self.call(Sysno.CREATE_THREAD, who, [SCRATCH, SCRATCH, who % 4])

    @rule(who=NUMBERS, objects=st.lists(NUMBERS, min_size=1, max_size=4), start=st.booleans())
    def build_process(self, who: int, objects: list[int], start: bool) -> None:
        """A process that is given some objects, and perhaps starts."""
        self.build_child(who, objects, start)

    def build_child(self, who: int, objects: list[int], start: bool) -> None:
        """Do so, unless there are many."""
        if len(self.kernel.processes) + len(self.kernel.building) > 3:
            return
        cookie = self.call(Sysno.BUILD_PROCESS, who, [1])
        if cookie is not None:
            for number in objects:
                self.call(Sysno.GIVE, who, [cookie, self.held(who, number), 0])
            self.call(Sysno.MAP_INTO, who, [cookie, SCRATCH, SCRATCH, 4 * PAGE_BYTES, 3])
            if start:
                self.call(Sysno.START_PROCESS, who, [cookie, SCRATCH, SCRATCH])

    @rule(who=NUMBERS, first=NUMBERS, second=NUMBERS)
    def create_process(self, who: int, first: int, second: int) -> None:
        process = self.process(who)
        if process is None or len(self.kernel.processes) > 3:
            return
        values = [self.held(who, first), self.held(who, second)]
        block = struct.pack(
            "<QQQBB6xQH6xQ8x", SCRATCH, STACK, 4 * PAGE_BYTES, 1, 1, REGIONS, len(values), VALUES
        )
        regions = struct.pack("<QQ", SCRATCH, 8 * PAGE_BYTES)
        data = struct.pack(f"<{len(values)}Q", *values)
        if process.space.store(PARAMS, block) and process.space.store(REGIONS, regions):
            process.space.store(VALUES, data)
            self.call(Sysno.CREATE_PROCESS, who, [PARAMS])

    @rule(who=NUMBERS, which=NUMBERS, rights=RIGHTS)
    def mint(self, who: int, which: int, rights: int) -> None:
        self.call(Sysno.MINT, who, [self.held(who, which), rights & ALL_RIGHTS, 0])

    @rule(who=NUMBERS, which=NUMBERS, revoke=st.booleans(), of=st.integers(0, 5))
    def take_back(self, who: int, which: int, revoke: bool, of: int) -> None:
        """Drop something, or revoke it, at times only what one process has of it."""
        process = self.cookie(who, of, Process) if of > 3 else 0
        arguments = [self.held(who, which), process]
        self.call(Sysno.REVOKE if revoke else Sysno.DROP, who, arguments)

    @rule(who=NUMBERS, which=NUMBERS, page=NUMBERS, other=NUMBERS, window=NUMBERS)
    def exchange(self, who: int, which: int, page: int, other: int, window: int) -> None:
        """A message with a page, and a receiver for it if there is one."""
        cookie = self.cookie(who, which, Channel)
        self.call(Sysno.SEND_MESSAGE, who, [cookie, 1, PAGE_BYTES, PAGES[1 + page % 6]])
        receivers = [
            (index, cookie)
            for index, (_, thread) in enumerate(self.ready())
            for cookie, capability in thread.process.capabilities.items()
            if isinstance(capability.target, Channel) and capability.target.messages
        ]
        if receivers:
            index, cookie = receivers[other % len(receivers)]
            self.call(Sysno.RECV_MESSAGE, index, [cookie, 0, 0, PAGES[1 + window % 6]])

    @rule(who=NUMBERS, which=NUMBERS)
    def reply(self, who: int, which: int) -> None:
        who = self.server(who)
        self.call(Sysno.REPLY_MESSAGE, who, [self.message(who, which), 1])

    @rule(who=NUMBERS, which=NUMBERS, how=st.integers(0, 2))
    def end_process(self, who: int, which: int, how: int) -> None:
        """By itself, by another, or by a fault."""
        process = self.process(who)
        if how == 0:
            self.call(Sysno.EXIT_PROCESS, who, [which])
        elif how == 1:
            self.call(Sysno.KILL_PROCESS, who, [self.cookie(who, which, Process)])
        elif process is not None and process.pid != 1:
            lifecycle.end_process(self.kernel, process, "a fault")

    @rule()
    def pass_time(self) -> None:
        """The next thing that is due happens."""
        if self.kernel.clock.next_ps != NEVER:
            self.kernel.clock.fire()


ObjectMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)
TestObjects = ObjectMachine.TestCase
