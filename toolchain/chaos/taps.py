"""Where faults are put in: taps on a running kernel that count, and call when a moment comes.

Nothing in the kernel or the machine asks whether a tap is there. A tap takes the place of
one of their functions while it is open: the handler of a call, a CPU's way into user mode, a
port's drive, the line that interrupts come by. So what is not tapped costs nothing.
What shall happen at a moment happens between two turns of the kernel's loop, as an event of
the clock at the time of the moment.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from anos_sim.hw.ahci import AhciController
from anos_sim.hw.command_engine import CommandEngine
from anos_sim.hw.drive import Answer, Drive, Operation
from anos_sim.hw.fis import RegisterH2D, TaskFile
from anos_sim.hw.vcpu import CODE, LIMIT, NOW, PS_PER_BYTE
from anos_sim.stage3.abi import Rights, Sysno
from anos_sim.stage3.channel import Message
from anos_sim.stage3.cpu import Cpu
from anos_sim.stage3.kernel import Kernel
from anos_sim.stage3.objects import SystemCall
from anos_sim.stage3.process import Process
from anos_sim.stage3.thread import Thread, ThreadState

Arrive = Callable[[int, int], None]
SENDS = (Sysno.SEND_MESSAGE, Sysno.SEND_TRANSFER)


def tap_messages(kernel: Kernel, heard: Callable[[Message], None]) -> None:
    """Hear of every message, when it has been sent."""
    calls: dict[SystemCall, None] = {}
    for process in kernel.all_processes():
        for capability in process.capabilities.values():
            target = capability.target
            if isinstance(target, SystemCall) and target.number in SENDS:
                calls[target] = None
    for call in calls:
        _tap_call(kernel, call, heard)


def _tap_call(kernel: Kernel, call: SystemCall, heard: Callable[[Message], None]) -> None:
    send = call.handler

    def tapped(kernel: Kernel, caller: Thread, arguments: Sequence[int]) -> Any:
        result = send(kernel, caller, arguments)
        message = caller.message
        if message is not None:
            heard(message)
        return result

    call.handler = tapped
    for process in kernel.all_processes():
        for cookie, handler in process.calls.items():
            if handler is send and process.capabilities[cookie].target is call:
                process.calls[cookie] = tapped


def ends_of(message: Message) -> tuple[str, str]:
    """The names of a message's sender and of who serves the channel that it goes to.

    That is who made it, or for whom a supervisor made it.
    """
    channel = message.channel
    server = channel.creator
    if channel.successor and channel.first is not None:
        for held in channel.first.derived():
            if held.alive and held.rights & Rights.RECEIVE:
                server = held.holder
    return message.sender.process.name, server.name if server is not None else ""


class CodeTap:
    """Counts the code that processes execute, and stops a CPU where a count is reached."""

    def __init__(self, kernel: Kernel, reached: Callable[[str, int], None]) -> None:
        self.executed: dict[str, int] = {}
        """Bytes by process."""
        self.stops: dict[str, list[int]] = {}
        """Where to stop, by process, the first one last."""
        self._reached = reached
        for cpu in kernel.cpus:
            self._tap(cpu)

    def _tap(self, cpu: Cpu) -> None:
        enter, state, executed, stops = cpu.vcpu.enter, cpu.state, self.executed, self.stops
        per_byte = state[PS_PER_BYTE]

        def tapped() -> None:
            thread = cpu.thread
            name = thread.process.name if thread is not None else ""
            done = executed.get(name, 0)
            pending = stops.get(name)
            if pending:
                limit = state[NOW] + max(0, pending[-1] - done) * per_byte
                if limit < state[LIMIT]:
                    state[LIMIT] = limit
            before = state[CODE]
            enter()
            done += (state[CODE] - before) // per_byte
            executed[name] = done
            while pending and done >= pending[-1]:
                self._reached(name, pending.pop())

        cpu.vcpu.enter = tapped


class DriveTap:
    """A drive in front of a drive: `before` may change or answer a command that is carried out."""

    def __init__(
        self, engine: CommandEngine, before: Callable[[CommandEngine, Operation, bytes], Answer]
    ) -> None:
        self.engine = engine
        self.drive: Drive = engine.drive
        self._before = before
        self.on_next: Callable[[], None] | None = None
        """Called once, when the next command begins."""
        engine.drive = self

    def reset(self) -> TaskFile:
        """As the drive."""
        return self.drive.reset()

    def decode(self, fis: RegisterH2D) -> Operation:
        """As the drive."""
        if self.on_next is not None:
            heard, self.on_next = self.on_next, None
            heard()
        return self.drive.decode(fis)

    def execute(self, operation: Operation, data: bytes) -> Answer:
        """As the drive, unless a fault is due."""
        return self._before(self.engine, operation, data)


def command_engines(kernel: Kernel) -> list[CommandEngine]:
    """Those of all ports that have a drive."""
    return [
        port.engine
        for function in kernel.machine.functions
        if isinstance(function, AhciController)
        for port in function.ports
        if port.engine is not None
    ]


def tap_interrupts(kernel: Kernel, pass_on: Callable[[Arrive, int, int], None]) -> None:
    """Have `pass_on` called with the way into the kernel, address and data of each interrupt."""
    machine = kernel.machine
    arrive = machine.on_msi
    machine.on_msi = lambda address, data: pass_on(arrive, address, data)


def find_process(kernel: Kernel, name: str) -> Process | None:
    """The first living process of that name."""
    return next((each for each in kernel.processes.values() if each.name == name), None)


def hold_back(kernel: Kernel, thread: Thread) -> bool:
    """Take a thread that can run off its CPU or its queue; False if it cannot run."""
    if thread.state not in (ThreadState.READY, ThreadState.RUNNING):
        return False
    for cpu in kernel.cpus:
        if cpu.thread is thread:
            cpu.thread = None
        elif cpu.next is thread:
            cpu.next = None
        elif thread in cpu.queue.all():
            cpu.queue.remove(thread)
    thread.state = ThreadState.SLEEPING
    thread.blocked_on = None
    return True


def let_go(kernel: Kernel, thread: Thread) -> None:
    """End what `hold_back` began, unless the thread has ended meanwhile."""
    if thread.state is ThreadState.SLEEPING and thread in thread.process.threads:
        kernel.make_ready(thread, thread.last_cpu or kernel.place())
