"""The delegation tree with box lines: who holds what, with which rights, from whom, when."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

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


@attrs.frozen
class Row:
    """A line before it is drawn: its depth, and the text of its columns."""

    depth: int
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
            yield from draw(folded)
    for root in graph.roots():
        if root.is_call and not calls:
            continue
        yield ""
        yield object_text(root.object)
        yield from draw(subtree_rows(root))


def subtree_rows(root: CapabilityNode) -> Iterator[Row]:
    """A capability and all below it; the object is named where it is a part of the parent's."""
    yield _row(root, 0, None)
    for node in root.descendants():
        parent = node.parent
        assert parent is not None
        yield _row(node, node.depth - root.depth, parent)


def _row(node: CapabilityNode, depth: int, parent: CapabilityNode | None) -> Row:
    who = holder_text(node)
    if depth > DEPTH_MAX:
        who = f"{depth - DEPTH_MAX:,} deeper: {who}"
        depth = DEPTH_MAX
    if parent is not None and node.object.index != parent.object.index:
        who += f": {node.object}"
    if node.badge and (parent is None or node.badge != parent.badge):
        who += f", badge {node.badge:#x}"
    return Row(depth, who, allowed_text(node), origin_text(node), when_text(node))


class _Fold:
    """System calls that took the same way through the same processes."""

    def __init__(self, node: CapabilityNode) -> None:
        self.first = node
        self.count = 0
        self.below: dict[int, _Fold] = {}

    def row(self, depth: int) -> Row:
        """Its line."""
        count = plural(self.count, "call") if self.count else "none left"
        first = self.first
        who = str(first.holder) if self.count else holder_text(first)
        return Row(min(depth, DEPTH_MAX), who, count, origin_text(first), when_text(first))


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
    pending = [(fold, 0) for fold in reversed(top.values())]
    while pending:
        fold, depth = pending.pop()
        yield fold.row(depth)
        pending += [(below, depth + 1) for below in reversed(fold.below.values())]
        if fold in top.values():
            for process, count in graph.seen_calls(fold.first.holder).items():
                yield Row(1, str(graph.processes[process]), plural(count, "call"), SEEN, "")


def draw(rows: Iterator[Row] | list[Row]) -> Iterator[str]:
    """Rows in depth-first order as lines; a row's branch needs the depth of those behind it."""
    gathered = list(rows)
    is_last = _last_children(gathered)
    width, rights, how = COLUMNS
    if len(gathered) <= ALIGN_MAX:
        width = max(3 * row.depth + 3 + len(row.who) for row in gathered)
        rights = max(len(row.rights) for row in gathered)
        how = max(len(row.how) for row in gathered)
    prefix: list[str] = []
    for row, last in zip(gathered, is_last, strict=True):
        del prefix[row.depth :]
        line = f"{''.join(prefix)}{_LAST if last else _BRANCH}{row.who}"
        prefix.append(_GAP if last else _PASS)
        yield f"{line:<{width}}  {row.rights:<{rights}}  {row.how:<{how}}  {row.when}"


def _last_children(rows: list[Row]) -> list[bool]:
    """Of each row: is it the last one below its parent?"""
    is_last = [False] * len(rows)
    seen: list[bool] = []
    for at in range(len(rows) - 1, -1, -1):
        depth = rows[at].depth
        while len(seen) <= depth:
            seen.append(False)
        is_last[at] = not seen[depth]
        seen[depth] = True
        del seen[depth + 1 :]
    return is_last
