"""Calls 8 to 15: messages, channels and their names (anos-abi 1.8 and 4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from anos_sim.hw.vcpu import NOW

from . import ipc
from .abi import NAME_BYTES_MAX, PAGE_BYTES, USER_END, Rights, Status, Sysno
from .channel import Channel, Message, Receive
from .cookie import COOKIE_MIN
from .errors import SyscallError
from .events import EventKind
from .objects import CHANNEL_RIGHTS
from .syscall import require_user, syscall
from .thread import ThreadState

if TYPE_CHECKING:
    from .capability import Capability
    from .cpu import Cpu
    from .kernel import Kernel
    from .process import Process
    from .thread import Thread
    from .transfer import Slot

PAGE_OFFSET = PAGE_BYTES - 1
SEND, RECEIVE = int(Rights.SEND), int(Rights.RECEIVE)
SENDING, RECEIVING = ThreadState.SENDING, ThreadState.RECEIVING
OK = int(Status.OK)
FAILURE, BADARGS, INCAPABLE = Status.FAILURE, Status.BADARGS, Status.INCAPABLE


@syscall(Sysno.SEND_MESSAGE)
def send_message(
    kernel: Kernel,
    caller: Thread,
    arguments: Sequence[int],
    slots: tuple[Slot, ...] = (),
    transfer: int = 0,
) -> None:
    """Queue a message and block until it is answered; `slots` and `transfer` are call 78's.

    Raises:
        SyscallError(BADARGS): the buffer is no page of the user half.
        SyscallError(FAILURE): more than a page, or no such channel.
        SyscallError(RESTARTED): a successor serves it since the last message; said once.
    """
    cookie, tag, size_bytes, buffer = arguments[0], arguments[1], arguments[2], arguments[3]
    message = caller.message
    if (message is None or buffer != message.source) and (
        buffer >= USER_END or buffer & PAGE_OFFSET
    ):
        raise SyscallError(BADARGS)
    if size_bytes > PAGE_BYTES:
        raise SyscallError(FAILURE)
    held = caller.process.capabilities.get(cookie)
    if message is None or held is None or held is not message.checked:
        message = _message_through(kernel, caller, held, cookie)
    if not buffer or not size_bytes:
        message.frame_address = 0
    elif buffer == message.source and (
        kernel.ram_words[message.source_slot] == message.source_entry
    ):
        message.frame_address = message.source_address
        kernel.frame_counts[message.frame] += 2
    else:
        ipc.take_page(kernel, message, buffer)
    statistics, channel = kernel.statistics, message.channel
    message.number = statistics.messages = statistics.messages + 1
    cpu: Cpu = kernel.current  # type: ignore[assignment]
    message.sent_ps = cpu.state[NOW]
    message.tag, message.size_bytes = tag, size_bytes
    message.receiver, message.window = None, 0
    if transfer or message.transfer:
        message.slots, message.transfer, message.answer = slots, transfer, ()
    waiting = channel.waiting
    if kernel.events is not None:
        used: Capability = message.capability
        if used.holder is not caller.process or not used.used & SEND:
            kernel.policy.used(caller, used, SEND)
        message.told = False
        if transfer or not waiting:
            ipc.tell_sent(kernel, message)
    caller.state, caller.blocked_on, cpu.thread = SENDING, message, None
    while waiting:
        receive = waiting.popleft()
        received = ipc.deliver(kernel, message, receive)
        if receive.timed:
            ipc.stop_timer(kernel, receive)
        if received:
            kernel.wake(receive.thread, OK, received)
            return
        kernel.wake(receive.thread, Status.BADARGS, 0)
    if kernel.events is not None and not message.told:
        ipc.tell_sent(kernel, message)
    channel.messages.append(message)


def _message_through(
    kernel: Kernel, caller: Thread, held: Capability | None, cookie: int
) -> Message:
    """The caller's message, to be sent through what it holds; raises as `send_message` does."""
    if held is None or type(held.target) is not Channel:
        kernel.refused(caller, cookie)
        raise SyscallError(FAILURE)
    if not held.rights & SEND:
        raise SyscallError(INCAPABLE)
    channel = held.target
    if channel.successor and held.heard != channel.successor:
        _hear_of_restart(held, channel.successor)
    message = caller.message
    if message is None:
        message = caller.message = Message(caller, channel, held)
    message.channel, message.capability = channel, held
    message.checked = None if channel.successor else held
    return message


def _hear_of_restart(held: Capability, successor: int) -> None:
    """Who spoke with a predecessor is told so before anything else, with the generation."""
    before, held.heard = held.heard, successor
    if before:
        raise SyscallError(Status.RESTARTED, successor - 1)


