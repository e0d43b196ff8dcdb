"""What capabilities promise, as simply as it can be said: a list, and loops over it.

The rule machines compare the kernel with this after every step. It knows no tables
and no tree, only what was derived from what, and is slow on purpose.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from anos_sim.stage3.abi import ALL_RIGHTS, ObjectKind, Rights, Status, Sysno
from anos_sim.stage3.capability import Capability
from anos_sim.stage3.process import Process

OK, FAILURE, BADARGS, INCAPABLE = Status.OK, Status.FAILURE, Status.BADARGS, Status.INCAPABLE


@attrs.frozen
class Thing:
    """An object, by what programs can know of it. A range is from `start` to `end`."""

    kind: ObjectKind
    number: int
    start: int = 0
    end: int = 0

    def covers(self, start: int, end: int) -> bool:
        """Is that a part of it?"""
        return self.start <= start < end <= self.end


@attrs.define(eq=False)
class Node:
    """One capability, dead or alive; `minted`: asked for again it is another one."""

    holder: Process
    cookie: int
    thing: Thing
    rights: int
    badge: int
    parent: Node | None
    minted: bool = False
    alive: bool = True
    ended: bool = False
    """It died because its channel ended."""

    def line(self) -> list[Node]:
        """What it was derived from, nearest first."""
        return [self.parent, *self.parent.line()] if self.parent else []

    def above(self) -> Node | None:
        """The nearest of them that lives."""
        return next((each for each in self.line() if each.alive), None)


class Authority:
    """Who may do what. `nodes` are the living capabilities, oldest first."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.cookies: list[int] = []
        """All there ever were."""
        self.names: dict[bytes, Node] = {}
        self.owned: dict[Process, list[Thing]] = {}
        """What ends with its process: frames and vectors."""
        self.dead: list[Process] = []

    # ---- looking ----

    def of(self, holder: Process) -> list[Node]:
        """What a process holds."""
        return [node for node in self.nodes if node.holder is holder]

    def held(self, holder: Process, cookie: int, kind: ObjectKind | None = None) -> Node | None:
        """What a cookie stands for there."""
        for node in self.of(holder):
            if node.cookie == cookie and kind in (None, node.thing.kind):
                return node
        return None

    def below(self, node: Node) -> list[Node]:
        """The living that were derived from a node."""
        return [each for each in self.nodes if node in each.line()]

    def has(self, holder: Process, thing: Thing, rights: int) -> bool:
        """Does one capability of a process allow all of that with an object?"""
        return any(
            (node.thing == thing or (thing.end and node.thing.covers(thing.start, thing.end)))
            and node.thing.kind is thing.kind
            and not rights & ~node.rights
            for node in self.of(holder)
        )

    def may_call(self, holder: Process, number: Sysno) -> bool:
        """Does a process hold a system call?"""
        return self.has(holder, Thing(ObjectKind.CALL, int(number)), Rights.CALL)

    def allows(self, holder: Process, cookie: int, kind: ObjectKind, right: int) -> Status:
        """What comes of using a cookie as an object of a kind."""
        node = self.held(holder, cookie, kind)
        return FAILURE if node is None else OK if node.rights & right else INCAPABLE

    def may_pass(self, holder: Process, cookie: int) -> Status:
        """What comes of delegating a cookie."""
        node = self.held(holder, cookie)
        return BADARGS if node is None else OK if node.rights & Rights.GRANT else INCAPABLE

    def may_map(self, holder: Process, start: int, end: int, rights: int) -> Status:
        """What comes of mapping physical memory."""
        if self.has(holder, Thing(ObjectKind.PHYSICAL, 0, start, end), rights):
            return OK
        if self.has(holder, Thing(ObjectKind.PHYSICAL, 0, start, end), 0):
            return INCAPABLE
        return BADARGS

    # ---- making ----

    def root(self, holder: Process, cookie: int, thing: Thing, rights: int) -> Node:
        """The kernel made an object for a process."""
        return self._add(Node(holder, cookie, thing, int(rights), 0, None))

    def derive(self, source: Node, holder: Process, rights: int, cookie: int) -> Node:
        """Delegation: the same asked twice is the same; no more than the source has."""
        rights = (rights or ALL_RIGHTS) & source.rights
        for node in self.nodes:
            same = node.parent is source and node.holder is holder and node.rights == rights
            if same and not node.minted:
                assert cookie == node.cookie
                return node
        return self._add(Node(holder, cookie, source.thing, rights, source.badge, source))

    def mint(
        self, source: Node, rights: int, cookie: int, badge: int = 0, part: Thing | None = None
    ) -> Node:
        """A new one each time, for its holder itself."""
        rights = (rights or ALL_RIGHTS) & source.rights
        badge = source.badge or badge
        thing = part or source.thing
        return self._add(Node(source.holder, cookie, thing, rights, badge, source, minted=True))

    def _add(self, node: Node) -> Node:
        assert node.cookie not in self.cookies, "a cookie is used again"
        self.cookies.append(node.cookie)
        self.nodes.append(node)
        return node

    def learn(self, capability: Capability) -> None:
        """Take note of one that was made outside the rules; its parent is known."""
        above = capability.parent
        parent = self.held(above.holder, above.cookie) if above is not None else None
        thing = thing_of(capability)
        rights, badge = capability.rights, capability.badge
        self._add(Node(capability.holder, capability.cookie, thing, rights, badge, parent))

    # ---- taking away ----

    def drop(self, node: Node) -> None:
        """One goes; what was derived from it stays."""
        self._kill([node])

    def revoke(self, node: Node, holder: Process | None) -> int:
        """All below one goes, or what a process has of it and what hangs on that."""
        below = self.below(node)
        if holder is not None:
            of_holder = [each for each in below if each.holder is holder]
            below = [e for e in below if e in of_holder or any(h in e.line() for h in of_holder)]
        self._kill(below)
        return len(below)

    def end(self, thing: Thing) -> None:
        """An object ends, and all capabilities to it or to a part of it with it."""
        self._kill(
            [
                node
                for node in self.nodes
                if any(each.thing == thing for each in [node, *node.line()])
            ]
        )

    def die(self, process: Process) -> None:
        """A process ends: it holds nothing, what it owned is gone, what it delegated stays."""
        self.dead.append(process)
        for thing in self.owned.pop(process, []):
            self.end(thing)
        self._kill(self.of(process))

    def _kill(self, nodes: Iterable[Node]) -> None:
        """They die; a channel on which nobody may receive any more ends."""
        lost = []
        for node in nodes:
            node.alive = False
            self.nodes.remove(node)
            lost.append(node.thing)
        for thing in dict.fromkeys(lost):
            if thing.kind is ObjectKind.CHANNEL and not self.is_open(thing):
                self.close(thing)

    def is_open(self, channel: Thing) -> bool:
        """Is there anybody who may receive on a channel?"""
        return any(n.thing == channel and n.rights & Rights.RECEIVE for n in self.nodes)

    def close(self, channel: Thing) -> None:
        """A channel ends, and its names with it."""
        self.names = {name: node for name, node in self.names.items() if node.thing != channel}
        nodes = [node for node in self.nodes if node.thing == channel]
        for node in nodes:
            node.ended = True
        self._kill(nodes)


def thing_of(capability: Capability) -> Thing:
    """What the kernel says an object is."""
    kind, number = capability.target.identity
    start, size = capability.target.extent
    if kind is ObjectKind.PROCESS:
        number = id(capability.target)  # a pid comes later
    return Thing(kind, number, start, start + size)
