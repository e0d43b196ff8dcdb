"""One file read of a real boot, as docs/tour.md shows it.

What changes with every build (physical pages, message numbers) gets a name in the
order of its appearance, cookies are left out, so that the trace is about what happens
and in which order.
"""

from __future__ import annotations

import re

from anos_sim.stage3 import event_text
from anos_sim.stage3.events import Event, EventKind

READ_TAG = 0x6F
SHOWN = {
    EventKind.SEND,
    EventKind.RECEIVE,
    EventKind.REPLY,
    EventKind.DEVICE,
    EventKind.COMMAND,
    EventKind.DMA,
    EventKind.INTERRUPT,
    EventKind.SWITCH,
}
MEMORY_END = 0x1000_0000
_NUMBER = re.compile(r"0x[0-9a-f]+")
_MESSAGE = re.compile(r"message (\d+)")
_COOKIE = re.compile(r" cookie 0x[0-9a-f]+")


def one_file_read(events: list[Event]) -> list[str]:
    """The lines from the shell's first READ to the moment it runs again with the answer."""
    begin = next(
        number
        for number, event in enumerate(events)
        if event.process == "shell"
        and event.kind is EventKind.SEND
        and event.value("tag") == READ_TAG
    )
    end = next(
        number
        for number in range(begin, len(events))
        if events[number].process == "shell" and events[number].kind is EventKind.SWITCH
    )
    shown = [event for event in events[begin : end + 1] if event.kind in SHOWN]
    return Names().lines(shown)


class Names:
    """Names for pages and messages, by first appearance."""

    def __init__(self) -> None:
        self._pages: dict[int, str] = {}
        self._messages: dict[str, str] = {}

    def lines(self, events: list[Event]) -> list[str]:
        """One line an event: process, kind, detail."""
        return [f"{e.process:<9} {e.kind.label:<10} {self._detail(e)}".rstrip() for e in events]

    def _detail(self, event: Event) -> str:
        detail = _COOKIE.sub("", _MESSAGE.sub(self._message, event_text.detail(event)))
        if event.kind is EventKind.DEVICE:
            return detail
        return _NUMBER.sub(self._number, detail)

    def _message(self, match: re.Match[str]) -> str:
        name = self._messages.setdefault(match[1], str(len(self._messages) + 1))
        return f"message {name}"

    def _number(self, match: re.Match[str]) -> str:
        value = int(match[0], 16)
        if not 0x10_0000 <= value < MEMORY_END:
            return match[0]
        page, offset = value & ~0xFFF, value & 0xFFF
        name = self._pages.setdefault(page, "ABCDEFGHIJKLMNOP"[len(self._pages)])
        return f"{name}.{offset:#x}" if offset else name
