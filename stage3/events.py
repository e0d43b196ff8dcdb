"""What the kernel decided, as it happens: who, what, why and when.

Nothing is recorded unless an `EventLog` is attached; a run is the same with and
without one.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple


class EventKind(Enum):
    """What can happen."""

    SYSCALL = "syscall"
    RESULT = "result"
    SWITCH = "switch"
    WAKE = "wake"
    SEND = "send"
    RECEIVE = "receive"
    REPLY = "reply"
    CAPABILITY = "capability"
    REFUSED = "refused"
    PAGE_FAULT = "page-fault"
    FAULT = "fault"
    DEVICE = "device"
    DMA = "dma"
    INTERRUPT = "interrupt"
    PROCESS_START = "process-start"
    PROCESS_END = "process-end"
    THREAD_START = "thread-start"
    THREAD_END = "thread-end"
    LOG = "log"


class Event(NamedTuple):
    """One event. `cpu` is -1 outside any CPU's turn; pid and tid are 0 for the kernel."""

    time_ps: int
    cpu: int
    pid: int
    process: str
    tid: int
    kind: EventKind
    detail: str

    def line(self) -> str:
        """The event as one line of text: time in ns, CPU, thread, kind, detail."""
        where = f"cpu{self.cpu}" if self.cpu >= 0 else "-"
        who = f"{self.process}[{self.pid}]/{self.tid}" if self.pid else "kernel"
        return (
            f"{self.time_ps // 1000:>12} {where:<5} {who:<20} {self.kind.value:<13} {self.detail}"
        )


class EventLog:
    """A list of events in memory, and a listener that gets each one at once."""

    def __init__(self, listener: Callable[[Event], None] | None = None, keep: bool = True) -> None:
        self.events: list[Event] = []
        self._listener = listener
        self._keep = keep

    def append(self, event: Event) -> None:
        """Record one."""
        if self._keep:
            self.events.append(event)
        if self._listener is not None:
            self._listener(event)
