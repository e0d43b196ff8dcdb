"""Medians, spreads and ratios of several runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from anos_sim.hw.arch import DEFAULT

from .rows import Row


@attrs.frozen
class Spread:
    """A median, and the quartiles below and above it."""

    median: float
    low: float
    high: float

    def overlaps(self, other: Spread) -> bool:
        """Do the two have a value in common?"""
        return self.low <= other.high and other.low <= self.high


def spread(values: Sequence[float]) -> Spread:
    """The spread of one value or more."""
    import statistics  # as long as a tenth of a boot: only who measures shall wait for it

    if len(values) == 1:
        return Spread(values[0], values[0], values[0])
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(median, low, high)


@attrs.frozen
class Figure:
    """A row as it was measured. `ratio` is None without a base, `met` without a budget."""

    name: str
    subject: str
    unit: str
    more_is_better: bool
    value: Spread
    ratio: Spread | None
    against: str
    budget: str
    met: bool | None
    runs: int
    arch: str = DEFAULT.name

    def decisive(self) -> Spread:
        """What is compared between machines and times: the ratio, or the value if there is none."""
        return self.ratio or self.value


def make_figures(
    rows: Iterable[Row], runs: Sequence[Mapping[str, float]], arch: str = DEFAULT.name
) -> list[Figure]:
    """One figure a row of an architecture; ratios are taken within each run."""
    figures = []
    for row in rows:
        value = spread([run[row.name] for run in runs])
        ratio = None
        if row.base:
            ratio = spread([run[row.name] / (row.times * run[row.base]) for run in runs])
        met = row.is_met(value.median, ratio.median if ratio else None)
        figures.append(
            Figure(
                row.name, row.subject, row.unit, row.is_rate, value, ratio,
                row.against(), row.budget_text(), met, len(runs), arch,
            )
        )  # fmt: skip
    return figures


def figure_from(table: Mapping[str, Any]) -> Figure:
    """The figure that `attrs.asdict` made a table of.

    Raises:
        KeyError, TypeError: it did not.
    """
    spreads = {
        key: Spread(**table[key]) if table[key] is not None else None for key in ("value", "ratio")
    }
    return Figure(**{**table, **spreads})
