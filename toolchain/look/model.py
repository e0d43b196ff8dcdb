"""A system followed through its events: what processes, CPUs, channels and the log are like now.

The model knows nothing but the events, so a live run, a recording and a file of events look
the same, and it can stop between any two of them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import attrs

from anos_sim.hw.clock import PS_PER_MS
from anos_sim.stage3.events import Event, EventKind
from anos_sim.stage3.log import LogLine
from anos_sim.toolchain.console_output import format_line

from .names import Names, clean
from .picture import ChannelRow, CpuRow, Picture, ProcessRow
from .runners import Runners

LATELY_PS = 1 * PS_PER_MS
"""Shares of time are about so long a while."""
LOG_LINES = 200
_READY, _RUNNING = "ready", "running"
_CALM = (_RUNNING, _READY)


@attrs.define
class Share:
    """How much of the time, lately, something was the case; and for how long in all."""

    total_ps: int = 0
    _window: int = 0
    _before_ps: int = 0
    _now_ps: int = 0

    def add(self, begin_ps: int, end_ps: int) -> None:
        """It was the case from one time to another."""
        if end_ps > begin_ps:
            self.total_ps += end_ps - begin_ps
            self._turn(end_ps // LATELY_PS)
            start_ps = self._window * LATELY_PS
            self._now_ps += max(0, end_ps - max(begin_ps, start_ps))
            self._before_ps += max(0, min(end_ps, start_ps) - max(begin_ps, start_ps - LATELY_PS))

    def percent(self, time_ps: int, open_ps: int = 0) -> float:
        """The share of the last while; it has been the case again for `open_ps`.

        It is what there was in this window, and of the one before as much as still counts.
        """
        self._turn(time_ps // LATELY_PS)
        before_ps = self._before_ps * (LATELY_PS - time_ps % LATELY_PS) // LATELY_PS
        return min(100.0, 100 * (self._now_ps + before_ps + open_ps) / LATELY_PS)

    def _turn(self, window: int) -> None:
        if window > self._window:
            self._before_ps = self._now_ps if window == self._window + 1 else 0
            self._window, self._now_ps = window, 0


@attrs.define
class _Process:
    name: str
    state: str = "alive"
    threads: dict[int, str] = attrs.field(factory=dict)
    """By tid: what the thread does."""
    share: Share = attrs.field(factory=Share)
    sent: int = 0
    received: int = 0


@attrs.define
class _Channel:
    messages: int = 0
    waiting: int = 0
    server: int = 0


class Model:
    """Takes one event after another; `picture` at any time."""

    def __init__(self) -> None:
        self.names = Names()
        self.events = 0
        self.time_ps = 0
        self._last: Event | None = None
        self._runners = Runners()
        self._processes: dict[int, _Process] = {}
        self._pids: dict[int, int] = {}
        self._channels: dict[int, _Channel] = {}
        self._open: dict[int, _Channel] = {}
        """By message: the channel on which its sender waits for an answer."""
        self._begun: dict[int, tuple[int, int]] = {}
        """By CPU: who runs there (tid) and since when."""
        self._busy: dict[int, Share] = {}
        self._messages = 0
        self._free: int | None = None
        self._log: deque[str] = deque(maxlen=LOG_LINES)
        self._log_lines = 0
        self._actions: dict[EventKind, Callable[[Event], None]] = {
            EventKind.PROCESS_START: self._process_start,
            EventKind.PROCESS_END: self._process_end,
            EventKind.THREAD_START: self._thread_start,
            EventKind.THREAD_END: self._thread_end,
            EventKind.BLOCK: self._block,
            EventKind.WAKE: self._wake,
            EventKind.SEND: self._send,
            EventKind.RECEIVE: self._receive,
            EventKind.REPLY: self._over,
            EventKind.UNANSWERED: self._over,
            EventKind.LOG: self._line,
            EventKind.FAULT: self._fault,
            EventKind.FRAMES: self._frames,
        }

    def add(self, event: Event) -> None:
        """The next event."""
        self.events += 1
        self.time_ps = max(self.time_ps, event.time_ps)
        self._last = event
        self.names.hear(event)
        if self._runners.hear(event):
            for cpu, tid in self._runners.changed.items():
                self._turns(cpu, tid, event.time_ps)
        action = self._actions.get(event.kind)
        if action is not None:
            action(event)

    # ---- the events ----

    def _process_start(self, event: Event) -> None:
        self._processes[event.value("holder")] = _Process(clean(event.text("name")))

    def _process_end(self, event: Event) -> None:
        process = self._processes.get(event.value("holder"))
        if process is not None:
            process.state = "ended"
            process.threads.clear()

    def _thread_start(self, event: Event) -> None:
        self._pids[event.tid] = event.pid
        self._does(event.tid, _READY)

    def _thread_end(self, event: Event) -> None:
        process = self._processes.get(self._pids.pop(event.tid, 0))
        if process is not None:
            process.threads.pop(event.tid, None)

    def _block(self, event: Event) -> None:
        self._does(event.tid, event.text("why"))

    def _wake(self, event: Event) -> None:
        self._does(event.tid, _READY)

    def _does(self, tid: int, what: str) -> None:
        process = self._processes.get(self._pids.get(tid, 0))
        if process is not None:
            process.threads[tid] = what

    def _turns(self, cpu: int, tid: int, time_ps: int) -> None:
        """A CPU has turned to a thread, or to none (0)."""
        before, since_ps = self._begun.pop(cpu, (0, 0))
        busy = self._busy.setdefault(cpu, Share())
        if before:
            busy.add(since_ps, time_ps)
            process = self._processes.get(self._pids.get(before, 0))
            if process is not None:
                process.share.add(since_ps, time_ps)
            if before in self._runners.ready:
                self._does(before, _READY)
        if tid:
            self._begun[cpu] = tid, time_ps
            self._does(tid, _RUNNING)

    def _send(self, event: Event) -> None:
        self._messages += 1
        channel = self._channels.setdefault(event.value("channel"), _Channel())
        channel.messages += 1
        channel.waiting += 1
        self._open[event.value("message")] = channel
        process = self._processes.get(event.pid)
        if process is not None:
            process.sent += 1

    def _receive(self, event: Event) -> None:
        channel = self._channels.setdefault(event.value("channel"), _Channel())
        channel.server = event.pid
        process = self._processes.get(event.pid)
        if process is not None:
            process.received += 1

    def _over(self, event: Event) -> None:
        """Its sender waits no more; one that ended unanswered may be replied to all the same."""
        channel = self._open.pop(event.value("message"), None)
        if channel is not None:
            channel.waiting -= 1

    def _line(self, event: Event) -> None:
        self._print(event, event.text("text"))

    def _fault(self, event: Event) -> None:
        self._print(event, f"fault: {event.text('cause')}")

    def _print(self, event: Event, text: str) -> None:
        line = LogLine(event.time_ps, event.cpu, event.pid, event.process, text)
        self._log.append(clean(format_line(line)))
        self._log_lines += 1

    def _frames(self, event: Event) -> None:
        self._free = event.value("free")

    # ---- the picture ----

    def picture(self, mode: str, speed: str, pages: dict[int, int]) -> Picture:
        """How things are now; `pages` by pid, as far as they are known."""
        open_ps: dict[int, int] = {}
        for tid, since_ps in self._begun.values():
            pid = self._pids.get(tid, 0)
            open_ps[pid] = open_ps.get(pid, 0) + max(0, self.time_ps - since_ps)
        return Picture(
            events=self.events,
            time_ps=self.time_ps,
            mode=mode,
            speed=speed,
            last=clean(self._last.line()) if self._last is not None else "",
            messages=self._messages,
            ready=len(self._runners.ready),
            free_frames=self._free,
            processes=tuple(
                self._row(pid, process, open_ps.get(pid, 0), pages.get(pid))
                for pid, process in sorted(self._processes.items())
            ),
            cpus=tuple(self._cpu_row(cpu) for cpu in sorted(self._busy)),
            channels=tuple(
                ChannelRow(
                    name=self.names.channel(number),
                    server=self.names.process(channel.server) if channel.server else "",
                    messages=channel.messages,
                    waiting=channel.waiting,
                )
                for number, channel in sorted(self._channels.items())
            ),
            log=tuple(self._log),
            log_lines=self._log_lines,
        )

    def _row(self, pid: int, process: _Process, open_ps: int, pages: int | None) -> ProcessRow:
        return ProcessRow(
            pid=pid,
            name=process.name,
            state=_state(process),
            threads=len(process.threads),
            cpu_percent=process.share.percent(self.time_ps, open_ps),
            cpu_ps=process.share.total_ps + open_ps,
            sent=process.sent,
            received=process.received,
            pages=pages,
        )

    def _cpu_row(self, cpu: int) -> CpuRow:
        tid, since_ps = self._begun.get(cpu, (0, self.time_ps))
        running = f"{self.names.process(self._pids.get(tid, 0))}/{tid}" if tid else ""
        open_ps = max(0, self.time_ps - since_ps)
        return CpuRow(cpu, running, self._busy[cpu].percent(self.time_ps, open_ps))


def _state(process: _Process) -> str:
    """What its threads do: the liveliest of them."""
    if process.state == "ended":
        return process.state
    doing = process.threads.values()
    for state in _CALM:
        if state in doing:
            return state
    return next(iter(doing), process.state)
