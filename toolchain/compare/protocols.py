"""Where our protocols have numbers that are a run's own in their messages (docs/protocols.md)."""

from __future__ import annotations

from collections.abc import Callable

import attrs

TIMES, CHANNELS, PROCESSES = "times", "channel numbers", "pids"
SLOTS = "parts of device memory"
"""A set of the slots 64 to 127."""


@attrs.frozen
class Field:
    """A number of 64 bits in every record of an answer, and what it is; all else in bytes."""

    kind: str
    begin: int
    record: int
    at: int

    def is_at(self, place: int) -> bool:
        """Is it at this place of the answer?"""
        return place >= self.begin and (place - self.begin) % self.record == self.at


VFS_LIST, PROCESS_LIST = 4, 3
ANSWERS = {
    ("SYSTEM::VFS", VFS_LIST): (Field(CHANNELS, begin=8, record=40, at=32),),
    ("SYSTEM::PROCESS", PROCESS_LIST): (
        Field(PROCESSES, begin=16, record=136, at=0),
        Field(TIMES, begin=16, record=136, at=8),
        Field(SLOTS, begin=16, record=136, at=32),
    ),
}
"""By channel and tag: struct vfs_entry, struct process_entry."""


def fields_in(channel: str, tag: int, is_answer: bool) -> Callable[[int], str]:
    """Says of places in a message or its answer what number is there; empty if not known."""
    fields = ANSWERS.get((channel, tag), ()) if is_answer else ()
    return lambda place: next((field.kind for field in fields if field.is_at(place)), "")
