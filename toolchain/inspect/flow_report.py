"""The closures of one capability graph, and what they say about two processes."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from anos_sim.hw.clock import PS_PER_NS

from .authority import Authority, ProcessSet, members
from .flow import Flow, Step, potential
from .graph import CapabilityGraph, ProcessNode
from .link import information, passing
from .words import rights_text

NEVER, AFTER_PASSING, SEND_ONLY = ".", "+", "s"


class FlowReport:
    """Reach, leak and could reach (flow.py) in a graph; the `trusted` pass nothing on."""

    def __init__(self, graph: CapabilityGraph, trusted: ProcessSet = 0) -> None:
        self.graph = graph
        self.trusted = trusted
        self.held = Authority.of(graph)
        count = len(graph.processes)
        self.reach = Flow(information(self.held), count, trusted)
        links = passing(self.held)
        self.leak = Flow([link for link in links if not link.limit], count, trusted)
        """Of any capability that is held with GRANT."""
        self.values = Flow([link for link in links if link.limit], count, trusted)
        """Of SEND on a channel only, and no further from there."""

    @cached_property
    def could_hold(self) -> Authority:
        """What processes could come to hold."""
        return potential(self.held, self.trusted)

    @cached_property
    def could_reach(self) -> Flow:
        """Reach by what processes could come to hold."""
        return Flow(information(self.could_hold), len(self.graph.processes), self.trusted)

    @property
    def processes(self) -> list[ProcessNode]:
        """Those that have not ended."""
        return [each for each in self.graph.processes if each.state != "ended"]

    def may_get_send(self, source: ProcessNode) -> ProcessSet:
        """To whom SEND on a channel that a process holds could come."""
        itself = 1 << source.index
        found = 0
        for each in members(itself | self.leak.reached(source.index) & ~self.trusted):
            found |= self.values.direct[each]
        return found & ~itself

    def send_way(self, source: ProcessNode, target: ProcessNode) -> list[Step]:
        """A shortest way by which SEND on a channel could come; [] if there is none."""
        for layer in (1 << source.index, *self.leak.layers(source.index)):
            for each in members(layer):
                passes = each == source.index or not self.trusted >> each & 1
                if passes and self.values.direct[each] >> target.index & 1:
                    last = Step(each, target.index, self.values.link(each, target.index))
                    return [*self.leak.way(source.index, each), last]
        return []

    def reach_row(self, source: ProcessNode) -> dict[int, str]:
        """By process: in how many steps it is reached, `+` after passing only; none: never."""
        row = _steps(self.reach, source)
        for index in members(self.could_reach.reached(source.index)):
            row.setdefault(index, AFTER_PASSING)
        return row

    def leak_row(self, source: ProcessNode) -> dict[int, str]:
        """By process: in how many steps a capability comes there, `s` SEND only; none: never."""
        row = _steps(self.leak, source)
        for index in members(self.may_get_send(source)):
            row.setdefault(index, SEND_ONLY)
        return row

    def missing(self, step: Step) -> list[str]:
        """What a step needs that is not held now."""
        link = step.link
        if self.reach.direct[step.source] >> step.target & 1:
            return []
        wanted = []
        for right, which, index in (
            (link.right, 0, step.source),
            (link.other_right, -1, step.target),
        ):
            target = link.objects[which] if link.objects else None
            if target is None or not right:
                continue
            if not self.held.holds.get((target.index, right), 0) >> index & 1:
                wanted.append(f"{self.graph.processes[index]}: {rights_text(right)} on {target}")
        return wanted or ["a system call"]

    # ---- as data ----

    def data(self, sources: Iterable[ProcessNode], targets: Iterable[ProcessNode]) -> Any:
        """Plain data about ways from each source to each target."""
        graph, ends = self.graph, list(targets)
        pairs = [(source, target) for source in sources for target in ends if source != target]
        return {
            "time_ns": graph.time_ps // PS_PER_NS,
            "policy": graph.policy,
            "trusted": [str(each) for each in graph.processes if self.trusted >> each.index & 1],
            "processes": [str(each) for each in self.processes],
            "pairs": [self._pair(source, target) for source, target in pairs],
        }

    def _pair(self, source: ProcessNode, target: ProcessNode) -> dict[str, Any]:
        ends = source.index, target.index
        reach, leak = self.reach.way(*ends), self.leak.way(*ends)
        later = [] if reach else self.could_reach.way(*ends)
        return {
            "from": str(source),
            "to": str(target),
            "reach": self._way(reach),
            "could_reach": self._way(reach or later),
            "leak": self._way(leak),
            "leak_send": bool(leak) or bool(self.may_get_send(source) >> target.index & 1),
        }

    def _way(self, way: list[Step]) -> list[dict[str, Any]]:
        processes = self.graph.processes
        return [
            {
                "from": str(processes[step.source]),
                "to": str(processes[step.target]),
                "how": step.text(self.held),
                "over": step.link.label,
            }
            for step in way
        ]


def _steps(flow: Flow, source: ProcessNode) -> dict[int, str]:
    row: dict[int, str] = {}
    for number, layer in enumerate(flow.layers(source.index), 1):
        for index in members(layer):
            row[index] = str(number)
    return row
