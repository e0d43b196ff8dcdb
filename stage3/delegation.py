"""The delegation tree: which capability was derived from which (seL4's CDT)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .abi import ALL_RIGHTS, Rights
from .capability import Capability, Origin
from .cookie import CookieJar
from .memory_object import MemoryObject
from .objects import KernelObject, PhysicalRange, SystemCall, VectorRange

if TYPE_CHECKING:
    from .process import Process

TOMBSTONES_MAX = 8
"""How many dead capabilities in a row stay to tell where a living one came from."""
CALL, RECEIVE = int(Rights.CALL), int(Rights.RECEIVE)
RANGES = (PhysicalRange, VectorRange, MemoryObject)


class DelegationTree:
    """All capabilities of a machine.

    Always: a node's rights are a subset of its parent's; a holder's tables have
    exactly its living nodes; `count` is how many are alive; a tombstone has a
    living descendant. Making and dropping one is O(1), revoking linear in what goes.
    """

    def __init__(self, jar: CookieJar) -> None:
        self.roots: dict[Capability, None] = {}
        self.count = 0
        self._jar = jar

    # ---- growing ----

    def root(
        self, holder: Process, target: KernelObject, rights: int, origin: Origin
    ) -> Capability:
        """Make a capability that the kernel itself grants."""
        made = self._make(holder, target, int(rights) & ALL_RIGHTS, 0, None, origin)
        self.roots[made] = None
        target.first = made
        return made

    def delegate(
        self, source: Capability, holder: Process, rights: int, origin: Origin
    ) -> Capability:
        """Derive one for `holder` with at most `rights`; the same asked twice is the same node."""
        known = self.known(source, holder, rights)
        if known is not None:
            return known
        rights = int(rights) & source.rights
        made = self._make(holder, source.target, rights, source.badge, source, origin)
        if source.children is None:
            source.children = {}
        source.children[holder, rights] = made
        return made

    def known(self, source: Capability, holder: Process, rights: int) -> Capability | None:
        """What `delegate` would return without making anything."""
        children = source.children
        return children.get((holder, int(rights) & source.rights)) if children else None

    def mint(
        self,
        source: Capability,
        holder: Process,
        rights: int,
        origin: Origin,
        badge: int = 0,
        part: KernelObject | None = None,
    ) -> Capability:
        """Derive a new one each time, with a badge or to a part of the object if asked."""
        rights = int(rights) & source.rights
        target = source.target if part is None else part
        made = self._make(holder, target, rights, badge or source.badge, source, origin)
        if part is not None:
            part.first = made
        if source.children is None:
            source.children = {}
        source.children[made] = made
        return made

    def seen(self, held: Capability, user: Process, origin: Origin) -> Capability:
        """Under `bearer`: the node of a process that uses a cookie it was not made for."""
        key = (user, held.rights)
        known = held.children.get(key) if held.children else None
        if known is not None:
            return known
        node = Capability(held.cookie, held.target, held.rights, held.badge, user, held, origin)
        held.target.capability_count += 1
        if held.rights & RECEIVE:
            held.target.receiver_count += 1
        self.count += 1
        if held.children is None:
            held.children = {}
        held.children[key] = node
        return node

    def _make(
        self,
        holder: Process,
        target: KernelObject,
        rights: int,
        badge: int,
        parent: Capability | None,
        origin: Origin,
    ) -> Capability:
        cookie = self._jar()
        while cookie in holder.capabilities:
            cookie = self._jar()
        made = Capability(cookie, target, rights, badge, holder, parent, origin)
        holder.capabilities[cookie] = made
        target.capability_count += 1
        if rights & RECEIVE:
            target.receiver_count += 1
        if isinstance(target, SystemCall) and rights & CALL:
            holder.calls[cookie] = target.handler
        elif isinstance(target, RANGES):
            holder.ranges[made] = None
        self.count += 1
        return made

    # ---- shrinking ----

    def drop(self, capability: Capability) -> None:
        """Remove one; what was derived from it stays valid and remembers it."""
        if not capability.alive:
            return
        self._kill(capability)
        parent = capability.parent
        siblings = parent.children if parent is not None else None
        key = (capability.holder, capability.rights)
        if siblings and siblings.get(key) is capability:
            del siblings[key]
            siblings[capability] = capability
        if capability.children:
            self._shorten(capability)
        else:
            self._prune(capability)

    def revoke(self, capability: Capability, holder: Process | None = None) -> list[Capability]:
        """Remove all that was derived from one, at once; it stays. Returns the living that went.

        With a `holder` only what that process holds goes, and what hangs on it.
        """
        if holder is None:
            children, capability.children = capability.derived(), None
            return self._kill_all(children)
        gone: list[Capability] = []
        for child in self._topmost_of(capability, holder):
            gone += self.end(child)
        return gone

    def end(self, capability: Capability) -> list[Capability]:
        """Remove one and all that was derived from it. Returns the living that went."""
        parent = capability.parent
        gone = self._kill_all([capability])
        capability.children = None
        if parent is None:
            self.roots.pop(capability, None)
        elif parent.children is not None:
            key = (capability.holder, capability.rights)
            if parent.children.get(key) is capability:
                del parent.children[key]
            else:
                parent.children.pop(capability, None)
            self._prune(parent)
        return gone

    def _topmost_of(self, capability: Capability, holder: Process) -> list[Capability]:
        found, pending = [], capability.derived()[::-1]
        while pending:
            node = pending.pop()
            if node.alive and node.holder is holder:
                found.append(node)
            else:
                pending += node.derived()[::-1]
        return found

    def _kill_all(self, nodes: list[Capability]) -> list[Capability]:
        """Kill whole subtrees; their links go with them."""
        gone: list[Capability] = []
        pending = nodes[::-1]
        while pending:
            node = pending.pop()
            if node.alive:
                self._kill(node)
                gone.append(node)
            if node.children:
                pending += list(node.children.values())[::-1]
                node.children = None
        return gone

    def _kill(self, capability: Capability) -> None:
        capability.alive = False
        self.count -= 1
        holder, target, cookie = capability.holder, capability.target, capability.cookie
        holder.capabilities.pop(cookie, None)
        target.capability_count -= 1
        if capability.rights & RECEIVE:
            target.receiver_count -= 1
        if isinstance(target, SystemCall):
            holder.calls.pop(cookie, None)
        elif isinstance(target, RANGES):
            holder.ranges.pop(capability, None)

    def _prune(self, capability: Capability) -> None:
        """Forget tombstones that nothing living hangs on."""
        node: Capability | None = capability
        while node is not None and not node.alive and not node.children:
            parent = node.parent
            if parent is None:
                self.roots.pop(node, None)
            elif parent.children is not None:
                parent.children.pop(node, None)
            node = parent
        if node is not None and not node.alive and _dead_around(node) >= TOMBSTONES_MAX:
            self._forget(node)

    def _shorten(self, capability: Capability) -> None:
        """Of many tombstones in a row forget the oldest one: a line of heirs must not grow."""
        node = capability
        for _ in range(TOMBSTONES_MAX):
            parent = node.parent
            if parent is None or parent.alive:
                return
            node = parent
        self._forget(node)

    def _forget(self, tombstone: Capability) -> None:
        """Take a tombstone with one child out of the tree; its object ends with the child."""
        above, children = tombstone.parent, tombstone.children
        if above is None or above.children is None or children is None or len(children) != 1:
            return
        child = next(iter(children.values()))
        above.children.pop(tombstone, None)
        above.children[child] = child
        child.parent, tombstone.children = above, None
        if tombstone.target.first is tombstone:
            tombstone.target.first = child


def _dead_around(tombstone: Capability) -> int:
    """How many tombstones are in a row with one, at most as many as matter on each side."""
    count = 0
    node: Capability | None = tombstone.parent
    while node is not None and not node.alive and count < TOMBSTONES_MAX:
        node, count = node.parent, count + 1
    below, down = tombstone, 0
    while below.children and len(below.children) == 1 and down < TOMBSTONES_MAX:
        below = next(iter(below.children.values()))
        if below.alive:
            break
        down += 1
    return count + down
