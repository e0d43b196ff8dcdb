"""The kernel log: a ring of raw bytes that programs write and read.

Prefixes (time, CPU, process) are the host's: `LogLine`s go to whoever listens,
the ring holds what programs wrote and nothing else.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import attrs

from .abi import LOG_BYTES

if TYPE_CHECKING:
    from .thread import Thread


@attrs.frozen
class LogLine:
    """One line for people: who wrote its last piece, and when. pid 0 is the kernel."""

    time_ps: int
    cpu: int
    pid: int
    process: str
    text: str


@attrs.define(eq=False)
class LogRead:
    """A reader's wait."""

    thread: Thread
    buffer: int
    size_bytes: int


class KernelLog:
    """64 KiB; the oldest bytes are dropped. Several readers compete, in order."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self.waiting: deque[LogRead] = deque()
        self.dropped_bytes = 0

    def __len__(self) -> int:
        return len(self._bytes)

    def write(self, data: bytes) -> None:
        """Append; what does not fit pushes out the oldest."""
        self._bytes += data
        excess = len(self._bytes) - LOG_BYTES
        if excess > 0:
            del self._bytes[:excess]
            self.dropped_bytes += excess

    def peek(self, size_bytes: int) -> bytes:
        """The oldest bytes, at most `size_bytes`; they stay."""
        return bytes(self._bytes[:size_bytes])

    def consume(self, size_bytes: int) -> None:
        """Take out the oldest bytes."""
        del self._bytes[:size_bytes]
