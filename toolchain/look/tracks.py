"""Events as tracks of a Perfetto trace.

A process is a process; each of its threads has a track with its system calls, inside
them a slice from send to reply, and beside it a track of what it is serving: a slice
from receive to reply. One arrow a message leads from the former to the latter. CPUs
have a track each (who runs there), and so have devices; counters go on by themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import attrs

from anos_sim.hw.clock import PS_PER_S, PS_PER_US
from anos_sim.stage3.events import Event, EventKind

from .names import Names, arguments_of, clean, status_name
from .pftrace import Arguments, TraceWriter
from .runners import Runners

WINDOW_PS = 100 * PS_PER_US
"""Messages per second are counted over so long."""
_CALL = 0
_NOTHING: Arguments = {}


@attrs.define
class _Lane:
    """A track of which slices do not overlap; `message` is what its open slice is about."""

    track: int
    message: int = 0


@attrs.define
class _Thread:
    """`open` are its open slices, outermost first: a call, or the number of a message sent."""

    track: int
    open: list[int] = attrs.field(factory=list)
    lanes: list[_Lane] = attrs.field(factory=list)


class Tracks:
    """Turns events into what a `TraceWriter` writes; `finish` it."""

    def __init__(self, writer: TraceWriter) -> None:
        self._writer = writer
        self._names = Names()
        self._runners = Runners()
        self._processes: dict[int, int] = {}
        self._threads: dict[int, _Thread] = {}
        self._senders: dict[int, _Thread] = {}
        self._serving: dict[int, _Lane] = {}
        self._cpus: dict[int, _Lane] = {}
        self._devices: dict[str, int] = {}
        self._last_ps = 0
        self._cpus_track = writer.track("CPUs", ranked=True)
        counters = writer.track("Counters")
        self._ready = _Counter(writer, writer.counter_track("ready threads", counters, "threads"))
        self._free = _Counter(writer, writer.counter_track("free frames", counters, "frames"))
        self._rate = _Rate(writer, writer.counter_track("messages per second", counters, "1/s"))
        self._devices_track = 0
        self._actions: dict[EventKind, Callable[[Event], None]] = {
            EventKind.PROCESS_START: self._process_start,
            EventKind.THREAD_START: self._thread_start,
            EventKind.THREAD_END: self._thread_end,
            EventKind.SYSCALL: self._call,
            EventKind.RESULT: self._result,
            EventKind.SEND: self._send,
            EventKind.RECEIVE: self._receive,
            EventKind.REPLY: self._reply,
            EventKind.UNANSWERED: self._unanswered,
            EventKind.LOG: self._log,
            EventKind.FAULT: self._fault,
            EventKind.INTERRUPT: self._interrupt,
            EventKind.COMMAND: self._command,
            EventKind.DMA: self._dma,
            EventKind.FRAMES: self._frames,
        }

    def hear(self, events: Iterable[Event]) -> None:
        """Take a batch of events."""
        for event in events:
            self._last_ps = max(self._last_ps, event.time_ps)
            self._names.hear(event)
            action = self._actions.get(event.kind)
            if action is not None:
                action(event)
            if self._runners.hear(event):
                self._cpu_turns(event)
                self._ready.set(event.time_ps, len(self._runners.ready))

    def finish(self) -> None:
        """End what is open, where the run ended."""
        for thread in self._threads.values():
            self._close(thread, self._last_ps)
        for lane in [*self._serving.values(), *self._cpus.values()]:
            self._end_lane(lane, self._last_ps, _NOTHING)
        self._rate.finish()

    # ---- processes and threads ----

    def _process_start(self, event: Event) -> None:
        self._process(event.value("holder"), event.text("name"))

    def _process(self, pid: int, name: str) -> None:
        if pid not in self._processes:
            self._processes[pid] = self._writer.process_track(pid, clean(name))

    def _thread_start(self, event: Event) -> None:
        self._process(event.pid, event.process)
        track = self._writer.thread_track(event.pid, event.tid, clean(event.process))
        self._threads[event.tid] = _Thread(track)

    def _thread_end(self, event: Event) -> None:
        thread = self._threads.get(event.tid)
        if thread is not None:
            self._close(thread, event.time_ps)
            for lane in thread.lanes:
                self._serving.pop(lane.message, None)
                self._end_lane(lane, event.time_ps, _NOTHING)

    def _close(self, thread: _Thread, time_ps: int) -> None:
        for _ in thread.open:
            self._writer.end(thread.track, time_ps, _NOTHING)
        thread.open.clear()

    # ---- calls and messages ----

    def _call(self, event: Event) -> None:
        thread = self._threads.get(event.tid)
        if thread is not None:
            self._close(thread, event.time_ps)
            arguments = {name: hex(value) for name, value in arguments_of(event).items()}
            name = event.call or f"no call {event.value('cookie'):#x}"
            self._writer.begin(thread.track, event.time_ps, name, arguments)
            thread.open.append(_CALL)

    def _result(self, event: Event) -> None:
        thread = self._threads.get(event.tid)
        if thread is not None and thread.open:
            while thread.open.pop() != _CALL:
                self._writer.end(thread.track, event.time_ps, _NOTHING)
            status, value = status_name(event.value("status")), hex(event.value("value"))
            self._writer.end(thread.track, event.time_ps, {"status": status, "result": value})

    def _send(self, event: Event) -> None:
        self._rate.add(event.time_ps)
        thread = self._threads.get(event.tid)
        if thread is not None:
            number, channel = event.value("message"), event.value("channel")
            arguments: dict[str, int | str] = {
                "channel": channel,
                "message": number,
                "tag": hex(event.value("tag")),
                "size": event.value("size"),
                "page": hex(event.value("page")),
            }
            name = f"send to {self._names.channel(channel)}"
            self._writer.begin(thread.track, event.time_ps, name, arguments, number)
            thread.open.append(number)
            self._senders[number] = thread

    def _receive(self, event: Event) -> None:
        thread = self._threads.get(event.tid)
        if thread is None:
            return
        lane = next((lane for lane in thread.lanes if not lane.message), None)
        if lane is None:
            lane = _Lane(self._writer.track("serving", parent=thread.track))
            thread.lanes.append(lane)
        lane.message = number = event.value("message")
        self._serving[number] = lane
        name = f"serve {self._names.channel(event.value('channel'))}"
        self._writer.begin(lane.track, event.time_ps, name, {"message": number}, number)

    def _reply(self, event: Event) -> None:
        arguments = {"answer": hex(event.value("value"))}
        self._end_send(event, arguments)
        lane = self._serving.pop(event.value("message"), None)
        if lane is not None:
            self._end_lane(lane, event.time_ps, arguments)

    def _unanswered(self, event: Event) -> None:
        """Its sender waits no more; who serves it may do so until it replies, or ends."""
        self._end_send(event, {"answer": "none"})

    def _end_send(self, event: Event, arguments: Arguments) -> None:
        number = event.value("message")
        sender = self._senders.pop(number, None)
        if sender is not None and number in sender.open:
            while sender.open.pop() != number:
                self._writer.end(sender.track, event.time_ps, _NOTHING)
            self._writer.end(sender.track, event.time_ps, arguments)

    def _end_lane(self, lane: _Lane, time_ps: int, arguments: Arguments) -> None:
        if lane.message:
            self._writer.end(lane.track, time_ps, arguments)
            lane.message = 0

    # ---- CPUs ----

    def _cpu_turns(self, event: Event) -> None:
        """Who runs where may have changed: show it; an idle CPU shows nothing."""
        for cpu, tid in self._runners.changed.items():
            lane = self._cpus.get(cpu)
            if lane is None:
                track = self._writer.track(f"CPU {cpu}", self._cpus_track, cpu)
                lane = self._cpus[cpu] = _Lane(track)
            self._end_lane(lane, event.time_ps, _NOTHING)
            if tid:
                arguments = {"pid": event.pid, "tid": tid}
                self._writer.begin(lane.track, event.time_ps, clean(event.process), arguments)
                lane.message = tid

    # ---- what happens at once ----

    def _log(self, event: Event) -> None:
        thread = self._threads.get(event.tid)
        if thread is not None:
            self._writer.instant(thread.track, event.time_ps, clean(event.text("text")), _NOTHING)

    def _fault(self, event: Event) -> None:
        thread = self._threads.get(event.tid)
        if thread is not None:
            name = f"fault: {clean(event.text('cause'))}"
            self._writer.instant(thread.track, event.time_ps, name, _NOTHING)

    def _interrupt(self, event: Event) -> None:
        name = f"to {self._names.process(event.value('owner'))}"
        arguments = {"vector": event.value("vector")}
        self._writer.instant(self._device("interrupts"), event.time_ps, name, arguments)

    def _command(self, event: Event) -> None:
        track = self._device(event.text("device"))
        self._writer.instant(track, event.time_ps, event.text("command"), _NOTHING)

    def _dma(self, event: Event) -> None:
        name = "write memory" if event.value("write") else "read memory"
        address, size_bytes = hex(event.value("address")), event.value("size")
        arguments: dict[str, int | str] = {"address": address, "bytes": size_bytes}
        self._writer.instant(self._device("DMA"), event.time_ps, name, arguments)

    def _device(self, name: str) -> int:
        if not self._devices_track:
            self._devices_track = self._writer.track("Devices")
        track = self._devices.get(name)
        if track is None:
            track = self._devices[name] = self._writer.track(name, self._devices_track)
        return track

    def _frames(self, event: Event) -> None:
        self._free.set(event.time_ps, event.value("free"))


class _Counter:
    """A counter track that is written when its value changes."""

    def __init__(self, writer: TraceWriter, track: int) -> None:
        self._writer = writer
        self._track = track
        self._value = -1

    def set(self, time_ps: int, value: int) -> None:
        """It has this value from here on."""
        if value != self._value:
            self._value = value
            self._writer.count(self._track, time_ps, value)


class _Rate:
    """A counter track of how many there were in a window, as a rate per second."""

    def __init__(self, writer: TraceWriter, track: int) -> None:
        self._counter = _Counter(writer, track)
        self._window = 0
        self._count = 0

    def add(self, time_ps: int) -> None:
        """One more, now."""
        window = time_ps // WINDOW_PS
        if window > self._window:
            self.finish()
            self._window = window
        self._count += 1

    def finish(self) -> None:
        """The window is over."""
        self._counter.set(self._window * WINDOW_PS, self._count * (PS_PER_S // WINDOW_PS))
        self._counter.set((self._window + 1) * WINDOW_PS, 0)
        self._count = 0
