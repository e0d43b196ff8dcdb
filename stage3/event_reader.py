"""Packed events back into `Event`s.

The stream says only what is new: the reader knows which thread is of which
process, and the names of calls and texts. Nor does it say what follows from other
records: who sends a message waits (BLOCK), who is sent one or gets its answer wakes
(WAKE), and under `derived` a call to reply_message for a message that the process
has is the answer (REPLY). A message whose receiver was waiting has one record,
DELIVERED; tag, size and capability are those of its sender's call.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import Any

from anos_sim.hw.event_stream import PLACE, TEXT, EventStream, MalformedStream

from .events import DELIVERED, RULES, Event, EventKind, Field

SYSCALL, RESULT, SWITCH = int(EventKind.SYSCALL), int(EventKind.RESULT), int(EventKind.SWITCH)
WAKE, BLOCK = int(EventKind.WAKE), int(EventKind.BLOCK)
SEND, RECEIVE, REPLY = int(EventKind.SEND), int(EventKind.RECEIVE), int(EventKind.REPLY)
_OWN_COUNTS = {RULES: 2, DELIVERED: 8}
_CALL_PREFIX = "call "
_ANSWER = "reply_message"
_SENDING = ("sending",)
_NO_ARGUMENTS = [0] * 6
_OF_PROCESS = {
    int(EventKind.PROCESS_START): 0,
    int(EventKind.THREAD_START): 0,
    int(EventKind.PROCESS_END): 0,
    int(EventKind.LOG): 0,
    int(EventKind.INTERRUPT): 1,
}
"""Kinds that are of a process which a field names."""


def field_counts(fields: Mapping[int, tuple[Field, ...]]) -> dict[int, int]:
    """How many words follow the time in a record of each kind: the thread, and its fields."""
    return {kind: 1 + len(each) for kind, each in fields.items()} | _OWN_COUNTS


class EventReader:
    """Reads one stream from its beginning; `fields` are those it was written with."""

    def __init__(self, fields: Mapping[int, tuple[Field, ...]]) -> None:
        self._counts = field_counts(fields)
        self._stream = EventStream(self._counts)
        self._shows = {
            kind: [
                (number, field.show)
                for number, field in enumerate(each)
                if field.show in ("text", "signed")
            ]
            for kind, each in fields.items()
        }
        self._kinds = {int(kind): kind for kind in EventKind}
        self._texts: dict[int, str] = {}
        self._pids: dict[int, int] = {}
        self._names: dict[int, str] = {}
        self._calls: dict[int, str] = {}
        self._calling: dict[int, str] = {}
        self._waiting: dict[int, None] = {}
        self._arguments: dict[int, list[int]] = {}
        self._senders: dict[int, int] = {}
        self._served: dict[tuple[int, int], tuple[int, int]] = {}
        self._calls_answer = False
        self._cpu = -1
        self._number = 0

    def read(self, packed: bytes) -> list[Event]:
        """The events of the next whole records.

        Raises:
            MalformedStream: they are no records of the kinds that there are.
        """
        words = self._stream.unpack(packed)
        events: list[Event] = []
        at = 0
        while at < len(words):
            kind = words[at]
            if kind == TEXT:
                size_bytes = words[at + 2]
                end = at + 3 + (size_bytes + 7) // 8
                data = b"".join(word.to_bytes(8, "little") for word in words[at + 3 : end])
                text = data[:size_bytes].decode("utf-8", "surrogateescape")
                self._texts[words[at + 1]] = text
                at = end
            elif kind == PLACE:
                self._cpu = words[at + 1] - 1
                at += 2
            else:
                if kind not in self._counts:
                    raise MalformedStream(f"no kind of event has the number {kind}")
                end = at + 2 + self._counts[kind]
                self._add(events, kind, words[at + 1], words[at + 2], words[at + 3 : end])
                at = end
        return events

    def _add(
        self, events: list[Event], kind: int, time_ps: int, tid: int, words: list[int]
    ) -> None:
        if kind == DELIVERED:
            self._delivered(events, time_ps, tid, words)
            return
        if kind == RULES:
            self._forget()
            self._calls_answer = bool(words[0])
            return
        values: list[int | str] = list(words)
        for number, show in self._shows[kind]:
            word = words[number]
            values[number] = (
                self._texts.get(word, "") if show == "text" else ctypes.c_int64(word).value
            )
        pid, call = None, ""
        if kind == SYSCALL:
            call = self._calling[tid] = self._calls.get(words[0], "")
            self._arguments[tid] = words
        elif kind == RESULT:
            call = self._calling.get(tid, "")
        elif kind == SWITCH:
            self._wake(events, time_ps, tid)
        elif kind == WAKE:
            self._waiting.pop(tid, None)
        elif kind == BLOCK:
            self._waiting[tid] = None
        elif kind == EventKind.CAPABILITY and str(values[3]).startswith(_CALL_PREFIX):
            self._calls[words[0]] = str(values[3]).removeprefix(_CALL_PREFIX)
        elif kind in _OF_PROCESS:
            pid = words[_OF_PROCESS[kind]]
            if kind == EventKind.PROCESS_START:
                self._names[pid] = str(values[1])
            elif kind == EventKind.THREAD_START:
                self._pids[tid] = pid
        self._put(events, time_ps, tid, kind, tuple(values), call, pid)
        if kind == SYSCALL:
            if call == _ANSWER and self._calls_answer:
                self._answered(events, time_ps, tid, words)
        elif kind == SEND:
            self._sent(events, time_ps, tid, words[1])
        elif kind == RECEIVE:
            self._received(events, time_ps, tid, words)
        elif kind == REPLY or kind == EventKind.UNANSWERED:
            self._wake(events, time_ps, self._senders.pop(words[1], 0))
        elif kind == EventKind.THREAD_END:
            for table in (self._pids, self._calling, self._arguments, self._waiting):
                table.pop(tid, None)

    def _forget(self) -> None:
        """A kernel begins: the ids of the one before mean nothing any more."""
        tables: list[dict[Any, Any]] = [
            self._pids, self._names, self._calls, self._calling, self._waiting, self._arguments,
            self._senders, self._served,
        ]  # fmt: skip
        for table in tables:
            table.clear()

    def _delivered(self, events: list[Event], time_ps: int, tid: int, words: list[int]) -> None:
        """A message whose receiver was waiting: sent and received at once."""
        channel, number, page, badge, receiver, cookie, mapped = words
        _, capability, tag, size_bytes, *_ = self._arguments.get(tid, _NO_ARGUMENTS)
        sent = (channel, number, tag, size_bytes, page, capability, badge)
        self._put(events, time_ps, tid, SEND, sent)
        self._sent(events, time_ps, tid, number)
        received = [channel, number, page * mapped, cookie]
        self._put(events, time_ps, receiver, RECEIVE, tuple(received))
        self._received(events, time_ps, receiver, received)

    def _sent(self, events: list[Event], time_ps: int, tid: int, number: int) -> None:
        self._senders[number] = tid
        self._waiting[tid] = None
        self._put(events, time_ps, tid, BLOCK, _SENDING)

    def _received(self, events: list[Event], time_ps: int, tid: int, words: list[int]) -> None:
        channel, number, _, cookie = words
        self._served[self._pids.get(tid, 0), cookie] = (channel, number)
        self._wake(events, time_ps, tid)

    def _answered(self, events: list[Event], time_ps: int, tid: int, words: list[int]) -> None:
        """A call that answers a message, if its thread's process has that message."""
        served = self._served.pop((self._pids.get(tid, 0), words[1]), None)
        if served is not None:
            self._put(events, time_ps, tid, REPLY, (*served, words[2]))
            self._wake(events, time_ps, self._senders.pop(served[1], 0))

    def _wake(self, events: list[Event], time_ps: int, tid: int) -> None:
        """What has just happened has ended this thread's wait, if it did wait."""
        if tid in self._waiting:
            del self._waiting[tid]
            self._put(events, time_ps, tid, WAKE, ())

    def _put(
        self,
        events: list[Event],
        time_ps: int,
        tid: int,
        kind: int,
        values: tuple[int | str, ...],
        call: str = "",
        pid: int | None = None,
    ) -> None:
        if pid is None:
            pid = self._pids.get(tid, 0)
        process = self._names.get(pid, "") if pid else "kernel"
        self._number += 1
        event_kind = self._kinds[kind]
        events.append(
            Event(self._number, time_ps, self._cpu, pid, process, tid, event_kind, values, call)
        )

    def close(self) -> None:
        """Free what it needs."""
        self._stream.close()
