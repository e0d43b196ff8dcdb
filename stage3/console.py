"""What programs print, as whole lines for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .events import EventKind
from .log import LogLine
from .process import Process

if TYPE_CHECKING:
    from .kernel import Kernel


def write(kernel: Kernel, process: Process, data: bytes) -> None:
    """Show what a process printed; a line appears when its newline comes."""
    process.log_line += data
    while (end := process.log_line.find(b"\n")) >= 0:
        line, process.log_line = process.log_line[:end], process.log_line[end + 1 :]
        _show(kernel, process, line)


def flush(kernel: Kernel, process: Process) -> None:
    """Show what a process printed without a newline: it ends, or the run does."""
    if process.log_line:
        line, process.log_line = process.log_line, b""
        _show(kernel, process, line)


def _show(kernel: Kernel, process: Process, line: bytes) -> None:
    cpu = kernel.current.index if kernel.current is not None else 0
    text = line.decode("utf-8", "replace")
    if kernel.events is not None:
        writer = kernel.current.thread if kernel.current is not None else None
        if writer is not None and writer.process is not process:
            writer = None
        kernel.emit(EventKind.LOG, writer, process.pid, text)
    kernel.on_log(LogLine(kernel.now_ps(), cpu, process.pid, process.name, text))
