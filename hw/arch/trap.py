"""Why a CPU stops running a program."""

from __future__ import annotations

from enum import IntEnum


class Trap(IntEnum):
    """Why a vCPU came back from user mode."""

    NONE = 0
    SYSCALL = 1
    BUDGET = 2
    EXCEPTION = 3
    ILLEGAL = 4
    BUS_ERROR = 5
    PAGE_FAULT = 6
    FLIP = 7
    PORT_IO = 8
    ESCAPE = 9
    CRASH = 10
