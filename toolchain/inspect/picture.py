"""What a picture of the graph shows, before it is drawn as SVG or for Graphviz.

Processes stand below those whose living capabilities theirs were derived from (who
can take them back). What is not shared is listed with its holder; channels, and
other objects that several processes hold, are drawn apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import attrs

from anos_sim.stage3.abi import ObjectKind, Rights

from .graph import CapabilityGraph, CapabilityNode, ObjectNode, ProcessNode
from .words import plural, rights_text

LINES_MAX = 14
SHAREABLE = frozenset((ObjectKind.CHANNEL, ObjectKind.NOTIFICATION, ObjectKind.MEMORY))
TAKES = int(Rights.RECEIVE)


@attrs.frozen
class Line:
    """Something that a process holds alone: `kind` chooses its colour."""

    kind: str
    text: str
    rights: str


@attrs.frozen
class Box:
    """A process, what it holds, and who gave it most of that (None: the kernel).

    `given` says what came from there.
    """

    process: ProcessNode
    calls: int
    lines: tuple[Line, ...]
    giver: int | None
    given: str
    depth: int


@attrs.frozen
class Link:
    """A process (its index) holds a shared object (its index) with some rights.

    `way` is "serve" if it receives there, "share" if it is memory, else "send". `messages`
    is how many it has sent there, or has received there if it serves it.
    """

    process: int
    target: int
    rights: int
    way: str
    messages: int


@attrs.frozen
class Picture:
    """All there is to draw. `boxes` stand below their givers, depth first."""

    boxes: tuple[Box, ...]
    shared: tuple[ObjectNode, ...]
    links: tuple[Link, ...]


def make_picture(graph: CapabilityGraph) -> Picture:
    """Choose what is drawn of a graph."""
    holders = [each for each in graph.processes if each.state != "ended"]
    held = {each.index: graph.held_by(each) for each in holders}
    shared = _shared(graph)
    givers = {index: _giver(index, nodes) for index, nodes in held.items()}
    order = _below_givers([each.index for each in holders], givers)
    boxes = []
    for index, depth in order:
        apart = [node for node in held[index] if node.object.index not in shared]
        giver = givers[index] if depth else None
        boxes.append(
            Box(
                graph.processes[index],
                sum(node.is_call for node in apart),
                tuple(_lines(node for node in apart if not node.is_call)),
                giver,
                _given(held[index], giver) if giver is not None else "",
                depth,
            )
        )
    links = _links(graph, [index for index, _ in order], held, shared)
    drawn = {link.target for link in links}
    targets = tuple(graph.objects[index] for index in shared if index in drawn)
    return Picture(tuple(boxes), targets, tuple(links))


def _shared(graph: CapabilityGraph) -> dict[int, None]:
    """Objects that stand for themselves: channels, and what has several holders."""
    found: dict[int, None] = {}
    for target in graph.objects:
        if target.kind in SHAREABLE:
            holders = {node.holder.index for node in graph.rights_to(target)}
            if len(holders) > 1 or (holders and target.kind == ObjectKind.CHANNEL):
                found[target.index] = None
    return found


def _giver(index: int, held: list[CapabilityNode]) -> int | None:
    """Who gave a process most of what it holds; channels count only if there is nothing else."""
    for channels in (False, True):
        givers = Counter(
            giver
            for node in held
            if (giver := node.graph.givers[node.index]) >= 0
            and (node.object.kind == ObjectKind.CHANNEL) == channels
        )
        if givers:
            return max(givers, key=lambda giver: (givers[giver], -giver))
    return None


def _below_givers(indices: list[int], givers: dict[int, int | None]) -> list[tuple[int, int]]:
    """Processes with their depth, each below its giver; a circle of givers is cut."""
    below: dict[int | None, list[int]] = {}
    for index in indices:
        giver = givers[index]
        seen = {index}
        above = giver
        while above is not None and above not in seen:
            seen.add(above)
            above = givers.get(above)
        if above is not None or giver not in givers:
            givers[index] = giver = None
        below.setdefault(giver, []).append(index)
    order = []
    pending = [(index, 0) for index in reversed(below.get(None, []))]
    while pending:
        index, depth = pending.pop()
        order.append((index, depth))
        pending += [(child, depth + 1) for child in reversed(below.get(index, []))]
    return order


def _given(held: list[CapabilityNode], giver: int) -> str:
    """What a process has from its giver: `23 calls, 2 more`."""
    calls = others = 0
    for node in held:
        if node.graph.givers[node.index] == giver:
            calls += node.is_call
            others += not node.is_call
    parts = [plural(calls, "call")] if calls else []
    if others:
        parts.append(plural(others, "object"))
    return ", ".join(parts)


def _lines(nodes: Iterable[CapabilityNode]) -> list[Line]:
    """One line for each object and rights; RAM and processes are gathered."""
    groups: dict[tuple[str, str, str], list[CapabilityNode]] = {}
    for node in nodes:
        rights = rights_text(node.rights)
        kind = node.object.kind.name.lower()
        key = (kind, "" if _gathered(node.object) else node.object.text, rights)
        groups.setdefault(key, []).append(node)
    lines = [Line(kind, _text(members), rights) for (kind, _, rights), members in groups.items()]
    order = [each.name.lower() for each in ObjectKind]
    lines.sort(key=lambda line: order.index(line.kind))
    if len(lines) > LINES_MAX:
        more = len(lines) - LINES_MAX + 1
        lines[LINES_MAX - 1 :] = [Line("more", f"and {more} more", "")]
    return lines


def _gathered(target: ObjectNode) -> bool:
    return target.kind == ObjectKind.PROCESS or target.names == ("RAM",)


def _text(nodes: list[CapabilityNode]) -> str:
    targets = list(dict.fromkeys(node.object for node in nodes))
    first = targets[0]
    if first.kind == ObjectKind.PROCESS:
        names = [target.text for target in targets]
        return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    if first.names == ("RAM",):
        return f"RAM, {sum(target.size for target in targets) >> 10:,} KiB"
    where = first.text.removeprefix("memory ")
    return f"{', '.join(first.names)} {where}" if first.names else first.text


def _links(
    graph: CapabilityGraph,
    order: list[int],
    held: dict[int, list[CapabilityNode]],
    shared: dict[int, None],
) -> list[Link]:
    sent: Counter[tuple[int, int]] = Counter()
    received: Counter[tuple[int, int]] = Counter()
    for each in graph.traffic:
        sent[each.sender, each.channel] += each.count
        received[each.receiver, each.channel] += each.count
    links = []
    for index in order:
        rights: dict[int, int] = {}
        for node in held[index]:
            target = node.object.index
            if target in shared:
                rights[target] = rights.get(target, 0) | node.rights
        pid = graph.processes[index].pid
        for target, allowed in rights.items():
            key = pid, graph.objects[target].number
            kind = graph.objects[target].kind
            way = "serve" if allowed & TAKES else "send"
            if kind == ObjectKind.MEMORY:
                way = "share"
            counts = {"serve": received, "send": sent, "share": Counter[tuple[int, int]]()}[way]
            messages = counts[key] if kind == ObjectKind.CHANNEL else 0
            links.append(Link(index, target, allowed, way, messages))
    return links
