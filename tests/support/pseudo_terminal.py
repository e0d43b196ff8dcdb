"""A program of ours at a terminal of its own: what a person would type, and see."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from typing import Any

PATIENCE_SECONDS = 60
READ_BYTES = 1 << 16


class TerminalRun:
    """`anos-sim` at a pseudo terminal; `seen` is all that it has written there."""

    def __init__(
        self,
        arguments: Sequence[str],
        columns: int = 80,
        rows: int = 24,
        environment: dict[str, str] | None = None,
    ) -> None:
        self.master, self.slave = pty.openpty()
        self.resize(columns, rows)
        self.before = termios.tcgetattr(self.slave)
        self.seen = b""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "anos_sim.toolchain", *arguments],
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            env=os.environ | {"TERM": "xterm-256color"} | (environment or {}),
            preexec_fn=self._take_terminal,
        )

    def _take_terminal(self) -> None:
        os.setsid()
        fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)

    def resize(self, columns: int, rows: int) -> None:
        """Give the window another size."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, data: bytes) -> None:
        """Press keys."""
        os.write(self.master, data)

    def wait_for(self, text: bytes, after: int = 0) -> int:
        """Wait until a text is shown, from a place in `seen` on; returns where it ends."""
        end = time.monotonic() + PATIENCE_SECONDS
        while (at := self.seen.find(text, after)) < 0:
            assert time.monotonic() < end, f"{text!r} does not come: {self.seen[-2000:]!r}"
            assert self._read(0.1) or self.process.poll() is None or self._read(0), (
                f"it has ended without {text!r}: {self.seen[-2000:]!r}"
            )
        return at + len(text)

    def _read(self, seconds: float) -> bool:
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.master, READ_BYTES)
        except OSError:
            return False
        self.seen += data
        return bool(data)

    def end(self) -> int:
        """Wait for its end; returns the exit status."""
        limit = time.monotonic() + PATIENCE_SECONDS
        while self.process.poll() is None:
            assert time.monotonic() < limit, f"it does not end: {self.seen[-2000:]!r}"
            self._read(0.05)
        while self._read(0.05):
            pass
        return self.process.returncode

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def modes(self) -> list[Any]:
        """The terminal's modes as they are now."""
        return termios.tcgetattr(self.slave)

    def close(self) -> None:
        """End it whatever happens, and free the terminal."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)
