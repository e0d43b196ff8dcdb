"""Calls 78 to 80: messages with capabilities, a badge and a limit (ours)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import ipc, sys_ipc, transfer
from .abi import PAGE_BYTES, USER_END, Status, Sysno
from .channel import TRANSFER_BYTES
from .errors import SyscallError
from .syscall import syscall

if TYPE_CHECKING:
    from .kernel import Kernel
    from .thread import Thread

PAGE_OFFSET = PAGE_BYTES - 1


@syscall(Sysno.SEND_TRANSFER)
def send_transfer(
    kernel: Kernel, caller: Thread, cookie: int, tag: int, size_bytes: int, buffer: int, slots: int
) -> None:
    """Send a message with capabilities and wait for the answer and its capabilities.

    Raises:
        SyscallError(BADARGS): the buffer is no page of the user half, the transfer is out of
            reach, has more than 8 slots or unknown flags, or names a cookie that is not held.
        SyscallError(INCAPABLE): no right to send, or a capability without GRANT.
        SyscallError(FAILURE): more than a page, or no such channel.
    """
    if buffer >= USER_END or buffer & PAGE_OFFSET:
        raise SyscallError(Status.BADARGS)
    if size_bytes > PAGE_BYTES:
        raise SyscallError(Status.FAILURE)
    if not caller.process.space.writable(slots, TRANSFER_BYTES):
        raise SyscallError(Status.BADARGS)
    passed = transfer.read_slots(kernel, caller, slots)
    sys_ipc.send_message(kernel, caller, (cookie, tag, size_bytes, buffer), passed, slots)


@syscall(Sysno.RECV_TRANSFER)
def recv_transfer(
    kernel: Kernel, caller: Thread, cookie: int, tag_pointer: int, size_pointer: int, buffer: int,
    pointer: int,
) -> int | None:  # fmt: skip
    """Receive a message, its badge and its capabilities, at most for a time.

    Raises:
        SyscallError(BADARGS): a pointer is none the caller may write through.
        SyscallError(INCAPABLE): no right to receive.
        SyscallError(FAILURE): no such channel.
        SyscallError(TIMED_OUT): no message came in time.
    """
    timeout_ns = transfer.read_timeout(caller, pointer)
    arguments = (cookie, tag_pointer, size_pointer, buffer)
    return sys_ipc.recv_message(kernel, caller, arguments, pointer, timeout_ns)


@syscall(Sysno.REPLY_TRANSFER)
def reply_transfer(
    kernel: Kernel, caller: Thread, cookie: int, reply: int, pointer: int
) -> int | None:
    """Answer a message and pass capabilities to its sender, if it wants any.

    Raises:
        SyscallError(FAILURE): no such message, or its sender is gone.
        SyscallError(BADARGS): the transfer is out of reach, has more than 8 slots or unknown
            flags, or names a cookie that is not held; the message is still unanswered.
        SyscallError(INCAPABLE): a capability without GRANT; the message is still unanswered.
    """
    message = caller.process.messages.get(cookie)
    if message is None:
        raise SyscallError(Status.FAILURE)
    slots = transfer.read_slots(kernel, caller, pointer)
    if message.transfer and not message.abandoned:
        sender = message.sender.process
        message.answer = transfer.carry(kernel, caller, sender, message, slots)
    if kernel.events is not None and not kernel.counts_receivers:
        ipc.tell_replied(kernel, message, caller, reply)
    return sys_ipc.reply_message(kernel, caller, (cookie, reply))
