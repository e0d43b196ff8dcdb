"""Calls at random, by many threads, in any order: everything stays counted once.

No engine runs here. A step picks a ready thread, has it make a call with
arguments that mean something more often than not, and lets it be preempted.
"""

from __future__ import annotations

import struct

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from anos_sim.hw.clock import NEVER
from anos_sim.stage3 import devices, lifecycle
from anos_sim.stage3.abi import LAST_SYSNO, MASK64, MSI_ADDRESS, PAGE_BYTES, Status, Sysno
from anos_sim.stage3.channel import Channel
from anos_sim.stage3.cpu import Cpu
from anos_sim.stage3.errors import OutOfFrames, SyscallError
from anos_sim.stage3.process import Process
from anos_sim.stage3.syscall import TABLE
from anos_sim.stage3.thread import Thread, ThreadState
from support.invariants import check_kernel
from support.kernel import SCRATCH, boot_image, code_image, end_everything

NUMBERS = st.integers(0, 15)
PAGES = [SCRATCH + index * PAGE_BYTES for index in range(8)]
SIZES = [PAGE_BYTES, 2 * PAGE_BYTES, 3 * PAGE_BYTES, 0, 8]
PARAMS, REGIONS, VALUES, NAME = SCRATCH, SCRATCH + 0x100, SCRATCH + 0x200, SCRATCH + 0x300
STACK = 0x5000_0000
JUNK = [0, 1, 12345, MASK64]


class KernelMachine(RuleBasedStateMachine):
    """A kernel whose threads do what the rules say."""

    @initialize(policy=st.sampled_from(["derived", "bearer"]), cpus=st.sampled_from([1, 3]))
    def boot(self, policy: str, cpus: int) -> None:
        image = attrs.evolve(code_image(b"\x0f\x0b"), highest_call=int(LAST_SYSNO))
        self.kernel = boot_image(image, policy, cpus)
        self.call(Sysno.CREATE_CHANNEL, 0, [])
        for _ in range(2):
            self.call(Sysno.CREATE_THREAD, 0, [SCRATCH, SCRATCH, 1])

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
        awake = [each for each in thread.process.threads if each.state is ThreadState.READY]
        return len(awake) < 2 and number in (
            Sysno.KILL_CURRENT_TASK,
            Sysno.SEND_MESSAGE,
            Sysno.RECV_MESSAGE,
            Sysno.READ_KERNEL_LOG,
            Sysno.WAIT_INTERRUPT,
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

    # ---- the rules ----

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
        devices.interrupt(self.kernel, MSI_ADDRESS | cpu << 12, number)

    @rule(who=NUMBERS, write=st.booleans())
    def log(self, who: int, write: bool) -> None:
        process = self.process(who)
        if process is not None and process.space.store(NAME + 32, b"text\n\0"):
            if write:
                self.call(Sysno.DEBUG_PRINT, who, [NAME + 32])
            else:
                self.call(Sysno.READ_KERNEL_LOG, who, [NAME + 32, 4])

    @invariant()
    def everything_is_counted_once(self) -> None:
        if hasattr(self, "kernel"):
            check_kernel(self.kernel)

    def teardown(self) -> None:
        if hasattr(self, "kernel"):
            end_everything(self.kernel)
            self.kernel.close()
            self.kernel.machine.close()


KernelMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)
TestKernel = KernelMachine.TestCase