@syscall(Sysno.RECV_MESSAGE)
def recv_message(
    kernel: Kernel,
    caller: Thread,
    arguments: Sequence[int],
    transfer: int = 0,
    timeout_ns: int = 0,
) -> int | None:
    """Take the first message of a channel, or wait; `transfer` and `timeout_ns` are call 79's.

    Raises:
        SyscallError(BADARGS): a pointer is none the caller may write through.
        SyscallError(FAILURE): no such channel.
    """
    cookie, tag_pointer = arguments[0], arguments[1]
    size_pointer, buffer = arguments[2], arguments[3]
    process, receive = caller.process, caller.receive
    held = process.capabilities.get(cookie)
    if (
        receive is None
        or held is None
        or receive.capability is not held
        or receive.tag_pointer != tag_pointer
        or receive.size_pointer != size_pointer
        or receive.buffer != buffer
        or receive.transfer != transfer
    ):
        pointers = tag_pointer, size_pointer, buffer, transfer
        receive = _receive_through(kernel, caller, held, cookie, pointers)
    channel = receive.channel
    if kernel.events is not None:
        used: Capability = receive.capability
        if used.holder is not process or not used.used & RECEIVE:
            kernel.policy.used(caller, used, RECEIVE)
    if channel.messages:
        message = channel.messages[0]
        received = ipc.deliver(kernel, message, receive)
        if not received:
            raise SyscallError(BADARGS)
        channel.messages.popleft()
        if kernel.counts_receivers:
            _becomes_receiver(process, channel)
        kernel.not_before(message.sent_ps)
        return received
    if receive.generation != process.space.generation and not receive.is_possible():
        raise SyscallError(BADARGS)
    if kernel.counts_receivers:
        _becomes_receiver(process, channel)
    channel.waiting.append(receive)
    kernel.block(caller, RECEIVING, receive)
    if timeout_ns:
        ipc.start_timer(kernel, receive, timeout_ns)
    return None


def _receive_through(
    kernel: Kernel,
    caller: Thread,
    held: Capability | None,
    cookie: int,
    pointers: tuple[int, int, int, int],
) -> Receive:
    """The caller's wait, by another capability or for other places; raises as `recv_message`."""
    tag_pointer, size_pointer, buffer, transfer = pointers
    if tag_pointer >= USER_END or size_pointer >= USER_END or buffer >= USER_END:
        raise SyscallError(BADARGS)
    if buffer & PAGE_OFFSET:
        raise SyscallError(BADARGS)
    if held is None or type(held.target) is not Channel:
        kernel.refused(caller, cookie)
        raise SyscallError(FAILURE)
    if not held.rights & RECEIVE:
        raise SyscallError(INCAPABLE)
    receive = caller.receive
    if receive is None:
        receive = caller.receive = Receive(caller, held.target, held)
    receive.channel, receive.capability = held.target, held
    if receive.buffer != buffer:
        receive.buffer, receive.buffer_slot, receive.buffer_entry = buffer, -1, -1
    if receive.transfer != transfer:
        receive.transfer, receive.generation = transfer, -1
    if receive.tag_pointer != tag_pointer or receive.size_pointer != size_pointer:
        receive.tag_pointer, receive.size_pointer = tag_pointer, size_pointer
        receive.generation = -1
    return receive


def _becomes_receiver(process: Process, channel: Channel) -> None:
    """Under `bearer` a channel lives as long as one of its receivers does."""
    if process not in channel.receivers:
        channel.receivers[process] = None
        process.receives_on[channel] = None


@syscall(Sysno.REPLY_MESSAGE)
def reply_message(kernel: Kernel, caller: Thread, arguments: Sequence[int]) -> int | None:
    """Answer a message: its sender wakes with `reply` (0 arrives as FAILURE).

    Raises:
        SyscallError(FAILURE): no such message, or its sender is gone.
    """
    cookie, reply = arguments[0], arguments[1]
    message = caller.process.messages.get(cookie)
    if message is None:
        raise SyscallError(FAILURE)
    events = kernel.events
    if events is not None:
        if events.on_page is not None:
            events.on_page(message, True)
        if kernel.counts_receivers:
            ipc.tell_replied(kernel, message, caller, reply)  # else the call says so
    if reply >= COOKIE_MIN and not message.abandoned:
        reply = kernel.policy.replied(caller, message, reply)
    ipc.finish(kernel, message, reply)
    cpu: Cpu = kernel.current  # type: ignore[assignment]
    if kernel.scheduler.replied(caller, cpu.queue):
        kernel.preempt(cpu)
    if message.abandoned:
        raise SyscallError(FAILURE)
    return cookie


