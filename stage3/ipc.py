"""Message passing: the page's way from sender to receiver and back.

The three calls are in `sys_ipc`; here is what they share with process death and
channel destruction. Always: a message is in exactly one place, a channel's
queue or a receiver's table, and its sender waits until it leaves that place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from anos_sim.hw.memory import FRAME_SHIFT
from anos_sim.hw.vcpu import MAY_RUN, NOW

from . import transfer
from .abi import PAGE_BYTES, Status
from .channel import Channel, Message, Receive
from .errors import OutOfFrames, SyscallError
from .events import DELIVERED, EventKind

if TYPE_CHECKING:
    from .address_space import AddressSpace
    from .cpu import Cpu
    from .event_log import EventLog
    from .kernel import Kernel
    from .process import Process
    from .thread import Thread

OK, FAILURE, RESTARTED = int(Status.OK), int(Status.FAILURE), int(Status.RESTARTED)
SENT, RECEIVED, REPLIED = (
    int(EventKind.SEND), int(EventKind.RECEIVE), int(EventKind.REPLY),
)  # fmt: skip


def take_page(kernel: Kernel, message: Message, buffer: int) -> None:
    """Let a message carry its sender's page at `buffer`, and two references to it.

    Raises:
        SyscallError(FAILURE): no memory, or a device page under `derived`.
    """
    message.source = 0
    space = message.sender.process.space
    address, bits = _find_page(kernel, space, buffer)
    kinds = space.bits
    message.frame_address, message.frame = address, address >> FRAME_SHIFT
    message.counted = not bits & kinds.device
    if address and message.counted:
        kernel.frame_counts[message.frame] += 1
    frame = message.frame << kinds.frame_shift
    message.window_entry = frame | kernel.window_bits | bits
    entry = space.entry(buffer)
    named = frame | kinds.write
    if address and not bits and entry & (kinds.frame_mask | kinds.write) == named:
        message.source, message.source_slot = buffer, space.slot(buffer)
        message.source_entry, message.source_address = entry, address


def _find_page(kernel: Kernel, space: AddressSpace, buffer: int) -> tuple[int, int]:
    """The page that a message carries: (physical address or 0, the bit `device` or `shared`).

    A demand-zero or copy-on-write page first becomes the sender's own. A page
    that the sender may not write is sent as a private copy. One reference is the
    message's.
    """
    entry, bits = space.entry(buffer), space.bits
    if entry & (bits.write | bits.device) != bits.write:
        if entry & bits.device:
            if not kernel.policy.any_physical:
                raise SyscallError(Status.FAILURE)
            return bits.frame(entry) << FRAME_SHIFT, bits.device
        try:
            if space.serve_write(buffer) < 0:
                readable = bits.present | bits.user
                if entry & readable != readable:
                    return 0, 0
                return _private_copy(kernel, bits.frame(entry) << FRAME_SHIFT), 0
        except OutOfFrames:
            raise SyscallError(Status.FAILURE) from None
        entry = space.entry(buffer)
    frame = bits.frame(entry)
    kernel.frames.counts[frame] += 1
    return frame << FRAME_SHIFT, entry & bits.shared


def _private_copy(kernel: Kernel, address: int) -> int:
    copy = kernel.frames.allocate() << FRAME_SHIFT
    view = kernel.memory.view
    kernel.memory.write(copy, view[address : address + PAGE_BYTES])
    return copy


def deliver(kernel: Kernel, message: Message, receive: Receive) -> int:
    """Put a message into a receiver's hands; returns its cookie, 0 if the buffers are gone."""
    process = receive.thread.process
    space = process.space
    if receive.generation != space.generation and not receive.is_possible():
        return 0
    words = kernel.ram_words
    if message.frame_address and receive.buffer:
        slot, buffer = receive.buffer_slot, receive.buffer
        if (
            words[slot] == receive.buffer_entry
            and buffer not in space.windows
            and process is not message.sender.process
        ):
            words[slot] = message.window_entry
            space.windows[buffer] = receive.buffer_entry
            message.window, message.window_slot = buffer, slot
        else:
            try:
                _open_window(kernel, message, receive)
            except OutOfFrames:
                return 0
    if receive.frame >= 0 and not kernel.physical.uses[receive.frame] & MAY_RUN:
        words[receive.tag_slot] = message.tag
        words[receive.size_slot] = message.size_bytes
    else:
        _store(space, receive.tag_slot, receive.tag_pointer, message.tag)
        _store(space, receive.size_slot, receive.size_pointer, message.size_bytes)
    ready = kernel.jar.ready
    cookie = ready.pop() if ready else kernel.jar()
    while cookie in process.messages:
        cookie = kernel.jar()
    message.cookie = cookie
    message.receiver = process
    process.messages[cookie] = message
    if receive.transfer:
        transfer.deliver(kernel, message, receive)
    if kernel.events is not None:
        to, page, tid = message.channel.number, message.frame_address, receive.thread.tid
        if message.told:
            page = page if message.window else 0
            cpu: Cpu = kernel.current  # type: ignore[assignment]
            time_ps = message.sent_ps if message.sent_ps > cpu.state[NOW] else 0
            kernel.events.extend((RECEIVED, time_ps, tid, to, message.number, page, cookie))
        else:
            message.told = True
            if kernel.events.on_page is not None:
                kernel.events.on_page(message, False)
            by, badge, mapped = message.sender.tid, message.capability.badge, message.window != 0
            kernel.events.extend(
                (DELIVERED, 0, by, to, message.number, page, badge, tid, cookie, mapped)
            )
    return cookie


