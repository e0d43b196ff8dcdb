"""Faults and plans as data."""

from __future__ import annotations

import json

import pytest

from anos_sim.toolchain.chaos.command import chosen_kinds
from anos_sim.toolchain.chaos.draw import Profile, draw_plan
from anos_sim.toolchain.chaos.fault import Fault, Plan, read_plan
from anos_sim.toolchain.chaos.kinds import KINDS, LOUD
from anos_sim.toolchain.errors import UserError

PROFILE = Profile(
    ("one", "two"), {"": 50, "one": 40, "two": 1}, {"one": 1000, "two": 0}, 10**6, 30, 20
)


def test_a_plan_is_one_line_and_comes_back_the_same() -> None:
    faults = (
        Fault("kill", ("message", 7), "one"),
        Fault("irq-delay", ("interrupt", 3), "", {"ns": 5}),
    )
    plan = Plan("1/2", faults, "pct:4:2")
    assert "\n" not in str(plan)
    assert read_plan(str(plan)) == plan


def test_every_draw_is_a_plan_that_can_be_read_and_the_same_again() -> None:
    kinds = list(KINDS)
    plans = [draw_plan(3, run, kinds, PROFILE) for run in range(300)]
    assert plans == [draw_plan(3, run, kinds, PROFILE) for run in range(300)]
    assert all(read_plan(str(plan)) == plan for plan in plans)
    drawn = {fault.kind for plan in plans for fault in plan.faults}
    assert drawn == set(KINDS)
    assert {fault.when[0] for plan in plans for fault in plan.faults if fault.target == "two"} <= {
        "time"
    }
    assert str(plans[0]) != str(draw_plan(4, 0, kinds, PROFILE))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[", "--plan"),
        ('{"seed": 1, "faults": [{"kind": "rust", "when": ["time", 1]}]}', "no fault rust"),
        ('{"seed": 1, "faults": [{"kind": "kill", "when": ["disk", 1]}]}', "not at 'disk'"),
        ('{"faults": []}', "seed"),
        (json.dumps({"seed": "1", "faults": [3]}), "--plan"),
    ],
)
def test_what_is_no_plan_is_refused_with_a_sentence(text: str, complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        read_plan(text)


def test_faults_are_chosen_by_kind_and_by_group() -> None:
    assert chosen_kinds("all") == tuple(KINDS)
    assert chosen_kinds("revoke,kill") == ("kill", "revoke")
    assert chosen_kinds("loud") == LOUD
    with pytest.raises(UserError, match="no such fault"):
        chosen_kinds("kill,love")
