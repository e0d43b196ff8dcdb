"""Who types when nobody sits at a terminal: a script, or a pipe at the host's standard input.

Both are *pulled*: the serial console asks for the next line when the guest raises
RTS, so what the guest does decides when input comes, and the host's time does not. After
the last line comes CONSOLE_END, as often as somebody still wants to read.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from .errors import UserError

CONSOLE_END = b"\x04"
"""The end of the console's input (servers/include/stream.h)."""
ENDS_MAX = 16
"""How often the end is told. A guest that reads on then waits, and the run is quiet."""
CHUNK_BYTES = 1 << 16

Source = Callable[[], bytes]
"""Returns the next line; nothing when there will be none."""


class Script:
    """Lines of a text, one a call."""

    def __init__(self, text: bytes) -> None:
        self._lines = text.splitlines(keepends=True)
        if self._lines and not self._lines[-1].endswith((b"\n", b"\r")):
            self._lines[-1] += b"\n"
        self._next = 0

    def __call__(self) -> bytes:
        """The next line, with its end."""
        self._next += 1
        if self._next <= len(self._lines):
            return self._lines[self._next - 1]
        return CONSOLE_END if self._next <= len(self._lines) + ENDS_MAX else b""


class Pipe:
    """Lines of a file descriptor, one a call; waits until there is a whole one.

    `before_wait` is called before it waits. If there is not even a first byte,
    `otherwise` is typed instead.
    """

    def __init__(self, descriptor: int, before_wait: Callable[[], None], otherwise: bytes) -> None:
        self._descriptor = descriptor
        self._before_wait = before_wait
        self._otherwise = otherwise
        self._data = b""
        self._rest: Script | None = None
        self._empty = True

    def __call__(self) -> bytes:
        """The next line, with its end.

        Raises:
            KeyboardInterrupt: Ctrl-C, while it waited.
        """
        while self._rest is None and b"\n" not in self._data:
            self._before_wait()
            chunk = read_interruptibly(self._descriptor)
            self._data += chunk
            if not chunk:
                self._rest = Script(self._otherwise if self._empty else self._data)
            self._empty = False
        if self._rest is not None:
            return self._rest()
        line, newline, self._data = self._data.partition(b"\n")
        return line + newline


def read_interruptibly(descriptor: int) -> bytes:
    """What can be read; waits for it.

    Raises:
        KeyboardInterrupt: Ctrl-C. Trio would keep it until its loop goes on, which waits here.
    """
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return os.read(descriptor, CHUNK_BYTES)
    except OSError:  # whoever wrote has gone in a bad way
        return b""
    finally:
        signal.signal(signal.SIGINT, handler)


def read_script(name: str) -> bytes:
    """The text of a script.

    Raises:
        UserError: it cannot be read.
    """
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise UserError(f"--script: cannot read {name}: {error.strerror}") from None


def tour_script() -> bytes:
    """What is typed when nobody does: a look at the system that ends with switching it off."""
    return (Path(str(files("anos_sim.toolchain"))) / "tour.txt").read_bytes()
