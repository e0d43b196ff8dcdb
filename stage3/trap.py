"""From user mode into the kernel and back: the inner loop.

`run` keeps one CPU busy until its budget is used or it has nothing to do. A trap
is a system call (one look-up of the cookie, one function), a page fault that may
be served, the end of the budget, or the end of the program.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from anos_sim.hw.vcpu import (
    ACCESS_FETCH,
    ACCESS_WRITE,
    COOKIE,
    FAULT_ACCESS,
    FAULT_PAGE,
    LIMIT,
    NOW,
    NUMBER,
    PC,
    RESULT_VALUE,
    THREAD,
    TRAP,
    TURNED,
    Trap,
)

from . import lifecycle
from .abi import PAGE_BYTES, SLICE_TICKS, ProcessEnd, Status
from .errors import OutOfFrames, SyscallError
from .events import EventKind
from .report import fault_report
from .thread import Thread, ThreadState

if TYPE_CHECKING:
    from .cpu import Cpu
    from .kernel import Kernel

SYSCALL, BUDGET, PAGE_FAULT = int(Trap.SYSCALL), int(Trap.BUDGET), int(Trap.PAGE_FAULT)
RUNNING = ThreadState.RUNNING
PAGE_SERVED = int(EventKind.PAGE_FAULT)
INCAPABLE = int(Status.INCAPABLE)
THROTTLE_FIRST, THROTTLE_STEP, THROTTLE_MAX = 50_000, 5_000, 1_000_000
REPORTS_MAX = 1000
"""How many reports are kept; all have been told to who listens."""


def run(kernel: Kernel, cpu: Cpu, limit_ps: int) -> None:
    """Run threads on one CPU until `limit_ps` or until it is idle."""
    state, arguments, enter = cpu.state, cpu.arguments, cpu.vcpu.enter
    pick, queue = kernel.scheduler.pick, cpu.queue
    state[LIMIT] = limit_ps
    while True:
        thread = cpu.thread
        if thread is None:
            thread = cpu.next or pick(queue)
            if thread is None:
                return
            cpu.next = None
            if state[NOW] < thread.ready_ps:
                state[NOW] = thread.ready_ps
            state[THREAD] = thread.address
            cpu.thread = thread
            state[TURNED] = 1
            thread.state = RUNNING
            thread.last_cpu = cpu
            thread.slice_left = SLICE_TICKS
        find_handler = thread.process.calls.get
        while True:
            enter()
            handler = find_handler(state[COOKIE])
            if handler is None:
                break
            try:
                value = handler(kernel, thread, arguments)
            except SyscallError as error:
                thread.registers.set_result(error.status, error.value)
                break
            if value is None:
                break
            if cpu.thread is not thread:
                thread.registers.set_result(0, value)
                break
            state[RESULT_VALUE] = value
        if handler is not None:
            continue
        trap = state[TRAP]
        if trap == BUDGET:
            _park_if_stuck(kernel, cpu, thread)
            return
        if trap == PAGE_FAULT:
            kernel.statistics.page_faults += 1
            _page_fault(kernel, cpu, thread)
        elif trap == SYSCALL:
            _refuse(kernel, cpu, thread)
        else:
            _fault(kernel, cpu, thread, Trap(trap))


def _refuse(kernel: Kernel, cpu: Cpu, thread: Thread) -> None:
    """A cookie that is not held: INCAPABLE, and the time to guess another one grows."""
    process = thread.process
    base = min(THROTTLE_FIRST + THROTTLE_STEP * process.failures, THROTTLE_MAX)
    cycles = base + kernel.jar() % base
    process.failures += 1
    kernel.statistics.refused += 1
    cpu.state[NOW] += cycles * 1000
    if kernel.events is not None:
        kernel.refused(thread, cpu.state[COOKIE])
    thread.registers.set_result(INCAPABLE, 0)


def _page_fault(kernel: Kernel, cpu: Cpu, thread: Thread) -> None:
    page, access = cpu.state[FAULT_PAGE], cpu.state[FAULT_ACCESS]
    space = thread.process.space
    try:
        if access == ACCESS_WRITE:
            found = space.serve_write(page)
        else:
            found = space.serve_read(page, fetch=access == ACCESS_FETCH)
            if access == ACCESS_FETCH and space.entry(page) & space.bits.device:
                found = -1
    except OutOfFrames:
        _end(kernel, cpu, thread, "out of memory")
        return
    if found < 0:
        is_there = space.entry(page) & space.bits.present != 0
        address = _faulting_address(kernel, cpu, thread) if access != ACCESS_FETCH else page
        _end(kernel, cpu, thread, _describe_page_fault(address, access, is_there), page)
    elif kernel.events is not None:
        kernel.events.extend((PAGE_SERVED, cpu.state[NOW], thread.tid, page, found))


def _faulting_address(kernel: Kernel, cpu: Cpu, thread: Thread) -> int:
    """The address whose use was a page fault, as exactly as the architecture can tell."""
    page, pc = cpu.state[FAULT_PAGE], cpu.state[PC]
    registers, load = thread.registers.read(), thread.process.space.load
    found = kernel.architecture.operand(pc, registers, load)
    return found if found is not None and page <= found < page + PAGE_BYTES else page


def _describe_page_fault(address: int, access: int, is_there: bool) -> str:
    verb = {ACCESS_WRITE: "write to", ACCESS_FETCH: "execution of"}.get(access, "read of")
    if address >> 47:
        place = "a kernel or non-canonical address"
    elif is_there:
        place = "a page that does not allow it"
    else:
        place = "an unmapped page"
    return f"{verb} {place}, {address:#x}"


def _fault(kernel: Kernel, cpu: Cpu, thread: Thread, trap: Trap) -> None:
    """The program did what no program may: its process ends, with a report."""
    state, architecture = cpu.state, kernel.architecture
    number, load = state[NUMBER], thread.process.space.load
    if trap is Trap.EXCEPTION or trap is Trap.ILLEGAL:
        cause = architecture.describe(trap, number, state[PC], load)
    elif trap is Trap.BUS_ERROR:
        cause = f"bus error: no memory or device at {state[FAULT_PAGE]:#x}"
    elif trap is Trap.PORT_IO:
        state[PC] = state[FAULT_PAGE]
        cause = architecture.describe(trap, number, state[PC], load)
    elif trap in architecture.causes:
        cause = architecture.causes[trap]
    else:
        return
    _end(kernel, cpu, thread, cause, crashed=trap is Trap.CRASH)


def _end(
    kernel: Kernel,
    cpu: Cpu,
    thread: Thread,
    cause: str,
    page: int | None = None,
    crashed: bool = False,
) -> None:
    process = thread.process
    report = fault_report(kernel, cpu, thread, cause, page)
    kernel.reports.append(report)
    del kernel.reports[:-REPORTS_MAX]
    kernel.on_report(report)
    if kernel.events is not None:
        kernel.emit(EventKind.FAULT, thread, cause)
    if crashed:
        cpu.vcpu.replace()
    lifecycle.end_process(kernel, process, cause, ProcessEnd.FAULTED)


def _park_if_stuck(kernel: Kernel, cpu: Cpu, thread: Thread) -> None:
    """A thread that jumps to itself will never do anything else: do not run it again."""
    if kernel.architecture.is_stuck(cpu.state[PC], thread.process.space.load):
        kernel.block(thread, ThreadState.PARKED, None)
