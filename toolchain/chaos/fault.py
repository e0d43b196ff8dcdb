"""A fault is data: what happens, to whom, when. A plan is a seed and its faults.

    {"seed": "7/12", "faults": [{"kind": "kill", "target": "fat32drv", "when": ["message", 31]}]}

Everything random was drawn when the plan was made, so a plan alone says what a run will be.
"""

from __future__ import annotations

import json
from typing import Any

import attrs

from anos_sim.toolchain.errors import UserError

from .kinds import KINDS

MOMENTS = {
    "message": "the target sends or is sent its n-th message (no target: anybody)",
    "code": "the target has executed n bytes of code, to the end of a block",
    "time": "n nanoseconds of virtual time have passed",
    "disk": "the disks carry out their n-th command, or the next one that it fits",
    "interrupt": "a device signals its n-th interrupt",
}
"""What can be counted, from the branch on."""


@attrs.frozen
class Fault:
    """One fault. `when` is (what is counted, n); `detail` are the numbers of its kind."""

    kind: str
    when: tuple[str, int]
    target: str = ""
    detail: dict[str, int] = attrs.field(factory=dict)

    def as_json(self) -> dict[str, Any]:
        """As a table for JSON, without what is empty."""
        made: dict[str, Any] = {"kind": self.kind, "when": list(self.when)}
        if self.target:
            made["target"] = self.target
        if self.detail:
            made["detail"] = dict(self.detail)
        return made

    def __str__(self) -> str:
        what, number = self.when
        who = f" {self.target}" if self.target else ""
        detail = "".join(f", {name} {value}" for name, value in self.detail.items())
        return f"{self.kind}{who} at {what} {number:,}{detail}"


@attrs.frozen
class Plan:
    """What is done to one run."""

    seed: str
    faults: tuple[Fault, ...] = ()
    schedule: str | None = None
    """A schedule of threads (`--schedule`); None: the system's own."""

    def as_json(self) -> dict[str, Any]:
        """As a table for JSON."""
        made: dict[str, Any] = {
            "seed": self.seed,
            "faults": [fault.as_json() for fault in self.faults],
        }
        if self.schedule is not None:
            made["schedule"] = self.schedule
        return made

    def __str__(self) -> str:
        return json.dumps(self.as_json(), separators=(",", ":"))


def read_plan(text: str) -> Plan:
    """A plan from its line of JSON.

    Raises:
        UserError: it is none.
    """
    try:
        return plan_from(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f'--plan: {error}; a plan is as {{"seed": "x", "faults": [{{"kind": "kill", '
            '"target": "fat32drv", "when": ["message", 9]}]}'
        ) from None


def plan_from(table: dict[str, Any]) -> Plan:
    """A plan from its table; raises ValueError, KeyError or TypeError if it is none."""
    faults = []
    for each in table["faults"]:
        what, number = each["when"]
        if each["kind"] not in KINDS:
            raise ValueError(f"there is no fault {each['kind']}")
        if what not in KINDS[each["kind"]].moments:
            allowed = ", ".join(KINDS[each["kind"]].moments)
            raise ValueError(f"{each['kind']} happens at {allowed}, not at {what!r}")
        detail = {str(name): int(value) for name, value in each.get("detail", {}).items()}
        faults.append(Fault(each["kind"], (what, int(number)), each.get("target", ""), detail))
    return Plan(str(table["seed"]), tuple(faults), table.get("schedule"))