@syscall(Sysno.CREATE_CHANNEL)
def create_channel(kernel: Kernel, caller: Thread) -> int:
    """Make a channel; its creator holds every right to it."""
    process = caller.process
    channel = Channel(kernel.next_channel, process)
    kernel.next_channel += 1
    if kernel.counts_receivers:
        _becomes_receiver(process, channel)
    return kernel.policy.created(process, channel, CHANNEL_RIGHTS, "create_channel", caller)


@syscall(Sysno.DESTROY_CHANNEL)
def destroy_channel(kernel: Kernel, caller: Thread, cookie: int) -> int:
    """End a channel: queued senders and waiting receivers wake with FAILURE. Always OK."""
    held = caller.process.capabilities.get(cookie)
    if held is None:
        kernel.refused(caller, cookie)
    elif type(held.target) is Channel:
        if not held.rights & Rights.DESTROY:
            raise SyscallError(Status.INCAPABLE)
        kernel.used(caller, held, Rights.DESTROY)
        ipc.destroy_channel(kernel, held.target)
    return 0


@syscall(Sysno.SUPERVISE_CHANNEL)
def supervise_channel(kernel: Kernel, caller: Thread, cookie: int, generation: int) -> int:
    """Whoever serves a channel has a successor, of this generation (0: it has none).

    With the next generation, who waits in the queue hears of it: nobody else would tell them
    before the successor answers as if what its predecessor knew were not lost.

    Raises:
        SyscallError(FAILURE): no such channel.
        SyscallError(INCAPABLE): no right to destroy it.
    """
    held = caller.process.capabilities.get(cookie)
    if held is None or type(held.target) is not Channel:
        kernel.refused(caller, cookie)
        raise SyscallError(FAILURE)
    if not held.rights & Rights.DESTROY:
        raise SyscallError(INCAPABLE)
    kernel.used(caller, held, Rights.DESTROY)
    channel = held.target
    before, channel.successor = channel.successor, generation
    ipc.check_again(kernel, channel)
    if before and generation and generation != before:
        ipc.tell_queue(kernel, channel)
    return 0


def _load_name(caller: Thread, pointer: int, status: Status) -> bytes:
    require_user(pointer, status)
    name = caller.process.space.load_text(pointer, NAME_BYTES_MAX)
    if name is None:
        raise SyscallError(status)
    return name


@syscall(Sysno.REGISTER_NAMED_CHANNEL)
def register_named_channel(kernel: Kernel, caller: Thread, cookie: int, name_pointer: int) -> int:
    """Give a channel a name.

    Raises:
        SyscallError(BADARGS): the name is out of reach.
        SyscallError(BAD_NUMBER): no such channel, or the name is empty or taken.
    """
    name = _load_name(caller, name_pointer, Status.BADARGS)
    held = caller.process.capabilities.get(cookie)
    if held is None or type(held.target) is not Channel:
        kernel.refused(caller, cookie)
        raise SyscallError(Status.BAD_NUMBER)
    if not held.rights & Rights.NAME:
        raise SyscallError(INCAPABLE)
    kernel.used(caller, held, Rights.NAME)
    if not kernel.names.register(name, held.target, held):
        raise SyscallError(Status.BAD_NUMBER)
    if kernel.events is not None:
        text = name.decode("utf-8", "replace")
        kernel.emit(EventKind.NAMED, caller, held.target.number, text)
    return 0


@syscall(Sysno.DEREGISTER_NAMED_CHANNEL)
def deregister_named_channel(kernel: Kernel, caller: Thread, name_pointer: int) -> int:
    """Free a name, whoever registered it.

    Raises:
        SyscallError(BADARGS): the name is out of reach.
        SyscallError(BAD_NAME): nobody has it.
    """
    if not kernel.names.remove(_load_name(caller, name_pointer, Status.BADARGS)):
        raise SyscallError(Status.BAD_NAME)
    return 0


@syscall(Sysno.FIND_NAMED_CHANNEL)
def find_named_channel(kernel: Kernel, caller: Thread, name_pointer: int) -> int:
    """Find a channel; 0, with OK, if nobody has the name.

    Raises:
        SyscallError(BAD_NAME): the name is out of reach.
    """
    found = kernel.names.find(_load_name(caller, name_pointer, Status.BAD_NAME))
    return kernel.policy.found(caller, found[1]) if found else 0
