"""The policy `bearer`: as STAGE3, whoever knows a number may use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import loss
from .abi import MSI_FIRST, MSI_LAST
from .capability import Capability
from .derived import Derived, Tables
from .memory_object import MemoryObject
from .notification import Notification
from .objects import KernelObject, PhysicalRange, VectorRange
from .process import Process, ProcessState
from .thread import Thread

if TYPE_CHECKING:
    from .channel import Message
    from .interrupt import InterruptVector
    from .kernel import Kernel
    from .transfer import Slot


class Bearer(Derived):
    """One table for all: knowing the number is having the right."""

    name = "bearer"
    execute_everywhere = True
    keep_alias = True
    slow_call_value = False
    parent_keeps_writing = True
    any_physical = True
    devices_everywhere = False
    counts_receivers = True

    def __init__(self, kernel: Kernel) -> None:
        super().__init__(kernel)
        self._tables: Tables = ({}, {}, {})

    def tables(self) -> Tables:
        """The same tables for every process."""
        return self._tables

    def created(
        self, holder: Process, target: KernelObject, rights: int, how: str, actor: Thread | None
    ) -> int:
        """Ranges need no capability: any physical address may be mapped."""
        if isinstance(target, PhysicalRange | VectorRange):
            return 0
        if isinstance(target, Process | Notification | MemoryObject):
            holder.made[target] = None
        return super().created(holder, target, rights, how, actor)

    def stack_word(self, actor: Thread, child: Process, word: int) -> int:
        """Numbers pass as they are."""
        return word

    def found(self, finder: Thread, named: Capability) -> int:
        """The one cookie that the channel has; 0 once it is gone."""
        return named.cookie if named.alive else 0

    def replied(self, replier: Thread, message: Message, value: int) -> int:
        """Numbers pass as they are."""
        return value

    def give(
        self, giver: Thread, target: Process, message: Message | None, cookie: int, rights: int
    ) -> int:
        """Numbers pass as they are."""
        return cookie

    def take(self, taker: Thread, message: Message, number: int, rights: int) -> int:
        """Numbers pass as they are."""
        return number

    def carried(
        self, giver: Thread, receiver: Process, message: Message, slot: Slot
    ) -> tuple[int, int]:
        """Numbers pass as they are."""
        return slot.cookie, slot.rights

    def grantable(self, caller: Thread, holder: Process, cookie: int) -> Capability | None:
        """Anything: it is only a number."""
        return holder.capabilities.get(cookie)

    def mint(
        self,
        caller: Thread,
        held: Capability,
        rights: int,
        badge: int,
        part: KernelObject | None,
        how: str,
    ) -> int:
        """Numbers pass as they are."""
        return held.cookie

    def physical(self, caller: Thread, start: int, size_bytes: int, flags: int) -> bool:
        """Any that is not the kernel's."""
        return True

    def used(self, caller: Thread, held: Capability, rights: int) -> None:
        """Whoever is seen using what it was not given got it somewhere: a node of its own."""
        process = caller.process
        if process is not held.holder:
            held = self.tree.seen(held, process, self.origin("seen", caller))
        super().used(caller, held, rights)

    def vector_ranges(self, caller: Thread) -> list[tuple[int, int]]:
        """All of them, whoever asks."""
        return [(MSI_FIRST, MSI_LAST + 1)]

    def allocated(self, caller: Thread, vector: InterruptVector) -> None:
        """Nothing: the vector is its process's, by number."""

    def dropped(self, caller: Thread, cookie: int) -> None:
        """Nothing: whoever knows the number still has the right. But a maker ends its object."""
        maker = caller.process
        target = maker.capabilities[cookie].target
        if target in maker.made:
            self._end_made(maker, target)

    def _end_made(self, maker: Process, target: KernelObject) -> None:
        del maker.made[target]
        self.object_ended(target)
        loss.end(self.kernel, target)

    def revoke(self, caller: Thread, capability: Capability, holder: Process | None) -> int:
        """Nothing: numbers cannot be taken back."""
        return 0

    def process_ended(self, process: Process) -> None:
        """A cookie belongs to nobody, but what only a process knows of ends with it."""
        for target in list(process.made):
            if not isinstance(target, Process) or target.state is ProcessState.DEAD:
                self._end_made(process, target)
        maker = process.first.holder if process.first is not None else process
        if maker.state is ProcessState.DEAD:
            self.object_ended(process)
