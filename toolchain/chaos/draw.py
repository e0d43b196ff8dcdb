"""Plans drawn from a seed: run N of seed S is always the same plan for the same profile."""

from __future__ import annotations

import random
from collections.abc import Sequence

import attrs

from .fault import Fault, Plan
from .kinds import KINDS

FAULT_COUNTS = (1, 1, 1, 1, 1, 1, 1, 2, 2, 3)


@attrs.frozen
class Profile:
    """How much there is to count in a run without faults: what moments are drawn from."""

    targets: tuple[str, ...]
    messages: dict[str, int]
    code: dict[str, int]
    time_ns: int
    disk: int
    interrupts: int

    def limit(self, what: str, target: str) -> int:
        """The largest moment that is worth drawing."""
        if what == "message":
            count = self.messages.get(target, 0) if target else self.messages.get("", 0)
        elif what == "code":
            count = self.code.get(target, 0)
        else:
            count = {"time": self.time_ns, "disk": self.disk, "interrupt": self.interrupts}[what]
        return max(1, count)


def run_seed(seed: int, run: int) -> str:
    """How a run is called: what `--replay` takes."""
    return f"{seed}/{run}"


def draw_plan(
    seed: int, run: int, kinds: Sequence[str], profile: Profile, schedule: str | None = None
) -> Plan:
    """Draw the faults of one run."""
    chance = random.Random(run_seed(seed, run))
    count = chance.choice(FAULT_COUNTS)
    faults = tuple(_draw_fault(chance, chance.choice(list(kinds)), profile) for _ in range(count))
    return Plan(run_seed(seed, run), faults, schedule)


def _draw_fault(chance: random.Random, kind: str, profile: Profile) -> Fault:
    facts = KINDS[kind]
    target = chance.choice(profile.targets) if facts.targeted else ""
    moments = [
        what
        for what in facts.moments
        if not target or what == "time" or profile.limit(what, target) > 1
    ] or ["time"]
    what = chance.choice(moments)
    number = chance.randint(1, profile.limit(what, target))
    detail = {name: chance.randint(first, last) for name, first, last in facts.detail}
    return Fault(kind, (what, number), target, detail)
