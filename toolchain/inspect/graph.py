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

from anos_sim.hw.arch import DEFAULT
from anos_sim.stage3.abi import ObjectKind
from anos_sim.stage3.capability import Origin
from anos_sim.toolchain.source_line import Places

from .facts import CarriedMessage, ObjectNode, ProcessNode, Traffic, Use
from .node import CapabilityNode

__all__ = [
    "CapabilityGraph",
    "CapabilityNode",
    "CarriedMessage",
    "Columns",
    "ObjectNode",
    "ProcessNode",
    "Traffic",
    "Use",
]
CALL = int(ObjectKind.CALL)


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
    arch: str = DEFAULT.name

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
