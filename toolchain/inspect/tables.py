"""What one process holds, and who holds one object, as tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from anos_sim.toolchain.table import render

from .graph import CapabilityGraph, CapabilityNode, ObjectNode, ProcessNode
from .words import SEEN, allowed_text, holder_text, object_text, origin_text, plural, when_text

LISTED_MAX = 4


def process_lines(
    graph: CapabilityGraph, processes: Iterable[ProcessNode], calls: bool = False
) -> Iterator[str]:
    """What each process holds, from whom, and whom it passed that on to."""
    for number, process in enumerate(processes):
        if number:
            yield ""
        held = graph.held_by(process)
        path = f" {process.path}," if process.path else ""
        yield f"{process}:{path} {process.state}, holds {plural(len(held), 'capability')}"
        rows = [["OBJECT", "RIGHTS", "FROM", "BY", "WHEN", "GIVEN TO"]]
        folded = [] if calls else [node for node in held if node.is_call]
        if folded:
            rows.append(_calls_row(folded))
        seen = sum(
            graph.seen_calls(giver).get(process.index, 0)
            for giver in graph.processes
            if giver.index != process.index
        )
        if seen:
            rows.append([plural(seen, "system call"), "call", "", SEEN, "", ""])
        for node in held:
            if calls or not node.is_call:
                rows.append(
                    [
                        object_text(node.object) + _badge(node),
                        allowed_text(node),
                        giver_text(node),
                        origin_text(node),
                        when_text(node),
                        _given_to([node]),
                    ]
                )
        if len(rows) > 1:
            yield from render(rows).splitlines()


def holder_lines(graph: CapabilityGraph, targets: Iterable[ObjectNode]) -> Iterator[str]:
    """Who holds each of some objects, with which rights, from whom, since when."""
    rows = [["OBJECT", "HOLDER", "RIGHTS", "FROM", "BY", "WHEN"]]
    for target in targets:
        named = object_text(target)
        for node in graph.rights_to(target):
            rows.append(
                [
                    named,
                    str(node.holder) + _badge(node),
                    allowed_text(node),
                    giver_text(node),
                    origin_text(node),
                    when_text(node),
                ]
            )
            named = ""
    yield from render(rows).splitlines()


def giver_text(node: CapabilityNode) -> str:
    """The nearest other process on the way to the root: who gave it; `kernel` at a root."""
    above = node.parent
    while above is not None and above.holder.index == node.holder.index:
        above = above.parent
    return "kernel" if above is None else holder_text(above)


def _badge(node: CapabilityNode) -> str:
    return f", badge {node.badge:#x}" if node.badge else ""


def _calls_row(calls: list[CapabilityNode]) -> list[str]:
    givers = dict.fromkeys(giver_text(node) for node in calls)
    how = dict.fromkeys(origin_text(node) for node in calls)
    first = min(calls, key=lambda node: node.origin.time_ps)
    return [
        plural(len(calls), "system call"),
        "call",
        _list(givers),
        _list(how),
        when_text(first),
        _given_to(calls),
    ]


def _given_to(nodes: list[CapabilityNode]) -> str:
    """The other processes that hold what was derived from these directly."""
    receivers: dict[str, None] = {}
    for node in nodes:
        for child in node.children():
            if child.holder.index != node.holder.index:
                receivers[holder_text(child)] = None
    return _list(receivers)


def _list(texts: dict[str, None]) -> str:
    listed = list(texts)
    if len(listed) > LISTED_MAX:
        listed[LISTED_MAX - 1 :] = [f"{len(listed) - LISTED_MAX + 1} more"]
    return ", ".join(listed)
