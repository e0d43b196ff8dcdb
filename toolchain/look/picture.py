"""What `anos-sim top` shows at one moment: plain, frozen data that any thread may read."""

from __future__ import annotations

import attrs


@attrs.frozen
class ProcessRow:
    """A process. `cpu_percent` is of one CPU, lately; `pages` is None where nobody counts."""

    pid: int
    name: str
    state: str
    threads: int
    cpu_percent: float
    cpu_ps: int
    sent: int
    received: int
    pages: int | None = None


@attrs.frozen
class CpuRow:
    """A CPU: who runs on it (empty: it is idle), and how busy it has been lately."""

    index: int
    running: str
    busy_percent: float


@attrs.frozen
class ChannelRow:
    """A channel that messages were sent on; `waiting` ones are not answered yet."""

    name: str
    server: str
    messages: int
    waiting: int


@attrs.frozen
class Picture:
    """The system after `events` events.

    `mode` says what the player does: running, paused, or ended and how.
    """

    events: int = 0
    time_ps: int = 0
    mode: str = "starting"
    speed: str = ""
    last: str = ""
    messages: int = 0
    ready: int = 0
    free_frames: int | None = None
    processes: tuple[ProcessRow, ...] = ()
    cpus: tuple[CpuRow, ...] = ()
    channels: tuple[ChannelRow, ...] = ()
    log: tuple[str, ...] = ()
    log_lines: int = 0
    """How many lines there were; `log` has the last ones."""
