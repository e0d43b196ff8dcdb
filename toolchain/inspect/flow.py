"""Who can reach whom: the transitive closures of the links between processes.

Three questions, from weak to strong assumptions about what processes do:

- **reach**: can P let Q know something, by the rights that are held now, if every
  process on the way plays along? (`Flow(information(held))`)
- **leak**: can a capability that P holds with GRANT come to Q?
  (`Flow(passing(held))`)
- **could reach**: can P let Q know something after capabilities were passed on, as
  far as the links allow, names were found, and new rights used to pass on more?
  (`Flow(information(potential(held)))`)

These are the take-grant model's "can know" and "can share", over the rights of
this kernel (`link.py` has the rules). They say what the kernel would allow, not
what programs do: a server that keeps its clients apart still links them. So
some processes can be `trusted`: they neither relay nor pass on; a way may begin
or end at one, but not go through it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import attrs

from anos_sim.stage3.abi import ObjectKind, Rights, Sysno

from .authority import Authority, ProcessSet, members
from .link import Link, passing

SEND, NAME = int(Rights.SEND), int(Rights.NAME)


@attrs.frozen
class Step:
    """One step of a way: `source` and `target` are indices of processes."""

    source: int
    target: int
    link: Link

    def text(self, held: Authority) -> str:
        """The step as a sentence."""
        source, target = held.processes[self.source], held.processes[self.target]
        return self.link.text.format(source=source, target=target)


class Flow:
    """The closure of some links."""

    def __init__(self, links: Sequence[Link], count: int, trusted: ProcessSet = 0) -> None:
        self.links = links
        self.trusted = trusted
        self.direct: list[ProcessSet] = [0] * count
        """By process: whom it reaches in one step."""
        for link in links:
            for source in members(link.sources):
                self.direct[source] |= link.targets
        for index in range(count):
            self.direct[index] &= ~(1 << index)

    def layers(self, source: int) -> list[ProcessSet]:
        """Whom it reaches in one step, in two and no fewer, and so on."""
        seen = layer = 1 << source
        found = []
        while layer:
            following = 0
            for each in members(layer if layer == 1 << source else layer & ~self.trusted):
                following |= self.direct[each]
            layer = following & ~seen
            seen |= layer
            if layer:
                found.append(layer)
        return found

    @cached_property
    def _closure(self) -> list[ProcessSet]:
        """By process: all that it reaches (Warshall's algorithm, a row at a time)."""
        reached = list(self.direct)
        for middle in range(len(reached)):
            bit, beyond = 1 << middle, reached[middle]
            if not bit & self.trusted:
                for source, row in enumerate(reached):
                    if row & bit:
                        reached[source] = row | beyond
        return reached

    def reached(self, source: int) -> ProcessSet:
        """All that it reaches, without itself."""
        return self._closure[source] & ~(1 << source)

    def steps(self, source: int, target: int) -> int:
        """The length of the shortest way, 0 if there is none."""
        for number, layer in enumerate(self.layers(source), 1):
            if layer >> target & 1:
                return number
        return 0

    def way(self, source: int, target: int) -> list[Step]:
        """A shortest way, of those the one by processes that are first in the graph; or []."""
        layers = [1 << source, *self.layers(source)]
        at = next((number for number, layer in enumerate(layers) if layer >> target & 1), 0)
        way: list[Step] = []
        while at > 0:
            at -= 1
            allowed = layers[at] & ~self.trusted if at else layers[at]
            before = next(each for each in members(allowed) if self.direct[each] >> target & 1)
            way.append(Step(before, target, self.link(before, target)))
            target = before
        return way[::-1]

    def link(self, source: int, target: int) -> Link:
        """The first link of two processes that are linked."""
        return next(link for link in self.links if link.is_of(source, target))

    def links_of(self, source: int, target: int) -> list[Link]:
        """All links of two processes."""
        return [link for link in self.links if link.is_of(source, target)]


def potential(held: Authority, trusted: ProcessSet = 0) -> Authority:
    """What processes could come to hold if all but the trusted pass on what they may."""
    grown = held.copy()
    channels = grown.of_kind(ObjectKind.CHANNEL)
    while True:
        before = dict(grown.holds), dict(grown.grants)
        links = passing(grown)
        count = len(grown.processes)
        whole = Flow([link for link in links if not link.limit], count, trusted)
        values = Flow([link for link in links if link.limit == SEND], count, trusted)
        _pass_whole(grown, whole, trusted)
        unions: dict[ProcessSet, ProcessSet] = {}
        finders = grown.callers(Sysno.FIND_NAMED_CHANNEL)
        for channel in channels:
            key = channel.index, SEND
            if channel.names:
                _add(grown.holds, key, finders)
            able = grown.grants.get(key, 0) & ~trusted
            _add(grown.holds, key, _union(values.direct, able, unions))
        for link in links:
            if link.limit == NAME and link.sources & ~trusted:
                _add(grown.holds, (link.objects[0].index, SEND), link.targets)
        if before == (grown.holds, grown.grants):
            return grown


def _pass_whole(grown: Authority, whole: Flow, trusted: ProcessSet) -> None:
    """What is held with GRANT goes, with GRANT, wherever links for any capability lead."""
    reached = [
        0 if trusted >> index & 1 else whole.reached(index) for index in range(len(whole.direct))
    ]
    unions: dict[ProcessSet, ProcessSet] = {}
    for key, holders in list(grown.grants.items()):
        more = _union(reached, holders, unions)
        _add(grown.grants, key, more)
        _add(grown.holds, key, more)


def _union(
    rows: list[ProcessSet], processes: ProcessSet, known: dict[ProcessSet, ProcessSet]
) -> ProcessSet:
    """The union of the rows of some processes; `known` are those asked for before."""
    found = known.get(processes)
    if found is None:
        found = 0
        for each in members(processes):
            found |= rows[each]
        known[processes] = found
    return found


def _add(sets: dict[tuple[int, int], ProcessSet], key: tuple[int, int], more: ProcessSet) -> None:
    if more:
        sets[key] = sets.get(key, 0) | more