def tell_sent(kernel: Kernel, message: Message) -> None:
    """Events are recorded: a message is sent, by the call that is being handled."""
    message.told = True
    events: EventLog = kernel.events  # type: ignore[assignment]
    if events.on_page is not None:
        events.on_page(message, False)
    held, to, page = message.capability, message.channel.number, message.frame_address
    sent = (to, message.number, message.tag, message.size_bytes, page, held.cookie, held.badge)
    events.extend((SENT, message.sent_ps, message.sender.tid, *sent))


def tell_replied(kernel: Kernel, message: Message, by: Thread, reply: int) -> None:
    """Events are recorded: a message is answered, by the call that is being handled."""
    replied = (message.channel.number, message.number, reply)
    kernel.events.extend((REPLIED, 0, by.tid, *replied))  # type: ignore[union-attr]


def _store(space: AddressSpace, slot: int, pointer: int, value: int) -> None:
    """Store a word that a receiver wants (pointer 0: it does not), by its slot if it has one."""
    physical = space.physical
    if slot >= 0 and not physical.uses[slot >> 9] & MAY_RUN:
        physical.words[slot] = value
    elif pointer:
        space.store_word(pointer, value)


def _open_window(kernel: Kernel, message: Message, receive: Receive) -> None:
    """Map the message's page at the receiver's buffer; what was there is set aside."""
    receiver = receive.thread.process
    space, buffer, slot = receiver.space, receive.buffer, receive.buffer_slot
    if slot < 0:
        slot = receive.buffer_slot = space.slot(buffer)
    keep = not kernel.keeps_alias and receiver is not message.sender.process
    receive.buffer_entry = space.open_window(buffer, slot, message.window_entry, keep)
    message.window, message.window_slot = buffer, slot


def finish(kernel: Kernel, message: Message, value: int, status: int = OK) -> None:
    """End a message: the window closes, the page is let go, the sender wakes (0: FAILURE)."""
    receiver, window = message.receiver, message.window
    references = 2
    if receiver is not None:
        receiver.messages.pop(message.cookie, None)
        if window:
            space, slot, entry = receiver.space, message.window_slot, message.window_entry
            words = kernel.ram_words
            if words[slot] == entry and window in space.windows:  # untouched
                words[slot] = space.windows.pop(window)
            elif not space.close_window(window, slot, entry):
                references = 1  # the other one is, or was, the entry's
    if message.frame_address and message.counted:
        frame, counts = message.frame, kernel.frame_counts
        left = counts[frame] - references
        if left:
            counts[frame] = left
        else:
            kernel.frames.release(frame, references)
    if not message.abandoned:
        if message.transfer:
            transfer.deliver_answer(kernel, message)
        kernel.wake(message.sender, status if value else FAILURE, value)


