"""One capability of a graph, as a view of its row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from anos_sim.stage3.abi import Rights
from anos_sim.stage3.capability import Origin

from .facts import CarriedMessage, ObjectNode, ProcessNode

if TYPE_CHECKING:
    from .graph import CapabilityGraph


class CapabilityNode:
    """One capability of a graph; `index` is its row. Two views of the same row are equal.

    A dead one (a tombstone) is no right; it tells where its descendants came from.
    """

    __slots__ = ("graph", "index")

    def __init__(self, graph: CapabilityGraph, index: int) -> None:
        self.graph = graph
        self.index = index

    @property
    def cookie(self) -> int:
        """Its number at its holder, never used twice.

        Together with the holder it is its id (`key`): under `bearer` many hold the same.
        """
        return self.graph.columns.cookie[self.index]

    @property
    def key(self) -> tuple[int, int]:
        """Holder's pid and cookie: its id, the same in every graph of one run."""
        return self.holder.pid, self.cookie

    @property
    def object(self) -> ObjectNode:
        """What it is a right to."""
        return self.graph.objects[self.graph.columns.target[self.index]]

    @property
    def holder(self) -> ProcessNode:
        """Who has it, or had it if it is dead. Under `bearer`: for whom it was made."""
        return self.graph.processes[self.graph.columns.holder[self.index]]

    @property
    def rights(self) -> Rights:
        """What it allows; what it allowed, if it is dead."""
        return Rights(self.graph.columns.rights[self.index])

    @property
    def used(self) -> Rights:
        """Rights that were exercised while events were recorded."""
        return Rights(self.graph.columns.used[self.index])

    @property
    def badge(self) -> int:
        """What receivers are told about messages sent through it; 0 is none."""
        return self.graph.columns.badge[self.index]

    @property
    def alive(self) -> bool:
        """Is it a right?"""
        return bool(self.graph.columns.alive[self.index])

    @property
    def is_call(self) -> bool:
        """Is it the right to make a system call?"""
        return self.graph.is_call[self.graph.columns.target[self.index]]

    @property
    def depth(self) -> int:
        """How far from its root, tombstones counted; 0 for a root."""
        return self.graph.columns.depth[self.index]

    @property
    def origin(self) -> Origin:
        """When and by which call it came, and from which site in which program."""
        return self.graph.columns.origin[self.index]

    @property
    def carried_by(self) -> CarriedMessage | None:
        """The message it came in, if there was one and events were recorded."""
        return self.graph.carried.get(self.origin.message)

    @property
    def parent(self) -> CapabilityNode | None:
        """What it was derived from, a tombstone perhaps; None for a root."""
        index = self.graph.columns.parent[self.index]
        return None if index < 0 else CapabilityNode(self.graph, index)

    @property
    def living_parent(self) -> CapabilityNode | None:
        """The nearest ancestor that is a right; None if there is none."""
        above = self.parent
        while above is not None and not above.alive:
            above = above.parent
        return above

    def path(self) -> list[CapabilityNode]:
        """From its root to itself, tombstones included."""
        path, node = [self], self.parent
        while node is not None:
            path.append(node)
            node = node.parent
        return path[::-1]

    def children(self) -> list[CapabilityNode]:
        """What was derived from it directly, tombstones included, oldest first."""
        end, columns, index = self.graph.columns.end, self.graph.columns, self.index + 1
        children = []
        while index < columns.end[self.index]:
            children.append(CapabilityNode(self.graph, index))
            index = end[index]
        return children

    def descendants(self) -> Iterator[CapabilityNode]:
        """All that hangs on it, depth first, tombstones included, without itself."""
        for index in range(self.index + 1, self.graph.columns.end[self.index]):
            yield CapabilityNode(self.graph, index)

    def __eq__(self, other: Any) -> bool:
        if not isinstance(other, CapabilityNode):
            return NotImplemented
        return other.index == self.index and other.graph is self.graph

    def __hash__(self) -> int:
        return hash(self.index)

    def __repr__(self) -> str:
        state = "" if self.alive else "dead, "
        return f"<{state}{self.object} {self.rights!r} of {self.holder}>"
