"""Who pays for an error is its type.

A `SyscallError` is the caller's: a status in its result register. A guest's
fault ends the guest's process (`kernel.Kernel.fault`). A `KernelPanic` ends the
run with a report. Anything else is the simulator's own bug and propagates.
"""

from __future__ import annotations

from .abi import Status


class SyscallError(Exception):
    """The call is refused with a status, and perhaps a value; nothing has changed."""

    def __init__(self, status: Status, value: int = 0) -> None:
        super().__init__(status.name)
        self.status = status
        self.value = value


class OutOfFrames(Exception):
    """No physical memory is left. Callers turn it into their call's own error."""


class KernelPanic(Exception):
    """The system cannot go on: SYSTEM died, or its image cannot be started."""


class ImageError(ValueError):
    """A system image is unusable; the sentence says what is wrong and where."""
