"""What is typed into a run: taken down as it comes, and typed again in a replay.

Input comes in two ways. A script is *pulled*: the console asks for the next line when
the guest raises RTS, so the order alone decides. What a person types is *scheduled*
between two turns of the kernel's loop as an event at a virtual time, so the number of
turns done by then is taken down with that time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any, NamedTuple

SERIAL = "serial"


class Typed(NamedTuple):
    """What a person typed: at which device it arrives, when, and what."""

    device: str
    time_ps: int
    data: bytes


class InputLog:
    """All input of a run so far; `entries` are plain data."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []

    def pulled(self, turn: int, data: bytes, interrupted: bool = False) -> None:
        """The guest has asked for input and got `data`, or Ctrl-C ended the wait for it."""
        if data or interrupted:
            entry = {"turn": turn, "pulled": True, "bytes": data.hex()}
            self.entries.append(entry | ({"interrupted": True} if interrupted else {}))

    def typed(self, turn: int, typed: Typed) -> None:
        """Something was typed after this many turns."""
        self.entries.append(
            {
                "turn": turn,
                "pulled": False,
                "bytes": typed.data.hex(),
                "device": typed.device,
                "time_ps": typed.time_ps,
            }
        )


class InputReplay:
    """Types what an `InputLog` has again."""

    def __init__(self, entries: Iterable[dict[str, Any]]) -> None:
        self._pulled: deque[dict[str, Any]] = deque()
        self._typed: deque[dict[str, Any]] = deque()
        for entry in entries:
            (self._pulled if entry["pulled"] else self._typed).append(entry)

    def pull(self) -> bytes:
        """What the guest got when it asked.

        Raises:
            KeyboardInterrupt: then Ctrl-C was pressed.
        """
        if not self._pulled:
            return b""
        entry = self._pulled.popleft()
        if "interrupted" in entry:
            raise KeyboardInterrupt
        return bytes.fromhex(entry["bytes"])

    def due(self, turn: int) -> list[Typed]:
        """What was typed when so many turns were done."""
        due = []
        while self._typed and self._typed[0]["turn"] <= turn:
            entry = self._typed.popleft()
            due.append(Typed(entry["device"], entry["time_ps"], bytes.fromhex(entry["bytes"])))
        return due

    def turns(self, turn: int, limit: int) -> int:
        """How many turns may follow before something is due again, at most `limit`."""
        return min(limit, self._typed[0]["turn"] - turn) if self._typed else limit
