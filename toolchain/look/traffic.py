"""Who talks to whom: messages gathered by client, server and channel."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence

import attrs

from anos_sim.stage3.events import Event, EventKind

from .names import Names

NOBODY = 0
"""The server's pid of messages that nobody has received."""


@attrs.frozen
class Way:
    """Messages of one client to one server over one channel.

    A latency is the virtual time from send to reply. `failed` messages ended without an
    answer, `open` ones have none yet; `bytes` counts what was sent, not the answers.
    """

    client: str
    server: str
    channel: str
    channel_number: int
    messages: int
    bytes: int
    failed: int
    open: int
    median_ps: int | None
    p99_ps: int | None
    max_ps: int | None


@attrs.define
class _Sent:
    """A message that is not over."""

    client: int
    channel: int
    size_bytes: int
    sent_ps: int
    server: int = NOBODY


@attrs.define
class _Sum:
    """What is known of one way."""

    messages: int = 0
    size_bytes: int = 0
    failed: int = 0
    open: int = 0
    latencies_ps: array[int] = attrs.field(factory=lambda: array("Q"))


_Key = tuple[int, int, int]


class Traffic:
    """Follows the messages of a run; `ways` at any moment."""

    def __init__(self) -> None:
        self.names = Names()
        self._sent: dict[int, _Sent] = {}
        self._sums: dict[_Key, _Sum] = {}

    def hear(self, events: Iterable[Event]) -> None:
        """Take a batch of events."""
        for event in events:
            kind = event.kind
            if kind is EventKind.SEND:
                number, channel = event.value("message"), event.value("channel")
                size_bytes = event.value("size")
                self._sent[number] = _Sent(event.pid, channel, size_bytes, event.time_ps)
            elif kind is EventKind.RECEIVE:
                sent = self._sent.get(event.value("message"))
                if sent is not None:
                    sent.server = event.pid
            elif kind is EventKind.REPLY or kind is EventKind.UNANSWERED:
                self._over(event)
            else:
                self.names.hear(event)

    def _over(self, event: Event) -> None:
        sent = self._sent.pop(event.value("message"), None)
        if sent is not None:
            total = _add(self._sums, sent)
            if event.kind is EventKind.REPLY:
                total.latencies_ps.append(max(0, event.time_ps - sent.sent_ps))
            else:
                total.failed += 1

    def ways(self) -> list[Way]:
        """All ways that messages took, the busiest first."""
        sums = {key: attrs.evolve(total) for key, total in self._sums.items()}
        for sent in self._sent.values():
            _add(sums, sent).open += 1
        ways = [self._way(key, total) for key, total in sums.items()]
        return sorted(ways, key=lambda way: -way.messages)

    def _way(self, key: _Key, total: _Sum) -> Way:
        client, server, channel = key
        ordered = sorted(total.latencies_ps)
        return Way(
            client=self.names.process(client),
            server=self.names.process(server) if server != NOBODY else "nobody yet",
            channel=self.names.channel(channel),
            channel_number=channel,
            messages=total.messages,
            bytes=total.size_bytes,
            failed=total.failed,
            open=total.open,
            median_ps=percentile(ordered, 50),
            p99_ps=percentile(ordered, 99),
            max_ps=ordered[-1] if ordered else None,
        )


def _add(sums: dict[_Key, _Sum], sent: _Sent) -> _Sum:
    total = sums.setdefault((sent.client, sent.server, sent.channel), _Sum())
    total.messages += 1
    total.size_bytes += sent.size_bytes
    return total


def percentile(ordered: Sequence[int], percent: int) -> int | None:
    """The smallest value that so many percent are not above (nearest rank); None of nothing."""
    if not ordered:
        return None
    return ordered[max(0, -(-percent * len(ordered) // 100) - 1)]
