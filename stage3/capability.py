"""Capabilities: the right to use one kernel object, and where it came from.

Every capability but a root was delegated from a `parent`; rights only shrink on
the way down. The path to the root answers "who gave this process that device?".
`delegation.py` has the tree, `policy.py` says when delegation happens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from .abi import Rights

if TYPE_CHECKING:
    from .objects import KernelObject
    from .process import Process


@attrs.frozen
class Site:
    """Where in a program something was done: its call's PC and that call's return address.

    `process` is the name; names outlive processes.
    """

    pid: int
    process: str
    tid: int
    pc: int
    caller: int


@attrs.frozen
class Origin:
    """The event that made a capability.

    `how` is the call by which it came; `actor` made that call (None: the kernel,
    at power-on). If a message carried it, `message` is its number, else 0, and
    `sender` where it was sent.
    """

    time_ps: int
    how: str
    actor: Site | None = None
    message: int = 0
    sender: Site | None = None


class Capability:
    """The right to use one kernel object, known to its holder by a cookie.

    A dead capability works nowhere; it stays in the tree as a tombstone, so that
    what was derived from it can still tell where it came from. `children` has
    the living derived ones under (holder, rights) if asking for the same again
    shall find them, all others under themselves; it is None until there is one.
    `used` are the rights that were exercised while events were recorded. `heard` is the
    `successor` of its channel when it was sent through last (0: never, or there was none).
    """

    __slots__ = (
        "alive", "badge", "children", "cookie", "heard", "holder", "origin", "parent", "rights",
        "target", "used",
    )  # fmt: skip

    def __init__(
        self,
        cookie: int,
        target: KernelObject,
        rights: int,
        badge: int,
        holder: Process,
        parent: Capability | None,
        origin: Origin,
    ) -> None:
        self.cookie = cookie
        self.target = target
        self.rights = rights
        self.badge = badge
        self.holder = holder
        self.parent = parent
        self.origin = origin
        self.children: dict[object, Capability] | None = None
        self.alive = True
        self.used = self.heard = 0

    def derived(self) -> list[Capability]:
        """What was derived from it directly, tombstones included, oldest first."""
        return list(self.children.values()) if self.children else []

    def living_parent(self) -> Capability | None:
        """The nearest ancestor that still is a right; None above a root."""
        above = self.parent
        while above is not None and not above.alive:
            above = above.parent
        return above

    def __repr__(self) -> str:
        state = "" if self.alive else "dead, "
        return f"<{state}{self.target} {Rights(self.rights)!r} of {self.holder}>"
