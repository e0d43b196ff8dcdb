"""What was held but never exercised, neither by its holder nor by whom it was passed on to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from anos_sim.hw.clock import PS_PER_NS
from anos_sim.stage3.abi import Rights
from anos_sim.toolchain.table import render

from .history import HeldOnce, History
from .words import plural, rights_list, rights_text

POWER_ON = "power-on"
GIVEN, OWN = "given", "own"


@attrs.frozen
class Unused:
    """A process's right to an object, of which `rights` were never needed, of those it `held`.

    `source` says how it has it: `given` by others, its `own` (an object that it made),
    or from `power-on`. Several capabilities to one object count as one.
    """

    pid: int
    process: str
    object: str
    held: int
    rights: int
    source: str
    giver: str
    since_ps: int

    @property
    def is_whole(self) -> bool:
        """Was nothing of it needed?"""
        return self.rights == self.held


def find_unused(history: History) -> list[Unused]:
    """All of it, by process, then in the order in which it came."""
    needs = history.needs()
    groups: dict[tuple[int, str], list[HeldOnce]] = {}
    for held in history.made.values():
        if held.pid:
            groups.setdefault((held.pid, held.object), []).append(held)
    found = []
    for (pid, target), group in groups.items():
        rights = need = 0
        for held in group:
            rights |= held.rights
            need |= needs[held.cookie]
        if rights & ~need:
            first = group[0]
            source = min(_source(each) for each in group)
            giver = history.name(first.parent.pid) if first.parent is not None else "kernel"
            missing = rights & ~need
            found.append(
                Unused(
                    pid, history.name(pid), target, rights, missing, source, giver, first.time_ps
                )
            )
    return sorted(found, key=lambda each: each.pid)


def _source(held: HeldOnce) -> str:
    """Where it came from. What came back to whom it began with was never another's.

    A channel to receive on that its supervisor made for it is as its own.
    """
    if held.object.startswith("channel ") and held.rights & Rights.RECEIVE:
        return OWN
    root = held.path()[0]
    if root.pid == held.pid:
        return POWER_ON if root.how == POWER_ON else OWN
    return OWN if held.parent is not None and held.parent.pid == held.pid else GIVEN


def unused_lines(history: History, unused: list[Unused], everything: bool) -> Iterator[str]:
    """A table of what was given; with `everything` also of what processes made themselves."""
    listed = [each for each in unused if everything or each.source == GIVEN]
    rows = [["PROCESS", "CAPABILITY", "NEVER USED", "FROM"]]
    for each in listed:
        what = "all of it" if each.is_whole else rights_text(each.rights)
        rows.append([each.process, each.object, what, each.giver])
    if listed:
        yield from render(rows).splitlines()
        yield ""
    given = {
        (held.pid, held.object)
        for held in history.made.values()
        if held.pid and _source(held) == GIVEN
    }
    whole = sum(each.is_whole for each in unused if each.source == GIVEN)
    part = sum(not each.is_whole for each in unused if each.source == GIVEN)
    yield (
        f"Of {plural(len(given), 'capability')} that were given, {whole} "
        f"{'was' if whole == 1 else 'were'} never used, {part} only in part."
    )
    nobody: dict[str, list[str]] = {}
    for each in unused:
        if each.source == POWER_ON and each.is_whole:
            nobody.setdefault(each.process, []).append(each.object)
    for process, objects in nobody.items():
        calls = [each.removeprefix("call ") for each in objects]
        yield f"{process} has all from power-on; nobody needed {', '.join(calls)}."


def unused_data(unused: list[Unused]) -> list[dict[str, Any]]:
    """All as plain data."""
    return [
        {
            "process": each.process,
            "object": each.object,
            "held": rights_list(each.held),
            "never_used": rights_list(each.rights),
            "source": each.source,
            "from": each.giver,
            "since_ns": each.since_ps // PS_PER_NS,
        }
        for each in unused
    ]
