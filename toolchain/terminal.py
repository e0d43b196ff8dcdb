"""The host's terminal as the guest's: every key goes to the guest, at once.

Lines still end with LF in both directions, as they do in scripts: Enter sends LF, and
LF goes to the next line's start.
"""

from __future__ import annotations

import contextlib
import os
import termios
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

CHUNK_BYTES = 1024
LEAVE = 0x1D
"""Ctrl-]"""
INTERRUPT = 0x03
"""Ctrl-C"""
TWICE_SECONDS = 1.0

_IFLAG, _LFLAG, _CC = 0, 3, 6


class Leave(Exception):
    """Who sits at the terminal wants to leave."""


class LeaveKeys:
    """Watches for Ctrl-], and for Ctrl-C twice within a second with nothing between."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._interrupted = -TWICE_SECONDS

    def pass_on(self, data: bytes) -> bytes:
        """What goes to the guest.

        Raises:
            Leave: it was one of those keys.
        """
        for byte in data:
            if byte == LEAVE:
                raise Leave
            if byte == INTERRUPT:
                now = self._now()
                if now - self._interrupted < TWICE_SECONDS:
                    raise Leave
                self._interrupted = now
            else:
                self._interrupted = -TWICE_SECONDS
        return data


class Terminal:
    """A terminal at a file descriptor; raw while it is entered, and left as it was found."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._before: list[Any] = []

    def __enter__(self) -> Terminal:
        """Go to raw mode."""
        self._before = termios.tcgetattr(self.descriptor)
        raw = termios.tcgetattr(self.descriptor)
        raw[_IFLAG] &= ~(termios.BRKINT | termios.INPCK | termios.ISTRIP | termios.IXON)
        raw[_LFLAG] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG)
        raw[_CC][termios.VMIN], raw[_CC][termios.VTIME] = 1, 0
        termios.tcsetattr(self.descriptor, termios.TCSANOW, raw)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave it as it was."""
        with contextlib.suppress(termios.error):  # it may have gone
            termios.tcsetattr(self.descriptor, termios.TCSANOW, self._before)

    def read(self) -> bytes:
        """What has been typed; nothing if the terminal has gone."""
        try:
            return os.read(self.descriptor, CHUNK_BYTES)
        except OSError:
            return b""
