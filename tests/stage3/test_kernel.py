"""Calls at random, by many threads, in any order: everything stays counted once."""

from __future__ import annotations

import struct

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from anos_sim.hw.clock import NEVER
from anos_sim.stage3 import devices, lifecycle
from anos_sim.stage3.abi import PAGE_BYTES, Sysno
from anos_sim.stage3.channel import Channel
from anos_sim.stage3.errors import OutOfFrames
from anos_sim.stage3.process import Process
from support.call_machine import NUMBERS, PAGES, SIZES, CallMachine
from support.kernel import SCRATCH

PARAMS, REGIONS, VALUES, NAME = SCRATCH, SCRATCH + 0x100, SCRATCH + 0x200, SCRATCH + 0x300
STACK = 0x5000_0000


class KernelMachine(CallMachine):
    """Processes, threads, memory, messages, devices and the log."""

    @rule(who=NUMBERS)
    def create_channel(self, who: int) -> None:
        self.call(Sysno.CREATE_CHANNEL, who, [])

    @rule(who=NUMBERS, page=NUMBERS, size=NUMBERS, flags=st.integers(0, 7))
    def map_virtual(self, who: int, page: int, size: int, flags: int) -> None:
        arguments = [SIZES[size % 5], PAGES[1 + page % 7], flags]
        self.call(Sysno.MAP_VIRTUAL, who, arguments)

    @rule(who=NUMBERS, page=NUMBERS, size=NUMBERS)
    def unmap_virtual(self, who: int, page: int, size: int) -> None:
        self.call(Sysno.UNMAP_VIRTUAL, who, [SIZES[size % 5], PAGES[1 + page % 7]])

    @rule(who=NUMBERS, page=NUMBERS, size=st.integers(1, 3))
    def create_region(self, who: int, page: int, size: int) -> None:
        start = PAGES[page % 8]
        self.call(Sysno.CREATE_REGION, who, [start, start + size * PAGE_BYTES, 1])

    @rule(who=NUMBERS, page=NUMBERS, write=st.booleans())
    def touch(self, who: int, page: int, write: bool) -> None:
        """A page fault, or none."""
        process = self.process(who)
        if process is not None:
            serve = process.space.serve_write if write else process.space.serve_read
            try:
                serve(PAGES[page % 8])
            except OutOfFrames:
                raise AssertionError("there is plenty") from None

    @rule(who=NUMBERS, which=NUMBERS, size=NUMBERS, page=NUMBERS)
    def send(self, who: int, which: int, size: int, page: int) -> None:
        buffer = [*PAGES, 0, 0xDEAD_F000][page % 10]
        self.call(Sysno.SEND_MESSAGE, who, [self.cookie(who, which), 1, SIZES[size % 5], buffer])

    @rule(who=NUMBERS, which=NUMBERS, page=NUMBERS, tag=st.sampled_from([0, NAME, NAME + 3]))
    def receive(self, who: int, which: int, page: int, tag: int) -> None:
        buffer = [*PAGES, 0][page % 9]
        self.call(Sysno.RECV_MESSAGE, who, [self.cookie(who, which), tag, 0, buffer])

    @rule(who=NUMBERS, which=NUMBERS, page=NUMBERS, window=NUMBERS, other=NUMBERS)
    def exchange(self, who: int, which: int, page: int, window: int, other: int) -> None:
        """One sends and another receives it, if there is another who may."""
        self.send(who, which, 0, page)
        receivers = [
            (index, cookie)
            for index, (_, thread) in enumerate(self.ready())
            for cookie, capability in thread.process.capabilities.items()
            if isinstance(capability.target, Channel) and capability.target.messages
        ]
        if receivers:
            index, cookie = receivers[other % len(receivers)]
            self.call(Sysno.RECV_MESSAGE, index, [cookie, NAME, NAME + 8, PAGES[window % 8]])

    @rule(who=NUMBERS, which=NUMBERS, value=NUMBERS)
    def reply(self, who: int, which: int, value: int) -> None:
        who = self.server(who)
        reply = [0, 1, self.cookie(who, value)][value % 3]
        self.call(Sysno.REPLY_MESSAGE, who, [self.message(who, which), reply])

    @rule(who=NUMBERS, which=NUMBERS)
    def destroy_channel(self, who: int, which: int) -> None:
        self.call(Sysno.DESTROY_CHANNEL, who, [self.cookie(who, which)])

    @rule(who=NUMBERS, which=NUMBERS, register=st.booleans(), letter=st.integers(97, 99))
    def name(self, who: int, which: int, register: bool, letter: int) -> None:
        process = self.process(who)
        if process is not None and process.space.store(NAME + 64, bytes([letter, 0])):
            if register:
                arguments = [self.cookie(who, which), NAME + 64]
                self.call(Sysno.REGISTER_NAMED_CHANNEL, who, arguments)
            else:
                self.call(Sysno.FIND_NAMED_CHANNEL, who, [NAME + 64])

    @rule(who=NUMBERS, first=NUMBERS, second=NUMBERS, count=st.integers(0, 8))
    def create_process(self, who: int, first: int, second: int, count: int) -> None:
        process = self.process(who)
        if process is None or len(self.kernel.processes) > 6:
            return
        calls = list(process.calls)[:1]
        values = [self.cookie(who, first), self.cookie(who, second), *calls]
        block = struct.pack(
            "<QQQBB6xQH6xQ8x",
            SCRATCH, STACK, 4 * PAGE_BYTES, 1, 1, REGIONS, len(values), VALUES,
        )  # fmt: skip
        regions = struct.pack("<QQ", SCRATCH, count * PAGE_BYTES)
        data = struct.pack(f"<{len(values)}Q", *values)
        if process.space.store(PARAMS, block) and process.space.store(REGIONS, regions):
            process.space.store(VALUES, data)
            self.call(Sysno.CREATE_PROCESS, who, [PARAMS])

    @rule(who=NUMBERS)
    def create_thread(self, who: int) -> None:
        process = self.process(who)
        if process is not None and len(process.threads) < 4:
            self.call(Sysno.CREATE_THREAD, who, [SCRATCH, SCRATCH, who % 4])

    @rule(who=NUMBERS)
    def end_thread(self, who: int) -> None:
        self.call(Sysno.KILL_CURRENT_TASK, who, [])

    @rule(who=NUMBERS)
    def fault(self, who: int) -> None:
        """A process dies in the middle of whatever it does."""
        process = self.process(who)
        if process is not None and process.pid != 1:
            lifecycle.end_process(self.kernel, process, "a fault")

    @rule(who=NUMBERS, ns=st.sampled_from([0, 20_000_000]))
    def sleep(self, who: int, ns: int) -> None:
        self.call(Sysno.SLEEP, who, [ns])

    @rule()
    def pass_time(self) -> None:
        """The next thing that is due happens."""
        if self.kernel.clock.next_ps != NEVER:
            self.kernel.clock.fire()

    @rule(who=NUMBERS, which=NUMBERS, receiver=NUMBERS, rights=st.integers(0, 63))
    def give(self, who: int, which: int, receiver: int, rights: int) -> None:
        who = self.server(who)
        to = [self.message(who, receiver), self.cookie(who, receiver, Process)][receiver % 2]
        self.call(Sysno.GIVE, who, [to, self.cookie(who, which, None), rights])

    @rule(who=NUMBERS, which=NUMBERS, number=NUMBERS)
    def take(self, who: int, which: int, number: int) -> None:
        who = self.server(who)
        message = self.message(who, which)
        process = self.process(who)
        serving = process.messages.get(message) if process else None
        held = list(serving.sender.process.capabilities) if serving else []
        self.call(Sysno.TAKE, who, [message, [*held, 5][number % (len(held) + 1)], 0])

    @rule(who=NUMBERS)
    def build_process(self, who: int) -> None:
        if len(self.kernel.building) < 3:
            self.call(Sysno.BUILD_PROCESS, who, [1])

    @rule(who=NUMBERS, which=NUMBERS, page=NUMBERS, flags=st.integers(0, 7), size=NUMBERS)
    def map_into(self, who: int, which: int, page: int, flags: int, size: int) -> None:
        arguments = [
            self.cookie(who, which, Process), [0, PAGES[page % 8]][which % 2],
            PAGES[size % 4], SIZES[size % 5], flags,
        ]  # fmt: skip
        self.call(Sysno.MAP_INTO, who, arguments)

    @rule(who=NUMBERS, which=NUMBERS)
    def start_process(self, who: int, which: int) -> None:
        arguments = [self.cookie(who, which, Process), SCRATCH, SCRATCH]
        self.call(Sysno.START_PROCESS, who, arguments)

    @rule(who=NUMBERS, which=NUMBERS)
    def kill_process(self, who: int, which: int) -> None:
        self.call(Sysno.KILL_PROCESS, who, [self.cookie(who, which, Process)])

    @rule(who=NUMBERS, count=st.integers(1, 3), page=NUMBERS)
    def device_memory(self, who: int, count: int, page: int) -> None:
        """Contiguous frames, mapped by their address; by anybody's under `bearer`."""
        first = self.call(Sysno.ALLOC_PHYSICAL_PAGES, who, [count * PAGE_BYTES])
        if first is not None:
            arguments = [first, PAGES[1 + page % 4], count * PAGE_BYTES, 3]
            self.call(Sysno.MAP_PHYSICAL, who + page, arguments)

    @rule(who=NUMBERS, page=NUMBERS)
    def map_device(self, who: int, page: int) -> None:
        arguments = [0xE000_0000, PAGES[1 + page % 7], PAGE_BYTES, 3]
        self.call(Sysno.MAP_PHYSICAL, who, arguments)

    @rule(who=NUMBERS)
    def take_vector(self, who: int) -> None:
        self.call(Sysno.ALLOC_INTERRUPT_VECTOR, who, [0, NAME, NAME + 8])

    @rule(who=NUMBERS, number=st.integers(0x40, 0x44))
    def wait_interrupt(self, who: int, number: int) -> None:
        self.call(Sysno.WAIT_INTERRUPT, who, [number, NAME])

    @rule(number=st.integers(0x40, 0x44), cpu=st.integers(0, 2))
    def interrupt(self, number: int, cpu: int) -> None:
        devices.interrupt(self.kernel, self.kernel.machine.addresses.interrupts | cpu << 12, number)

    @rule(who=NUMBERS, write=st.booleans())
    def log(self, who: int, write: bool) -> None:
        process = self.process(who)
        if process is not None and process.space.store(NAME + 32, b"text\n\0"):
            if write:
                self.call(Sysno.DEBUG_PRINT, who, [NAME + 32])
            else:
                self.call(Sysno.READ_KERNEL_LOG, who, [NAME + 32, 4])


KernelMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)
TestKernel = KernelMachine.TestCase
