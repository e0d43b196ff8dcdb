"""A campaign: many runs, their results, how far it is, and what came out."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TextIO

import attrs

from anos_sim.toolchain.table import render

from .batch import Spec
from .kinds import KINDS
from .results import Results
from .verdict import Verdict, names_cause

BATCH_RUNS = 20
REPORT_SECONDS = 2.0
Engine = Callable[[dict[str, Any], Sequence[list[int]]], Iterator[list[dict[str, Any]]]]


def run_campaign(
    spec: Spec, runs: int, results: Results, engine: Engine, progress: TextIO | None
) -> None:
    """Do those of runs 0 to `runs` - 1 that the results do not have."""
    missing = [run for run in range(runs) if run not in results.rows]
    size = max(1, min(BATCH_RUNS, len(missing) // 8))
    batches = [missing[at : at + size] for at in range(0, len(missing), size)]
    meter = Meter(len(missing), progress)
    for rows in engine(attrs.asdict(spec) | {"kinds": list(spec.kinds)}, batches):
        for row in rows:
            if results.add(row):
                meter.count(row["verdict"])
    meter.finish()


class Meter:
    """Says on a stream how far a campaign is, and how long it will take."""

    def __init__(self, total: int, stream: TextIO | None) -> None:
        self.total = total
        self.done = 0
        self.verdicts: Counter[str] = Counter()
        self._stream = stream
        self._begin = self._said = time.monotonic()

    def count(self, verdict: str) -> None:
        """One more run is done."""
        self.done += 1
        self.verdicts[verdict] += 1
        now = time.monotonic()
        if now - self._said >= REPORT_SECONDS:
            self._said = now
            self._say(now)

    def finish(self) -> None:
        """Say how long it took."""
        if self.done:
            self._say(time.monotonic())

    def _say(self, now: float) -> None:
        if self._stream is None:
            return
        seconds = now - self._begin
        rate = self.done / seconds if seconds else 0.0
        left = (self.total - self.done) / rate if rate else 0.0
        counts = ", ".join(
            f"{self.verdicts[each.value]} {each.value}"
            for each in Verdict
            if self.verdicts[each.value]
        )
        end = f"about {show_seconds(left)} left" if left else f"in {show_seconds(seconds)}"
        print(f"{self.done:,} of {self.total:,} runs, {rate:.1f} a second, {end}: {counts}",
              file=self._stream, flush=True)  # fmt: skip


def show_seconds(seconds: float) -> str:
    """A time for people: 42 s, 7 min, 2.5 h."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def count_by_kind(rows: Sequence[dict[str, Any]]) -> dict[str, Counter[str]]:
    """Verdicts by kind of fault; a run with faults of two kinds counts with each."""
    found: dict[str, Counter[str]] = {}
    for row in rows:
        for kind in {fault["kind"] for fault in row["plan"]["faults"]}:
            found.setdefault(kind, Counter())[row["verdict"]] += 1
    return {kind: found[kind] for kind in KINDS if kind in found}


def summary(rows: Sequence[dict[str, Any]]) -> str:
    """The table at the end."""
    heads = [verdict.value for verdict in Verdict]
    table = [["FAULT", "RUNS", *(head.upper() for head in heads)]]
    for kind, counts in count_by_kind(rows).items():
        name = f"{kind} (silent)" if KINDS[kind].silent else kind
        table.append(_row(name, counts, heads))
    for name, chosen in (
        ("only loud ones", [row for row in rows if not is_silent(row)]),
        ("all runs", list(rows)),
    ):
        table.append(_row(name, Counter(row["verdict"] for row in chosen), heads))
    hung = [row for row in rows if row["verdict"] == Verdict.HUNG.value]
    unknown = [row for row in hung if not names_cause(row)]
    text = render(table, right=set(range(1, len(heads) + 2)))
    return f"{text}\n\nhung without a cause named: {len(unknown)} of {len(hung)}"


def is_silent(row: dict[str, Any]) -> bool:
    """Has the run a fault that who is hit cannot know of?"""
    return any(KINDS[fault["kind"]].silent for fault in row["plan"]["faults"])


def _row(name: str, counts: Counter[str], heads: Sequence[str]) -> list[str]:
    return [name, str(counts.total()), *(str(counts[head] or "") for head in heads)]


def worst(rows: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The worst run, the first of them; None if there is none."""
    return max(rows, key=lambda row: (Verdict(row["verdict"]).rank, -row["run"]), default=None)


def has_failed(rows: Sequence[dict[str, Any]]) -> bool:
    """Is there a broken kernel, wrong data though whoever was hit could know, or a mystery?"""
    return any(
        row["verdict"] == Verdict.BROKEN.value
        or (row["verdict"] == Verdict.WRONG.value and not is_silent(row))
        or (row["verdict"] == Verdict.HUNG.value and not names_cause(row))
        for row in rows
    )
