"""Capabilities, and the tree that says where each one came from.

Every capability but a root was delegated from a `parent`; rights only shrink on
the way down. The path to the root answers "who gave this process that device?".
`DelegationTree` makes and removes nodes; when delegation happens is `policy`'s.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from .abi import ALL_RIGHTS, CALLS, Rights, Sysno

if TYPE_CHECKING:
    from .process import Process

COOKIE_MIN = 1 << 32
TOMBSTONES_MAX = 8
"""How many dead capabilities in a row stay to tell where a living one came from."""
CALLS_BY_NUMBER = {call.number: call for call in CALLS}
Handler = Callable[..., "int | None"]


@attrs.define(eq=False)
class SystemCall:
    """A call as an object: holding a capability to it allows making the call."""

    number: Sysno
    handler: Handler = attrs.field(repr=False)
    name: str = attrs.field(init=False)
    arity: int = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        call = CALLS_BY_NUMBER[self.number]
        self.name = call.symbol.removeprefix("anos_")
        self.arity = len(call.arguments)

    def show(self, arguments: Sequence[int]) -> str:
        """A call as C would write it, with as many arguments as it has."""
        return f"{self.name}({', '.join(map(hex, arguments[: self.arity]))})"

    def __str__(self) -> str:
        return f"call {self.name}"


@attrs.frozen
class Origin:
    """The event that made a capability: what happened, when, on whose behalf."""

    time_ps: int
    how: str
    pid: int


@attrs.define(eq=False)
class Capability:
    """The right to use one kernel object, known to its holder by a cookie.

    A dead capability works nowhere; it stays in the tree as a tombstone, so that
    what was derived from it can still tell where it came from.
    """

    cookie: int
    target: Any
    rights: int
    holder: Process | None
    parent: Capability | None = attrs.field(repr=False)
    origin: Origin
    children: list[Capability] = attrs.field(factory=list, init=False, repr=False)
    given: dict[tuple[Process | None, int], Capability] = attrs.field(
        factory=dict, init=False, repr=False
    )
    alive: bool = attrs.field(default=True, init=False)


class CookieJar:
    """64-bit numbers that a guest cannot guess: a keyed hash of a counter.

    None is below `COOKIE_MIN`, so a small number is never taken for one.
    """

    def __init__(self, seed: int) -> None:
        self._key = seed.to_bytes(32, "little", signed=False)
        self._counter = 0
        self.ready: list[int] = []

    def __call__(self) -> int:
        """Return the next cookie."""
        ready = self.ready
        if not ready:
            self._refill()
        return ready.pop()

    def _refill(self) -> None:
        while not self.ready:
            text = self._counter.to_bytes(8, "little")
            self._counter += 1
            digest = hashlib.blake2b(text, digest_size=64, key=self._key).digest()
            self.ready.extend(
                cookie for cookie in struct.unpack("<8Q", digest) if cookie >= COOKIE_MIN
            )


class DelegationTree:
    """All capabilities of a machine (seL4's capability derivation tree).

    Always: a node's rights are a subset of its parent's; a holder's table has
    exactly its living nodes. `now_ps` tells the time of an origin.
    """

    def __init__(self, jar: CookieJar, now_ps: Callable[[], int]) -> None:
        self.roots: list[Capability] = []
        self.count = 0
        self._jar = jar
        self._now_ps = now_ps

    def root(self, holder: Process, target: Any, rights: int, how: str) -> Capability:
        """Make a capability that the kernel itself grants."""
        made = self._make(holder, target, rights, None, how)
        self.roots.append(made)
        return made

    def delegate(self, source: Capability, holder: Process, rights: int, how: str) -> Capability:
        """Derive one for `holder` with at most `rights`; the same asked twice is the same node."""
        rights = int(rights) & source.rights
        known = source.given.get((holder, rights))
        if known is not None and known.alive:
            return known
        made = self._make(holder, source.target, rights, source, how)
        source.children.append(made)
        source.given[holder, rights] = made
        return made

    def _make(
        self, holder: Process, target: Any, rights: int, parent: Capability | None, how: str
    ) -> Capability:
        cookie = self._jar()
        while cookie in holder.capabilities:
            cookie = self._jar()
        origin = Origin(self._now_ps(), how, holder.pid)
        made = Capability(cookie, target, int(rights) & ALL_RIGHTS, holder, parent, origin)
        holder.capabilities[cookie] = made
        if isinstance(target, SystemCall) and made.rights & Rights.CALL:
            holder.calls[cookie] = target.handler
        self.count += 1
        return made

    def drop(self, capability: Capability) -> None:
        """Remove one; what was derived from it stays valid."""
        if capability.alive:
            capability.alive = False
            self.count -= 1
            if capability.holder is not None:
                capability.holder.capabilities.pop(capability.cookie, None)
                capability.holder.calls.pop(capability.cookie, None)
            self._prune(capability)
            if capability.children:
                self._shorten(capability)

    def _prune(self, capability: Capability) -> None:
        """Forget tombstones that nothing living hangs on."""
        node: Capability | None = capability
        while node is not None and not node.alive and not node.children:
            parent = node.parent
            siblings = self.roots if parent is None else parent.children
            if node in siblings:
                siblings.remove(node)
            if parent is not None and parent.given.get((node.holder, node.rights)) is node:
                del parent.given[node.holder, node.rights]
            node = parent

    def _shorten(self, capability: Capability) -> None:
        """Of many tombstones in a row forget the oldest one: a line of heirs must not grow."""
        child, count = capability, 1
        while (parent := child.parent) is not None and not parent.alive:
            above, count = parent.parent, count + 1
            if count > TOMBSTONES_MAX and above is not None and len(parent.children) == 1:
                above.children[above.children.index(parent)] = child
                if above.given.get((parent.holder, parent.rights)) is parent:
                    del above.given[parent.holder, parent.rights]
                child.parent = above
                return
            child = parent

    def drop_target(self, target: Any, tables: list[dict[int, Capability]]) -> None:
        """Remove every capability to an object that has ended."""
        for table in tables:
            for capability in [each for each in table.values() if each.target is target]:
                self.drop(capability)