def check_again(kernel: Kernel, channel: Channel) -> None:
    """A channel is supervised now: who has sent to it shall look at its successor first."""
    for process in kernel.all_processes():
        for thread in process.threads:
            message = thread.message
            if message is not None and message.channel is channel:
                message.checked = None


def fail(kernel: Kernel, message: Message) -> None:
    """End a message without an answer: its sender wakes with FAILURE, or with RESTARTED.

    RESTARTED, and the next generation, if the channel goes on with a successor.
    """
    if not message.abandoned:
        _tell_unanswered(kernel, message)
    channel = message.channel
    successor = channel.successor if channel.alive else 0
    if successor:
        message.capability.heard = successor + 1  # once is enough
    finish(kernel, message, successor, RESTARTED)


def tell_queue(kernel: Kernel, channel: Channel) -> None:
    """A successor begins: who waits in the queue wakes with RESTARTED, and sends again."""
    messages = list(channel.messages)
    channel.messages.clear()
    for message in messages:
        _tell_unanswered(kernel, message)
        message.capability.heard = channel.successor
        finish(kernel, message, channel.successor - 1, RESTARTED)


def _tell_unanswered(kernel: Kernel, message: Message) -> None:
    if kernel.events is not None:
        sender, channel = message.sender, message.channel.number
        kernel.emit(EventKind.UNANSWERED, sender, channel, message.number)


def abandon(kernel: Kernel, message: Message) -> None:
    """The sender ends: a queued message goes; the answer to a received one will fail."""
    message.abandoned = True
    message.sender.message = None
    _tell_unanswered(kernel, message)
    if message.receiver is None:
        message.channel.messages.remove(message)
        if message.frame_address and message.counted:
            kernel.frames.release(message.frame, 2)


def destroy_channel(kernel: Kernel, channel: Channel) -> None:
    """Wake everyone who waits on a channel with FAILURE and forget it and its names."""
    if not channel.alive:
        return
    channel.alive = False
    kernel.names.forget(channel)
    kernel.policy.object_ended(channel)
    while channel.messages:
        fail(kernel, channel.messages.popleft())
    while channel.waiting:
        receive = channel.waiting.popleft()
        stop_timer(kernel, receive)
        kernel.wake(receive.thread, FAILURE, 0)
    for process in channel.receivers:
        process.receives_on.pop(channel, None)
    channel.receivers.clear()


def start_timer(kernel: Kernel, receive: Receive, timeout_ns: int) -> None:
    """Limit a wait for messages."""
    receive.timed = True
    kernel.wake_after(timeout_ns, _time_out, kernel, receive)


def stop_timer(kernel: Kernel, receive: Receive) -> None:
    """A wait for messages is over; so is its limit, if it had one."""
    if receive.timed:
        receive.timed = False
        kernel.forget_wake(kernel, receive)


def _time_out(kernel: Kernel, receive: Receive) -> None:
    receive.timed = False
    stop_waiting(kernel, receive)
    kernel.wake(receive.thread, int(Status.TIMED_OUT), 0)


def stop_waiting(kernel: Kernel, receive: Receive) -> None:
    """Take a wait for messages out of its channel."""
    stop_timer(kernel, receive)
    receive.channel.waiting.remove(receive)


def stop_receiving(kernel: Kernel, process: Process) -> None:
    """A process ends: its unanswered messages fail, its channels go if nobody else receives.

    The channels only under `bearer`: else they go with the last right to receive.
    """
    for message in process.serving():
        fail(kernel, message)
    for channel in list(process.receives_on):
        channel.receivers.pop(process, None)
        if not channel.receivers:
            destroy_channel(kernel, channel)
    process.receives_on.clear()
