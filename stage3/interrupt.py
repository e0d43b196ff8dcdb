"""Interrupt vectors: message-signalled interrupts and the threads that wait for them."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import attrs

from .abi import (
    INTERRUPT_QUEUE_MAX,
    INTERRUPT_SLOW_TICKS,
    MSI_FIRST,
    MSI_LAST,
    SLOW_VECTOR,
    ObjectKind,
)
from .objects import KernelObject

if TYPE_CHECKING:
    from .process import Process
    from .thread import Thread


@attrs.define(eq=False)
class InterruptVector(KernelObject):
    """One vector of one process.

    Up to four events wait while nobody does. When one is dropped and more than
    100 ticks have passed since the last one was queued, its owner is a `slow`
    consumer for ever (anos-abi 7.2). Several threads may wait, in order; STAGE3
    forgets all but the last (anos-abi 13.7 calls waking them an improvement).
    """

    number: int
    owner: Process
    bdf: int
    address: int
    events: deque[int] = attrs.field(factory=deque, repr=False)
    waiting: deque[tuple[Thread, int]] = attrs.field(factory=deque, repr=False)
    queued_tick: int = 0
    slow: bool = False
    count: int = 0
    dropped: int = 0

    @property
    def identity(self) -> tuple[ObjectKind, int]:
        """Its number."""
        return ObjectKind.VECTOR, self.number

    def __str__(self) -> str:
        return f"vector {self.number:#x}"

    def queue(self, event: int, tick: int) -> None:
        """Keep an event that nobody waits for, or drop it."""
        if len(self.events) < INTERRUPT_QUEUE_MAX:
            self.events.append(event)
            self.queued_tick = tick
            return
        self.dropped += 1
        if tick - self.queued_tick > INTERRUPT_SLOW_TICKS:
            self.slow = True


class VectorTable:
    """The 160 MSI vectors, handed out round robin; 0x69 is a system call and never is."""

    def __init__(self) -> None:
        self._vectors: dict[int, InterruptVector] = {}
        self._next = MSI_FIRST

    def allocate(
        self, owner: Process, bdf: int, address_of_index: list[int], ranges: list[tuple[int, int]]
    ) -> InterruptVector | None:
        """Take the next free vector of some ranges; None if all are in use.

        `address_of_index` has the MSI address of each CPU; vectors go around them.
        """
        for offset in range(MSI_LAST - MSI_FIRST + 1):
            number = MSI_FIRST + (self._next - MSI_FIRST + offset) % (MSI_LAST - MSI_FIRST + 1)
            if number == SLOW_VECTOR or number in self._vectors:
                continue
            if any(first <= number < end for first, end in ranges):
                index = number - MSI_FIRST
                address = address_of_index[index % len(address_of_index)]
                vector = InterruptVector(number, owner, bdf, address)
                self._vectors[number] = vector
                self._next = number + 1 if number < MSI_LAST else MSI_FIRST
                return vector
        return None

    def find(self, number: int) -> InterruptVector | None:
        """Who has a vector."""
        return self._vectors.get(number)

    def release(self, vector: InterruptVector) -> None:
        """Free a vector."""
        self._vectors.pop(vector.number, None)

    def all(self) -> list[InterruptVector]:
        """Vectors in use, lowest first."""
        return [self._vectors[number] for number in sorted(self._vectors)]
