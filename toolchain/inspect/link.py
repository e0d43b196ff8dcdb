"""Links: who can let whom know something, and who can pass capabilities to whom.

A link joins all processes on its one side with all on its other side, by a right
of either to one object (or to two ranges that overlap). A right counts only with
the system call that exercises it: SEND without `send_message` reaches nobody.

**Information** flows, from left to right:

| how | from | to |
|---|---|---|
| a message; its page is the sender's own | SEND on a channel | RECEIVE on it |
| the answer: its value, and the page, which the receiver may write | RECEIVE | SEND |
| a notification | SEND (signal) | RECEIVE (wait) |
| a memory object, physical ranges that overlap | WRITE | READ |
| ending a process, or giving it capabilities | KILL | the process |
| how far a process is, how it ended | the process, KILL | OBSERVE |
| the kernel log | call `debug_print` | call `read_kernel_log` |

**Capabilities** pass, if their holder has GRANT:

| how | from | to | which |
|---|---|---|---|
| slots of a message | SEND | RECEIVE | all |
| `take` from a message's sender | SEND | RECEIVE | all |
| slots of an answer, `give` to a message's sender | RECEIVE | SEND | all |
| the value of an answer | RECEIVE | SEND | SEND on channels |
| `give` to a process | KILL | the process | all |
| a name | NAME, call `register_named_channel` | call `find_named_channel` | SEND on that channel |

Not counted: what a process does to others by using up time and memory, by
destroying or revoking, and the DMA of devices (there is no IOMMU).
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from anos_sim.stage3.abi import ObjectKind, Rights, Sysno

from .authority import Authority, ProcessSet
from .graph import ObjectNode
from .words import object_text


@attrs.frozen
class Link:
    """All of `sources` are linked to all of `targets`.

    `text` says how, with `{source}` and `{target}` for two of them. `right` is to
    `objects[0]`, `other_right` the target's to `objects[-1]`; 0 if none is needed.
    `limit` is the right that can pass by a link for capabilities, 0 for any.
    """

    sources: ProcessSet
    targets: ProcessSet
    text: str
    objects: tuple[ObjectNode, ...]
    right: int = 0
    other_right: int = 0
    limit: int = 0

    @property
    def label(self) -> str:
        """What it goes over, in a word or two."""
        if not self.objects:
            return "the log"
        return object_text(min(self.objects, key=lambda target: target.size))

    def is_of(self, source: int, target: int) -> bool:
        """Does it link these two processes?"""
        return bool(self.sources >> source & 1 and self.targets >> target & 1)


def _name(target: ObjectNode) -> str:
    """An object in a link's text: a name that a program chose may have braces."""
    return str(target).replace("{", "{{").replace("}", "}}")


def information(held: Authority) -> list[Link]:
    """The ways of information."""
    links = [*_messages(held), *_notifications(held), *_memory(held), *_processes(held)]
    writers, readers = held.callers(Sysno.DEBUG_PRINT), held.callers(Sysno.READ_KERNEL_LOG)
    links.append(Link(writers, readers, "{source} prints to the log that {target} reads", ()))
    return [link for link in links if link.sources and link.targets]


def _ends(held: Authority, channel: ObjectNode) -> tuple[ProcessSet, ProcessSet]:
    """Who may send on a channel and who may receive."""
    senders = held.callers(Sysno.SEND_MESSAGE, Sysno.SEND_TRANSFER)
    receivers = held.callers(Sysno.RECV_MESSAGE, Sysno.RECV_TRANSFER)
    return (
        held.holders(channel, Rights.SEND) & senders,
        held.holders(channel, Rights.RECEIVE) & receivers,
    )


def _messages(held: Authority) -> Iterator[Link]:
    send, receive = int(Rights.SEND), int(Rights.RECEIVE)
    for channel in held.of_kind(ObjectKind.CHANNEL):
        senders, receivers = _ends(held, channel)
        sent = f"{{source}} sends on {_name(channel)}, {{target}} receives"
        answered = f"{{source}} answers on {_name(channel)} what {{target}} sends"
        yield Link(senders, receivers, sent, (channel,), send, receive)
        yield Link(receivers, senders, answered, (channel,), receive, send)


def _notifications(held: Authority) -> Iterator[Link]:
    signallers, waiters = held.callers(Sysno.SIGNAL), held.callers(Sysno.WAIT)
    for each in held.of_kind(ObjectKind.NOTIFICATION):
        yield Link(
            held.holders(each, Rights.SEND) & signallers,
            held.holders(each, Rights.RECEIVE) & waiters,
            f"{{source}} signals {_name(each)}, {{target}} waits for it",
            (each,),
            int(Rights.SEND),
            int(Rights.RECEIVE),
        )


