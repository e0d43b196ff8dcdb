"""One CPU as the kernel sees it: its vCPU, its run queue, what is loaded on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anos_sim.hw.vcpu import (
    ARGUMENT0,
    ENTRY,
    FLUSH,
    FRESH,
    HISTORY,
    LOAD,
    NOW,
    RESULT_SET,
    RESULT_TYPE,
    RESULT_VALUE,
    ROOT,
    SAVE,
    STACK_POINTER,
    Vcpu,
)

from .address_space import AddressSpace
from .physical import FlushTarget
from .scheduler import RunQueue

if TYPE_CHECKING:
    from .thread import Thread


class Cpu(FlushTarget):
    """`thread` runs on it; `next` was woken by the thread that just left and goes
    first; `loaded` is the thread whose registers its engine has (often one that
    has blocked since) and `space` the address space whose entries its TLB may hold.
    """

    def __init__(self, vcpu: Vcpu) -> None:
        self.vcpu = vcpu
        self.index = vcpu.index
        self.state = vcpu.state
        self.arguments = vcpu.state[ARGUMENT0 : ARGUMENT0 + 5]
        self.queue = RunQueue()
        self.thread: Thread | None = None
        self.next: Thread | None = None
        self.loaded: Thread | None = None
        self.space = None
        self.next_tick_ps = 0
        self.switched = 0
        self._spare_contexts: list[int] = []

    @property
    def now_ps(self) -> int:
        """Local time of this CPU."""
        return self.state[NOW]

    def has_work(self) -> bool:
        """Is there a thread to run here?"""
        return self.thread is not None or self.next is not None or bool(self.queue.levels)

    def push(self, thread: Thread) -> None:
        """Queue a thread behind the one that goes next."""
        following = self.next
        if following is not None:
            self.next = None
            self.queue.push(following)
        self.queue.push(thread)

    def flush(self) -> None:
        """Drop all translations before the next run."""
        self.state[FLUSH] = 1

    def load(self, thread: Thread) -> None:
        """Arrange that the next run continues `thread`, and hand it its call's result."""
        state = self.state
        before = self.loaded
        if before is not thread:
            if before is not None:
                state[SAVE] = self._context_of(before)
                before.loaded_on = None
            holder = thread.loaded_on
            if holder is not None:
                holder.unload()
            if thread.fresh:
                state[FRESH], state[ENTRY], state[STACK_POINTER] = (
                    1,
                    thread.entry,
                    thread.stack_pointer,
                )
                thread.fresh = False
            else:
                state[LOAD] = thread.context
            state[HISTORY] = thread.history_address
            self.loaded = thread
            thread.loaded_on = self
            space = thread.process.space
            if space is not self.space:
                self._enter(space)
        if thread.has_result:
            state[RESULT_SET] = 1
            state[RESULT_TYPE], state[RESULT_VALUE] = thread.result_type, thread.result_value
            thread.has_result = False

    def _enter(self, space: AddressSpace) -> None:
        """Change address spaces. Another CPU with the old one was flushed when it got stale."""
        old = self.space
        if old is not None and old.stale:
            old.stale = False
        self.space = space
        self.state[ROOT] = space.root
        self.state[FLUSH] = 1

    def unload(self) -> None:
        """Store the registers of the loaded thread in its context: another CPU wants it."""
        thread = self.loaded
        if thread is not None:
            self.vcpu.save(self._context_of(thread))
            thread.loaded_on = None
            self.loaded = None

    def forget(self, thread: Thread) -> None:
        """A thread has ended: keep nothing of it."""
        if self.loaded is thread:
            self.loaded = None
            self.state[HISTORY] = self.vcpu.no_history
        thread.loaded_on = None
        if thread.context:
            self._spare_contexts.append(thread.context)
            thread.context = 0

    def lose_engine(self) -> None:
        """The engine crashed: put a new one in its place. The thread it ran is lost."""
        if self.loaded is not None:
            self.loaded.loaded_on = None
            self.loaded = None
        if self.space is not None:
            self.leave(self.space)
        self.vcpu.replace()

    def leave(self, space: AddressSpace) -> None:
        """An address space is about to end: no engine may keep entries of it."""
        if self.space is space:
            self.space = None
            self.state[FLUSH] = 1

    def _context_of(self, thread: Thread) -> int:
        if not thread.context:
            spare = self._spare_contexts
            thread.context = spare.pop() if spare else self.vcpu.new_context()
        return thread.context

    def registers(self, thread: Thread) -> dict[str, int]:
        """A thread's registers, wherever they are. {} if it never ran."""
        if thread.loaded_on is not None:
            return thread.loaded_on.vcpu.registers()
        if thread.context:
            return self.vcpu.registers(thread.context)
        return {}
