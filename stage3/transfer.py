"""What travels with a message besides its page: capabilities and a badge (path 6).

A slot is checked when it is sent and acted on when it arrives: a capability that
was revoked on the way arrives as nothing. Who receives without asking for
capabilities gets none, and then none is moved away from the sender either.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs

from anos_sim.hw.vcpu import MAY_RUN

from .abi import ALL_RIGHTS, TRANSFER_SLOTS_MAX, SlotFlags, Status
from .channel import TRANSFER_BYTES
from .errors import SyscallError

if TYPE_CHECKING:
    from .channel import Message, Receive
    from .kernel import Kernel
    from .process import Process
    from .thread import Thread

_HEAD = struct.Struct("<QQII")
_SLOT = struct.Struct("<QII")
assert _HEAD.size + TRANSFER_SLOTS_MAX * _SLOT.size == TRANSFER_BYTES
KNOWN_FLAGS = int(SlotFlags.MOVE)


@attrs.frozen
class Slot:
    """A capability to pass on: the sender's cookie, at most these rights, given away or shared."""

    cookie: int
    rights: int
    moves: bool


def read_timeout(caller: Thread, pointer: int) -> int:
    """The limit of a wait, in ns. Raises BADARGS if the caller may not write the structure."""
    space, receive = caller.process.space, caller.receive
    if (
        receive is not None
        and receive.transfer == pointer
        and receive.transfer_slot >= 0
        and receive.generation == space.generation
    ):
        return space.physical.words[receive.transfer_slot]
    data = space.load(pointer, TRANSFER_BYTES)
    if data is None or not space.writable(pointer, TRANSFER_BYTES):
        raise SyscallError(Status.BADARGS)
    timeout_ns: int = _HEAD.unpack_from(data)[0]
    return timeout_ns


def read_slots(kernel: Kernel, caller: Thread, pointer: int) -> tuple[Slot, ...]:
    """The capabilities that a caller wants to pass on; it may do so now.

    Raises:
        SyscallError(BADARGS): a structure out of reach, too many slots, flags that
            there are not, or a cookie that is not held.
        SyscallError(INCAPABLE): a capability without GRANT.
    """
    data = caller.process.space.load(pointer, TRANSFER_BYTES)
    if data is None:
        raise SyscallError(Status.BADARGS)
    _, _, count, _ = _HEAD.unpack_from(data)
    if count > TRANSFER_SLOTS_MAX:
        raise SyscallError(Status.BADARGS)
    slots = []
    for index in range(count):
        cookie, rights, flags = _SLOT.unpack_from(data, _HEAD.size + index * _SLOT.size)
        if flags & ~KNOWN_FLAGS:
            raise SyscallError(Status.BADARGS)
        kernel.policy.grantable(caller, caller.process, cookie)
        slots.append(Slot(cookie, rights or ALL_RIGHTS, bool(flags & SlotFlags.MOVE)))
    return tuple(slots)


def deliver(kernel: Kernel, message: Message, receive: Receive) -> None:
    """Put badge and capabilities of a message where its receiver wants them."""
    receiver, physical, slot = receive.thread.process, kernel.physical, receive.transfer_slot
    if not message.slots and slot >= 0 and not physical.uses[slot >> 9] & MAY_RUN:
        physical.words[slot + 1] = message.capability.badge
        physical.words[slot + 2] = 0
        return
    arrived = carry(kernel, message.sender, receiver, message, message.slots)
    _write(receiver, receive.transfer, message.capability.badge, arrived)


def deliver_answer(kernel: Kernel, message: Message) -> None:
    """Put the capabilities of an answer where the sender wants them."""
    _write(message.sender.process, message.transfer, 0, message.answer)


def carry(
    kernel: Kernel, giver: Thread, receiver: Process, message: Message, slots: tuple[Slot, ...]
) -> list[tuple[int, int]]:
    """Pass capabilities to a process: (cookie, rights) there, zeros for one that is gone."""
    return [kernel.policy.carried(giver, receiver, message, slot) for slot in slots]


def _write(process: Process, pointer: int, badge: int, arrived: Sequence[tuple[int, int]]) -> None:
    slots = b"".join(_SLOT.pack(cookie, rights, 0) for cookie, rights in arrived)
    process.space.store(pointer + 8, _HEAD.pack(0, badge, len(arrived), 0)[8:] + slots)
