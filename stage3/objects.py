"""Kernel objects: what capabilities are rights to.

Channels, processes, notifications, memory objects and interrupt vectors have
files of their own; here are what all of them share, and those that are nothing
but a name: system calls and ranges.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import attrs

from .abi import CALLS, ObjectKind, Rights, Sysno

if TYPE_CHECKING:
    from .capability import Capability

CALLS_BY_NUMBER = {call.number: call for call in CALLS}
Handler = Callable[..., "int | None"]

# What the maker of an object may do with it.
CHANNEL_RIGHTS = Rights.SEND | Rights.RECEIVE | Rights.NAME | Rights.DESTROY | Rights.GRANT
PROCESS_RIGHTS = Rights.OBSERVE | Rights.KILL | Rights.REVOKE | Rights.GRANT
DEVICE_RIGHTS = Rights.READ | Rights.WRITE | Rights.GRANT
MEMORY_RIGHTS = DEVICE_RIGHTS | Rights.EXEC
VECTOR_RIGHTS = Rights.RECEIVE | Rights.GRANT
NOTIFICATION_RIGHTS = Rights.SEND | Rights.RECEIVE | Rights.GRANT


@attrs.define(eq=False)
class KernelObject:
    """Something that capabilities are rights to.

    `first` is the capability it was made with: all others descend from that one,
    so an object ends by ending that subtree. `capability_count` counts the living
    ones, `receiver_count` those of them that allow RECEIVE.
    """

    first: Capability | None = attrs.field(default=None, init=False, repr=False)
    capability_count: int = attrs.field(default=0, init=False, repr=False)
    receiver_count: int = attrs.field(default=0, init=False, repr=False)

    @property
    def identity(self) -> tuple[ObjectKind, int]:
        """What it is, and its number among its kind."""
        raise NotImplementedError

    @property
    def extent(self) -> tuple[int, int]:
        """Start and size of a range, (0, 0) of anything else."""
        return 0, 0


@attrs.define(eq=False)
class SystemCall(KernelObject):
    """A call as an object: holding a capability to it allows making the call."""

    number: Sysno
    handler: Handler = attrs.field(repr=False)
    name: str = attrs.field(init=False)
    arity: int = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        call = CALLS_BY_NUMBER[self.number]
        self.name = call.symbol.removeprefix("anos_")
        self.arity = len(call.arguments)

    def show(self, arguments: Sequence[int]) -> str:
        """A call as C would write it, with as many arguments as it has."""
        return f"{self.name}({', '.join(map(hex, arguments[: self.arity]))})"

    @property
    def identity(self) -> tuple[ObjectKind, int]:
        """Its call id."""
        return ObjectKind.CALL, int(self.number)

    def __str__(self) -> str:
        return f"call {self.name}"


@attrs.define(eq=False)
class PhysicalRange(KernelObject):
    """Physical addresses `start` to `end` (exclusive): RAM given to a driver, or registers."""

    start: int
    end: int

    def part(self, start: int, size_bytes: int) -> PhysicalRange | None:
        """The range within this one; None if it is not, or is not of whole pages."""
        if (start | size_bytes) & 0xFFF or not size_bytes:
            return None
        inside = self.start <= start and start + size_bytes <= self.end
        return PhysicalRange(start, start + size_bytes) if inside else None

    @property
    def identity(self) -> tuple[ObjectKind, int]:
        """The number of its first page."""
        return ObjectKind.PHYSICAL, self.start >> 12

    @property
    def extent(self) -> tuple[int, int]:
        """Address and bytes."""
        return self.start, self.end - self.start

    def __str__(self) -> str:
        return f"memory {self.start:#x}-{self.end - 1:#x}"


@attrs.define(eq=False)
class VectorRange(KernelObject):
    """Interrupt vectors `start` to `end` (exclusive) that may be allocated."""

    start: int
    end: int

    def part(self, start: int, count: int) -> VectorRange | None:
        """The range within this one; None if it is not."""
        inside = count and self.start <= start and start + count <= self.end
        return VectorRange(start, start + count) if inside else None

    @property
    def identity(self) -> tuple[ObjectKind, int]:
        """Its first vector."""
        return ObjectKind.VECTORS, self.start

    @property
    def extent(self) -> tuple[int, int]:
        """First vector and how many."""
        return self.start, self.end - self.start

    def __str__(self) -> str:
        return f"vectors {self.start:#x}-{self.end - 1:#x}"
