"""Calls 3, 5, 6 and 16: threads and processes (anos-abi 1.8, 3.3 and 6)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from . import lifecycle
from .abi import (
    KERNEL_BEGIN,
    MASK64,
    PAGE_BYTES,
    REGIONS_MAX,
    STACK_VALUES_MAX,
    USER_END,
    MapFlags,
    Status,
    Sysno,
    ThreadClass,
)
from .errors import OutOfFrames, SyscallError
from .process import Process
from .syscall import require_user, syscall

if TYPE_CHECKING:
    from .kernel import Kernel
    from .thread import Thread

PAGE_OFFSET = PAGE_BYTES - 1
_PARAMS = struct.Struct("<QQQBB6xQH6xQ8x")
_PARAMS_BYTES = 64


@syscall(Sysno.CREATE_THREAD)
def create_thread(
    kernel: Kernel, caller: Thread, entry: int, stack_pointer: int, thread_class: int
) -> int:
    """Start a thread in the caller's process; returns its id.

    Raises:
        SyscallError(BADARGS): there is no such class.
    """
    if thread_class & 0xFF > ThreadClass.REALTIME:
        raise SyscallError(Status.BADARGS)
    process = caller.process
    return lifecycle.start_thread(kernel, process, entry, stack_pointer, thread_class & 0xFF).tid


@syscall(Sysno.SLEEP)
def sleep(kernel: Kernel, caller: Thread, nanoseconds: int) -> None:
    """Block to a tick: 10 ms granularity, never early, always OK."""
    caller.registers.set_result(0, 0)
    kernel.sleep(caller, nanoseconds)


@syscall(Sysno.KILL_CURRENT_TASK)
def kill_current_task(kernel: Kernel, caller: Thread) -> None:
    """End the calling thread; it does not return."""
    lifecycle.end_thread(kernel, caller)


@syscall(Sysno.CREATE_PROCESS)
def create_process(kernel: Kernel, caller: Thread, params: int) -> int:
    """Start a process that shares regions of the caller, copy-on-write; returns its pid.

    The checks come in STAGE3's order. Where STAGE3 checks too little (a class
    above 3, a stack that wraps or is smaller than its values, an entry or stack
    outside the user half) we answer BADARGS instead of making a broken process.

    Raises:
        SyscallError(BADARGS): a field that makes no process, or a pointer that is out of reach.
        SyscallError(FAILURE): no memory; nothing is left behind.
    """
    parent = caller.process
    require_user(params)
    require_user(params + _PARAMS_BYTES)
    block = parent.space.load(params, _PARAMS_BYTES)
    if block is None:
        raise SyscallError(Status.BADARGS)
    (entry, stack_base, stack_bytes, region_count, thread_class, regions_pointer,
     value_count, values_pointer) = _PARAMS.unpack(block)  # fmt: skip
    stack_top = stack_base + stack_bytes & MASK64
    if stack_base >= KERNEL_BEGIN or stack_top >= KERNEL_BEGIN or value_count > STACK_VALUES_MAX:
        raise SyscallError(Status.BADARGS)
    if value_count * 8 > (stack_bytes - 1024) & MASK64 or region_count > REGIONS_MAX:
        raise SyscallError(Status.BADARGS)
    regions = _load_regions(parent, regions_pointer, region_count)
    values = parent.space.load(values_pointer, value_count * 8) if value_count else b""
    if values is None or thread_class > ThreadClass.REALTIME or entry >= USER_END:
        raise SyscallError(Status.BADARGS)
    if not value_count * 8 <= stack_bytes <= USER_END or stack_base + stack_bytes > USER_END:
        raise SyscallError(Status.BADARGS)
    try:
        child = lifecycle.new_process(kernel, parent)
    except OutOfFrames:
        raise SyscallError(Status.FAILURE) from None
    child.thread_class = thread_class
    try:
        for start, size_bytes in regions:
            lifecycle.copy_region(
                parent, child, start, size_bytes, kernel.policy.parent_keeps_writing
            )
        stack_pointer = _build_stack(kernel, caller, child, stack_base, stack_bytes, values)
    except OutOfFrames:
        lifecycle.end_process(kernel, child, "no memory")
        raise SyscallError(Status.FAILURE) from None
    lifecycle.start(kernel, child, entry, stack_pointer)
    return child.pid


def _load_regions(parent: Process, pointer: int, count: int) -> list[tuple[int, int]]:
    if not count:
        return []
    table = parent.space.load(pointer, count * 16)
    if table is None:
        raise SyscallError(Status.BADARGS)
    regions = list(struct.iter_unpack("<QQ", table))
    for start, size_bytes in regions:
        if (start | size_bytes) & PAGE_OFFSET or start >= USER_END:
            raise SyscallError(Status.BADARGS)
        if start + size_bytes > USER_END:
            raise SyscallError(Status.BADARGS)
    return regions


def _build_stack(
    kernel: Kernel, caller: Thread, child: Process, base: int, size_bytes: int, values: bytes
) -> int:
    """Map a child's stack and write its first values at the top; returns its stack pointer."""
    top = base + size_bytes
    first_page = base & ~PAGE_OFFSET
    mapped_bytes = (top - first_page + PAGE_OFFSET) & ~PAGE_OFFSET
    if mapped_bytes:
        child.space.map_zero(first_page, mapped_bytes, MapFlags.READ | MapFlags.WRITE)
    words = [
        kernel.policy.stack_word(caller, child, word)
        for (word,) in struct.iter_unpack("<Q", values)
    ]
    stack_pointer = top - len(values)
    if not child.space.store(stack_pointer, struct.pack(f"<{len(words)}Q", *words)):
        raise OutOfFrames
    return stack_pointer
