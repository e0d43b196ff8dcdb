"""Who has which right to what, as sets of processes.

A set of processes is an integer: bit i is process i of the graph. So a union is
one operation however many processes there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

from anos_sim.stage3.abi import ObjectKind, Rights, Sysno

from .graph import CapabilityGraph, ObjectNode, ProcessNode

GRANT, CALL = int(Rights.GRANT), int(Rights.CALL)
RIGHTS = tuple(int(right) for right in Rights)

ProcessSet = int


def members(processes: ProcessSet) -> Iterator[int]:
    """The indices in a set, lowest first."""
    bits = f"{processes:b}"[::-1]
    at = bits.find("1")
    while at >= 0:
        yield at
        at = bits.find("1", at + 1)


def set_of(processes: Iterable[ProcessNode]) -> ProcessSet:
    """The set of some processes."""
    found = 0
    for each in processes:
        found |= 1 << each.index
    return found


@attrs.frozen(eq=False)
class Authority:
    """Which processes have a right to an object, by (object's index, right).

    `holds` are all that have it, `grants` those of them that may pass it on.
    """

    processes: tuple[ProcessNode, ...]
    objects: tuple[ObjectNode, ...]
    holds: dict[tuple[int, int], ProcessSet]
    grants: dict[tuple[int, int], ProcessSet]
    _call_objects: tuple[int, ...] = ()

    @classmethod
    def of(cls, graph: CapabilityGraph) -> Authority:
        """What is held in a graph."""
        holds: dict[tuple[int, int], ProcessSet] = {}
        grants: dict[tuple[int, int], ProcessSet] = {}
        columns = graph.columns
        together: dict[tuple[int, int], ProcessSet] = {}
        rows = zip(columns.target, columns.rights, columns.holder, columns.alive, strict=True)
        for target, rights, holder, alive in rows:
            if alive:
                kind = target, rights
                together[kind] = together.get(kind, 0) | 1 << holder
        for (target, rights), holders in together.items():
            for right in RIGHTS:
                if rights & right:
                    key = target, right
                    holds[key] = holds.get(key, 0) | holders
                    if rights & GRANT:
                        grants[key] = grants.get(key, 0) | holders
        calls = tuple(target.index for target in graph.objects if target.kind == ObjectKind.CALL)
        return cls(graph.processes, graph.objects, holds, grants, calls)

    def holders(self, target: ObjectNode, right: Rights) -> ProcessSet:
        """Who has this right to it."""
        return self.holds.get((target.index, int(right)), 0)

    def callers(self, *calls: Sysno) -> ProcessSet:
        """Who may make one of these calls."""
        found = 0
        for index in self._call_objects:
            if self.objects[index].number in calls:
                found |= self.holds.get((index, CALL), 0)
        return found

    def of_kind(self, kind: ObjectKind) -> list[ObjectNode]:
        """All objects of a kind."""
        return [each for each in self.objects if each.kind == kind]

    def copy(self) -> Authority:
        """One that can grow by itself."""
        return attrs.evolve(self, holds=dict(self.holds), grants=dict(self.grants))
