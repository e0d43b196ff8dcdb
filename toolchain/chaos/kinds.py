"""The kinds of faults: one table."""

from __future__ import annotations

import attrs

MS, S = 1_000_000, 1_000_000_000


@attrs.frozen
class Kind:
    """A kind of fault.

    `silent`: who is hit cannot know, so what it gives out may be wrong, and no system without
    checksums and copies can promise otherwise. All others are promised to harm no flushed file.
    `detail` are the numbers it has, each with its range (first, last).
    """

    text: str
    moments: tuple[str, ...]
    targeted: bool = False
    silent: bool = False
    detail: tuple[tuple[str, int, int], ...] = ()


_PROCESS = ("message", "code", "time")
_BIT = (("bit", 0, 63),)
_BYTE = (("page", 0, 1023), ("offset", 0, 4095), ("bit", 0, 7))
_THREAD = (("thread", 0, 7),)

KINDS: dict[str, Kind] = {
    "kill": Kind(
        "a process ends at once, and up to two successors as well",
        _PROCESS,
        targeted=True,
        detail=(("successors", 0, 2), ("ns", 1000, 2 * MS)),
    ),
    "flip-register": Kind(
        "a bit of a thread's register flips",
        _PROCESS,
        targeted=True,
        silent=True,
        detail=(*_THREAD, ("register", 0, 63), *_BIT),
    ),
    "flip-stack": Kind(
        "a bit flips above a thread's stack pointer",
        _PROCESS,
        targeted=True,
        silent=True,
        detail=(*_THREAD, ("offset", 0, 511), ("bit", 0, 7)),
    ),
    "flip-code": Kind(
        "a bit of a process's code flips", _PROCESS, targeted=True, silent=True, detail=_BYTE
    ),
    "flip-heap": Kind(
        "a bit of a process's data or heap flips",
        _PROCESS,
        targeted=True,
        silent=True,
        detail=_BYTE,
    ),
    "irq-drop": Kind("an interrupt is lost", ("interrupt",)),
    "irq-double": Kind("an interrupt comes twice", ("interrupt",)),
    "irq-delay": Kind("an interrupt comes late", ("interrupt",), detail=(("ns", 1000, 50 * MS),)),
    "irq-corrupt": Kind("an interrupt has another vector", ("interrupt",), detail=(("bit", 0, 7),)),
    "dma-error": Kind("a command's transfer ends in a bus error", ("disk",)),
    "medium-error": Kind("a command's first sector is bad, once", ("disk",)),
    "torn-write": Kind(
        "a write ends in an error after some of its sectors",
        ("disk",),
        detail=(("sectors", 0, 7),),
    ),
    "hung-disk": Kind("the commands under way never end", ("disk",)),
    "lost-write": Kind("a write is acknowledged and not done", ("disk",), silent=True),
    "misdirected-write": Kind(
        "a write goes to other sectors",
        ("disk",),
        silent=True,
        detail=(("distance", 1, 4096),),
    ),
    "lying-read": Kind(
        "a read gives a wrong bit",
        ("disk",),
        silent=True,
        detail=(("offset", 0, 4095), ("bit", 0, 7)),
    ),
    "lost-flush": Kind("a flush is acknowledged and not done", ("disk",), silent=True),
    "message-delay": Kind(
        "who is sent a message gets it late", ("message",), detail=(("ns", 1000, 50 * MS),)
    ),
    "clock-jump": Kind(
        "the calendar jumps", ("time", "message"), detail=(("seconds", -86_400, 86_400),)
    ),
    "stall": Kind("all CPUs stand still", ("time", "message"), detail=(("ns", 1000, 2 * S),)),
    "revoke": Kind("the right to a message that was sent is taken away", ("message",)),
    "no-memory": Kind(
        "no frame can be had for a while", ("time", "message"), detail=(("ns", 1000, 50 * MS),)
    ),
}

LOUD = tuple(name for name, kind in KINDS.items() if not kind.silent)
SILENT = tuple(name for name, kind in KINDS.items() if kind.silent)
FLIPS = tuple(name for name in SILENT if name.startswith("flip-"))
LIES = tuple(name for name in SILENT if name not in FLIPS)
GROUPS = {
    "default": LOUD,
    "loud": LOUD,
    "flips": FLIPS,
    "lies": LIES,
    "silent": SILENT,
    "all": tuple(KINDS),
}
"""What --faults takes besides the kinds. The default ones are those for which data are promised
to be right; flips are of a server's bits, lies are the disk's."""
DEFAULT_GROUP = "default"
