"""Events as lines of JSON, for scripts: beside a number that stands for a name is the name."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TextIO

from anos_sim.stage3.events import FIELDS, Event, EventKind

from .names import Names, arguments_of, status_name

PS_PER_NS = 1000
_PIDS = ("holder", "new_holder", "owner")


class JsonLines:
    """Writes one object a line to a file."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._names = Names()

    def hear(self, events: Iterable[Event]) -> None:
        """Take a batch of events."""
        for event in events:
            self._names.hear(event)
            self._file.write(json.dumps(self.describe(event)) + "\n")

    def describe(self, event: Event) -> dict[str, object]:
        """An event as plain data. Numbers that people read in hexadecimal are such strings."""
        described: dict[str, object] = {
            "number": event.number,
            "time_ns": event.time_ps / PS_PER_NS,
            "cpu": event.cpu if event.cpu >= 0 else None,
            "pid": event.pid,
            "process": event.process,
            "tid": event.tid,
            "kind": event.kind.label,
        }
        if event.call:
            described["call"] = event.call
        if event.kind == EventKind.SYSCALL:
            described["cookie"] = hex(event.value("cookie"))
            described["arguments"] = {
                name: hex(value) for name, value in arguments_of(event).items()
            }
            return described
        for field, value in zip(FIELDS[event.kind], event.fields, strict=True):
            name = field.name if field.name not in described else f"{field.name}_"
            described[name] = (
                hex(value) if field.show == "hex" and isinstance(value, int) else value
            )
            if isinstance(value, int):
                if name == "channel":
                    described["channel_name"] = self._names.channel(value)
                elif name in _PIDS:
                    described[f"{name}_name"] = self._names.process(value)
                elif name == "status" and event.kind == EventKind.RESULT:
                    described["status_name"] = status_name(value)
        return described
