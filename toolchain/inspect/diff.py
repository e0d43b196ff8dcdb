"""What has changed between two moments of one run: what appeared, went, moved or changed rights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import attrs

from anos_sim.toolchain.duration import show_time
from anos_sim.toolchain.table import render

from .as_json import capability_data
from .graph import CapabilityGraph, CapabilityNode
from .tables import giver_text
from .words import object_text, origin_text, plural, rights_list, rights_text, when_text

Key = tuple[int, int]


@attrs.frozen
class Change:
    """A holder's rights to one object, all its capabilities taken together, at both moments."""

    holder: str
    target: str
    before: int
    after: int


@attrs.frozen
class Difference:
    """From `old` to `new`. What was moved is in `moved` only: (where it was, where it is)."""

    old: CapabilityGraph
    new: CapabilityGraph
    appeared: tuple[CapabilityNode, ...]
    went: tuple[CapabilityNode, ...]
    moved: tuple[tuple[CapabilityNode, CapabilityNode], ...]
    changed: tuple[Change, ...]


def compare(old: CapabilityGraph, new: CapabilityGraph) -> Difference:
    """The difference of two graphs of one run; capabilities are known by `key`."""
    before = {node.key: node for node in old.living()}
    after = {node.key: node for node in new.living()}
    appeared = {key: node for key, node in after.items() if key not in before}
    went = {key: node for key, node in before.items() if key not in after}
    moved = []
    for key, node in list(appeared.items()):
        source = _moved_from(node)
        if source in went:
            moved.append((went.pop(source), appeared.pop(key)))
    return Difference(
        old,
        new,
        tuple(appeared.values()),
        tuple(went.values()),
        tuple(moved),
        tuple(_changes(before.values(), after.values())),
    )


def _moved_from(node: CapabilityNode) -> Key | None:
    """Where a moved capability was; it may have been moved several times since."""
    if node.origin.how != "move":
        return None
    above = node.parent
    while above is not None and above.origin.how == "move" and not above.alive:
        further = above.parent
        if further is None or further.alive:
            break
        above = further
    return above.key if above is not None and not above.alive else None


def _changes(before: Iterable[CapabilityNode], after: Iterable[CapabilityNode]) -> list[Change]:
    """Holders that have more or fewer rights to an object which they hold at both moments."""
    old, new = _rights(before), _rights(after)
    return [
        Change(*key, rights, new[key])
        for key, rights in old.items()
        if key in new and new[key] != rights
    ]


def _rights(nodes: Iterable[CapabilityNode]) -> dict[tuple[str, str], int]:
    rights: dict[tuple[str, str], int] = {}
    for node in nodes:
        key = str(node.holder), object_text(node.object)
        rights[key] = rights.get(key, 0) | node.rights
    return rights


def diff_lines(difference: Difference, calls: bool = False) -> Iterator[str]:
    """The difference as text; system calls one line a process unless `calls`."""
    old, new = difference.old, difference.new
    times = f"from {show_time(old.time_ps)} to {show_time(new.time_ps)}"
    counts = f"{old.living_count:,} capabilities, then {new.living_count:,}"
    yield f"{times}: {counts}"
    sections = (
        ("appeared", _rows(difference.appeared, calls)),
        ("went", _rows(difference.went, calls)),
        ("moved", _moved_rows(difference)),
        ("changed rights", _changed_rows(difference)),
    )
    for name, rows in sections:
        if rows:
            yield ""
            yield f"{name}:"
            yield from (f"  {line}" for line in render(rows).splitlines())
    if not any(rows for _, rows in sections):
        yield "nothing has changed"


def _rows(nodes: Iterable[CapabilityNode], calls: bool) -> list[list[str]]:
    rows: list[list[str]] = []
    folded: dict[tuple[str, str], list[CapabilityNode]] = {}
    for node in nodes:
        if node.is_call and not calls:
            folded.setdefault((str(node.holder), giver_text(node)), []).append(node)
        else:
            rows.append(
                [
                    str(node.holder),
                    object_text(node.object),
                    rights_text(node.rights),
                    f"from {giver_text(node)}",
                    origin_text(node),
                    when_text(node),
                ]
            )
    return [
        [
            holder,
            plural(len(members), "system call"),
            "call",
            f"from {giver}",
            origin_text(members[0]),
            when_text(members[0]),
        ]
        for (holder, giver), members in folded.items()
    ] + rows


def _moved_rows(difference: Difference) -> list[list[str]]:
    return [
        [
            f"{source.holder} to {node.holder}",
            object_text(node.object),
            rights_text(node.rights),
            when_text(node),
        ]
        for source, node in difference.moved
    ]


def _changed_rows(difference: Difference) -> list[list[str]]:
    return [
        [each.holder, each.target, rights_text(each.before), "->", rights_text(each.after)]
        for each in difference.changed
    ]


def diff_data(difference: Difference) -> dict[str, Any]:
    """The difference as plain data."""
    return {
        "from_ns": difference.old.time_ps // 1000,
        "to_ns": difference.new.time_ps // 1000,
        "appeared": [capability_data(node) for node in difference.appeared],
        "went": [capability_data(node) for node in difference.went],
        "moved": [
            {"from": capability_data(source), "to": capability_data(node)}
            for source, node in difference.moved
        ],
        "changed": [
            {
                "holder": each.holder,
                "object": each.target,
                "before": rights_list(each.before),
                "after": rights_list(each.after),
            }
            for each in difference.changed
        ],
    }
