"""Calls 4, 7, 17 to 19, 21 and 22: memory (anos-abi 1.8 and 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anos_sim.hw.memory import FRAME_SHIFT
from anos_sim.hw.vcpu import MAY_RUN

from . import devices
from .abi import PAGE_BYTES, PHYSICAL_END, REGION_END, USER_END, Status, Sysno
from .errors import OutOfFrames, SyscallError
from .events import EventKind
from .objects import MEMORY_RIGHTS, PhysicalRange
from .syscall import is_user, round_up, syscall

if TYPE_CHECKING:
    from .kernel import Kernel
    from .thread import Thread

PAGE_OFFSET = PAGE_BYTES - 1
MASK64 = 0xFFFF_FFFF_FFFF_FFFF


@syscall(Sysno.MEMSTATS)
def get_mem_info(kernel: Kernel, caller: Thread, info: int) -> int:
    """Write total and free bytes of managed memory.

    Raises:
        SyscallError(BADARGS): the caller may not write 16 bytes there.
    """
    space = caller.process.space
    frames = kernel.frames
    total, free = frames.total_count << FRAME_SHIFT, frames.free_count << FRAME_SHIFT
    slot = space.word_slot(info)
    if slot >= 0 and slot & 511 != 511 and not space.physical.uses[slot >> 9] & MAY_RUN:
        words = space.physical.words
        words[slot] = total
        words[slot + 1] = free
        return 0
    if not space.store(info, total.to_bytes(8, "little") + free.to_bytes(8, "little")):
        raise SyscallError(Status.BADARGS)
    return 0


@syscall(Sysno.MAP_VIRTUAL)
def map_virtual(kernel: Kernel, caller: Thread, size_bytes: int, base: int, flags: int) -> int:
    """Map zeroed pages over whatever is there; returns the base, rounded up.

    Raises:
        SyscallError(BADARGS): nothing to map, or a range that leaves the user half.
        SyscallError(FAILURE): no memory for the tables; nothing has changed.
    """
    if not size_bytes:
        raise SyscallError(Status.BADARGS)
    size_bytes, base = round_up(size_bytes), round_up(base)
    if not is_user(base) or not is_user(base + size_bytes & MASK64) or not size_bytes:
        raise SyscallError(Status.BADARGS)
    try:
        caller.process.space.map_zero(base, size_bytes, flags)
    except OutOfFrames:
        raise SyscallError(Status.FAILURE) from None
    return base


@syscall(Sysno.UNMAP_VIRTUAL)
def unmap_virtual(kernel: Kernel, caller: Thread, size_bytes: int, base: int) -> int:
    """Unmap pages, mapped or not. Frames that nobody else references are freed.

    Raises:
        SyscallError(BADARGS): an end that is no user address.
    """
    size_bytes, base = round_up(size_bytes), round_up(base)
    if not is_user(base) or not is_user(base + size_bytes & MASK64):
        raise SyscallError(Status.BADARGS)
    if base + size_bytes <= USER_END:
        caller.process.space.unmap(base, size_bytes)
    return 0


@syscall(Sysno.CREATE_REGION)
def create_region(kernel: Kernel, caller: Thread, start: int, end: int, flags: int) -> int:
    """Add a region of addresses.

    Raises:
        SyscallError(BADARGS): unaligned, empty, or beyond 2^63.
    """
    if (start | end) & PAGE_OFFSET or end <= start or start >= REGION_END or end > REGION_END:
        raise SyscallError(Status.BADARGS)
    caller.process.space.regions.create(start, end, flags)
    return 0


@syscall(Sysno.DESTROY_REGION)
def destroy_region(kernel: Kernel, caller: Thread, start: int) -> int:
    """Forget the region with this start, if there is one. Its pages stay.

    Raises:
        SyscallError(BADARGS): unaligned, or beyond 2^63.
    """
    if start & PAGE_OFFSET or start >= REGION_END:
        raise SyscallError(Status.BADARGS)
    caller.process.space.regions.destroy(start)
    return 0


@syscall(Sysno.MAP_PHYSICAL)
def map_physical(
    kernel: Kernel, caller: Thread, physical: int, base: int, size_bytes: int, flags: int
) -> int:
    """Map frames or device registers by physical address, over whatever is there.

    Raises:
        SyscallError(BADARGS): unaligned, not the user half, or memory that is
            the kernel's or, under `derived`, not in a range that the caller holds.
        SyscallError(INCAPABLE): it holds the range, but not for that use.
        SyscallError(FAILURE): no memory for the tables; nothing has changed.
    """
    last = base + size_bytes - 1
    if (
        not is_user(base)
        or (base | physical | size_bytes) & PAGE_OFFSET
        or not is_user(last & MASK64)
    ):
        raise SyscallError(Status.BADARGS)
    if not size_bytes:
        return 0
    if last >= USER_END or not _may_map(kernel, caller, physical, size_bytes, flags):
        raise SyscallError(Status.BADARGS)
    process = caller.process
    space = process.space
    try:
        space.reserve(base, size_bytes)
    except OutOfFrames:
        raise SyscallError(Status.FAILURE) from None
    process.maps_by_right = True
    kinds = space.bits
    bits = space.protection(flags) | kinds.user
    space.unmap(base, size_bytes)
    frames = kernel.frames
    for offset in range(0, size_bytes, PAGE_BYTES):
        frame = physical + offset >> FRAME_SHIFT
        entry = frame << kinds.frame_shift | bits
        if frames.is_managed(frame):
            frames.reference(frame)
            space.set_entry(base + offset, entry | kinds.shared)
        else:
            space.set_entry(base + offset, entry | kinds.device)
    if not kernel.memory.begin <= physical < kernel.memory.end:
        devices.note_mapping(kernel, process, physical, size_bytes)
    if kernel.events is not None:
        kernel.emit(EventKind.MAPPED, caller, base, physical, size_bytes)
    return 0


def _may_map(kernel: Kernel, caller: Thread, physical: int, size_bytes: int, flags: int) -> bool:
    """The kernel's RAM and the zero page are nobody's; all else is the policy's to say."""
    memory = kernel.memory
    end = physical + size_bytes
    if end > PHYSICAL_END:
        return False
    if physical < memory.end and end > memory.begin:
        if physical < memory.begin or end > memory.kernel_begin:
            return False
        if physical <= kernel.physical.zero_address < end:
            return False
    return kernel.policy.physical(caller, physical, size_bytes, flags)


@syscall(Sysno.ALLOC_PHYSICAL_PAGES)
def alloc_physical_pages(kernel: Kernel, caller: Thread, size_bytes: int) -> int:
    """Allocate contiguous frames, the caller's until it ends; returns their address.

    Raises:
        SyscallError(BADARGS): no whole pages.
        SyscallError(FAILURE): no run is long enough (STAGE3 answers OK and 0xFF: anos-abi 5.3).
    """
    if not size_bytes or size_bytes & PAGE_OFFSET:
        raise SyscallError(Status.BADARGS)
    count = size_bytes >> FRAME_SHIFT
    try:
        first = kernel.frames.allocate_run(count)
    except OutOfFrames:
        raise SyscallError(Status.FAILURE) from None
    process = caller.process
    process.dma_runs.append((first, count))
    frames = PhysicalRange(first << FRAME_SHIFT, (first + count) << FRAME_SHIFT)
    process.dma_ranges.append(frames)
    kernel.policy.created(process, frames, MEMORY_RIGHTS, "alloc_physical_pages", caller)
    return first << FRAME_SHIFT
