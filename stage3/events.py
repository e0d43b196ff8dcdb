"""What the kernel decided, as it happens: who, what, why and when.

`KINDS` is the one table of what can happen. Nothing is recorded unless a
`Recorder` is attached; a run is the same with and without one.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class EventKind(IntEnum):
    """What can happen; the numbers are those of the file."""

    SYSCALL = 4
    RESULT = 5
    SWITCH = 6
    WAKE = 7
    BLOCK = 8
    SEND = 9
    RECEIVE = 10
    REPLY = 11
    UNANSWERED = 12
    CAPABILITY = 13
    MOVED = 14
    USED = 15
    REFUSED = 16
    REVOKED = 17
    DROPPED = 18
    PAGE_FAULT = 19
    FAULT = 20
    MAPPED = 21
    INTERRUPT = 22
    DEVICE = 23
    COMMAND = 24
    DMA = 25
    PROCESS_START = 26
    PROCESS_END = 27
    THREAD_START = 28
    THREAD_END = 29
    LOG = 30
    SIGNAL = 31
    WAIT = 32
    INPUT = 33
    NAMED = 34
    FRAMES = 35
    HELD = 36
    REBOOT = 37

    @property
    def label(self) -> str:
        """Its name in text: `page-fault`."""
        return self.name.lower().replace("_", "-")


class Field(NamedTuple):
    """A field's name and how it is shown: number, signed, hex or text."""

    name: str
    show: str = "number"


def _fields(text: str) -> tuple[Field, ...]:
    return tuple(Field(*each.split(":")) for each in text.split())


KINDS: dict[EventKind, tuple[str, tuple[Field, ...]]] = {
    EventKind.SYSCALL: (
        "a thread makes a call; the reader of the stream finds the name",
        _fields("cookie:hex a0:hex a1:hex a2:hex a3:hex a4:hex"),
    ),
    EventKind.RESULT: (
        "a call returns to its thread, just before that goes on",
        _fields("status:signed value:hex"),
    ),
    EventKind.SWITCH: ("a CPU turns to a thread", ()),
    EventKind.WAKE: ("a thread that has waited can run again", ()),
    EventKind.BLOCK: ("a thread waits from here on", _fields("why:text")),
    EventKind.SEND: (
        "a message is sent, under a capability; its thread waits from here on",
        _fields("channel message tag:hex size page:hex cookie:hex badge:hex"),
    ),
    EventKind.RECEIVE: (
        "a message is in its receiver's hands, which may answer it by a cookie",
        _fields("channel message page:hex cookie:hex"),
    ),
    EventKind.REPLY: ("a message is answered", _fields("channel message value:hex")),
    EventKind.UNANSWERED: (
        "a message ends without an answer, or its sender waits for it no longer",
        _fields("channel message"),
    ),
    EventKind.CAPABILITY: (
        "a capability is made: derived from `parent`, or a root (0)",
        _fields("cookie:hex parent:hex holder object:text rights:hex how:text"),
    ),
    EventKind.MOVED: (
        "a capability goes to another process",
        _fields("cookie:hex holder new_cookie:hex new_holder"),
    ),
    EventKind.HELD: (
        "a process starts with a capability that it got while it was built (and had no pid)",
        _fields("cookie:hex holder"),
    ),
    EventKind.USED: (
        "rights are exercised for the first time (a call's is in `syscall`)",
        _fields("cookie:hex holder how:text"),
    ),
    EventKind.REFUSED: (
        "a cookie that is not held is used; `holder` says whose it is",
        _fields("cookie:hex holder:text"),
    ),
    EventKind.REVOKED: ("a capability is taken back", _fields("cookie:hex holder")),
    EventKind.DROPPED: (
        "a capability is given up, or its object ended",
        _fields("cookie:hex holder"),
    ),
    EventKind.PAGE_FAULT: ("a page is provided at its first use", _fields("page:hex entry:hex")),
    EventKind.FAULT: ("a program did what it must not", _fields("cause:text")),
    EventKind.MAPPED: (
        "physical memory or a device's registers are mapped",
        _fields("address:hex physical:hex size:hex"),
    ),
    EventKind.INTERRUPT: ("a device signals a vector", _fields("vector:hex owner")),
    EventKind.DEVICE: (
        "a program accesses a device's register",
        _fields("write address:hex size value:hex"),
    ),
    EventKind.COMMAND: (
        "a drive begins a command (ATA8-ACS, 7)",
        _fields("device:text slot command:hex sector size:hex"),
    ),
    EventKind.DMA: ("a device accesses memory", _fields("write address:hex size:hex")),
    EventKind.PROCESS_START: (
        "a process starts",
        _fields("holder name:text path:text parent"),
    ),
    EventKind.PROCESS_END: (
        "a process ends: exited (with a status), killed or faulted",
        _fields("holder name:text how:text cause:text status:signed"),
    ),
    EventKind.THREAD_START: ("a thread starts", _fields("holder entry:hex class")),
    EventKind.THREAD_END: ("a thread ends", ()),
    EventKind.LOG: ("a process has printed a line", _fields("holder text:text")),
    EventKind.SIGNAL: ("notification bits are set", _fields("object bits:hex")),
    EventKind.WAIT: ("a thread takes notification bits", _fields("object bits:hex")),
    EventKind.INPUT: ("input comes in, as hexadecimal digits", _fields("device:text bytes:text")),
    EventKind.NAMED: ("a channel gets a name", _fields("channel name:text")),
    EventKind.FRAMES: (
        "how many frames are free, after a turn that has changed it",
        _fields("free"),
    ),
    EventKind.REBOOT: (
        "the machine is switched on again: what there was is gone, ids begin anew",
        _fields("cause:text"),
    ),
}
"""By kind: what it means, and its fields. `holder` and `owner` are pids."""

RULES, DELIVERED = 3, 40
"""Records of the stream that the reader makes events of (event_reader.py)."""
FIELDS: dict[int, tuple[Field, ...]] = {int(kind): fields for kind, (_, fields) in KINDS.items()}
_INDEX = {
    kind: {field.name: number for number, field in enumerate(fields)}
    for kind, fields in FIELDS.items()
}


class Event(NamedTuple):
    """One event; `number` counts from 1.

    `cpu` is -1 outside any CPU's turn; pid and tid are 0 for the kernel. `call` is
    the call's name in SYSCALL and RESULT.
    """

    number: int
    time_ps: int
    cpu: int
    pid: int
    process: str
    tid: int
    kind: EventKind
    fields: tuple[int | str, ...]
    call: str = ""

    def value(self, name: str) -> int:
        """A field that is a number, by its name."""
        value = self.fields[_INDEX[self.kind][name]]
        assert isinstance(value, int)
        return value

    def text(self, name: str) -> str:
        """A field that is a text, by its name."""
        return str(self.fields[_INDEX[self.kind][name]])

    def named(self) -> dict[str, int | str]:
        """All fields by name."""
        names = _INDEX[self.kind]
        return dict(zip(names, self.fields, strict=True))

    def line(self) -> str:
        """The event as one line of text: time in ns, CPU, thread, kind, detail."""
        from .event_text import line

        return line(self)
