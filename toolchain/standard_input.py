"""What is at the host's standard input, and how the guest's console is fed from it."""

from __future__ import annotations

import os
import stat
import sys
from enum import Enum

from .script import Pipe
from .session import Session
from .terminal import Terminal


class Input(Enum):
    """Who may be typing."""

    NOBODY = "nothing is there, or this runs in the background"
    TERMINAL = "a person at a terminal"
    PIPE = "another program, or a file"


def standard_input() -> Input:
    """What is at standard input."""
    try:
        descriptor = sys.stdin.fileno()
        status = os.fstat(descriptor)
    except (AttributeError, OSError, ValueError):
        return Input.NOBODY
    if os.isatty(descriptor):
        return Input.TERMINAL if _in_foreground(descriptor) else Input.NOBODY
    if stat.S_ISCHR(status.st_mode) and status.st_rdev == os.stat(os.devnull).st_rdev:
        return Input.NOBODY
    return Input.PIPE


def _in_foreground(descriptor: int) -> bool:
    try:
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:
        return False


def attach_input(session: Session) -> bool:
    """Let whoever is at standard input type; True if that is a person."""
    kind = standard_input()
    if kind is Input.TERMINAL:
        session.attach(Terminal(sys.stdin.fileno()))
    elif kind is Input.PIPE:
        script = session.options.script or b""
        session.source = Pipe(sys.stdin.fileno(), session.pause, script)
    return kind is Input.TERMINAL


def read_all() -> bytes:
    """All that comes from standard input."""
    return sys.stdin.buffer.read()
