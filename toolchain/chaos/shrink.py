"""A failing run made small: fewer faults, a shorter workload, and the same verdict."""

from __future__ import annotations

from typing import Any

import attrs

from anos_sim.hw.arch import DEFAULT

from .batch import ground
from .fault import Plan
from .scenario import with_operations

TRIES_MAX = 40


@attrs.define
class Shrunk:
    """The smallest run found that still fails as the first one did."""

    scenario: str
    plan: Plan
    row: dict[str, Any]
    arch: str = DEFAULT.name
    tries: int = 0


def shrink(scenario: str, plan: Plan, row: dict[str, Any], arch: str = DEFAULT.name) -> Shrunk:
    """Leave out faults, the schedule and operations as long as the verdict stays."""
    found = Shrunk(scenario, plan, row, arch)
    _fewer_faults(found)
    if found.plan.schedule is not None:
        _try(found, found.scenario, attrs.evolve(found.plan, schedule=None))
    _shorter(found)
    _fewer_faults(found)
    return found


def _try(found: Shrunk, scenario: str, plan: Plan) -> bool:
    if found.tries >= TRIES_MAX:
        return False
    found.tries += 1
    row = ground(scenario, found.arch).run(plan)
    if row["verdict"] != found.row["verdict"]:
        return False
    found.scenario, found.plan, found.row = scenario, plan, row
    return True


def _fewer_faults(found: Shrunk) -> None:
    at = 0
    while len(found.plan.faults) > 1 and at < len(found.plan.faults):
        faults = found.plan.faults
        rest = attrs.evolve(found.plan, faults=faults[:at] + faults[at + 1 :])
        if not _try(found, found.scenario, rest):
            at += 1


def _shorter(found: Shrunk) -> None:
    """Halve the workload's length as long as that goes, then take less and less away."""
    low, high = 0, with_operations(found.scenario)[1]
    while high - low > 1:
        middle = (low + high) // 2
        name = with_operations(found.scenario, middle)[0]
        if _try(found, name, found.plan):
            high = middle
        else:
            low = middle
