"""What a run shows on standard output: the log's lines and the console's bytes.

The console's bytes come out as they are. A line of the log never breaks into a
line of the console: it waits for that to end.
"""

from __future__ import annotations

from typing import BinaryIO, TextIO

from anos_sim.stage3.log import LogLine

from .typed_input import SERIAL


def format_line(line: LogLine) -> str:
    """A log line with its virtual time in seconds, CPU and process."""
    who = f"{line.process}[{line.pid}]" if line.pid else line.process
    return f"{line.time_ps / 1e12:>11.6f} cpu{line.cpu:<2} {who:<13} {line.text}".rstrip()


class ConsoleOutput:
    """Writes to `stream`. With `until_prompt` the log ends where the console begins."""

    def __init__(self, stream: TextIO, show_log: bool, until_prompt: bool = False) -> None:
        self._stream = stream
        self._bytes: BinaryIO | None = getattr(stream, "buffer", None)
        self._show_log = show_log
        self._until_prompt = until_prompt
        self._at_line_start = True
        self._held: list[str] = []

    def hear_line(self, line: LogLine) -> None:
        """A line of the log; those of the console come by `hear_console`."""
        if self._show_log and line.process != SERIAL:
            if self._at_line_start:
                self._write(format_line(line).encode("utf-8", "replace") + b"\n")
            else:
                self._held.append(format_line(line))

    def hear_console(self, data: bytes) -> None:
        """Bytes that the guest has sent to its console."""
        if self._until_prompt:
            self._show_log = False
        if self._held and b"\n" in data:
            line, newline, data = data.partition(b"\n")
            self._write(line + newline)
            self._release()
            self._at_line_start = True
        if data:
            self._write(data)
            self._at_line_start = data.endswith(b"\n")

    def _release(self) -> None:
        held, self._held = self._held, []
        self._write("".join(line + "\n" for line in held).encode("utf-8", "replace"))

    def _write(self, data: bytes) -> None:
        if self._bytes is not None:
            self._bytes.write(data)
        else:
            self._stream.write(data.decode("utf-8", "replace"))

    def flush(self) -> None:
        """Let it be seen."""
        self._stream.flush()

    def finish(self) -> None:
        """The run is over: end the line, and show what has waited for that."""
        if not self._at_line_start:
            self._write(b"\n")
            self._at_line_start = True
        self._release()
        self.flush()
