"""Changing the protection of pages that are mapped already.

Not only present pages can be protected: so can those of an AUTOMAP region that
have not appeared yet. They get the zero page with the new protection, which
costs no frame; what is to be readable and writable can as well stay away.

A page with no protection at all keeps its frame; its entry lacks the user bit.
"""

from __future__ import annotations

from collections.abc import Iterator

from .abi import PAGE_BYTES, MapFlags, Status
from .address_space import AddressSpace
from .errors import OutOfFrames, SyscallError
from .mapping import allowed
from .process import Process

KNOWN_FLAGS = int(MapFlags.READ | MapFlags.WRITE | MapFlags.EXEC)
MAP_WRITE, MAP_EXEC = int(MapFlags.WRITE), int(MapFlags.EXEC)

Tables = list[tuple[int, list[int]]]


def protect(process: Process, base: int, size_bytes: int, flags: int, any_physical: bool) -> None:
    """Give the pages of a range a protection, all of them or none.

    Raises:
        SyscallError(FAILURE): a page is not mapped, or may not be had so.
    """
    space = process.space
    by_right, accessed = space.bits.by_right, space.bits.accessed
    end = base + size_bytes
    if flags & MAP_WRITE and flags & MAP_EXEC and not space.execute_everywhere:
        raise SyscallError(Status.FAILURE)
    if any(base <= page < end for page in space.windows):
        raise SyscallError(Status.FAILURE)
    tables = list(space.tables(base, size_bytes))
    gaps = list(_gaps(tables, base, end))
    if not all(space.regions.automaps(start, stop) for start, stop in gaps):
        raise SyscallError(Status.FAILURE)
    present = {entry for _, entries in tables for entry in entries if entry}
    changed = {entry: _protected(space, entry, flags) for entry in present}
    if not any_physical and any(entry & by_right for entry in present):
        is_allowed = allowed(process)
        if not all(is_allowed(entry) for entry in changed.values() if entry & by_right):
            raise SyscallError(Status.FAILURE)
    changed[0] = 0  # what is readable and writable appears so by itself
    zero = space.physical.zero_frame
    if gaps and flags & ~int(MapFlags.READ) != MAP_WRITE:
        changed[0] = _protected(space, zero << space.bits.frame_shift, flags)
        try:
            space.reserve(base, size_bytes)
        except OutOfFrames:
            raise SyscallError(Status.FAILURE) from None
    for address, entries in space.tables(base, size_bytes):
        space.put(address, [changed[entry] for entry in entries])
    if any(before & accessed and before != now for before, now in changed.items()):
        space.flush()


def _gaps(tables: Tables, base: int, end: int) -> Iterator[tuple[int, int]]:
    """The parts of a range between its present pages."""
    for address, entries in tables:
        if not any(entries):
            continue
        if base == address and 0 not in entries:
            base += len(entries) * PAGE_BYTES
            continue
        for page, entry in enumerate(entries, address // PAGE_BYTES):
            if entry:
                if base < page * PAGE_BYTES:
                    yield base, page * PAGE_BYTES
                base = (page + 1) * PAGE_BYTES
    if base < end:
        yield base, end


def _protected(space: AddressSpace, entry: int, flags: int) -> int:
    """A page's entry with another protection. What was not writable becomes copy-on-write."""
    kinds = space.bits
    kept = entry & (kinds.frame_mask | kinds.no_cache | kinds.by_right)
    if not flags:
        return kept | kinds.present | kinds.no_execute
    bits = space.protection(flags)
    if bits & kinds.write and not entry & (kinds.write | kinds.by_right):
        bits = bits & ~kinds.write | kinds.cow
    accessed = kinds.accessed
    return kept | bits | (entry & accessed if entry & ~accessed == kept | bits else 0)
