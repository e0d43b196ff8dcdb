"""Rules of messages that carry capabilities: paths 3, 5 and 6."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule

from anos_sim.stage3.abi import MASK64, ObjectKind, Rights, Sysno
from anos_sim.stage3.cookie import COOKIE_MIN

from .authority import FAILURE, INCAPABLE, OK, Node
from .capability_world import LEGAL, NUMBERS, PASSED, PLACES, RIGHTS, CapabilityWorld
from .slots import Passed, read_transfer, write_transfer
from .theatre import Answer, Puppet

Call = tuple[Sysno, int, int, int, int, int]


class Exchange:
    """A message on its way: who is who, and whether the sender still waits for the answer."""

    def __init__(self, sender: Puppet, receiver: Puppet, message: int, waits: bool) -> None:
        self.sender = sender
        self.receiver = receiver
        self.message = message
        self.waits = waits


class MessageRules(CapabilityWorld):
    """One rule, in steps: send, receive, take and give, answer."""

    @rule(
        places=st.tuples(NUMBERS, PLACES, NUMBERS, PLACES), sent=PASSED, first=st.booleans(),
        taken=PLACES, given=PLACES, rights=RIGHTS, answered=PASSED, value=PLACES,
    )  # fmt: skip
    def exchange(
        self, places: tuple[int, int, int, int], sent: list[Passed], first: bool,
        taken: int, given: int, rights: int, answered: list[Passed], value: int,
    ) -> None:  # fmt: skip
        """A message with capabilities; while it is served, take and give; an answer with others."""
        sender = self.puppet(places[0])
        here = sender.process
        channel = self.channel_number(here, places[1], Rights.SEND, None)
        like = self.model.held(here, channel)
        receiver = self.receiver_of(sender, places[2], like)
        if receiver is None:
            return
        there = receiver.process
        at = self.channel_number(there, places[3], Rights.RECEIVE, like)
        slots = self.slots_of(here, sent)
        send = (Sysno.SEND_TRANSFER, channel, 7, 0, 0, sender.arguments)
        receive = (Sysno.RECV_TRANSFER, at, 0, 0, 0, receiver.arguments)
        write_transfer(self.theatre, sender, slots)
        write_transfer(self.theatre, receiver, [])
        expect = self.may_pass_all(here, slots)
        if expect is OK:
            expect = self.model.allows(here, channel, ObjectKind.CHANNEL, Rights.SEND)
        if expect is not OK or not self.model.may_call(here, Sysno.SEND_TRANSFER):
            self.call(sender, *send, expect=expect)
            return
        expect = self.model.allows(there, at, ObjectKind.CHANNEL, Rights.RECEIVE)
        if expect is not OK or not self.model.may_call(there, Sysno.RECV_TRANSFER):
            self.call(receiver, *receive, expect=expect)
            return
        through, to = self.model.held(here, channel), self.model.held(there, at)
        assert through is not None
        assert to is not None
        if through.thing != to.thing:
            return
        message, early = self.carry(sender, send, receiver, receive, first)
        badge, arrived = read_transfer(self.theatre, receiver)
        assert badge == through.badge
        self.arrive(here, there, slots, arrived)
        assert early == (None if through.alive else Answer(INCAPABLE & MASK64))
        under_way = Exchange(sender, receiver, message, through.alive)
        self.take(under_way, taken, rights)
        self.give_back(under_way, given, rights)
        self.answer(under_way, answered, value)

    @rule(
        who=NUMBERS, place=st.integers(0, LEGAL - 1), passed=st.builds(Passed, PLACES, RIGHTS,
        st.booleans()), back=st.booleans(),
    )  # fmt: skip
    def pass_on(self, who: int, place: int, passed: Passed, back: bool) -> None:
        """The same, but most of it makes sense: one capability goes there, or comes back."""
        sent, answered = ([], [passed]) if back else ([passed], [])
        places = (who, place, who + 1, place)
        self.exchange(places, sent, place % 2 == 0, place, place + 1, 0, answered, place)

    def receiver_of(self, sender: Puppet, who: int, like: Node | None) -> Puppet | None:
        """Somebody else, mostly one that may receive on the same channel."""
        others = [p for p in self.theatre.puppets if p.alive and p is not sender]
        fit = [
            puppet
            for puppet in others
            if like is not None and self.model.has(puppet.process, like.thing, Rights.RECEIVE)
        ]
        chosen = fit if fit and who % 8 else others
        return chosen[who % len(chosen)] if chosen else None

    def carry(
        self, sender: Puppet, send: Call, receiver: Puppet, receive: Call, first: bool
    ) -> tuple[int, Answer | None]:
        """Send and receive, in either order; the message, and what the sender got already."""
        theatre = self.theatre
        if first:
            assert theatre.call(receiver, *receive) is None
            early = theatre.call(sender, *send)
            answer = theatre.answers().pop(receiver)
        else:
            assert theatre.call(sender, *send) is None
            found = theatre.call(receiver, *receive)
            assert found is not None
            answer, early = found, theatre.answers().get(sender)
        assert answer.status is OK
        return answer.value, early

    def take(self, under_way: Exchange, place: int, rights: int) -> None:
        """Path 5: what the sender holds under a number."""
        here, there = under_way.sender.process, under_way.receiver.process
        number = self.number(here, place)
        expect = self.model.may_pass(here, number) if under_way.waits else FAILURE
        arguments = (under_way.message, number, rights)
        cookie = self.call(under_way.receiver, Sysno.TAKE, *arguments, expect=expect)
        if cookie is not None:
            self.passed(here, number, there, rights, cookie)

    def give_back(self, under_way: Exchange, place: int, rights: int) -> None:
        """Path 5: to the sender of a message."""
        here, there = under_way.sender.process, under_way.receiver.process
        number = self.number(there, place)
        expect = self.model.may_pass(there, number) if under_way.waits else FAILURE
        arguments = (under_way.message, number, rights)
        cookie = self.call(under_way.receiver, Sysno.GIVE, *arguments, expect=expect)
        if cookie is not None:
            self.passed(there, number, here, rights, cookie)

    def answer(self, under_way: Exchange, answered: list[Passed], place: int) -> None:
        """Paths 3 and 6: a reply value that is a channel's cookie, and slots."""
        sender, receiver = under_way.sender, under_way.receiver
        here, there = sender.process, receiver.process
        value = self.number(there, place, ObjectKind.CHANNEL) or 1
        slots = self.slots_of(there, answered)
        write_transfer(self.theatre, receiver, slots)
        expect = self.may_pass_all(there, slots)
        arguments = (under_way.message, value, receiver.arguments)
        if expect is not OK or not self.model.may_call(there, Sysno.REPLY_TRANSFER):
            self.call(receiver, Sysno.REPLY_TRANSFER, *arguments, expect=expect)
            slots, value = [], 1
            write_transfer(self.theatre, receiver, slots)
        if not self.model.may_call(there, Sysno.REPLY_TRANSFER):
            self.end_of(receiver)
            return
        replied = self.theatre.call(receiver, Sysno.REPLY_TRANSFER, under_way.message, value,
                                    receiver.arguments)  # fmt: skip
        if not under_way.waits:
            assert replied == Answer(FAILURE & MASK64)
            assert self.theatre.answers() == {}
            return
        assert replied == Answer(0, under_way.message)
        answer = self.theatre.answers().pop(sender)
        assert answer.status is OK
        _, arrived = read_transfer(self.theatre, sender)
        self.arrive(there, here, slots, arrived)
        source = self.model.held(there, value, ObjectKind.CHANNEL) if value >= COOKIE_MIN else None
        delegates = Rights.SEND | Rights.GRANT
        if source is None or here is there or source.rights & delegates != delegates:
            assert answer.value == value
        else:
            self.model.derive(source, here, Rights.SEND, answer.value)

    def end_of(self, puppet: Puppet) -> None:
        """A process that cannot answer any more ends, so that its sender does not wait."""
        raise NotImplementedError
