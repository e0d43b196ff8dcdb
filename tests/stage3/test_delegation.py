"""The delegation tree alone: rights shrink, the same asked twice is the same, nothing dangles.

What a whole kernel makes of it is in test_capability.py.
"""

from __future__ import annotations

from typing import Any, cast

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from anos_sim.stage3.abi import ALL_RIGHTS, ObjectKind, Rights, Sysno
from anos_sim.stage3.address_space import AddressSpace
from anos_sim.stage3.capability import Capability, Origin
from anos_sim.stage3.cookie import CookieJar
from anos_sim.stage3.delegation import TOMBSTONES_MAX, DelegationTree
from anos_sim.stage3.objects import KernelObject, PhysicalRange, SystemCall
from anos_sim.stage3.process import Process
from support.invariants import check_edges, check_table, nodes

RIGHTS = st.integers(0, ALL_RIGHTS)
NO_SPACE = cast(AddressSpace, None)
TEST = Origin(0, "test")


@attrs.define(eq=False)
class Thing(KernelObject):
    """An object that is nothing else."""

    @property
    def identity(self) -> tuple[ObjectKind, int]:
        """It calls itself a channel."""
        return ObjectKind.CHANNEL, 1


def process(pid: int) -> Process:
    """A process without memory."""
    return Process(pid, NO_SPACE, {}, {}, {}, name="p")


def tree(seed: int = 0) -> DelegationTree:
    """An empty tree."""
    return DelegationTree(CookieJar(seed))


class TreeMachine(RuleBasedStateMachine):
    """Three processes delegate, mint, drop and revoke at random."""

    made = Bundle("made")

    def __init__(self) -> None:
        super().__init__()
        self.tree = tree()
        self.processes = [process(pid) for pid in (1, 2, 3)]
        self.parents: dict[Capability, Capability | None] = {}
        """The living, and what each was derived from, alive or not."""
        self.graves: dict[Capability, Capability | None] = {}

    def learn(self, capability: Capability, parent: Capability | None) -> Capability:
        """Take note of a capability that now exists."""
        self.parents[capability] = parent
        return capability

    def living_above(self, node: Capability) -> Capability | None:
        """The nearest living ancestor, from our own notes."""
        above = {**self.graves, **self.parents}[node]
        while above in self.graves:
            above = self.graves[above]
        return above

    def below(self, node: Capability) -> list[Capability]:
        """Everything living that was derived from a node, from our own notes."""
        line = {**self.graves, **self.parents}

        def descends(each: Capability | None) -> bool:
            while each is not None and each is not node:
                each = line[each]
            return each is node

        return [each for each in self.parents if each is not node and descends(each)]

    def bury(self, capability: Capability) -> None:
        """Take note that one has died."""
        self.graves[capability] = self.parents.pop(capability)

    @rule(target=made, who=st.integers(0, 2), rights=RIGHTS)
    def root(self, who: int, rights: int) -> Capability:
        return self.learn(self.tree.root(self.processes[who], Thing(), rights, TEST), None)

    @rule(target=made, source=made, who=st.integers(0, 2), rights=RIGHTS)
    def delegate(self, source: Capability, who: int, rights: int) -> Capability:
        if not source.alive:
            return source
        holder = self.processes[who]
        child = self.tree.delegate(source, holder, rights, TEST)
        assert child.rights == rights & source.rights
        assert child.holder is holder
        assert child.parent is source
        assert child.target is source.target
        assert self.tree.delegate(source, holder, rights, TEST) is child
        return self.learn(child, source)

    @rule(target=made, source=made, who=st.integers(0, 2), rights=RIGHTS, badge=st.integers(0, 2))
    def mint(self, source: Capability, who: int, rights: int, badge: int) -> Capability:
        """Unlike delegating it makes a new one each time."""
        if not source.alive:
            return source
        child = self.tree.mint(source, self.processes[who], rights, TEST, source.badge or badge)
        assert child not in self.parents
        assert child.badge == (source.badge or badge)
        return self.learn(child, source)

    @rule(capability=made)
    def drop(self, capability: Capability) -> None:
        """What was derived from it stays, and hangs on what it was derived from."""
        if capability.alive:
            self.bury(capability)
        self.tree.drop(capability)

    @rule(source=made, who=st.integers(0, 2), rights=RIGHTS)
    def drop_and_ask_again(self, source: Capability, who: int, rights: int) -> None:
        """What was dropped can be had again, with a new cookie, and then stays the same."""
        if source.alive:
            holder = self.processes[who]
            first = self.learn(self.tree.delegate(source, holder, rights, TEST), source)
            self.drop(first)
            second = self.learn(self.tree.delegate(source, holder, rights, TEST), source)
            assert second.cookie != first.cookie
            assert self.tree.delegate(source, holder, rights, TEST) is second

    @rule(source=made, who=st.integers(0, 2), what=st.sampled_from(["holder", "all", "itself"]))
    def revoke(self, source: Capability, who: int, what: str) -> None:
        """All that was derived from it goes, or what a process has of it and what hangs on that."""
        if not source.alive:
            return
        below = self.below(source)
        if what == "itself":
            expected, gone = [*below, source], self.tree.end(source)
        elif what == "all":
            expected, gone = below, self.tree.revoke(source)
        else:
            holder = self.processes[who]
            of_holder = [each for each in below if each.holder is holder]
            hanging = {under for each in of_holder for under in self.below(each)}
            expected = [each for each in below if each in of_holder or each in hanging]
            gone = self.tree.revoke(source, holder)
        assert len(gone) == len(expected)
        assert set(gone) == set(expected)
        for each in gone:
            self.bury(each)

    @invariant()
    def tables_hold_exactly_the_living(self) -> None:
        assert self.tree.count == len(self.parents)
        for each in self.processes:
            held = [node for node in self.parents if node.holder is each]
            assert set(each.capabilities.values()) == set(held)
            check_table(each)
        assert {node for node in nodes(self.tree.roots) if node.alive} == set(self.parents)

    @invariant()
    def each_hangs_on_what_it_was_derived_from(self) -> None:
        for node in self.parents:
            assert node.living_parent() is self.living_above(node)
        for node in nodes(self.tree.roots):
            check_edges(node)

    @invariant()
    def objects_know_how_many_may_receive(self) -> None:
        for node in self.parents:
            same = [each for each in self.parents if each.target is node.target]
            assert node.target.capability_count == len(same)
            may = [each for each in same if each.rights & Rights.RECEIVE]
            assert node.target.receiver_count == len(may)

    @invariant()
    def tombstones_have_something_living_below(self) -> None:
        for node in nodes(self.tree.roots):
            assert node.alive or node.children


TreeMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestTree = TreeMachine.TestCase


def test_a_tombstone_that_goes_takes_no_living_successor_along() -> None:
    """Dropped while something hangs on it, made anew, then pruned: the new one stays known."""
    caps, holder, other = tree(), process(1), process(2)
    root = caps.root(holder, Thing(), 7, TEST)
    first = caps.delegate(root, other, 3, TEST)
    below = caps.delegate(first, holder, 1, TEST)
    caps.drop(first)
    second = caps.delegate(root, other, 3, TEST)
    caps.drop(below)
    assert caps.delegate(root, other, 3, TEST) is second
    assert caps.count == 2


def test_calls_come_and_go_with_their_capabilities() -> None:
    caps, holder, other = tree(), process(1), process(2)

    def handler(*_: Any) -> int:
        return 1

    root = caps.root(holder, SystemCall(Sysno.SLEEP, handler), 1, TEST)
    child = caps.delegate(root, other, 1, TEST)
    assert holder.calls == {root.cookie: handler}
    assert other.calls == {child.cookie: handler}
    assert child.cookie != root.cookie
    caps.drop(root)
    assert holder.calls == {}
    assert other.calls == {child.cookie: handler}


def test_an_object_that_ends_takes_all_capabilities_along() -> None:
    caps, processes, thing = tree(), [process(1), process(2)], Thing()
    root = caps.root(processes[0], thing, 7, TEST)
    caps.delegate(root, processes[1], 3, TEST)
    keep = caps.root(processes[1], Thing(), 7, TEST)
    assert thing.first is root
    caps.end(thing.first)
    assert list(caps.roots) == [keep]
    assert caps.count == 1
    assert processes[0].capabilities == {}


def test_dropping_twice_is_dropping_once() -> None:
    caps, holder = tree(), process(1)
    root = caps.root(holder, Thing(), 7, TEST)
    caps.drop(root)
    caps.drop(root)
    assert caps.count == 0
    assert not caps.roots


def test_a_line_of_heirs_does_not_grow() -> None:
    """Each process delegates to its successor and ends: the last eight are remembered."""
    caps = tree()
    root = last = caps.root(process(1), Thing(), 7, TEST)
    for pid in range(2, 500):
        heir = caps.delegate(last, process(pid), 7, Origin(pid, "test"))
        if last is not root:
            caps.drop(last)
        last = heir
    line = list(nodes([root]))
    assert line[0] is root
    assert line[-1] is last
    dead = [node.origin.time_ps for node in line[1:-1]]
    assert dead == list(range(499 - TOMBSTONES_MAX, 499))
    caps.drop(last)
    assert not root.children


def test_a_line_does_not_grow_by_heirs_that_had_others_for_a_while() -> None:
    """Each tombstone has a second child until there are many below it."""
    caps, holder = tree(), process(1)
    root = last = caps.root(holder, Thing(), 7, TEST)
    leaves: list[Capability] = []
    for _ in range(300):
        heir = caps.mint(last, holder, 7, TEST)
        leaves.append(caps.mint(last, holder, 7, TEST))
        if last is not root:
            caps.drop(last)
        if len(leaves) > 2 * TOMBSTONES_MAX:
            caps.drop(leaves.pop(0))
        last = heir
    for leaf in leaves:
        caps.drop(leaf)
    line = list(nodes([root]))
    assert [node for node in line if node.alive] == [root, last]
    assert len(line) <= 3 * TOMBSTONES_MAX


def test_what_a_process_has_is_revoked_below_tombstones_too() -> None:
    caps, first, second = tree(), process(1), process(2)
    root = caps.root(first, Thing(), 7, TEST)
    middle = caps.delegate(root, process(3), 7, TEST)
    last = caps.delegate(middle, second, 7, TEST)
    below = caps.delegate(last, first, 7, TEST)
    caps.drop(middle)
    assert caps.revoke(root, second) == [last, below]
    assert list(nodes(caps.roots)) == [root]


def test_a_part_that_is_forgotten_in_a_line_of_heirs_still_ends_with_its_object() -> None:
    """An object's first capability may be one of those that are no longer remembered."""
    caps, holder = tree(), process(1)
    whole = caps.root(holder, PhysicalRange(0, 0x10000), ALL_RIGHTS, TEST)
    part = PhysicalRange(0, 0x1000)
    last = caps.mint(whole, holder, ALL_RIGHTS, TEST, part=part)
    for _ in range(3 * TOMBSTONES_MAX):
        heir = caps.mint(last, holder, ALL_RIGHTS, TEST)
        caps.drop(last)
        last = heir
    assert part.first is not None
    caps.end(part.first)
    assert list(nodes(caps.roots)) == [whole]
    assert caps.count == 1
    assert list(holder.ranges) == [whole]
