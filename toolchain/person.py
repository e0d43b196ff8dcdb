"""Who sits at the terminal: keys are taken in as they come, and the run waits for them.

While nothing runs, virtual time goes as the host's does, and what is typed arrives at
that time. The run waits in trio then, so that an idle system costs the host nothing.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import trio

from anos_sim.hw.clock import NEVER, PS_PER_S

from .keys import KEYBOARD, key_events
from .script import CONSOLE_END
from .terminal import Leave, LeaveKeys, Terminal
from .typed_input import SERIAL, Typed

if TYPE_CHECKING:
    from .session import Session


class Person:
    """Types at the serial port, or at the keyboard of a machine that has one."""

    def __init__(self, session: Session, terminal: Terminal) -> None:
        self.terminal = terminal
        self._session = session
        self._typed: list[bytes] = []
        self._something = trio.Event()

    def wake(self) -> None:
        """Let the run go on: something has happened outside."""
        self._something.set()

    async def listen(self) -> None:
        """Take in what is typed, until the terminal is gone."""
        keys = LeaveKeys()
        try:
            while True:
                await trio.lowlevel.wait_readable(self.terminal.descriptor)
                data = self.terminal.read()
                self._typed.append(keys.pass_on(data) or CONSOLE_END)
                self.wake()
                if not data:
                    return
        except Leave:
            self._session.interrupt()
            self.wake()

    async def attend(self) -> None:
        """Type what has come; while nothing runs, wait for more as long as nothing is due."""
        kernel = self._session.kernel
        if kernel.quiet_ps != NEVER and not self._typed:
            return  # the guest has not asked for input yet
        time_ps = kernel.latest_ps()
        if not self._typed and kernel.is_idle() and kernel.outcome is None:
            time_ps = await self._wait(time_ps)
        if self._typed and kernel.outcome is None:
            data = b"".join(self._typed)
            self._typed.clear()
            if self._session.has_keyboard:
                self._session.type(Typed(KEYBOARD, time_ps, key_events(data)))
            else:
                self._session.type(Typed(SERIAL, time_ps, data))

    async def _wait(self, time_ps: int) -> int:
        """Wait until something is typed or due; returns what time it is then."""
        session = self._session
        begin = time.monotonic()
        due_ps = min(session.machine.clock.next_ps, session.kernel.end_ps)
        seconds = (due_ps - time_ps) / PS_PER_S if due_ps < NEVER else float("inf")
        self._something = trio.Event()
        session.pause()
        with trio.move_on_after(max(0.0, seconds)):
            await self._something.wait()
        return min(due_ps, time_ps + int((time.monotonic() - begin) * PS_PER_S))
