"""Calls 85, 89 and 90: protection, and memory that processes share (ours)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anos_sim.hw.memory import FRAME_SHIFT

from . import memory_object, protection
from .abi import PAGE_BYTES, USER_END, MapFlags, Rights, Status, Sysno
from .errors import OutOfFrames, SyscallError
from .memory_object import MemoryObject
from .objects import MEMORY_RIGHTS
from .sys_capability import find_object
from .syscall import syscall

if TYPE_CHECKING:
    from .kernel import Kernel
    from .thread import Thread

PAGE_OFFSET = PAGE_BYTES - 1
NEEDED = {MapFlags.WRITE: Rights.WRITE, MapFlags.EXEC: Rights.EXEC}


def _require_pages(base: int, size_bytes: int) -> None:
    """Refuse what is no range of whole pages in the user half."""
    if (base | size_bytes) & PAGE_OFFSET or not size_bytes or base + size_bytes > USER_END:
        raise SyscallError(Status.BADARGS)


@syscall(Sysno.PROTECT)
def protect(kernel: Kernel, caller: Thread, size_bytes: int, base: int, flags: int) -> int:
    """Change the protection of the caller's pages, of all of them or of none.

    Raises:
        SyscallError(BADARGS): unaligned, empty, not the user half, or unknown flags.
        SyscallError(FAILURE): a page is not mapped, was brought by a message, or may not be had
            so by the caller's rights; WRITE with EXEC under `derived`; no memory for the tables.
    """
    _require_pages(base, size_bytes)
    if flags & ~protection.KNOWN_FLAGS:
        raise SyscallError(Status.BADARGS)
    any_physical = kernel.policy.any_physical
    protection.protect(caller.process, base, size_bytes, flags, any_physical)
    return 0


@syscall(Sysno.CREATE_MEMORY)
def create_memory(kernel: Kernel, caller: Thread, size_bytes: int) -> int:
    """Make a memory object; its creator holds every right to it.

    Raises:
        SyscallError(BADARGS): no whole pages.
        SyscallError(FAILURE): there is not so much memory.
    """
    if not size_bytes or size_bytes & PAGE_OFFSET:
        raise SyscallError(Status.BADARGS)
    try:
        made = memory_object.create(kernel.next_object, kernel.physical, size_bytes >> FRAME_SHIFT)
    except OutOfFrames:
        raise SyscallError(Status.FAILURE) from None
    kernel.next_object += 1
    return kernel.policy.created(caller.process, made, MEMORY_RIGHTS, "create_memory", caller)


@syscall(Sysno.MAP_MEMORY)
def map_memory(
    kernel: Kernel,
    caller: Thread,
    cookie: int,
    base: int,
    offset: int,
    size_bytes: int,
    flags: int,
) -> int:
    """Map part of a memory object over whatever is at `base`.

    Raises:
        SyscallError(BADARGS): unaligned, empty, or not the user half.
        SyscallError(FAILURE): no such object, no such part of it, or no memory for the tables.
        SyscallError(INCAPABLE): no right to use it so.
    """
    _require_pages(base, size_bytes)
    if offset & PAGE_OFFSET:
        raise SyscallError(Status.BADARGS)
    held, target = find_object(kernel, caller, cookie, MemoryObject, Rights.READ)
    rights = Rights.READ
    for flag, right in NEEDED.items():
        if flags & flag:
            rights |= right
    if rights & ~held.rights:
        raise SyscallError(Status.INCAPABLE)
    if offset + size_bytes > target.extent[1]:
        raise SyscallError(Status.FAILURE)
    caller.process.maps_by_right = True
    try:
        target.map(caller.process.space, base, offset, size_bytes, flags)
    except OutOfFrames:
        raise SyscallError(Status.FAILURE) from None
    kernel.used(caller, held, rights)
    return 0
