"""The delegation tree with box lines: who holds what, with which rights, from whom, when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .graph import CapabilityGraph, CapabilityNode
from .words import (
    SEEN,
    allowed_text,
    holder_text,
    object_text,
    origin_text,
    plural,
    title,
    when_text,
)

ALIGN_MAX = 5_000
"""So many lines are aligned with each other; of more, only those that fit into fixed columns."""
COLUMNS = (48, 40, 24)
DEPTH_MAX = 40
"""Branches are drawn so deep; what is deeper says how much."""
_BRANCH, _LAST, _PASS, _GAP = "├─ ", "└─ ", "│  ", "   "


class Row(NamedTuple):
    """A line before it is drawn: its depth, is it the last one below its parent, its columns."""

    depth: int
    last: bool
    who: str
    rights: str
    how: str
    when: str


def tree_lines(graph: CapabilityGraph, calls: bool = False) -> Iterator[str]:
    """The whole tree, line by line; system calls one line a process unless `calls`."""
    yield title(graph)
    if not calls:
        folded = list(folded_calls(graph))
        if folded:
            yield ""
            yield "system calls"
            yield from draw(folded, *_widths(folded))
    for root in graph.roots():
        if root.is_call and not calls:
            continue
        yield ""
        yield object_text(root.object)
        size = graph.columns.end[root.index] - root.index
        widths = _widths(list(subtree_rows(root))) if size <= ALIGN_MAX else COLUMNS
        yield from draw(subtree_rows(root), *widths)


def subtree_rows(root: CapabilityNode) -> Iterator[Row]:
    """A capability and all below it; the object is named where it is a part of the parent's."""
    graph, columns = root.graph, root.graph.columns
    ends, parents, depths = columns.end, columns.parent, columns.depth
    first, end = root.index, columns.end[root.index]
    for row in range(first, end):
        node = CapabilityNode(graph, row)
        depth = depths[row] - depths[first]
        who = holder_text(node)
        if depth > DEPTH_MAX:
            who = f"{depth - DEPTH_MAX:,} deeper: {who}"
            depth = DEPTH_MAX
        parent = parents[row]
        if row > first and columns.target[row] != columns.target[parent]:
            who += f": {node.object}"
        badge = columns.badge[row]
        if badge and (row == first or badge != columns.badge[parent]):
            who += f", badge {badge:#x}"
        last = row == first or ends[row] == ends[parent]
        yield Row(depth, last, who, allowed_text(node), origin_text(node), when_text(node))


class _Fold:
    """System calls that took the same way through the same processes."""

    def __init__(self, node: CapabilityNode) -> None:
        self.first = node
        self.count = 0
        self.below: dict[int, _Fold] = {}

    def row(self, depth: int, last: bool) -> Row:
        """Its line."""
        count = plural(self.count, "call") if self.count else "none left"
        first = self.first
        who = str(first.holder) if self.count else holder_text(first)
        depth = min(depth, DEPTH_MAX)
        return Row(depth, last, who, count, origin_text(first), when_text(first))


def folded_calls(graph: CapabilityGraph) -> Iterator[Row]:
    """The system calls of each process as one line, below the process they came from."""
    top: dict[int, _Fold] = {}
    way: list[_Fold] = []
    columns, is_call = graph.columns, graph.is_call
    for row, target in enumerate(columns.target):
        if not is_call[target]:
            continue
        depth, holder = columns.depth[row], columns.holder[row]
        del way[depth:]
        level = way[-1].below if way else top
        fold = level.get(holder)
        if fold is None:
            fold = level[holder] = _Fold(CapabilityNode(graph, row))
        fold.count += columns.alive[row]
        way.append(fold)
    last = next(reversed(top.values()), None)
    pending = [(fold, 0, fold is last) for fold in reversed(top.values())]
    while pending:
        fold, depth, is_last = pending.pop()
        yield fold.row(depth, is_last)
        seen = graph.seen_calls(fold.first.holder) if not depth else {}
        below = list(fold.below.values())
        for number, (process, count) in enumerate(seen.items(), start=1):
            is_last = number == len(seen) and not below
            who = str(graph.processes[process])
            yield Row(1, is_last, who, plural(count, "call"), SEEN, "")
        for number, child in enumerate(reversed(below)):
            pending.append((child, depth + 1, not number))


def draw(rows: Iterable[Row], width: int, rights: int, how: int) -> Iterator[str]:
    """Rows in depth-first order as lines, with columns of these widths."""
    prefix: list[str] = []
    for row in rows:
        depth, last = row.depth, row.last
        del prefix[depth:]
        line = f"{''.join(prefix)}{_LAST if last else _BRANCH}{row.who}"
        prefix.append(_GAP if last else _PASS)
        yield f"{line:<{width}}  {row.rights:<{rights}}  {row.how:<{how}}  {row.when}"


def _widths(rows: list[Row]) -> tuple[int, int, int]:
    """How wide the columns of some rows must be."""
    return (
        max(3 * row.depth + 3 + len(row.who) for row in rows),
        max(len(row.rights) for row in rows),
        max(len(row.how) for row in rows),
    )
