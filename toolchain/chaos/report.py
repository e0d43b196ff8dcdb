"""One page about a failing run: what was done to it, what came of it, and how to see it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from anos_sim.hw.arch import DEFAULT
from anos_sim.stage3.event_log import EventLog
from anos_sim.toolchain.duration import show_time
from anos_sim.toolchain.errors import UserError
from anos_sim.toolchain.event_file import EventFileWriter

from .base import Base
from .batch import Spec
from .branch import branch
from .fault import Plan
from .kinds import DEFAULT_GROUP, GROUPS
from .one_run import Run
from .scenario import find_scenario
from .shrink import Shrunk, shrink
from .verdict import TEXTS, Verdict

LAST_LINES = 12


def run_once(
    scenario: str, plan: Plan, events: str | None = None, arch: str = DEFAULT.name
) -> tuple[dict[str, Any], list[tuple[int, str, str]]]:
    """Boot and do one run, with its events to a file if one is named; its row and its log."""

    def work() -> dict[str, Any]:
        base = Base(find_scenario(scenario, arch))
        log = EventLog(keep=False)
        if events is None:
            run = Run(base, plan, log)
            row = run.go().as_json()
        else:
            with EventFileWriter(events, log) as writer:
                run = Run(base, plan, log)
                row = run.go().as_json()
                writer.end = lambda: {"run": row["hash"]}
                log.flush()
                log.close()
        return {"row": row, "lines": run.lines.all}

    found = branch(work)
    if "crashed" in found:
        return {"verdict": Verdict.BROKEN.value, "why": found["crashed"], "hash": ""}, []
    return found["row"], [(line[0], line[1], line[2]) for line in found["lines"]]


def replay_command(spec: Spec, run: int) -> str:
    """What does one run of a campaign again."""
    words = ["anos-sim", "chaos", spec.scenario, "--replay", f"{spec.seed}/{run}"]
    words += _arch_words(spec.arch)
    if spec.kinds != GROUPS[DEFAULT_GROUP]:
        words += ["--faults", kinds_text(spec.kinds)]
    if spec.schedule is not None:
        words += ["--schedule", spec.schedule]
    return shlex.join(words)


def kinds_text(kinds: tuple[str, ...]) -> str:
    """Kinds as --faults takes them."""
    return next((name for name, members in GROUPS.items() if members == kinds), ",".join(kinds))


def plan_command(shrunk: Shrunk) -> str:
    """What does a shrunk run again."""
    words = ["anos-sim", "chaos", shrunk.scenario, *_arch_words(shrunk.arch)]
    return shlex.join([*words, "--plan", str(shrunk.plan)])


def _arch_words(arch: str) -> list[str]:
    return ["--arch", arch] if arch != DEFAULT.name else []


def write_report(folder: Path, spec: Spec, row: dict[str, Any], plan: Plan) -> Path:
    """Shrink a failing run, and write its page and its events; returns the page's path.

    Raises:
        UserError: the folder cannot be written.
    """
    shrunk = shrink(spec.scenario, plan, row, spec.arch)
    name = f"run-{spec.seed}-{row['run']}"
    page, events = folder / f"{name}.md", folder / f"{name}.events"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _, lines = run_once(shrunk.scenario, shrunk.plan, str(events), shrunk.arch)
        page.write_text(_page(spec, row, shrunk, events, lines), encoding="utf-8")
    except OSError as error:
        raise UserError(f"--report: cannot write {error.filename}: {error.strerror}") from None
    return page


def _page(
    spec: Spec,
    row: dict[str, Any],
    shrunk: Shrunk,
    events: Path,
    lines: list[tuple[int, str, str]],
) -> str:
    small = shrunk.row
    text = [
        f"# {row['verdict']}: run {row['run']} of seed {spec.seed}",
        "",
        f"{small['why']}. ({TEXTS[Verdict(row['verdict'])]}.)",
        "",
        f"- Scenario: {spec.scenario}; shrunk: {shrunk.scenario}, in {shrunk.tries} tries",
        f"- Faults: {len(row['plan']['faults'])}; shrunk: {len(shrunk.plan.faults)}",
        f"- Schedule of threads: {shrunk.plan.schedule or 'the usual one'}",
        f"- Event hash of the run: `{row['hash']}`; shrunk: `{small['hash']}`",
        f"- Events of the shrunk run: `{events}`",
        "",
        "## Faults",
        "",
        *(f"- {fault}" for fault in shrunk.plan.faults),
        "",
        "What they met:",
        "",
        *(f"- {each}" for each in small.get("fired", ())),
        "",
        "## What is wrong",
        "",
        *(f"- {each}" for each in (small["why"], *small.get("details", ()))),
        "",
        "## Last lines of the log",
        "",
        *(f"    {show_time(time)}  {who}: {said}" for time, who, said in lines[-LAST_LINES:]),
        "",
        "## See it",
        "",
        f"    {replay_command(spec, row['run'])}",
        f"    {plan_command(shrunk)}",
        f"    anos-sim events {shlex.quote(str(events))}",
        f"    anos-sim trace {shlex.quote(str(events))} -o run.pftrace",
        "",
    ]
    return "\n".join(text)
