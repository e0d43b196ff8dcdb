"""The policy `derived`: a cookie is valid only in the process that holds it.

The paths of a delegation (docs/capabilities.md): 1 the stack words of a new
process, 2 a name, 3 a reply value, 5 give and take, 6 slots in messages; 4 are
the one-shot reply rights, which are no capabilities. Whoever delegates needs
GRANT; finding a name needs only that it was registered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from anos_sim.hw.vcpu import PC, SP

from . import loss
from .abi import ALL_RIGHTS, MapFlags, Rights, Status
from .capability import Capability, Origin, Site
from .channel import Channel
from .errors import SyscallError
from .events import EventKind
from .objects import Handler, KernelObject, PhysicalRange, VectorRange
from .process import Process
from .thread import Thread, ThreadState

if TYPE_CHECKING:
    from .channel import Message
    from .interrupt import InterruptVector
    from .kernel import Kernel
    from .transfer import Slot

SEND, RECEIVE, GRANT = int(Rights.SEND), int(Rights.RECEIVE), int(Rights.GRANT)
MAP_RIGHTS = {MapFlags.WRITE: Rights.WRITE, MapFlags.EXEC: Rights.EXEC}

SITES_MAX = 1024
"""Places in programs that are remembered, so that many delegations from one share it."""

Tables = tuple["dict[int, Capability]", "dict[int, Handler]", "dict[int, Message]"]


class Derived:
    """Per-process tables; delegation only through the kernel.

    The switches at the top are rules that programs can see, which `bearer` sets
    otherwise.
    """

    name = "derived"
    execute_everywhere = False
    keep_alias = False
    slow_call_value = True
    parent_keeps_writing = False
    """Copy-on-write at process creation: one-sided in STAGE3."""
    any_physical = False
    devices_everywhere = True
    """Calls 20 and 23 on every architecture: STAGE3 has them on one."""
    counts_receivers = False
    """A channel's receivers: those that did, or those that may (their capabilities)."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.tree = kernel.tree
        self._sites: dict[tuple[int, int, int, int], Site] = {}
        self._event: tuple[int, str, Thread | None, Message | None] | None = None
        self._origin = Origin(0, "")

    def tables(self) -> Tables:
        """The tables of a new process: capabilities, calls and messages."""
        return {}, {}, {}

    # ---- making ----

    def created(
        self, holder: Process, target: KernelObject, rights: int, how: str, actor: Thread | None
    ) -> int:
        """The kernel made an object for a process; returns its cookie there."""
        made = self.tree.root(holder, target, rights, self.origin(how, actor))
        self._tell_made(made, actor)
        return made.cookie

    def origin(self, how: str, actor: Thread | None, message: Message | None = None) -> Origin:
        """Now, as what made a capability; all that one call makes have the same."""
        event = self.kernel.now_ps(), how, actor, message
        if event != self._event:
            self._event = event
            if message is None:
                self._origin = Origin(event[0], how, self._site(actor))
            else:
                sender = self._site(message.sender)
                self._origin = Origin(event[0], how, self._site(actor), message.number, sender)
        return self._origin

    def _site(self, thread: Thread | None) -> Site | None:
        """Where a thread made its last call."""
        if thread is None:
            return None
        process = thread.process
        if thread.state is ThreadState.RUNNING and thread.last_cpu is not None:
            state = thread.last_cpu.state
            pc, stack_pointer = state[PC], state[SP]
        else:
            pc, stack_pointer = thread.registers.call_site()
        link = self.kernel.architecture.return_register
        space = process.space
        caller = thread.registers.register(link) if link else space.peek_word(stack_pointer)
        key = (process.pid, thread.tid, pc, caller)
        site = self._sites.get(key)
        if site is None:
            if len(self._sites) >= SITES_MAX:
                self._sites.clear()
            site = self._sites[key] = Site(process.pid, process.name, thread.tid, pc, caller)
        return site

    def delegate(
        self,
        source: Capability,
        holder: Process,
        rights: int,
        how: str,
        actor: Thread,
        message: Message | None = None,
    ) -> Capability:
        """Derive one for another process and tell it, unless it is there already."""
        if self.kernel.events is not None and source.rights & GRANT:
            source.used |= GRANT
        made = self.tree.known(source, holder, rights)
        if made is None:
            made = self.tree.delegate(source, holder, rights, self.origin(how, actor, message))
            self._tell_made(made, actor)
        return made

    def _tell_made(self, made: Capability, actor: Thread | None) -> None:
        kernel = self.kernel
        if kernel.events is not None:
            parent = made.parent.cookie if made.parent is not None else 0
            kernel.emit(
                EventKind.CAPABILITY,
                actor,
                made.cookie,
                parent,
                made.holder.pid,
                str(made.target),
                made.rights,
                made.origin.how,
            )

    # ---- the paths ----

    def stack_word(self, actor: Thread, child: Process, word: int) -> int:
        """Path 1: a word of a child's stack that is a cookie of its creator's."""
        held = actor.process.capabilities.get(word)
        if held is None or not held.rights & GRANT:
            return word
        return self.delegate(held, child, held.rights, "create_process", actor).cookie

    def found(self, finder: Thread, named: Capability) -> int:
        """Path 2: a channel found by name gives SEND.

        A name outlives who registered it if a supervisor has a successor for the channel.
        """
        if not named.alive:
            channel = named.target
            heir = named.living_parent()
            if not isinstance(channel, Channel) or not channel.successor or heir is None:
                return 0
            named = heir
        return self.delegate(named, finder.process, SEND, "find_named_channel", finder).cookie

    def replied(self, replier: Thread, message: Message, value: int) -> int:
        """Path 3: a reply value that is a channel cookie of the replier's gives SEND."""
        held = replier.process.capabilities.get(value)
        sender = message.sender.process
        if held is None or held.rights & (SEND | GRANT) != SEND | GRANT:
            return value
        if replier.process is sender:
            return value
        return self.delegate(held, sender, SEND, "reply_message", replier, message).cookie

    def give(
        self, giver: Thread, target: Process, message: Message | None, cookie: int, rights: int
    ) -> int:
        """Path 5: delegate to the target; returns the cookie there."""
        held = self.grantable(giver, giver.process, cookie)
        assert held is not None
        if giver.process is target:
            return cookie
        return self.delegate(held, target, rights or ALL_RIGHTS, "give", giver, message).cookie

    def take(self, taker: Thread, message: Message, number: int, rights: int) -> int:
        """Path 5: derive from what the sender of a message holds; returns the cookie here."""
        held = self.grantable(taker, message.sender.process, number)
        assert held is not None
        if taker.process is message.sender.process:
            return number
        rights = rights or ALL_RIGHTS
        return self.delegate(held, taker.process, rights, "take", taker, message).cookie

    def carried(
        self, giver: Thread, receiver: Process, message: Message, slot: Slot
    ) -> tuple[int, int]:
        """Path 6: a slot of a message arrives; (cookie, rights) there, zeros if it is gone."""
        held = giver.process.capabilities.get(slot.cookie)
        if held is None or not held.rights & GRANT:
            return 0, 0
        if receiver is giver.process:
            return held.cookie, held.rights
        how = "move" if slot.moves else "transfer"
        made = self.delegate(held, receiver, slot.rights, how, giver, message)
        if slot.moves:
            self._moved(held, made, giver)
        return made.cookie, made.rights

    def _moved(self, held: Capability, made: Capability, giver: Thread) -> None:
        kernel = self.kernel
        self.tree.drop(held)
        if kernel.events is not None:
            there = made.holder.pid
            kernel.emit(EventKind.MOVED, giver, held.cookie, held.holder.pid, made.cookie, there)
        loss.gone(kernel, [held])

    def grantable(self, caller: Thread, holder: Process, cookie: int) -> Capability | None:
        """What may be delegated under a cookie (None only under `bearer`).

        Raises:
            SyscallError(BADARGS): it is not held.
            SyscallError(INCAPABLE): it lacks GRANT.
        """
        held = holder.capabilities.get(cookie)
        if held is None:
            self.kernel.refused(caller, cookie)
            raise SyscallError(Status.BADARGS)
        if not held.rights & GRANT:
            raise SyscallError(Status.INCAPABLE)
        return held

    def mint(
        self,
        caller: Thread,
        held: Capability,
        rights: int,
        badge: int,
        part: KernelObject | None,
        how: str,
    ) -> int:
        """A narrower one of the caller's own."""
        origin = self.origin(how, caller)
        made = self.tree.mint(held, caller.process, rights or ALL_RIGHTS, origin, badge, part)
        self._tell_made(made, caller)
        return made.cookie

    # ---- using ----

    def used(self, caller: Thread, held: Capability, rights: int) -> None:
        """Take note, while events are recorded, of rights exercised; tell of the first time."""
        new = int(rights) & ~held.used
        if new:
            held.used |= new
            how = str(Rights(new).name)
            self.kernel.emit(EventKind.USED, caller, held.cookie, caller.process.pid, how)

    def physical(self, caller: Thread, start: int, size_bytes: int, flags: int) -> bool:
        """May these frames or registers be mapped by the caller?

        Raises:
            SyscallError(INCAPABLE): it holds the range, but not for that use.
        """
        needed = int(Rights.READ)
        for flag, right in MAP_RIGHTS.items():
            if flags & flag:
                needed |= right
        covering = [
            held
            for held in caller.process.ranges
            if isinstance(held.target, PhysicalRange)
            and held.target.start <= start
            and start + size_bytes <= held.target.end
        ]
        for held in covering:
            if held.rights & needed == needed:
                self.kernel.used(caller, held, needed)
                return True
        if covering:
            raise SyscallError(Status.INCAPABLE)
        return False

    def vector_ranges(self, caller: Thread) -> list[tuple[int, int]]:
        """The interrupt vectors that a caller may allocate: (first, end).

        Raises:
            SyscallError(INCAPABLE): there are none.
        """
        ranges = [
            (each.target.start, each.target.end)
            for each in caller.process.ranges
            if isinstance(each.target, VectorRange) and each.rights & RECEIVE
        ]
        if not ranges:
            raise SyscallError(Status.INCAPABLE)
        return ranges

    def allocated(self, caller: Thread, vector: InterruptVector) -> None:
        """A vector was allocated: it is a part of the range that allowed it."""
        for held in list(caller.process.ranges):
            target = held.target
            if (
                isinstance(target, VectorRange)
                and held.rights & RECEIVE
                and target.start <= vector.number < target.end
            ):
                self.kernel.used(caller, held, RECEIVE)
                self.mint(caller, held, RECEIVE, 0, vector, "alloc_interrupt_vector")
                return

    # ---- taking away ----

    def dropped(self, caller: Thread, cookie: int) -> None:
        """A holder gives one up; what was derived from it stays."""
        capability = caller.process.capabilities[cookie]
        self.tree.drop(capability)
        kernel = self.kernel
        if kernel.events is not None:
            kernel.emit(EventKind.DROPPED, caller, cookie, caller.process.pid)
        loss.gone(kernel, [capability])

    def revoke(self, caller: Thread, capability: Capability, holder: Process | None) -> int:
        """Take back all below one, or what a holder has of it; returns how many went."""
        gone = self.tree.revoke(capability, holder)
        kernel = self.kernel
        if kernel.events is not None:
            for each in gone:
                kernel.emit(EventKind.REVOKED, caller, each.cookie, each.holder.pid)
        loss.gone(kernel, gone)
        return len(gone)

    def process_ended(self, process: Process) -> None:
        """Its own capabilities go; what was derived from them stays."""
        held = list(process.capabilities.values())
        for capability in held:
            self.tree.drop(capability)
        loss.gone(self.kernel, held)

    def object_ended(self, target: KernelObject) -> None:
        """An object has ended and takes all capabilities to it along."""
        if target.first is not None:
            self.tree.end(target.first)

    def range_ended(self, target: PhysicalRange) -> None:
        """Frames return to the kernel: nobody may map them any longer, or has them mapped."""
        if target.first is not None:
            loss.gone(self.kernel, self.tree.end(target.first))
