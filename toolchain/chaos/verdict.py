"""What a run came to: one of six verdicts, the worst that an oracle gives."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .one_run import Result, Run


class Verdict(Enum):
    """From good to bad."""

    NO_EFFECT = "no effect"
    RECOVERED = "recovered"
    DEGRADED = "degraded"
    HUNG = "system hung"
    WRONG = "data wrong"
    BROKEN = "kernel broken"

    @property
    def rank(self) -> int:
        """0 is best."""
        return list(Verdict).index(self)


TEXTS = {
    Verdict.NO_EFFECT: "no fault met anything, or nothing is different for the workload",
    Verdict.RECOVERED: "a request was tried again or a server has a successor, and all came right",
    Verdict.DEGRADED: "requests failed for good with an error, or a server is gone",
    Verdict.HUNG: "the workload did not come to its end, or SYSTEM has ended",
    Verdict.WRONG: "a flushed file is not what it was, the volume is damaged, or a read was wrong",
    Verdict.BROKEN: "an invariant of the kernel does not hold, or the simulator failed",
}


CAUSES = ("deadlock: ", "lost event: ")
FOR_EVER = " runs for ever"


def names_cause(row: dict[str, Any]) -> bool:
    """Does a hung run say which cycle it is in, which event does not come, or who never ends?"""
    return any(line.startswith(CAUSES) or FOR_EVER in line for line in row.get("details", ()))


def decide(run: Run) -> Result:
    """Ask the oracles in the order of what is worst."""
    from .one_run import Result

    kernel = run.kernel
    findings = run.base.scenario.judge(run.lines, kernel)
    fired = run.injector.fired if run.injector is not None else []
    result = Result(
        Verdict.NO_EFFECT,
        "",
        "",
        [f"{each.fault}: {each.what}, at {each.time_ps // 1000:,} ns" for each in fired],
        time_ps=kernel.latest_ps() - run.base.begin_ps,
        operations=findings.operations,
        retries=findings.retries,
    )
    outcome = kernel.outcome
    died, gone = run.died(), run.missing()
    ended = kernel.reports[-1].splitlines()[0] if kernel.reports else ""
    panic = outcome.cause if outcome is not None and outcome.panic else ""
    if run.broken:
        result.verdict, result.why = Verdict.BROKEN, run.broken
    elif panic and not panic.startswith("SYSTEM has ended"):
        result.verdict, result.why = Verdict.BROKEN, panic
    elif findings.wrong:
        result.verdict, result.why = Verdict.WRONG, findings.wrong[0]
        result.details = findings.wrong[1:6]
    elif panic:
        result.verdict, result.why = Verdict.HUNG, panic
    elif not run.done:
        quiet = "nothing runs any more" if outcome is not None else "it does not get on"
        result.verdict = Verdict.HUNG
        result.why = run.ended or quiet
    elif findings.errors:
        result.verdict = Verdict.DEGRADED
        result.why = f"{len(findings.errors)} requests failed, first {findings.errors[0]}"
    elif gone:
        result.verdict = Verdict.DEGRADED
        result.why = f"{', '.join(gone)} {'is' if len(gone) == 1 else 'are'} gone"
    elif findings.retries or died:
        result.verdict = Verdict.RECOVERED
        have = "has a successor" if len(died) == 1 else "have successors"
        successors = f", {', '.join(died)} {have}" if died else ""
        result.why = f"{findings.retries} requests were tried again{successors}"
    if ended and result.verdict.rank >= Verdict.DEGRADED.rank:
        result.details.append(ended)
    return result
