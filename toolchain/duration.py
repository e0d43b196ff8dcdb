"""Durations as people write them, and times as they read them."""

from __future__ import annotations

import re

from anos_sim.hw.clock import PS_PER_MS, PS_PER_NS, PS_PER_S, PS_PER_US

from .errors import UserError

_UNITS = {"ns": PS_PER_NS, "us": PS_PER_US, "ms": PS_PER_MS, "s": PS_PER_S, "m": 60 * PS_PER_S}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ns|us|ms|s|m)")
MAX_PS = 24 * 3600 * PS_PER_S


def parse_duration(text: str) -> int:
    """Picoseconds of `10s`, `1.5ms`, `200us`.

    Raises:
        UserError: it is no duration, zero, or more than a day.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        units = ", ".join(_UNITS)
        raise UserError(f"{text!r} is no duration: write a number and a unit ({units}), as in 10s")
    number, unit = match.groups()
    whole, _, fraction = number.partition(".")
    scaled: int = int(whole + fraction) * _UNITS[unit] // 10 ** len(fraction)
    if not 0 < scaled <= MAX_PS:
        raise UserError(f"{text!r} is out of range: a run lasts from 1 ns to 24 hours")
    return scaled


def show_time(time_ps: int) -> str:
    """A time with a fitting unit: `812 us`, `2.31 ms`, `14.2 s`."""
    for unit, size in (("s", PS_PER_S), ("ms", PS_PER_MS), ("us", PS_PER_US)):
        if time_ps >= size:
            return (
                f"{time_ps / size:.3g} {unit}"
                if time_ps < 1000 * size
                else f"{time_ps // size} {unit}"
            )
    return f"{time_ps // PS_PER_NS} ns"
