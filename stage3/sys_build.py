"""Calls 66 to 72: building and ending processes, clocks and power (ours)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anos_sim.hw.clock import PS_PER_NS
from anos_sim.hw.memory import FRAME_SHIFT

from . import lifecycle
from .abi import (
    PAGE_BYTES,
    USER_END,
    ClockId,
    MapFlags,
    PowerAction,
    RegionFlags,
    Rights,
    Status,
    Sysno,
    ThreadClass,
)
from .errors import OutOfFrames, SyscallError
from .objects import PROCESS_RIGHTS
from .outcome import Outcome
from .process import Process, ProcessState
from .sys_capability import find_process
from .syscall import require_user, syscall

if TYPE_CHECKING:
    from .kernel import Kernel
    from .thread import Thread

PAGE_OFFSET = PAGE_BYTES - 1


def _find_building(kernel: Kernel, caller: Thread, cookie: int) -> Process:
    process = find_process(kernel, caller, cookie, Rights.KILL)
    if process.state is not ProcessState.BUILDING:
        raise SyscallError(Status.FAILURE)
    return process


@syscall(Sysno.BUILD_PROCESS)
def build_process(kernel: Kernel, caller: Thread, thread_class: int) -> int:
    """Make an empty process that does not run yet; returns its capability.

    Raises:
        SyscallError(BADARGS): there is no such class.
        SyscallError(FAILURE): no memory.
    """
    if thread_class > ThreadClass.REALTIME:
        raise SyscallError(Status.BADARGS)
    try:
        process = lifecycle.new_process(kernel, caller.process)
    except OutOfFrames:
        raise SyscallError(Status.FAILURE) from None
    process.thread_class = thread_class
    return kernel.policy.created(caller.process, process, PROCESS_RIGHTS, "build_process", caller)


@syscall(Sysno.MAP_INTO)
def map_into(
    kernel: Kernel,
    caller: Thread,
    cookie: int,
    source: int,
    target: int,
    size_bytes: int,
    flags: int,
) -> int:
    """Map the caller's pages into a process being built; source 0 is demand-zero memory.

    Pages that are not present in the caller stay out, and so do those that it has by a
    right to physical memory or to a memory object. A page that either side
    may write becomes copy-on-write on both; one that a message brought is copied.

    Raises:
        SyscallError(FAILURE): no such process being built, no memory, or more than there can be.
        SyscallError(BADARGS): unaligned, empty, or not the user half.
    """
    child = _find_building(kernel, caller, cookie)
    if (source | target | size_bytes) & PAGE_OFFSET or not size_bytes:
        raise SyscallError(Status.BADARGS)
    if target + size_bytes > USER_END or source + size_bytes > USER_END:
        raise SyscallError(Status.BADARGS)
    if source and size_bytes >> FRAME_SHIFT > kernel.frames.total_count:
        raise SyscallError(Status.FAILURE)
    try:
        if source:
            _share(caller.process, child, source, target, size_bytes, flags)
        elif flags & MapFlags.WRITE and not flags & MapFlags.EXEC:
            child.space.regions.create(target, target + size_bytes, RegionFlags.AUTOMAP)
        else:
            child.space.map_zero(target, size_bytes, flags)
    except OutOfFrames:
        raise SyscallError(Status.FAILURE) from None
    return 0


def _share(
    owner: Process, child: Process, source: int, target: int, size_bytes: int, flags: int
) -> None:
    bits, kinds = child.space.protection(flags), child.space.bits
    mine = kinds.present | kinds.user
    for offset in range(0, size_bytes, PAGE_BYTES):
        entry = owner.space.entry(source + offset)
        if not entry & kinds.present:
            owner.space.serve_read(source + offset)
            entry = owner.space.entry(source + offset)
        if entry & (mine | kinds.by_right) != mine:
            continue
        frame = entry & kinds.frame_mask
        if source + offset in owner.space.windows:  # the page is the sender's of a message
            copy = child.space.physical.copy(frame | bits)
            child.space.replace_entry(target + offset, copy)
            continue
        if bits & kinds.write:
            child.space.replace_entry(target + offset, frame | bits & ~kinds.write | kinds.cow)
        else:
            child.space.replace_entry(target + offset, frame | bits)
        child.space.physical.reference(entry)
        if entry & kinds.write:
            shared = entry & ~(kinds.write | kinds.accessed) | kinds.cow
            owner.space.set_entry(source + offset, shared)


@syscall(Sysno.START_PROCESS)
def start_process(
    kernel: Kernel, caller: Thread, cookie: int, entry: int, stack_pointer: int
) -> int:
    """Start a process that was built; returns its pid.

    Raises:
        SyscallError(FAILURE): no such process being built.
        SyscallError(BADARGS): entry or stack are no user addresses.
    """
    child = _find_building(kernel, caller, cookie)
    require_user(entry)
    require_user(stack_pointer)
    lifecycle.start(kernel, child, entry, stack_pointer)
    return child.pid


@syscall(Sysno.KILL_PROCESS)
def kill_process(kernel: Kernel, caller: Thread, cookie: int) -> int | None:
    """End a process at once; 0 names the caller's own.

    Raises:
        SyscallError(FAILURE): no such process, or it has ended already.
        SyscallError(INCAPABLE): no right to kill it.
    """
    process = find_process(kernel, caller, cookie, Rights.KILL) if cookie else caller.process
    if process.state is ProcessState.DEAD:
        raise SyscallError(Status.FAILURE)
    lifecycle.end_process(kernel, process, f"killed by {caller.process}")
    return None if process is caller.process else 0


@syscall(Sysno.SET_THREAD_POINTER)
def set_thread_pointer(kernel: Kernel, caller: Thread, address: int) -> int:
    """Set the calling thread's FS base.

    Raises:
        SyscallError(BADARGS): no user address.
    """
    require_user(address)
    cpu = kernel.current
    assert cpu is not None
    cpu.vcpu.set_thread_pointer(address)
    return 0


@syscall(Sysno.CLOCK)
def clock(kernel: Kernel, caller: Thread, which: int) -> int:
    """Read a clock in nanoseconds: since the machine was switched on, or since 1970.

    Raises:
        SyscallError(BADARGS): there is no such clock.
    """
    if which == ClockId.UPTIME:
        return (kernel.now_ps() - kernel.booted_ps) // PS_PER_NS
    if which == ClockId.REALTIME:
        return kernel.machine.config.epoch * 1_000_000_000 + kernel.now_ps() // PS_PER_NS
    raise SyscallError(Status.BADARGS)


@syscall(Sysno.POWER)
def power(kernel: Kernel, caller: Thread, action: int, status: int) -> None:
    """Switch the machine off; the run ends with `status`. Or have it switched on again.

    Raises:
        SyscallError(BADARGS): there is no such action.
    """
    if action == PowerAction.OFF:
        kernel.end(Outcome(status & 0xFF, f"{caller.process} switched off", power_off=True))
    elif action == PowerAction.REBOOT:
        kernel.end(Outcome(0, f"{caller.process} rebooted", reboot=True))
    else:
        raise SyscallError(Status.BADARGS)
    caller.registers.set_result(0, 0)
    kernel.preempt(kernel.current)  # type: ignore[arg-type]
