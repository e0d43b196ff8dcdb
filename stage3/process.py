"""Processes: an address space, threads, and what they hold."""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import TYPE_CHECKING

import attrs

from .abi import ObjectKind, ProcessEnd
from .address_space import AddressSpace
from .objects import KernelObject
from .thread import Thread

if TYPE_CHECKING:
    from anos_sim.hw.pci import Function

    from .capability import Capability
    from .channel import Channel, Message
    from .futex import FutexWait
    from .interrupt import InterruptVector
    from .objects import Handler, PhysicalRange
    from .watch import Watch


class ProcessState(Enum):
    """Built: it has no thread yet and its builder may still map into it."""

    BUILDING = "building"
    ALIVE = "alive"
    DEAD = "dead"


@attrs.define(eq=False)
class Process(KernelObject):
    """A protection domain.

    `capabilities` maps a cookie to what it stands for here. Under `derived` the
    table is the process's own; under `bearer` all processes share one. So it is
    with `calls`, the system calls among them, which makes dispatch one look-up,
    and with `messages`: what was received and not yet answered. `pid` is 0 while
    it is being built: ids go to processes that start.

    When it is dead it holds nothing any more and only tells how it ended, to who
    still has a capability to it.
    """

    pid: int
    space: AddressSpace
    capabilities: dict[int, Capability] = attrs.field(repr=False)
    calls: dict[int, Handler] = attrs.field(repr=False)
    messages: dict[int, Message] = attrs.field(repr=False)
    parent: Process | None = None
    name: str = ""
    path: str = ""
    state: ProcessState = ProcessState.ALIVE
    thread_class: int = 1
    threads: list[Thread] = attrs.field(factory=list, repr=False)
    ranges: dict[Capability, None] = attrs.field(factory=dict, repr=False)
    """Those of its capabilities that are to physical memory, memory objects or vectors."""
    maps_by_right: bool = False
    """Has it ever mapped a page that it would lose with a capability?"""
    receives_on: dict[Channel, None] = attrs.field(factory=dict, repr=False)
    vectors: list[InterruptVector] = attrs.field(factory=list, repr=False)
    dma_runs: list[tuple[int, int]] = attrs.field(factory=list, repr=False)
    """Contiguous frames it allocated: (first frame, count)."""
    dma_ranges: list[PhysicalRange] = attrs.field(factory=list, repr=False)
    """The same as objects, which end with it."""
    futexes: dict[int, deque[FutexWait]] = attrs.field(factory=dict, repr=False)
    """Who waits for a word of its memory, by the word's address."""
    watches: dict[Capability, Watch] = attrs.field(factory=dict, repr=False)
    """Notifications to be signalled when it ends, by the capability to each."""
    made: dict[KernelObject, None] = attrs.field(factory=dict, repr=False)
    """Under `bearer`: objects that end when it ends, or drops them."""
    end: ProcessEnd = ProcessEnd.ALIVE
    status: int = 0
    """Its exit status, once it has exited: 32 bits."""
    end_ps: int = 0
    functions: dict[Function, None] = attrs.field(factory=dict, repr=False)
    """The PCI functions whose registers it has mapped at some time."""
    failures: int = 0
    """Calls without a capability; each one is throttled longer."""
    log_line: bytes = attrs.field(default=b"", repr=False)
    """What it printed since its last newline."""
    symbols_path: str = ""

    def serving(self) -> list[Message]:
        """Messages its threads have received and nobody has answered yet, in order."""
        return [message for message in self.messages.values() if message.receiver is self]

    @property
    def identity(self) -> tuple[ObjectKind, int]:
        """Its pid; 0 while it is being built."""
        return ObjectKind.PROCESS, self.pid

    def __str__(self) -> str:
        return f"{self.name}[{self.pid}]"
