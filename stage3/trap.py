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
from .abi import SLICE_TICKS, ProcessEnd, Status
from .errors import OutOfFrames, SyscallError
from .events import EventKind
from .physical import DEVICE, PRESENT
from .report import fault_report
from .thread import Thread, ThreadState

if TYPE_CHECKING:
    from .cpu import Cpu
    from .kernel import Kernel

SYSCALL, BUDGET, PAGE_FAULT = int(Trap.SYSCALL), int(Trap.BUDGET), int(Trap.PAGE_FAULT)
RUNNING = ThreadState.RUNNING
PAGE_SERVED = int(EventKind.PAGE_FAULT)
INCAPABLE = int(Status.INCAPABLE)
JUMP_TO_SELF = b"\xeb\xfe"
INT, INVALID_INSTRUCTION = 0xCD, 6
ANYBODYS_VECTORS = (3, 4)
"""What a program may raise with INT itself; any other vector is a general protection fault."""
THROTTLE_FIRST, THROTTLE_STEP, THROTTLE_MAX = 50_000, 5_000, 1_000_000
MASK64 = 0xFFFF_FFFF_FFFF_FFFF
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
            state[THREAD] = thread.registers.address
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
                thread.registers.set_result(error.status, 0)
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
            if access == ACCESS_FETCH and space.entry(page) & DEVICE:
                found = -1
    except OutOfFrames:
        _end(kernel, cpu, thread, "out of memory")
        return
    if found < 0:
        _end(kernel, cpu, thread, _describe_page_fault(page, access, space.entry(page)), page)
    elif kernel.events is not None:
        kernel.events.extend((PAGE_SERVED, cpu.state[NOW], thread.tid, page, found))


def _describe_page_fault(page: int, access: int, entry: int) -> str:
    verb = {ACCESS_WRITE: "write to", ACCESS_FETCH: "execution of"}.get(access, "read of")
    if page >> 47:
        place = "a kernel or non-canonical address"
    elif entry & PRESENT:
        place = "a page that does not allow it"
    else:
        place = "an unmapped page"
    return f"{verb} {place}, {page:#x}"


_EXCEPTIONS = {
    0: "#DE divide error",
    1: "#DB debug exception",
    3: "#BP breakpoint",
    4: "#OF overflow",
    5: "#BR bound range exceeded",
    6: "#UD invalid instruction",
    12: "#SS stack fault",
    13: "#GP general protection",
    16: "#MF x87 floating-point error",
    17: "#AC alignment check",
    19: "#XM SIMD floating-point error",
}


def _fault(kernel: Kernel, cpu: Cpu, thread: Thread, trap: Trap) -> None:
    """The program did what no program may: its process ends, with a report."""
    state = cpu.state
    number = state[NUMBER]
    if trap is Trap.EXCEPTION or trap is Trap.ILLEGAL:
        cause = _EXCEPTIONS.get(number, "")
        if not cause or (number not in ANYBODYS_VECTORS and _is_by_int(thread, state[PC], number)):
            cause = f"#GP general protection: int {number:#x}"
    elif trap is Trap.BUS_ERROR:
        cause = f"bus error: no memory or device at {state[FAULT_PAGE]:#x}"
    elif trap is Trap.PORT_IO:
        cause = f"#GP general protection: I/O port {number:#x}"
        state[PC] = state[FAULT_PAGE]
    elif trap is Trap.ESCAPE:
        cause = "#GP general protection: it left 64-bit user mode"
    elif trap is Trap.CRASH:
        cause = "#UD invalid instruction: no CPU would run this code"
    else:
        return
    _end(kernel, cpu, thread, cause, crashed=trap is Trap.CRASH)


def _is_by_int(thread: Thread, pc: int, number: int) -> bool:
    """Was it INT that raised this vector? The engine stops after it, for vector 6 before it."""
    code = bytes([INT, number])
    at = pc if number == INVALID_INSTRUCTION else pc - 2 & MASK64
    return thread.process.space.load(at, 2) == code


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
    if thread.process.space.load(cpu.state[PC], 2) == JUMP_TO_SELF:
        kernel.block(thread, ThreadState.PARKED, None)
