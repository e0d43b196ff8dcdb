"""What two runs are compared by: who sent what to whom, who holds what, how it ended.

Nothing here has an address, a cookie or a pid as its identity. A process is known by its
program's name and its turn among those of that name below its parent, a thread by its
turn in its process, an object by who made it, for whom, how, and the how-manieth it was.
"""

from __future__ import annotations

from typing import Any

import attrs

Identity = tuple[Any, ...]
"""What an object is: (kind, ...), the same in both runs. Hashable."""
WINDOW_BYTES = 256 << 20
"""Ranges from here on are windows of the board's address map: how large one is, and where in it
something lies, is the board's."""


@attrs.frozen
class Object:
    """What a capability is a right to: an identity, and what it is called in its own run."""

    identity: Identity
    text: str
    start: int = 0
    size: int = 0
    """Of a range of physical memory, in bytes; else 0."""

    @property
    def is_given_in_parts(self) -> bool:
        """Device memory at power-on: one range or several, as RAM lies in the address map."""
        return self.identity == ("memory", "power-on")


@attrs.define(eq=False)
class Held:
    """A capability: its class says what it is, in both runs (`Classes`)."""

    cookie: int
    parent: Held | None
    parent_cookie: int
    holder: int
    object_text: str
    rights: int
    how: str
    actor: int
    time_ps: int
    client: int = 0
    """The thread whose message its actor was serving; 0: none's."""
    alive: bool = True
    target: Object | None = None
    cls: int = 0


class Classes:
    """Numbers for (class of the parent, holder, object, rights, how); shared by both runs."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[Any, ...], int] = {}

    def number(self, *key: Any) -> int:
        """The number of this key, from 1."""
        return self._numbers.setdefault(key, len(self._numbers) + 1)


@attrs.define(eq=False)
class Sent:
    """A message, from its sending to its answer."""

    number: int
    time_ps: int
    sender: int
    channel: int
    tag: int
    size: int
    badge: int
    receiver: int = 0
    fate: str = "open"
    reply: int = 0
    carried: list[Held] = attrs.field(factory=list)
    """Capabilities that came with it, with its answer, or from its sender while it was served."""


@attrs.frozen
class Line:
    """A line of the log, of a thread."""

    time_ps: int
    text: str


@attrs.frozen
class End:
    """How a process ended."""

    time_ps: int
    how: str
    status: int
    cause: str


@attrs.define(eq=False)
class Story:
    """One run. Threads are in the order in which they started."""

    title: str
    arch: str = ""
    policy: str = ""
    cpus: int = 0
    outcome: tuple[int, str] | None = None
    """Status and cause of the run's end, if that is known."""
    was_cut: bool = False
    """The run ended from outside, as by --for: nobody knows what would have come."""
    has_pages: bool = False
    complaint: str = ""
    processes: dict[int, str] = attrs.field(factory=dict)
    threads: dict[int, str] = attrs.field(factory=dict)
    pids: dict[int, int] = attrs.field(factory=dict)
    """The process of each thread."""
    channels: dict[int, Object] = attrs.field(factory=dict)
    channel_names: dict[int, list[str]] = attrs.field(factory=dict)
    held: list[Held] = attrs.field(factory=list)
    cookies: dict[int, tuple[Any, ...]] = attrs.field(factory=dict)
    """What each cookie stands for: a class, or a message."""
    ranges: list[Object] = attrs.field(factory=list)
    messages: list[Sent] = attrs.field(factory=list)
    sequences: dict[str, list[Sent]] = attrs.field(factory=dict)
    lines: dict[str, list[Line]] = attrs.field(factory=dict)
    ends: dict[str, End] = attrs.field(factory=dict)
    pages: dict[tuple[int, bool], bytes] = attrs.field(factory=dict)
    """By message and whether it is the answer's: what was on the page, without zeros at its end."""
    written: dict[int, tuple[int, int]] = attrs.field(factory=dict)
    """By message: the part of its page that whoever answered it has written."""
    sectors: dict[tuple[int, int], bytes] = attrs.field(factory=dict)
    """By disk and sector: what was written last."""

    def process(self, pid: int) -> str:
        """What a process is known by."""
        return self.processes.get(pid, "nobody")

    def channel(self, number: int) -> str:
        """What a channel is called: its first name, or who made it."""
        names = self.channel_names.get(number)
        if names:
            return names[0]
        made = self.channels.get(number)
        return describe(made.identity) if made is not None else "a channel"


def describe(identity: Identity) -> str:
    """An identity in words."""
    kind, *rest = identity
    if kind == "call":
        return f"call {rest[0]}"
    if rest[0] == "power-on":
        return "device memory" if kind == "memory" else f"{kind} of power-on"
    maker, how, of, number = rest[:4]
    origin = f" in {describe(of)}" if of is not None else ""
    nth = f" {number}" if number > 1 else ""
    return f"{kind}{nth} of {maker} ({how}{origin})"
