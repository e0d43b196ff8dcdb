"""Plays a run for `anos-sim top`, event by event, at a speed: in a thread of its own.

The player shows events later than the simulation made them, never otherwise: a pause holds
the simulation between two of its turns, and a step goes through the events that a turn has
left. So nothing that a viewer does can change the run.

Who looks reads `picture`, which is replaced as a whole, and calls the methods below
from any thread.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import trio

from anos_sim.hw.clock import PS_PER_MS, PS_PER_S, PS_PER_US
from anos_sim.stage3.events import Event, EventKind
from anos_sim.toolchain.duration import show_time

from .model import Model
from .picture import Picture

SPEEDS_PS: tuple[int | None, ...] = (
    PS_PER_US, 10 * PS_PER_US, 100 * PS_PER_US, PS_PER_MS, 10 * PS_PER_MS, 100 * PS_PER_MS,
    PS_PER_S, None,
)  # fmt: skip
"""Virtual time per second of the viewer's; None is as fast as it goes."""
DEFAULT_SPEED = 2
PICTURE_SECONDS = 0.05
BURST_EVENTS = 500
GAP_SECONDS_MAX = 0.5
"""When nothing happens for longer than this, at the speed chosen, the time is skipped."""

Predicate = Callable[[Event], bool]


class Player:
    """Feeds events to a model. `count_pages` tells the pages of each process, by pid.

    `speed` is an index of SPEEDS_PS.
    """

    def __init__(self, paused: bool = False, speed: int = DEFAULT_SPEED) -> None:
        self.picture = Picture()
        self.model = Model()
        self.quitting = False
        self.count_pages: Callable[[], dict[int, int]] | None = None
        self._pages: dict[int, int] = {}
        self._paused = paused
        self._speed = speed
        self._step_ends: Predicate | None = None
        self._ended = ""
        self._changed = trio.Event()
        self._token: trio.lowlevel.TrioToken | None = None
        self._lock = threading.Lock()
        self._anchor = time.monotonic(), 0
        self._drawn = -math.inf

    # ---- what a viewer wants, from any thread ----

    def toggle_pause(self) -> None:
        """Hold, or go on."""
        self._do(self._toggle)

    def step_event(self) -> None:
        """One event, then pause."""
        self._do(lambda: self._step(lambda event: True))

    def step_call(self) -> None:
        """To the next system call."""
        self._do(lambda: self._step(lambda event: event.kind is EventKind.SYSCALL))

    def step_message(self) -> None:
        """To the next message that is sent."""
        self._do(lambda: self._step(lambda event: event.kind is EventKind.SEND))

    def change_speed(self, by: int) -> None:
        """Faster (1) or slower (-1)."""
        self._do(lambda: self._set_speed(self._speed + by))

    def quit(self) -> None:
        """Play no more; the run is ended after its current turn."""
        self._do(self._quit)

    # ---- what the thread that plays calls ----

    async def play(self, events: list[Event]) -> None:
        """Show these, when their time has come; returns at once when somebody quits."""
        if self._token is None:
            await self._begin()
        for number, event in enumerate(events):
            if self._paused or SPEEDS_PS[self._speed] is not None:
                await self._wait_for(event)
            elif number % BURST_EVENTS == 0:
                self._draw()
                await trio.lowlevel.checkpoint()
            if self.quitting:
                return
            self.model.add(event)
            if self._step_ends is not None and self._step_ends(event):
                self._step_ends = None
                self._draw(force=True)
        self._draw()
        await trio.lowlevel.checkpoint()

    def end(self, how: str) -> None:
        """The run is over."""
        self._ended = how
        self._draw(force=True)

    async def _begin(self) -> None:
        with self._lock:
            self._token = trio.lowlevel.current_trio_token()
        self._set_anchor()
        self._draw(force=True)

    async def _wait_for(self, event: Event) -> None:
        """Wait until `event` may be shown."""
        while not self.quitting:
            self._changed = trio.Event()
            if self._paused:
                if self._step_ends is not None:
                    return
                self._draw(force=True)
                await self._changed.wait()
                continue
            speed = SPEEDS_PS[self._speed]
            if speed is None:
                return
            then, time_ps = self._anchor
            seconds = then + (event.time_ps - time_ps) / speed - time.monotonic()
            if seconds <= 0:
                return
            self._draw()
            with trio.move_on_after(min(seconds, GAP_SECONDS_MAX)) as waited:
                await self._changed.wait()
            if waited.cancelled_caught and seconds > GAP_SECONDS_MAX:
                self._anchor = time.monotonic(), event.time_ps

    def _do(self, action: Callable[[], None]) -> None:
        """Do it in the thread that plays; before it plays, here."""
        with self._lock:
            if self._token is None:
                action()
                return
        with suppress(trio.RunFinishedError):  # nothing plays any more
            self._token.run_sync_soon(self._act, action)

    def _act(self, action: Callable[[], None]) -> None:
        action()
        self._changed.set()
        self._draw(force=True)

    def _toggle(self) -> None:
        self._paused = not self._paused
        self._step_ends = None
        self._set_anchor()

    def _step(self, ends: Predicate) -> None:
        self._paused = True
        self._step_ends = ends

    def _set_speed(self, speed: int) -> None:
        self._speed = min(max(speed, 0), len(SPEEDS_PS) - 1)
        self._set_anchor()

    def _quit(self) -> None:
        self.quitting = True

    def _set_anchor(self) -> None:
        """From now on, time goes at the speed chosen."""
        self._anchor = time.monotonic(), self.model.time_ps

    # ---- pictures ----

    def _draw(self, force: bool = False) -> None:
        """Take a picture, unless there is a fresh one."""
        now = time.monotonic()
        if force or now - self._drawn > PICTURE_SECONDS:
            self._drawn = now
            if self.count_pages is not None:
                self._pages = self.count_pages()
            self.picture = self.model.picture(self._mode(), self._show_speed(), self._pages)

    def _mode(self) -> str:
        if self._ended:
            return self._ended
        if not self._paused:
            return "running"
        return "stepping" if self._step_ends is not None else "paused"

    def _show_speed(self) -> str:
        speed = SPEEDS_PS[self._speed]
        return f"{show_time(speed)}/s" if speed is not None else "full speed"
