"""All capabilities of a run as one graph, as if they had been held at the same time.

For rules about single capabilities that must hold at every moment: what was held
only for a moment is in it too.
"""

from __future__ import annotations

import re

from anos_sim.stage3.abi import CALLS, ObjectKind
from anos_sim.stage3.capability import Origin

from .graph import CapabilityGraph, Columns, ObjectNode, ProcessNode
from .history import HeldOnce, History

_CALLS = {f"call {call.symbol.removeprefix('anos_')}": int(call.number) for call in CALLS}
_NUMBERED = {
    "channel": ObjectKind.CHANNEL,
    "notification": ObjectKind.NOTIFICATION,
    "memory object": ObjectKind.MEMORY,
    "vector": ObjectKind.VECTOR,
}
_RANGES = {"memory": ObjectKind.PHYSICAL, "vectors": ObjectKind.VECTORS}
_RANGE = re.compile(r"(memory|vectors) (0x[0-9a-f]+)-(0x[0-9a-f]+)")
_NUMBER = re.compile(r"(channel|notification|memory object|vector) (\w+)")


def history_graph(history: History, now: CapabilityGraph) -> CapabilityGraph:
    """The graph of all that was ever held; names of objects are those in the graph `now`."""
    names = {each.text: each.names for each in now.objects}
    pids = [0, *history.processes]
    processes = tuple(
        ProcessNode(index, pid, *history.processes.get(pid, ("", "")), "alive")
        for index, pid in enumerate(pids)
    )
    index_of = {pid: index for index, pid in enumerate(pids)}
    subjects = _processes_of(now, index_of)
    columns = Columns()
    objects: dict[tuple[str, int], ObjectNode] = {}
    pending = [(held, -1, 0) for held in history.made.values() if held.parent is None][::-1]
    open_rows: list[int] = []
    while pending:
        held, parent, depth = pending.pop()
        row = len(columns)
        while len(open_rows) > depth:
            columns.end[open_rows.pop()] = row
        open_rows.append(row)
        what = held.object, subjects.get(held.cookie, 0)
        if what not in objects:
            objects[what] = _object(len(objects), *what, names)
        _add(columns, held, objects[what].index, index_of.get(held.pid, 0), parent, depth)
        pending += [(child, row, depth + 1) for child in reversed(held.children)]
    while open_rows:
        columns.end[open_rows.pop()] = len(columns)
    return CapabilityGraph(
        now.time_ps, now.policy, processes, tuple(objects.values()), columns, True, arch=now.arch
    )


def _add(
    columns: Columns, held: HeldOnce, target: int, holder: int, parent: int, depth: int
) -> None:
    columns.cookie.append(held.cookie)
    columns.target.append(target)
    columns.holder.append(holder)
    columns.parent.append(parent)
    columns.depth.append(depth)
    columns.end.append(len(columns))
    columns.rights.append(held.rights)
    columns.used.append(held.used)
    columns.badge.append(0)
    columns.alive.append(1)
    columns.origin.append(Origin(held.time_ps, held.how))


def _processes_of(now: CapabilityGraph, index_of: dict[int, int]) -> dict[int, int]:
    """By cookie: which process it is to, as far as that is known still."""
    found = {}
    for cookie, target in zip(now.columns.cookie, now.columns.target, strict=True):
        process = now.objects[target].process
        if process is not None:
            found[cookie] = index_of.get(now.processes[process].pid, 0)
    return found


def _object(index: int, text: str, process: int, names: dict[str, tuple[str, ...]]) -> ObjectNode:
    known = names.get(text, ())
    if text in _CALLS:
        return ObjectNode(index, ObjectKind.CALL, _CALLS[text], text, names=known)
    match = _RANGE.fullmatch(text)
    if match is not None:
        kind, start, last = _RANGES[match[1]], int(match[2], 16), int(match[3], 16)
        number = start >> 12 if kind == ObjectKind.PHYSICAL else start
        return ObjectNode(index, kind, number, text, start, last + 1 - start, known)
    match = _NUMBER.fullmatch(text)
    if match is not None:
        return ObjectNode(index, _NUMBERED[match[1]], int(match[2], 0), text, names=known)
    return ObjectNode(index, ObjectKind.PROCESS, 0, text, names=known, process=process)
