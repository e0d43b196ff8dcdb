"""Changing the protection of pages that are mapped already.

Not only present pages can be protected: so can those of an AUTOMAP region that
have not appeared yet. They get the zero page with the new protection, which
costs no frame; what is to be readable and writable can as well stay away.

A page with no protection at all keeps its frame; its entry lacks the USER bit.
"""

from __future__ import annotations

from .abi import PAGE_BYTES, MapFlags, Status
from .address_space import AddressSpace
from .errors import OutOfFrames, SyscallError
from .mapping import BY_RIGHT, allowed
from .physical import ACCESSED, COW, FRAME_MASK, NO_EXECUTE, NOCACHE, PRESENT, WRITE
from .process import Process

KNOWN_FLAGS = int(MapFlags.READ | MapFlags.WRITE | MapFlags.EXEC)
MAP_WRITE, MAP_EXEC = int(MapFlags.WRITE), int(MapFlags.EXEC)


def protect(process: Process, base: int, size_bytes: int, flags: int, any_physical: bool) -> None:
    """Give the pages of a range a protection, all of them or none.

    Raises:
        SyscallError(FAILURE): a page is not mapped, or may not be had so.
    """
    space = process.space
    end = base + size_bytes
    if flags & MAP_WRITE and flags & MAP_EXEC and not space.execute_everywhere:
        raise SyscallError(Status.FAILURE)
    if any(base <= page < end for page in space.windows):
        raise SyscallError(Status.FAILURE)
    pages = list(space.mappings(base, end))
    gaps = _gaps([address for address, _ in pages], base, end)
    if not all(space.regions.automaps(start, stop) for start, stop in gaps):
        raise SyscallError(Status.FAILURE)
    changes = [(address, _protected(space, entry, flags)) for address, entry in pages]
    if not any_physical and any(entry & BY_RIGHT for _, entry in changes):
        is_allowed = allowed(process)
        if not all(is_allowed(entry) for _, entry in changes if entry & BY_RIGHT):
            raise SyscallError(Status.FAILURE)
    if flags & ~int(MapFlags.READ) == MAP_WRITE:
        gaps = []  # they appear so by themselves
    try:
        for start, stop in gaps:
            space.reserve(start, stop - start)
    except OutOfFrames:
        raise SyscallError(Status.FAILURE) from None
    for start, stop in gaps:
        space.fill(start, stop - start, _protected(space, space.physical.zero_address, flags))
    for (address, before), (_, entry) in zip(pages, changes, strict=True):
        if before & ~ACCESSED != entry:
            space.set_entry(address, entry)


def _gaps(present: list[int], base: int, end: int) -> list[tuple[int, int]]:
    """The parts of a range between its present pages."""
    gaps = []
    for address in [*present, end]:
        if base < address:
            gaps.append((base, address))
        base = address + PAGE_BYTES
    return gaps


def _protected(space: AddressSpace, entry: int, flags: int) -> int:
    """A page's entry with another protection. What was not writable becomes copy-on-write."""
    kept = entry & (FRAME_MASK | NOCACHE | BY_RIGHT)
    if not flags:
        return kept | PRESENT | NO_EXECUTE
    bits = space.protection(flags)
    if bits & WRITE and not entry & (WRITE | BY_RIGHT):
        bits = bits & ~WRITE | COW
    return kept | bits
