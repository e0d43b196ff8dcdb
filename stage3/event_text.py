"""Events as text for people: formatted when somebody looks, never when they happen."""

from __future__ import annotations

from collections.abc import Callable

from .abi import CALLS, Status
from .events import FIELDS, Event, EventKind

_ARITY = {call.symbol.removeprefix("anos_"): len(call.arguments) for call in CALLS}
_STATUS = {int(status): status.name for status in Status}
_UNSAID_IF_ZERO = frozenset(("page", "badge", "cookie", "parent"))


def line(event: Event) -> str:
    """Time in ns, CPU, thread, kind, detail."""
    where = f"cpu{event.cpu}" if event.cpu >= 0 else "-"
    who = f"{event.process}[{event.pid}]" if event.pid else "kernel"
    if event.tid:
        who += f"/{event.tid}"
    time_ns = event.time_ps // 1000
    return f"{time_ns:>12} {where:<5} {who:<20} {event.kind.label:<13} {detail(event)}".rstrip()


def detail(event: Event) -> str:
    """The fields of an event."""
    special = _SPECIAL.get(event.kind)
    if special is not None:
        return special(event)
    parts = []
    for field, value in zip(FIELDS[event.kind], event.fields, strict=True):
        if value or field.name not in _UNSAID_IF_ZERO:
            parts.append(
                f"{field.name} {value:#x}" if field.show == "hex" else f"{field.name} {value}"
            )
    return " ".join(parts)


def _call(event: Event) -> str:
    if not event.call:
        return f"no call {event.value('cookie'):#x}"
    arguments = event.fields[1 : 1 + _ARITY.get(event.call, 5)]
    return f"{event.call}({', '.join(f'{value:#x}' for value in arguments)})"


def _result(event: Event) -> str:
    status = event.value("status")
    return f"{event.call} {_STATUS.get(status, status)} {event.value('value'):#x}"


def _device(event: Event) -> str:
    write, address, size, value = event.fields
    return f"{address:#x}:{size} {'<-' if write else '->'} {value:#x}"


def _dma(event: Event) -> str:
    write, address, size = event.fields
    return f"{'write' if write else 'read'} {address:#x}+{size:#x}"


def _command(event: Event) -> str:
    device, slot, command, sector, size = event.fields
    return f"{device}: slot {slot} command {command:#x} sector {sector} size {size:#x}"


def _interrupt(event: Event) -> str:
    return f"vector {event.value('vector'):#x}"


def _log(event: Event) -> str:
    return event.text("text")


_SPECIAL: dict[EventKind, Callable[[Event], str]] = {
    EventKind.SYSCALL: _call,
    EventKind.RESULT: _result,
    EventKind.DEVICE: _device,
    EventKind.DMA: _dma,
    EventKind.COMMAND: _command,
    EventKind.INTERRUPT: _interrupt,
    EventKind.LOG: _log,
}