def _memory(held: Authority) -> Iterator[Link]:
    ways = (
        (Sysno.MAP_MEMORY, ((each, each) for each in held.of_kind(ObjectKind.MEMORY))),
        (Sysno.MAP_PHYSICAL, overlaps(held.of_kind(ObjectKind.PHYSICAL))),
    )
    for call, pairs in ways:
        mappers = held.callers(call)
        for written, read in pairs:
            also = f" as {_name(read)}" if read is not written else ""
            yield Link(
                held.holders(written, Rights.WRITE) & mappers,
                held.holders(read, Rights.READ) & mappers,
                f"{{source}} writes {_name(written)}, {{target}} reads it{also}",
                (written, read),
                int(Rights.WRITE),
                int(Rights.READ),
            )


def overlaps(ranges: list[ObjectNode]) -> Iterator[tuple[ObjectNode, ObjectNode]]:
    """All ordered pairs of ranges that have a byte in common, each with itself too."""
    open_ranges: list[ObjectNode] = []
    for each in sorted(ranges, key=lambda range_: (range_.start, range_.index)):
        open_ranges = [other for other in open_ranges if other.start + other.size > each.start]
        for other in open_ranges:
            yield other, each
            yield each, other
        open_ranges.append(each)
        yield each, each


def _processes(held: Authority) -> Iterator[Link]:
    kill, observe = int(Rights.KILL), int(Rights.OBSERVE)
    killers = held.callers(Sysno.KILL_PROCESS, Sysno.GIVE)
    observers = held.callers(Sysno.PROCESS_STATUS, Sysno.WATCH_PROCESS)
    for each in _living(held):
        assert each.process is not None
        itself = 1 << each.process
        may_kill = held.holders(each, Rights.KILL) & killers
        may_see = held.holders(each, Rights.OBSERVE) & observers
        yield Link(may_kill, itself, "{source} may end {target}", (each,), kill)
        yield Link(itself, may_see, "{target} sees how {source} ends", (each,), other_right=observe)
        seen = f"{{source}} may end {_name(each)}, {{target}} sees it"
        yield Link(may_kill, may_see, seen, (each,), kill, observe)


def _living(held: Authority) -> list[ObjectNode]:
    """The processes that capabilities are rights to and that have not ended."""
    return [
        each
        for each in held.of_kind(ObjectKind.PROCESS)
        if each.process is not None and held.processes[each.process].state != "ended"
    ]


def passing(held: Authority) -> list[Link]:
    """The ways of capabilities."""
    links = [*_passing_messages(held), *_giving(held), *_names(held)]
    return [link for link in links if link.sources and link.targets]


def _passing_messages(held: Authority) -> Iterator[Link]:
    send, receive = int(Rights.SEND), int(Rights.RECEIVE)
    senders, receivers = held.callers(Sysno.SEND_TRANSFER), held.callers(Sysno.RECV_TRANSFER)
    takers, givers = held.callers(Sysno.TAKE), held.callers(Sysno.GIVE)
    passers = held.callers(Sysno.REPLY_TRANSFER)
    repliers = held.callers(Sysno.REPLY_MESSAGE, Sysno.REPLY_TRANSFER)
    for channel in held.of_kind(ObjectKind.CHANNEL):
        sending, receiving = _ends(held, channel)
        to = ((channel,), send, receive)
        back = ((channel,), receive, send)
        yield Link(sending & senders, receiving & receivers, _by("in messages", channel), *to)
        yield Link(sending, receiving & takers, _taken(channel), *to)
        yield Link(receiving & givers, sending, _by("while it answers", channel), *back)
        yield Link(receiving & passers, sending & senders, _by("in answers", channel), *back)
        value = f"{{source}} answers {{target}} on {_name(channel)} with SEND on another channel"
        yield Link(receiving & repliers, sending, value, *back, limit=send)


def _by(how: str, channel: ObjectNode) -> str:
    return f"{{source}} passes capabilities to {{target}} {how} on {_name(channel)}"


def _taken(channel: ObjectNode) -> str:
    return (
        f"{{target}} takes capabilities of {{source}}, which sends it messages on {_name(channel)}"
    )


def _giving(held: Authority) -> Iterator[Link]:
    givers = held.callers(Sysno.GIVE)
    for each in _living(held):
        assert each.process is not None
        holders = held.holders(each, Rights.KILL) & givers
        text = "{source} gives capabilities to {target}, which it may end"
        yield Link(holders, 1 << each.process, text, (each,), int(Rights.KILL))


def _names(held: Authority) -> Iterator[Link]:
    naming = held.callers(Sysno.REGISTER_NAMED_CHANNEL)
    finding = held.callers(Sysno.FIND_NAMED_CHANNEL)
    for channel in held.of_kind(ObjectKind.CHANNEL):
        named = held.holders(channel, Rights.NAME) & naming
        text = f"{{source}} may name {_name(channel)}, {{target}} may find it"
        name = int(Rights.NAME)
        yield Link(named, finding, text, (channel,), name, limit=int(Rights.NAME))
