"""Capability graphs written down: who holds what, without a kernel."""

from __future__ import annotations

import re

from anos_sim.stage3.abi import CALLS, ObjectKind, Rights
from anos_sim.stage3.capability import Origin
from anos_sim.toolchain.inspect.graph import CapabilityGraph, Columns, ObjectNode, ProcessNode

CALL_IDS = {call.symbol.removeprefix("anos_"): int(call.number) for call in CALLS}
KINDS = {
    "channel": ObjectKind.CHANNEL,
    "notification": ObjectKind.NOTIFICATION,
    "shared": ObjectKind.MEMORY,
    "memory": ObjectKind.PHYSICAL,
    "vectors": ObjectKind.VECTORS,
    "process": ObjectKind.PROCESS,
    "call": ObjectKind.CALL,
}
RIGHTS = {str(right.name).lower(): right for right in Rights}


def held(text: str, policy: str = "derived") -> CapabilityGraph:
    """A graph of roots: lines such as `A: call send_message; channel 1=NAME send grant`.

    Objects are `channel N`, `notification N`, `shared N` (a memory object), `memory
    0x1000-0x1fff`, `vectors 0x40-0x4f`, `process P` and `call NAME`; `=NAME` names one.
    `every call` is all calls. A call that stands alone has the right to make it.
    """
    lines = [line.strip() for line in text.strip().splitlines()]
    names = list(dict.fromkeys(line.partition(":")[0] for line in lines))
    processes = tuple(
        ProcessNode(index, index + 1, name, f"boot:/{name}.elf", "alive")
        for index, name in enumerate(names)
    )
    objects: dict[str, ObjectNode] = {}
    columns = Columns()
    for line in lines:
        holder = names.index(line.partition(":")[0])
        for part in filter(None, (each.strip() for each in line.partition(":")[2].split(";"))):
            wanted = [f"call {name}" for name in CALL_IDS] if part == "every call" else [part]
            for each in wanted:
                _add(each, holder, objects, columns, names)
    return CapabilityGraph(0, policy, processes, tuple(objects.values()), columns)


def _add(
    text: str, holder: int, objects: dict[str, ObjectNode], columns: Columns, names: list[str]
) -> None:
    match = re.fullmatch(r"(\w+) ([^ =]+)(?:=(\S+))?((?: \w+)*)", text)
    assert match is not None, text
    kind, what, name, words = match.groups()
    key = f"{kind} {what}"
    known = objects.get(key)
    if known is None or name:
        index = known.index if known is not None else len(objects)
        objects[key] = _object(index, kind, what, name, names)
    rights = 0
    for word in words.split():
        rights |= RIGHTS[word]
    if kind == "call" and not rights & Rights.CALL:
        rights |= Rights.CALL
    row = len(columns)
    columns.cookie.append(0x1000 + row)
    columns.target.append(objects[key].index)
    columns.holder.append(holder)
    columns.parent.append(-1)
    columns.depth.append(0)
    columns.end.append(row + 1)
    columns.rights.append(int(rights))
    columns.used.append(0)
    columns.badge.append(0)
    columns.alive.append(1)
    columns.origin.append(Origin(0, "power-on"))


def _object(index: int, kind: str, what: str, name: str | None, names: list[str]) -> ObjectNode:
    start = size = 0
    number, process = 0, None
    if "-" in what:
        first, last = (int(end, 16) for end in what.split("-"))
        start, size, number = first, last + 1 - first, first >> 12
    elif kind == "process":
        process = names.index(what)
        number = process + 1
        return ObjectNode(index, KINDS[kind], number, f"{what}[{number}]", process=process)
    else:
        number = CALL_IDS[what] if kind == "call" else int(what)
    text = f"{'memory object' if kind == 'shared' else kind} {what}"
    return ObjectNode(index, KINDS[kind], number, text, start, size, (name,) if name else ())
