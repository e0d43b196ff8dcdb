"""The capability graph: who holds which right to what at one moment, and from whom.

A `CapabilityGraph` is a picture: it does not change when the kernel goes on, and
needs no kernel. `snapshot.py` takes it. A million capabilities fit, so they are
kept in columns, in depth-first order: a capability's descendants follow it
directly. A `CapabilityNode` is a view of one row.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, overload

import attrs

from anos_sim.stage3.abi import ObjectKind, Rights
from anos_sim.stage3.capability import Origin
from anos_sim.toolchain.source_line import Places

CALL = int(ObjectKind.CALL)


@attrs.frozen(slots=False)
class ProcessNode:
    """A process, also one that has ended if something of it is left in the tree.

    `index` is its place in `CapabilityGraph.processes`; `state` is building, alive or
    ended. A process that is being built has pid 0.
    """

    index: int
    pid: int
    name: str
    path: str
    state: str

    @cached_property
    def text(self) -> str:
        """`name[pid]`."""
        return f"{self.name}[{self.pid}]"

    def __str__(self) -> str:
        return self.text


@attrs.frozen
class ObjectNode:
    """What capabilities are rights to.

    `index` is its place in `CapabilityGraph.objects`, `number` counts among its kind
    (channel, call id, pid, vector; the first page of memory). `text` is what the
    kernel calls it, `names` what people do: registered names of a channel, devices
    in a range. `start` and `size` are 0 unless it is a range (bytes; vectors).
    `process` is the index of the process that it is, if it is one.
    """

    index: int
    kind: ObjectKind
    number: int
    text: str
    start: int = 0
    size: int = 0
    names: tuple[str, ...] = ()
    process: int | None = None

    def __str__(self) -> str:
        return f"{self.text} {', '.join(self.names)}" if self.names else self.text


@attrs.frozen
class CarriedMessage:
    """A message that carried capabilities: the channel (its number) it went over, its tag.

    `sender` is a pid.
    """

    number: int
    channel: int
    tag: int
    sender: int


@attrs.frozen
class Traffic:
    """Messages that a process (its pid) sent to another over one channel (its number)."""

    sender: int
    receiver: int
    channel: int
    count: int


@attrs.frozen
class Use:
    """A process (its pid) was seen using the capability with this cookie."""

    pid: int
    cookie: int
    count: int


@attrs.frozen(eq=False, repr=False)
class Columns:
    """One entry a capability, in depth-first order; -1 is "none" where an index is meant.

    `end` is the first row behind its descendants. Origins are the kernel's own, which
    never change.
    """

    cookie: list[int] = attrs.field(factory=list)
    target: array[int] = attrs.field(factory=lambda: array("i"))
    holder: array[int] = attrs.field(factory=lambda: array("i"))
    parent: array[int] = attrs.field(factory=lambda: array("i"))
    depth: array[int] = attrs.field(factory=lambda: array("i"))
    end: array[int] = attrs.field(factory=lambda: array("i"))
    rights: array[int] = attrs.field(factory=lambda: array("H"))
    used: array[int] = attrs.field(factory=lambda: array("H"))
    badge: list[int] = attrs.field(factory=list)
    alive: array[int] = attrs.field(factory=lambda: array("B"))
    origin: list[Origin] = attrs.field(factory=list)

    def __len__(self) -> int:
        return len(self.cookie)


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


class Capabilities(Sequence[CapabilityNode]):
    """All capabilities of a graph, depth first."""

    def __init__(self, graph: CapabilityGraph) -> None:
        self._graph = graph

    def __len__(self) -> int:
        return len(self._graph.columns)

    @overload
    def __getitem__(self, at: int) -> CapabilityNode: ...
    @overload
    def __getitem__(self, at: slice) -> list[CapabilityNode]: ...
    def __getitem__(self, at: int | slice) -> CapabilityNode | list[CapabilityNode]:
        rows = range(len(self))[at]
        if isinstance(rows, range):
            return [CapabilityNode(self._graph, row) for row in rows]
        return CapabilityNode(self._graph, rows)

    def __iter__(self) -> Iterator[CapabilityNode]:
        for row in range(len(self)):
            yield CapabilityNode(self._graph, row)


@attrs.frozen(eq=False, repr=False, slots=False)
class CapabilityGraph:
    """The delegation tree of a machine at `time_ps`, under `policy`.

    `carried`, `traffic` and `uses` are empty and every `used` is 0 unless events were
    recorded from the start (`recorded`). `places` knows functions and source lines.
    """

    time_ps: int
    policy: str
    processes: tuple[ProcessNode, ...]
    objects: tuple[ObjectNode, ...]
    columns: Columns
    recorded: bool = False
    carried: dict[int, CarriedMessage] = attrs.field(factory=dict)
    traffic: tuple[Traffic, ...] = ()
    uses: tuple[Use, ...] = ()
    places: Places | None = None

    @property
    def capabilities(self) -> Capabilities:
        """All of them, depth first, tombstones included."""
        return Capabilities(self)

    @cached_property
    def is_call(self) -> list[bool]:
        """By object: is it a system call?"""
        return [target.kind == CALL for target in self.objects]

    def living(self) -> Iterator[CapabilityNode]:
        """All that are rights, depth first."""
        for row, alive in enumerate(self.columns.alive):
            if alive:
                yield CapabilityNode(self, row)

    @cached_property
    def living_count(self) -> int:
        """How many are rights."""
        return sum(self.columns.alive)

    def roots(self) -> list[CapabilityNode]:
        """Those that were not derived, oldest first."""
        roots, row = [], 0
        while row < len(self.columns):
            roots.append(CapabilityNode(self, row))
            row = self.columns.end[row]
        return roots

    def held_by(self, process: ProcessNode) -> list[CapabilityNode]:
        """A process's living capabilities, in the tree's order."""
        return [CapabilityNode(self, row) for row in self._rows_by_holder.get(process.index, ())]

    def rights_to(self, target: ObjectNode) -> list[CapabilityNode]:
        """The living capabilities to one object, in the tree's order."""
        return [CapabilityNode(self, row) for row in self._rows_by_target.get(target.index, ())]

    def with_cookie(self, cookie: int) -> CapabilityNode | None:
        """The capability with this cookie, dead or alive."""
        try:
            return CapabilityNode(self, self.columns.cookie.index(cookie))
        except ValueError:
            return None

    def process(self, pid: int) -> ProcessNode | None:
        """The process with this pid."""
        return next((each for each in self.processes if each.pid == pid), None)

    def object(self, kind: ObjectKind, number: int) -> ObjectNode | None:
        """The first object of this kind and number."""
        return next(
            (each for each in self.objects if each.kind == kind and each.number == number), None
        )

    def seen_calls(self, holder: ProcessNode) -> dict[int, int]:
        """Under `bearer`: who was seen making calls with a holder's capabilities.

        By process (its index): how many different ones. Nobody gave them to it.
        """
        if self.policy != "bearer":
            return {}
        cookies = {node.cookie for node in self.held_by(holder) if node.is_call}
        index_of = {each.pid: each.index for each in self.processes}
        seen: dict[int, int] = {}
        for use in self.uses:
            if use.cookie in cookies and use.pid != holder.pid and use.pid in index_of:
                seen[index_of[use.pid]] = seen.get(index_of[use.pid], 0) + 1
        return dict(sorted(seen.items()))

    @cached_property
    def givers(self) -> array[int]:
        """By row: the process (its index) that holds the nearest living ancestor; -1 is none.

        Ancestors that the holder has itself do not count. That process can take it back.
        """
        columns = self.columns
        givers = array("i", [-1]) * len(columns)
        living = array("i", [-1]) * len(columns)
        for row, parent in enumerate(columns.parent):
            if parent < 0:
                continue
            above = parent if columns.alive[parent] else living[parent]
            living[row] = above
            if above >= 0:
                same = columns.holder[above] == columns.holder[row]
                givers[row] = givers[above] if same else columns.holder[above]
        return givers

    @cached_property
    def _rows_by_holder(self) -> dict[int, list[int]]:
        return _group(self.columns.holder, self.columns.alive)

    @cached_property
    def _rows_by_target(self) -> dict[int, list[int]]:
        return _group(self.columns.target, self.columns.alive)

    def _repr_svg_(self) -> str:
        """What a notebook shows: the picture of `anos-sim caps --svg`."""
        from .svg import to_svg  # it draws graphs, so it imports this module

        return to_svg(self)

    def __repr__(self) -> str:
        return (
            f"<CapabilityGraph: {self.living_count} capabilities of {len(self.processes)} "
            f"processes to {len(self.objects)} objects>"
        )


def _group(keys: array[int], alive: array[int]) -> dict[int, list[int]]:
    groups: dict[int, Any] = {}
    for row, key in enumerate(keys):
        if alive[row]:
            groups.setdefault(key, []).append(row)
    return groups
