"""The two capability policies: who may use a cookie, and how one reaches another process.

`Derived`: a cookie is valid only in the process that holds it, and every one is
a node of the delegation tree. `Bearer`: as STAGE3, whoever knows the number may
use it. The switches below select the other rules that programs can see differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .abi import ALL_RIGHTS, Rights, Status
from .capability import Capability, DelegationTree, Handler
from .errors import SyscallError

if TYPE_CHECKING:
    from .channel import Message
    from .process import Process

SEND = int(Rights.SEND)
CHANNEL_RIGHTS = SEND | Rights.RECEIVE | Rights.NAME | Rights.DESTROY | Rights.GRANT
PROCESS_RIGHTS = Rights.OBSERVE | Rights.KILL | Rights.REVOKE | Rights.GRANT


Tables = tuple["dict[int, Capability]", "dict[int, Handler]", "dict[int, Message]"]


class Derived:
    """Per-process tables; delegation only through the kernel (paths 1 to 5)."""

    name = "derived"
    execute_everywhere = False
    keep_alias = False
    slow_call_value = True
    parent_keeps_writing = False
    """Copy-on-write at process creation: one-sided in STAGE3."""
    any_physical = False

    def __init__(self, tree: DelegationTree) -> None:
        self.tree = tree

    def tables(self) -> Tables:
        """The tables of a new process: capabilities, calls and messages."""
        return {}, {}, {}

    def created(self, holder: Process, target: Any, rights: int, how: str) -> int:
        """The kernel made an object for a process; returns its cookie there."""
        return self.tree.root(holder, target, rights, how).cookie

    def stack_word(self, parent: Process, child: Process, word: int) -> int:
        """Path 1: a word of a child's stack that is a cookie of its creator's."""
        held = parent.capabilities.get(word)
        if held is None:
            return word
        return self.tree.delegate(held, child, held.rights, "create_process").cookie

    def found(self, finder: Process, named: Capability) -> int:
        """Path 2: a channel found by name gives SEND."""
        if not named.alive:
            return 0
        return self.tree.delegate(named, finder, SEND, "find_named_channel").cookie

    def replied(self, replier: Process, sender: Process, value: int) -> int:
        """Path 3: a reply value that is a channel cookie of the replier's gives SEND."""
        held = replier.capabilities.get(value)
        if held is None or not held.rights & SEND or replier is sender:
            return value
        return self.tree.delegate(held, sender, SEND, "reply").cookie

    def give(self, giver: Process, target: Process, cookie: int, rights: int) -> int:
        """Path 5: delegate to the target; returns the cookie there."""
        held = giver.capabilities.get(cookie)
        if held is None:
            raise SyscallError(Status.BADARGS)
        if giver is target:
            return cookie
        return self.tree.delegate(held, target, rights or ALL_RIGHTS, "give").cookie

    def take(self, taker: Process, sender: Process, number: int, rights: int) -> int:
        """Path 5: derive from what the sender of a message holds; returns the cookie here."""
        held = sender.capabilities.get(number)
        if held is None:
            raise SyscallError(Status.BADARGS)
        if taker is sender:
            return number
        return self.tree.delegate(held, taker, rights or ALL_RIGHTS, "take").cookie

    def dropped(self, holder: Process, cookie: int) -> None:
        """A holder gives one up; what was derived from it stays."""
        self.tree.drop(holder.capabilities[cookie])

    def process_ended(self, process: Process) -> None:
        """Its own capabilities go; what was derived from them stays."""
        for capability in list(process.capabilities.values()):
            self.tree.drop(capability)

    def object_ended(self, target: Any, processes: list[Process]) -> None:
        """An object has ended and takes all capabilities to it along."""
        self.tree.drop_target(target, [process.capabilities for process in processes])


class Bearer(Derived):
    """One table for all: knowing the number is having the right."""

    name = "bearer"
    execute_everywhere = True
    keep_alias = True
    slow_call_value = False
    parent_keeps_writing = True
    any_physical = True

    def __init__(self, tree: DelegationTree) -> None:
        super().__init__(tree)
        self._tables: Tables = ({}, {}, {})

    def tables(self) -> Tables:
        """The same tables for every process."""
        return self._tables

    def stack_word(self, parent: Process, child: Process, word: int) -> int:
        """Numbers pass as they are."""
        return word

    def found(self, finder: Process, named: Capability) -> int:
        """The one cookie that the channel has; 0 once it is gone."""
        return named.cookie if named.alive else 0

    def replied(self, replier: Process, sender: Process, value: int) -> int:
        """Numbers pass as they are."""
        return value

    def give(self, giver: Process, target: Process, cookie: int, rights: int) -> int:
        """Numbers pass as they are."""
        return cookie

    def take(self, taker: Process, sender: Process, number: int, rights: int) -> int:
        """Numbers pass as they are."""
        return number

    def dropped(self, holder: Process, cookie: int) -> None:
        """Nothing: whoever knows the number still has the right."""

    def process_ended(self, process: Process) -> None:
        """Nothing: a cookie belongs to nobody."""

    def object_ended(self, target: Any, processes: list[Process]) -> None:
        """Forget the object's one cookie."""
        self.tree.drop_target(target, [self._tables[0]])


POLICIES: dict[str, type[Derived]] = {"derived": Derived, "bearer": Bearer}
