"""What is typed into a run: recorded as it comes, and typed again in a replay.

Input comes in two ways. A script is *pulled*: the console asks for more when the
guest raises RTS, so the order alone decides. What a person types comes *between two
turns* of the kernel's loop, so the number of turns done by then is recorded too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any

from anos_sim.hw.serial import Serial
from anos_sim.stage3.kernel import Kernel


class InputRecorder:
    """Takes down what the serial console receives; `entries` are plain data."""

    def __init__(self, serial: Serial, kernel: Kernel) -> None:
        self.entries: list[dict[str, Any]] = []
        self._kernel = kernel
        serial.input_listeners.append(self._hear)

    def _hear(self, data: bytes) -> None:
        kernel = self._kernel
        pulled = kernel.current is not None
        if data or pulled:
            entry = {"turn": kernel.turns, "pulled": pulled, "bytes": data.hex()}
            if entry["bytes"] or not self.entries or self.entries[-1]["bytes"]:
                self.entries.append(entry)


class InputReplay:
    """Types recorded input again."""

    def __init__(self, entries: Iterable[dict[str, Any]], serial: Serial) -> None:
        self._pulled = deque(bytes.fromhex(each["bytes"]) for each in entries if each["pulled"])
        self._live = deque(
            (each["turn"], bytes.fromhex(each["bytes"])) for each in entries if not each["pulled"]
        )
        self._serial = serial
        serial.source = self._next

    def _next(self) -> bytes:
        return self._pulled.popleft() if self._pulled else b""

    def turns(self, kernel: Kernel, limit: int) -> int:
        """Type what is due; returns how many turns may follow before something is due again."""
        while self._live and self._live[0][0] <= kernel.turns:
            self._serial.receive(self._live.popleft()[1])
        return min(limit, self._live[0][0] - kernel.turns) if self._live else limit
