"""Channels and messages: synchronous send, receive and reply.

A message carries a tag and at most one page. The page is never copied: the
message references the sender's frame and the receiver's page table is pointed
at it until the reply.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs

from .abi import PAGE_BYTES, ObjectKind
from .objects import KernelObject

if TYPE_CHECKING:
    from .capability import Capability
    from .process import Process
    from .thread import Thread
    from .transfer import Slot

NAME_HASH_MULTIPLIER = 65599
OFFSET_MASK = PAGE_BYTES - 1
TRANSFER_BYTES = 152
"""Of a `struct anos_transfer` (transfer.py)."""


class Message:
    """One send: queued on a channel, then received, then answered, once.

    `frame_address` is the page it carries, 0 for none; it holds two references
    to that `frame` (unless it is not `counted`: a device's) from the send to the reply, so
    neither side's death or unmap can take it from the other. One of them is that of the
    `window`, if there is one: where the receiver has it mapped, by the entry `window_entry`
    in `window_slot`. Once it is `abandoned`, its sender is gone and a reply answers FAILURE.
    `capability` is what it was sent through: its badge is told to the receiver. `checked` is
    the same as long as it need not be looked at again: it may send, and nobody supervises
    the channel. `slots` are capabilities that travel with it, and `transfer` is where the
    sender wants those of the `answer` (0: nowhere).
    While events are recorded, `told` says whether its sending has been.
    Who sends waits for the answer, so a thread has one message and uses it again
    until it is abandoned. The page it sent last is found again at a glance: while the
    page-table entry in `source_slot` of `PhysicalMemory.words` is `source_entry`, the page
    at `source` is that at `source_address`, and may be sent as it is.
    """

    def __init__(self, sender: Thread, channel: Channel, capability: Capability) -> None:
        self.sender = sender
        self.channel = channel
        self.capability = capability
        self.checked: Capability | None = None
        self.number = self.sent_ps = 0
        self.tag = self.size_bytes = self.frame_address = self.frame = 0
        self.counted = True
        self.window_entry = self.window_slot = 0
        self.source = self.source_slot = self.source_address = 0
        self.source_entry = -1
        self.receiver: Process | None = None
        self.cookie = self.window = 0
        self.abandoned = False
        self.told = True
        self.slots: tuple[Slot, ...] = ()
        self.transfer = 0
        self.answer: Sequence[tuple[int, int]] = ()


class Receive:
    """A thread's wait for a message: where it shall be delivered (0: not wanted).

    `transfer` is where badge and capabilities shall go (0: not wanted), `timed`
    whether its wait has a limit. A thread has one and uses it again. `tag_slot`
    and `size_slot` are the RAM words that the two go to (-1: not wanted, or not
    aligned); that was found out in the address space's `generation` and holds
    while it lasts. `frame` is the one that has both (-1: none). `transfer_slot` is the
    RAM word where the transfer begins (-1: not wanted, not aligned, or it is not in one
    page). `buffer_slot` is the RAM word that is the buffer's page-table entry (-1: not
    known), `buffer_entry` what was there when a window last opened over it (-1: see there).
    """

    def __init__(self, thread: Thread, channel: Channel, capability: Capability) -> None:
        self.thread = thread
        self.channel = channel
        self.capability = capability
        self.transfer = 0
        self.timed = False
        self.tag_pointer = self.size_pointer = self.buffer = 0
        self.tag_slot = self.size_slot = self.buffer_slot = self.generation = -1
        self.frame = self.transfer_slot = self.buffer_entry = -1

    def is_possible(self) -> bool:
        """May the thread write its tag, its size and its transfer there, now?"""
        space = self.thread.process.space
        self.tag_slot = self.size_slot = self.transfer_slot = self.generation = -1
        if self.tag_pointer:
            self.tag_slot = space.word_slot(self.tag_pointer)
            if self.tag_slot < 0 and not space.writable(self.tag_pointer, 8):
                return False
        if self.size_pointer:
            self.size_slot = space.word_slot(self.size_pointer)
            if self.size_slot < 0 and not space.writable(self.size_pointer, 8):
                return False
        if self.transfer:
            if self.transfer & OFFSET_MASK <= PAGE_BYTES - TRANSFER_BYTES:
                self.transfer_slot = space.word_slot(self.transfer)
            if self.transfer_slot < 0 and not space.writable(self.transfer, TRANSFER_BYTES):
                return False
        if (
            (self.tag_slot >= 0 or not self.tag_pointer)
            and (self.size_slot >= 0 or not self.size_pointer)
            and (self.transfer_slot >= 0 or not self.transfer)
        ):
            self.generation = space.generation
        frame = self.tag_slot >> 9
        self.frame = frame if frame == self.size_slot >> 9 else -1
        return True


@attrs.define(eq=False)
class Channel(KernelObject):
    """A rendezvous: at most one of the two queues is non-empty.

    It dies when no process that may receive on it is left: under `derived` with
    the last capability that allows RECEIVE, under `bearer` with its creator and
    all who ever received, which are its `receivers`.
    """

    number: int
    creator: Process | None
    messages: deque[Message] = attrs.field(factory=deque, repr=False)
    waiting: deque[Receive] = attrs.field(factory=deque, repr=False)
    receivers: dict[Process, None] = attrs.field(factory=dict, repr=False)
    alive: bool = True
    successor: int = 0
    """The generation of who serves it next, as its supervisor says; 0: it has none."""

    @property
    def identity(self) -> tuple[ObjectKind, int]:
        """Its number."""
        return ObjectKind.CHANNEL, self.number

    def __str__(self) -> str:
        return f"channel {self.number}"


class NameTable:
    """Channel names, known by their 64-bit SDBM hash only (anos-abi 4.1).

    Each name keeps the capability it was registered under: finding the name
    delegates from that one.
    """

    def __init__(self) -> None:
        self._entries: dict[int, tuple[bytes, Channel, Capability]] = {}

    @staticmethod
    def hash(name: bytes) -> int:
        """SDBM over the first 255 bytes; 0 for the empty name, which none can have."""
        value = 0
        for byte in name[:255]:
            value = (value * NAME_HASH_MULTIPLIER + byte) & 0xFFFF_FFFF_FFFF_FFFF
        return value

    def register(self, name: bytes, channel: Channel, capability: Capability) -> bool:
        """Take a name; False if it is empty or taken.

        Who serves a supervised channel next may take again what its predecessor took.
        """
        key = self.hash(name)
        if not key:
            return False
        if key in self._entries:
            _, owner, before = self._entries[key]
            if owner is not channel or before.alive or not channel.successor:
                return False
        self._entries[key] = (name, channel, capability)
        return True

    def remove(self, name: bytes) -> bool:
        """Free a name; False if nobody has it."""
        return self._entries.pop(self.hash(name), None) is not None

    def find(self, name: bytes) -> tuple[Channel, Capability] | None:
        """Who has this name."""
        found = self._entries.get(self.hash(name))
        return (found[1], found[2]) if found else None

    def forget(self, channel: Channel) -> None:
        """Free all names of a channel that died."""
        for key in [key for key, entry in self._entries.items() if entry[1] is channel]:
            del self._entries[key]

    def __len__(self) -> int:
        return len(self._entries)

    def all(self) -> list[tuple[Channel, str]]:
        """Every name and its channel, in the order they were registered."""
        entries = self._entries.values()
        return [(channel, name.decode("utf-8", "replace")) for name, channel, _ in entries]

    def of(self, channel: Channel) -> list[str]:
        """The names of a channel, for people."""
        return [name for target, name in self.all() if target is channel]
