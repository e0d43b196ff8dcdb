"""Some runs of a campaign, done in this process: what a worker does.

The base is booted once in a process and kept. `run_batch` is a plain function of plain data,
so any engine can call it anywhere.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import attrs

from anos_sim.hw.arch import DEFAULT

from .base import Base
from .branch import branch
from .draw import Profile, draw_plan
from .fault import Plan
from .lines import Lines
from .one_run import Run
from .scenario import find_scenario
from .verdict import Verdict


@attrs.frozen
class Spec:
    """What a campaign is: with a run's number it decides everything about the run."""

    scenario: str = "files"
    seed: int = 1
    kinds: tuple[str, ...] = ()
    arch: str = DEFAULT.name
    schedule: str | None = None
    """As --schedule; `random` and `pct` without a seed get one of each run."""

    def schedule_of(self, run: int) -> str | None:
        """The schedule of one run."""
        if self.schedule is None:
            return None
        name, _, rest = self.schedule.partition(":")
        if name == "random" and not rest:
            return f"random:{self.seed * 1_000_003 + run}"
        if name == "pct" and rest.count(":") == 0:
            return f"pct:{self.seed * 1_000_003 + run}:{rest or 3}"
        return self.schedule


class Ground:
    """A booted base and what a run without faults has to count."""

    def __init__(self, scenario: str, arch: str = DEFAULT.name) -> None:
        self.base = Base(find_scenario(scenario, arch))
        found = branch(self._measure)
        if "crashed" in found:
            raise RuntimeError(found["crashed"])
        said = Lines([(line[0], line[1], line[2]) for line in found.pop("lines")])
        self.base.scenario.judge(said, self.base.kernel)  # what it remembers of that, branches have
        self.profile = Profile(**{**found, "targets": tuple(found["targets"])})

    def _measure(self) -> dict[str, Any]:
        run = Run(self.base, Plan("plain"), count_all=True)
        result = run.go()
        if result.verdict is not Verdict.NO_EFFECT or not run.done:
            raise RuntimeError(f"without faults it ends as {result.verdict.value}: {result.why}")
        return attrs.asdict(run.profile()) | {"lines": run.lines.all}

    def run(self, plan: Plan) -> dict[str, Any]:
        """Do one run in a branch; its result as JSON has it."""
        found = branch(lambda: Run(self.base, plan).go().as_json())
        if "crashed" in found:
            return {"verdict": Verdict.BROKEN.value, "why": found["crashed"], "hash": ""}
        return found


_grounds: dict[tuple[str, str], Ground] = {}


def ground(scenario: str, arch: str) -> Ground:
    """The base of a scenario, booted at its first use in this process."""
    if (scenario, arch) not in _grounds:
        _grounds[scenario, arch] = Ground(scenario, arch)
    return _grounds[scenario, arch]


def plan_of(spec: Spec, run: int) -> Plan:
    """The plan of one run."""
    profile = ground(spec.scenario, spec.arch).profile
    return draw_plan(spec.seed, run, spec.kinds, profile, spec.schedule_of(run))


def run_batch(spec: dict[str, Any], runs: Sequence[int]) -> list[dict[str, Any]]:
    """Do some runs; a row of the results for each."""
    chosen = Spec(**{**spec, "kinds": tuple(spec["kinds"])})
    rows = []
    where = ground(chosen.scenario, chosen.arch)
    for run in runs:
        plan = plan_of(chosen, run)
        rows.append({"run": run, "plan": plan.as_json(), **where.run(plan)})
    return rows


def run_batch_apart(spec: dict[str, Any], runs: Sequence[int]) -> list[dict[str, Any]]:
    """`run_batch` in a fresh process: a process that has threads must not fork."""
    done = subprocess.run(
        [sys.executable, "-m", "anos_sim.toolchain.chaos.batch"],
        input=json.dumps({"spec": spec, "runs": list(runs)}).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


if __name__ == "__main__":
    from anos_sim.toolchain.chaos import batch

    job = json.load(sys.stdin)
    print(json.dumps(batch.run_batch(job["spec"], job["runs"])))
