"""What is known only from events: who sent to whom, in which message, who used what."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from anos_sim.stage3.event_log import EventLog
from anos_sim.stage3.events import Event, EventKind

from .graph import CarriedMessage, Traffic, Use

if TYPE_CHECKING:
    from anos_sim.stage3.kernel import Kernel

CARRYING = frozenset(("give", "take", "reply_message", "transfer", "move"))
"""How capabilities come that a message carried."""


def listen(kernel: Kernel, hear: Callable[[list[Event]], None]) -> EventLog:
    """Hear a kernel's events from here on, beside whoever else records them."""
    log = kernel.events
    if log is not None:
        log.listen(hear)
        return log
    log = EventLog(keep=False)
    log.listen(hear)
    kernel.record(log)
    return log


class Watch:
    """Listens to a kernel from its boot on and keeps what a capability graph tells.

    Its size grows with processes, channels and capabilities that ever were, not with
    messages.
    """

    def __init__(self, kernel: Kernel) -> None:
        self.processes: dict[int, tuple[str, str]] = {}
        """Name and path by pid, of all that there ever were."""
        self._in_flight: dict[int, CarriedMessage] = {}
        self._at_hand: dict[int, dict[int, CarriedMessage]] = {}
        """By pid: messages that it has sent or received, not yet answered."""
        self._answered: dict[int, CarriedMessage] = {}
        self._carried: dict[int, CarriedMessage] = {}
        self._traffic: dict[tuple[int, int, int], int] = {}
        self._uses: dict[tuple[int, int], int] = {}
        self._call_cookies: dict[int, None] = {}
        self._log = listen(kernel, self.hear)

    def flush(self) -> None:
        """Hear what has not been told yet."""
        self._log.flush()

    def hear(self, events: list[Event]) -> None:
        """Take a batch of events."""
        for event in events:
            kind = event.kind
            if kind == EventKind.SYSCALL:
                cookie = event.value("cookie")
                self._call_cookies[cookie] = None
                self._use(event.pid, cookie)
            elif kind == EventKind.USED:
                self._uses.setdefault((event.pid, event.value("cookie")), 0)
            elif kind == EventKind.SEND:
                self._sent(event)
            elif kind == EventKind.RECEIVE:
                self._received(event)
            elif kind in (EventKind.REPLY, EventKind.UNANSWERED):
                self._over(event)
            elif kind == EventKind.CAPABILITY and event.text("how") in CARRYING:
                self._carried.update(self._at_hand.get(event.pid, {}))
                self._carried.update(self._answered)
            elif kind == EventKind.PROCESS_START:
                self.processes[event.value("holder")] = event.text("name"), event.text("path")

    def _use(self, pid: int, cookie: int) -> None:
        self._uses[pid, cookie] = self._uses.get((pid, cookie), 0) + 1

    def _sent(self, event: Event) -> None:
        number, channel, tag = (event.value(name) for name in ("message", "channel", "tag"))
        self._use(event.pid, event.value("cookie"))
        message = CarriedMessage(number, channel, tag, event.pid)
        self._in_flight[number] = message
        self._at_hand.setdefault(event.pid, {})[number] = message

    def _received(self, event: Event) -> None:
        message = self._in_flight.get(event.value("message"))
        if message is not None:
            self._at_hand.setdefault(event.pid, {})[message.number] = message
            way = message.sender, event.pid, message.channel
            self._traffic[way] = self._traffic.get(way, 0) + 1

    def _over(self, event: Event) -> None:
        """The capabilities of an answer come right behind it."""
        message = self._in_flight.pop(event.value("message"), None)
        if message is not None:
            self._answered = {message.number: message}
            for pid in (message.sender, event.pid):
                self._at_hand.get(pid, {}).pop(message.number, None)

    # ---- what was seen ----

    def carried(self) -> dict[int, CarriedMessage]:
        """Messages that capabilities came in, by number."""
        return dict(self._carried)

    def traffic(self) -> tuple[Traffic, ...]:
        """Who sent to whom over which channel, how often."""
        return tuple(Traffic(*way, count) for way, count in self._traffic.items())

    def uses(self) -> tuple[Use, ...]:
        """Who used what, how often as far as events tell: of most rights only the first use."""
        return tuple(Use(*use, max(1, count)) for use, count in self._uses.items())

    def used_calls(self) -> dict[int, None]:
        """The cookies that calls were made with."""
        return self._call_cookies
