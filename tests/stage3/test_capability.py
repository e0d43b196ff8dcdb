"""The delegation tree: rights shrink, the same asked twice is the same, nothing dangles."""

from __future__ import annotations

from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from anos_sim.stage3.abi import ALL_RIGHTS, Sysno
from anos_sim.stage3.address_space import AddressSpace
from anos_sim.stage3.capability import (
    TOMBSTONES_MAX,
    Capability,
    CookieJar,
    DelegationTree,
    SystemCall,
)
from anos_sim.stage3.process import Process
from support.invariants import check_table, nodes

RIGHTS = st.integers(0, ALL_RIGHTS)
NO_SPACE = cast(AddressSpace, None)


def process(pid: int) -> Process:
    """A process without memory."""
    return Process(pid, NO_SPACE, {}, {}, {}, name="p")


def tree(seed: int = 0) -> DelegationTree:
    """An empty tree at time 0."""
    return DelegationTree(CookieJar(seed), lambda: 0)


@given(st.integers(0, (1 << 64) - 1))
def test_cookies_repeat_with_the_seed_and_only_with_it(seed: int) -> None:
    first, again, other = CookieJar(seed), CookieJar(seed), CookieJar(seed ^ 1)
    cookies = [first() for _ in range(50)]
    assert cookies == [again() for _ in range(50)]
    assert len(set(cookies)) == 50
    assert all(0 < cookie < 1 << 64 for cookie in cookies)
    assert not set(cookies) & {other() for _ in range(50)}


def living_ancestor(node: Capability) -> Capability | None:
    """The nearest living ancestor."""
    above = node.parent
    while above is not None and not above.alive:
        above = above.parent
    return above


class TreeMachine(RuleBasedStateMachine):
    """Three processes delegate and drop at random."""

    made = Bundle("made")

    def __init__(self) -> None:
        super().__init__()
        self.tree = tree()
        self.processes = [process(pid) for pid in (1, 2, 3)]
        self.living: dict[tuple[int, int], Capability] = {}

    def learn(self, capability: Capability) -> Capability:
        """Take note of a capability that now exists."""
        assert capability.holder is not None
        self.living[capability.holder.pid, capability.cookie] = capability
        return capability

    @rule(target=made, who=st.integers(0, 2), rights=RIGHTS)
    def root(self, who: int, rights: int) -> Capability:
        return self.learn(self.tree.root(self.processes[who], object(), rights, "test"))

    @rule(target=made, source=made, who=st.integers(0, 2), rights=RIGHTS)
    def delegate(self, source: Capability, who: int, rights: int) -> Capability:
        if not source.alive:
            return source
        holder = self.processes[who]
        child = self.tree.delegate(source, holder, rights, "test")
        assert child.rights == rights & source.rights
        assert child.holder is holder
        assert child.parent is source
        assert child.target is source.target
        assert self.tree.delegate(source, holder, rights, "again") is child
        return self.learn(child)

    @rule(capability=made)
    def drop(self, capability: Capability) -> None:
        below = [node for node in nodes([capability]) if node is not capability and node.alive]
        above = living_ancestor(capability)
        self.tree.drop(capability)
        assert capability.holder is not None
        self.living.pop((capability.holder.pid, capability.cookie), None)
        for node in below:
            assert node.alive
            assert living_ancestor(node) is above or living_ancestor(node) in below

    @rule(source=made, who=st.integers(0, 2), rights=RIGHTS)
    def drop_and_ask_again(self, source: Capability, who: int, rights: int) -> None:
        """What was dropped can be had again, with a new cookie, and then stays the same."""
        if source.alive:
            holder = self.processes[who]
            first = self.tree.delegate(source, holder, rights, "test")
            self.drop(first)
            second = self.learn(self.tree.delegate(source, holder, rights, "test"))
            assert second.cookie != first.cookie
            assert self.tree.delegate(source, holder, rights, "test") is second

    @invariant()
    def tables_hold_exactly_the_living(self) -> None:
        assert self.tree.count == len(self.living)
        for each in self.processes:
            held = {cookie for pid, cookie in self.living if pid == each.pid}
            assert set(each.capabilities) == held
            check_table(each)
        found = [node for node in nodes(self.tree.roots) if node.alive]
        assert {id(node) for node in found} == {id(node) for node in self.living.values()}

    @invariant()
    def tombstones_have_something_living_below(self) -> None:
        for node in nodes(self.tree.roots):
            assert node.alive or node.children

    @invariant()
    def nobody_holds_the_same_thing_twice(self) -> None:
        for node in nodes(self.tree.roots):
            held = [(id(c.holder), c.rights) for c in node.children if c.alive]
            assert len(held) == len(set(held))


TreeMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestTree = TreeMachine.TestCase


def test_a_tombstone_that_goes_takes_no_living_successor_along() -> None:
    """Dropped while something hangs on it, made anew, then pruned: the new one stays known."""
    caps, holder, other = tree(), process(1), process(2)
    root = caps.root(holder, object(), 7, "test")
    first = caps.delegate(root, other, 3, "test")
    below = caps.delegate(first, holder, 1, "test")
    caps.drop(first)
    second = caps.delegate(root, other, 3, "test")
    caps.drop(below)
    assert caps.delegate(root, other, 3, "test") is second
    assert caps.count == 2


def test_calls_come_and_go_with_their_capabilities() -> None:
    caps, holder, other = tree(), process(1), process(2)

    def handler(*_: Any) -> int:
        return 1

    root = caps.root(holder, SystemCall(Sysno.SLEEP, handler), 1, "power-on")
    child = caps.delegate(root, other, 1, "create_process")
    assert holder.calls == {root.cookie: handler}
    assert other.calls == {child.cookie: handler}
    assert child.cookie != root.cookie
    caps.drop(root)
    assert holder.calls == {}
    assert other.calls == {child.cookie: handler}


def test_an_object_that_ends_takes_all_capabilities_along() -> None:
    caps, processes, thing = tree(), [process(1), process(2)], object()
    root = caps.root(processes[0], thing, 7, "test")
    caps.delegate(root, processes[1], 3, "test")
    keep = caps.root(processes[1], object(), 7, "test")
    caps.drop_target(thing, [each.capabilities for each in processes])
    assert caps.roots == [keep]
    assert caps.count == 1
    assert processes[0].capabilities == {}


def test_dropping_twice_is_dropping_once() -> None:
    caps, holder = tree(), process(1)
    root = caps.root(holder, object(), 7, "test")
    caps.drop(root)
    caps.drop(root)
    assert caps.count == 0
    assert caps.roots == []


def test_a_line_of_heirs_does_not_grow() -> None:
    """Each process delegates to its successor and ends: the last eight are remembered."""
    caps = tree()
    root = last = caps.root(process(1), object(), 7, "test")
    for pid in range(2, 500):
        heir = caps.delegate(last, process(pid), 7, "test")
        if last is not root:
            caps.drop(last)
        last = heir
    line = list(nodes([root]))
    assert line[0] is root
    assert line[-1] is last
    dead = [node.origin.pid for node in line[1:-1]]
    assert dead == list(range(499 - TOMBSTONES_MAX, 499))
    caps.drop(last)
    assert root.children == []
    assert root.given == {}
