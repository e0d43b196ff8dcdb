"""What people call processes and channels, learnt from the events themselves."""

from __future__ import annotations

from collections.abc import Iterable

from anos_sim.stage3.abi import CALLS, Status
from anos_sim.stage3.events import Event, EventKind

ARGUMENTS = {
    call.symbol.removeprefix("anos_"): tuple(name for _, name in call.arguments) for call in CALLS
}
"""By call: what its arguments are called."""
STATUSES = {int(status): status.name for status in Status}
_ANY = ("a0", "a1", "a2", "a3", "a4")


def clean(text: str) -> str:
    """A text of a program's as one line that any terminal, file and format can take."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


class Names:
    """Keeps the names that the events so far have told."""

    def __init__(self) -> None:
        self._processes: dict[int, str] = {0: "kernel"}
        self._channels: dict[int, str] = {}

    def hear(self, event: Event) -> None:
        """Learn from an event, if it tells a name."""
        if event.kind == EventKind.NAMED:
            self._channels.setdefault(event.value("channel"), clean(event.text("name")))
        elif event.kind == EventKind.PROCESS_START:
            pid = event.value("holder")
            self._processes[pid] = f"{clean(event.text('name'))}[{pid}]"

    def hear_all(self, events: Iterable[Event]) -> None:
        """Learn from many."""
        for event in events:
            self.hear(event)

    def process(self, pid: int) -> str:
        """`fat32drv[6]`."""
        return self._processes.get(pid, f"[{pid}]")

    def channel(self, number: int) -> str:
        """The first name it was given, or `channel 7`."""
        return self._channels.get(number) or f"channel {number}"


def thread_name(event: Event) -> str:
    """`fat32drv/15`: the thread that an event is of."""
    return f"{event.process}/{event.tid}"


def arguments_of(event: Event) -> dict[str, int]:
    """The arguments of a call, by their names."""
    names = ARGUMENTS.get(event.call, _ANY)
    values = (value for value in event.fields[1:] if isinstance(value, int))
    return dict(zip(names, values, strict=False))


def status_name(status: int) -> str:
    """`OK`, `INCAPABLE`, or the number."""
    return STATUSES.get(status, str(status))
