"""Every capability that there was in a run, with what was done by it.

A graph is a picture of one moment; a process that has ended holds nothing any
more. This listens to the events from the boot on and forgets nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import attrs

from anos_sim.hw.ecam import SIZE_BYTES as ECAM_BYTES
from anos_sim.stage3.abi import Rights
from anos_sim.stage3.events import Event, EventKind

from .watch import listen

if TYPE_CHECKING:
    from anos_sim.stage3.kernel import Kernel

GRANT = int(Rights.GRANT)
FOUR_GIB = 1 << 32
FOUND = "find_named_channel"
"""How a capability comes without GRANT at its parent: the channel has a name."""


@attrs.define(eq=False)
class HeldOnce:
    """One capability: what it was to, who held it, what it was used for.

    `pid` is 0 while its holder is built; `at_start` says that its holder began with
    it. `used` are the rights that were exercised; GRANT is, once another process
    got one derived from it.
    """

    cookie: int
    parent: HeldOnce | None = attrs.field(repr=False)
    pid: int
    object: str
    rights: int
    how: str
    time_ps: int
    at_start: bool = False
    used: int = 0
    children: list[HeldOnce] = attrs.field(factory=list, repr=False)

    def path(self) -> list[HeldOnce]:
        """From its root to itself."""
        path = [self]
        while path[-1].parent is not None:
            path.append(path[-1].parent)
        return path[::-1]


class History:
    """Listens to a kernel under `derived`, where a cookie names one capability of the run."""

    def __init__(self, kernel: Kernel) -> None:
        self.processes: dict[int, tuple[str, str]] = {}
        """Name and path by pid, of all that there ever were."""
        self.made: dict[int, HeldOnce] = {}
        """All capabilities by cookie, oldest first."""
        ecam = kernel.machine.addresses.ecam
        self.config_space = range(ecam, ecam + ECAM_BYTES)
        """Physical addresses."""
        memory = kernel.memory
        self.high_memory = memory.end if memory.begin else FOUR_GIB
        """From here on devices have what a boot config calls DEVICE_MEMORY_HIGH."""
        self._log = listen(kernel, self.hear)

    def flush(self) -> None:
        """Hear what has not been told yet."""
        self._log.flush()

    def hear(self, events: list[Event]) -> None:
        """Take a batch of events."""
        for event in events:
            kind = event.kind
            if kind == EventKind.SYSCALL:
                held = self.made.get(event.value("cookie"))
                if held is not None and held.pid == event.pid:
                    held.used |= Rights.CALL
            elif kind == EventKind.CAPABILITY:
                self._add(event)
            elif kind == EventKind.HELD:
                held = self.made[event.value("cookie")]
                held.pid, held.at_start = event.value("holder"), True
            elif kind == EventKind.USED:
                held = self.made.get(event.value("cookie"))
                if held is not None:
                    held.used |= rights_of(event.text("how"))
            elif kind == EventKind.PROCESS_START:
                self.processes[event.value("holder")] = event.text("name"), event.text("path")

    def _add(self, event: Event) -> None:
        parent = self.made.get(event.value("parent"))
        made = HeldOnce(
            event.value("cookie"),
            parent,
            event.value("holder"),
            event.text("object"),
            event.value("rights"),
            event.text("how"),
            event.time_ps,
        )
        self.made[made.cookie] = made
        if parent is not None:
            parent.children.append(made)
            if made.pid != parent.pid and made.how != FOUND:
                parent.used |= GRANT

    def name(self, pid: int) -> str:
        """A process as people write it."""
        return f"{self.processes[pid][0]}[{pid}]" if pid in self.processes else f"[{pid}]"

    def of(self, pid: int) -> Iterator[HeldOnce]:
        """What a process ever held, oldest first."""
        return (held for held in self.made.values() if held.pid == pid)

    def needs(self) -> dict[int, int]:
        """By cookie: the rights that were exercised, by itself or by what was derived from it.

        Passing on what was never used is no need, so GRANT is one only if what came
        of it was needed.
        """
        needs: dict[int, int] = {}
        for held in reversed(self.made.values()):
            need = held.used & ~GRANT
            for child in held.children:
                below = needs[child.cookie]
                if below:
                    is_own = child.pid == held.pid or child.how == FOUND
                    need |= below if is_own else below | GRANT
            needs[held.cookie] = need & held.rights
        return needs


def rights_of(text: str) -> int:
    """`READ|WRITE` as rights."""
    rights = 0
    for name in text.split("|"):
        rights |= Rights[name]
    return rights
