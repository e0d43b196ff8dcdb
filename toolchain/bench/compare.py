"""Two reports of `anos-sim bench --json`: what got slower, what faster, which budget was lost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import attrs

from anos_sim.hw.arch import DEFAULT
from anos_sim.toolchain.errors import UserError

from .figures import Figure, figure_from

FORMAT = 1
CHANGE_MIN = 0.03
"""Smaller changes are none, however narrow the spread."""


@attrs.frozen
class Verdict:
    """What became of one row; `change` is the new figure as a multiple of the old one."""

    name: str
    words: str
    change: float | None = None
    lost_budget: bool = False


def load_report(name: str) -> list[Figure]:
    """Read a report.

    Raises:
        UserError: there is none, or it is something else.
    """
    try:
        text = Path(name).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise UserError(f"--compare {name}: cannot read it: {reason}") from None
    try:
        report = json.loads(text)
        version, rows = report["format"], report["rows"]
        figures = [figure_from(row) for row in rows] if version == FORMAT else []
    except (ValueError, KeyError, TypeError):
        raise UserError(f"--compare {name}: not a report of `anos-sim bench --json`") from None
    if version != FORMAT:
        raise UserError(f"--compare {name}: a report of format {version}, not {FORMAT}")
    return figures


def compare(old: Sequence[Figure], new: Sequence[Figure]) -> list[Verdict]:
    """A verdict for each row of either, those of the new report first."""
    before = {_key(figure): figure for figure in old}
    verdicts = [
        _verdict(before[_key(figure)], figure)
        if _key(figure) in before
        else Verdict(_key(figure), "was not measured before")
        for figure in new
    ]
    names = {_key(figure) for figure in new}
    verdicts += [Verdict(name, "is not measured now") for name in before if name not in names]
    return verdicts


def _key(figure: Figure) -> str:
    """What a row is called in a verdict: with its architecture, unless it is the usual one."""
    return figure.name if figure.arch == DEFAULT.name else f"{figure.arch} {figure.name}"


def _verdict(old: Figure, new: Figure) -> Verdict:
    before, now = old.decisive(), new.decisive()
    change = now.median / before.median if before.median else 1.0
    words = "as before"
    if not before.overlaps(now) and abs(change - 1) >= CHANGE_MIN:
        words = "faster" if (change > 1) == new.more_is_better else "slower"
    if old.met is False and new.met:
        words += ", now within its budget"
    lost = old.met is True and new.met is False
    if lost:
        words += ", no longer within its budget"
    return Verdict(_key(new), words, change, lost)
