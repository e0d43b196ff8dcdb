"""A rule machine for messages: senders, receivers and their rights come and go in any order."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from anos_sim.stage3.abi import PAGE_BYTES, ObjectKind, Rights, Sysno
from anos_sim.stage3.channel import Channel
from anos_sim.stage3.process import ProcessState
from anos_sim.stage3.thread import ThreadState

from .authority import BADARGS, INCAPABLE, OK, Thing
from .capability_world import LEGAL, NUMBERS, PASSED, PLACES
from .ipc_world import IpcWorld
from .slots import Passed

SLACK_PS = 1_000_000_000
"""Two limits that are so close may come in either order."""
SOON_PS = 100 * SLACK_PS
"""Longer than the programs of one case are busy, shorter than between any two limits else."""
CHILDREN_MAX = 3
LIKELY = st.integers(0, LEGAL - 1)
SHARED = st.sampled_from([
    Rights.SEND, Rights.RECEIVE, Rights.SEND | Rights.GRANT, Rights.RECEIVE | Rights.GRANT,
    Rights.SEND | Rights.RECEIVE | Rights.GRANT | Rights.DESTROY,
])  # fmt: skip


class IpcMachine(IpcWorld):
    """Anything may happen to those who send, receive and answer."""

    # ---- the stage ----

    @rule(who=NUMBERS)
    def create_channel(self, who: int) -> None:
        puppet = self.idle(who)
        if puppet is not None:
            self.made_channel(puppet)
            for whom in range(len(self.children) if puppet.process.pid == 1 else 0):
                self.share(whom, -1, 0)

    @precondition(lambda self: len(self.kernel.processes) <= CHILDREN_MAX)
    @rule()
    def create_child(self) -> None:
        system = self.theatre.puppets[0]
        if self.post.is_idle(system):
            self.made_child(system)

    @rule(whom=NUMBERS, place=PLACES, rights=SHARED)
    def share(self, whom: int, place: int, rights: int) -> None:
        """SYSTEM gives a child part of what it has of a channel."""
        system = self.theatre.puppets[0]
        living = [
            child
            for child, cookie in self.children.items()
            if child.state is ProcessState.ALIVE
            and self.model.held(system.process, cookie)  # else it was moved away in a message
        ]
        nodes = [
            node
            for node in self.model.of(system.process)
            if node.thing.kind is ObjectKind.CHANNEL and node.rights & Rights.GRANT
        ]
        if living and nodes and self.post.is_idle(system):
            child, node = living[whom % len(living)], nodes[place % len(nodes)]
            given = self.call(system, Sysno.GIVE, self.children[child], node.cookie, rights)
            if given is not None:
                self.passed(system.process, node.cookie, child, rights, given)

    @rule(who=NUMBERS, place=PLACES, badge=st.integers(1, 3))
    def mint(self, who: int, place: int, badge: int) -> None:
        puppet = self.idle(who)
        if puppet is not None:
            cookie = self.number(puppet.process, place, ObjectKind.CHANNEL)
            node = self.model.held(puppet.process, cookie)
            bad = node is None or node.badge not in (0, badge)
            arguments = (cookie, 0, badge)
            made = self.call(puppet, Sysno.MINT, *arguments, expect=BADARGS if bad else OK)
            if made is not None and node is not None:
                self.model.mint(node, 0, made, badge)

    # ---- messages ----

    @rule(who=NUMBERS, place=LIKELY, slots=PASSED, plain=st.booleans())
    def send_to_who_waits(self, who: int, place: int, slots: list[Passed], plain: bool) -> None:
        """If anybody does, and somebody can."""
        pairs = self.pairs([wait.through.thing for wait in self.post.waits], Rights.SEND)
        if pairs:
            puppet, place = pairs[who % len(pairs)]
            legal = [Passed(slot.number % LEGAL, slot.rights, slot.moves) for slot in slots]
            self.sends(puppet, place, legal, plain, page=True)

    @rule(who=NUMBERS, plain=st.booleans(), page=st.booleans())
    def receive_what_is_there(self, who: int, plain: bool, page: bool) -> None:
        queued = [e.through.thing for e in self.post.letters if e.receiver is None]
        pairs = self.pairs(queued, Rights.RECEIVE)
        if pairs:
            puppet, place = pairs[who % len(pairs)]
            self.receives(puppet, place, plain, page, 0)

    @rule(who=NUMBERS, place=LIKELY, slots=PASSED, plain=st.booleans())
    def reply_to_who_waits(self, who: int, place: int, slots: list[Passed], plain: bool) -> None:
        able = [
            puppet
            for puppet in self.theatre.puppets
            if self.post.is_idle(puppet) and self.post.served_by(puppet.process)
        ]
        if able:
            legal = [Passed(slot.number % LEGAL, slot.rights, slot.moves) for slot in slots]
            self.replies(able[who % len(able)], place, legal, plain, fails=False)

    @rule(who=NUMBERS, place=PLACES, slots=PASSED, plain=st.booleans(), page=st.booleans())
    def send(self, who: int, place: int, slots: list[Passed], plain: bool, page: bool) -> None:
        puppet = self.idle(who)
        if puppet is not None:
            self.sends(puppet, place, slots, plain, page)

    @rule(
        who=NUMBERS, place=PLACES, plain=st.booleans(), page=st.booleans(),
        timeout_s=st.integers(0, 2),
    )  # fmt: skip
    def receive(self, who: int, place: int, plain: bool, page: bool, timeout_s: int) -> None:
        puppet = self.idle(who)
        if puppet is not None:
            self.receives(puppet, place, plain, page, timeout_s)

    @rule(who=NUMBERS, place=PLACES, slots=PASSED, plain=st.booleans(), fails=st.booleans())
    def reply(self, who: int, place: int, slots: list[Passed], plain: bool, fails: bool) -> None:
        puppet = self.idle(who)
        if puppet is not None:
            self.replies(puppet, place, slots, plain, fails)

    @precondition(lambda self: any(w.deadline_ps for w in self.post.waits))
    @rule()
    def pass_time(self) -> None:
        """The first limit is reached, and each that would be while a program makes its call."""
        self.pass_one_limit()
        soon_ps = self.kernel.latest_ps() + SOON_PS
        while any(w.deadline_ps is not None and w.deadline_ps < soon_ps for w in self.post.waits):
            self.pass_one_limit()

    def pass_one_limit(self) -> None:
        """The first limit is reached, and no other."""
        timed = [(w.deadline_ps, w) for w in self.post.waits if w.deadline_ps is not None]
        first_ps = min(deadline_ps for deadline_ps, _ in timed)
        self.theatre.pass_time()
        found = self.theatre.answers()
        due = [w for deadline_ps, w in timed if deadline_ps <= first_ps + SLACK_PS]
        self.post.time_out(next(wait for wait in due if wait.puppet in found))
        self.compare(found)

    # ---- rights and lives end ----

    @rule(who=NUMBERS, place=PLACES, step=st.sampled_from([1, 1, 1, 2, 0]))
    def supervise_channel(self, who: int, place: int, step: int) -> None:
        """From now on whoever serves it has a successor; or, with step 0, none any more."""
        puppet = self.idle(who)
        node = self.channel_node(puppet.process, place) if puppet else None
        if puppet is not None and node is not None:
            expect = OK if node.rights & Rights.DESTROY else INCAPABLE
            generation = self.post.successors.get(node.thing, 1) + step if step else 0
            arguments = (node.cookie, generation)
            done = self.call(puppet, Sysno.SUPERVISE_CHANNEL, *arguments, expect=expect)
            if done is not None:
                self.post.restarts(node.thing, generation)
            self.compare(self.theatre.answers())

    @precondition(lambda self: self.count % 3 == 0)
    @rule(who=NUMBERS, place=PLACES, whose=NUMBERS)
    def revoke(self, who: int, place: int, whose: int) -> None:
        puppet = self.idle(who)
        if puppet is None:
            return
        process = puppet.process
        node = self.channel_node(process, place)
        holders = [(0, None), *((c, p) for p, c in self.children.items() if process.pid == 1)]
        of, holder = holders[whose % len(holders)]
        if node is not None and (not of or self.model.held(process, of)):
            count = self.call(puppet, Sysno.REVOKE, node.cookie, of)
            if count is not None:
                assert count == self.model.revoke(node, holder)
                self.post.settle()
        self.compare(self.theatre.answers())

    @precondition(lambda self: self.count % 3 == 0)
    @rule(who=NUMBERS, place=PLACES)
    def drop(self, who: int, place: int) -> None:
        puppet = self.idle(who)
        node = self.channel_node(puppet.process, place) if puppet else None
        if puppet is not None and node is not None:
            if self.call(puppet, Sysno.DROP, node.cookie) is not None:
                self.model.drop(node)
                self.post.settle()
            self.compare(self.theatre.answers())

    @precondition(lambda self: self.count % 3 == 0)
    @rule(who=NUMBERS, place=PLACES)
    def destroy_channel(self, who: int, place: int) -> None:
        puppet = self.idle(who)
        node = self.channel_node(puppet.process, place) if puppet else None
        if puppet is not None and node is not None:
            expect = OK if node.rights & Rights.DESTROY else INCAPABLE
            if self.call(puppet, Sysno.DESTROY_CHANNEL, node.cookie, expect=expect) is not None:
                self.model.close(node.thing)
                self.post.settle()
            self.compare(self.theatre.answers())

    @precondition(lambda self: self.count % 3 == 1)
    @rule(who=NUMBERS, way=st.sampled_from(["fault", "killed", "itself", "thread"]))
    def die(self, who: int, way: str) -> None:
        """A process ends, with whatever its threads are doing; or one thread alone."""
        living = [child for child in self.children if child.state is ProcessState.ALIVE]
        if not living:
            return
        process = living[who % len(living)]
        system = self.theatre.puppets[0]
        idle = [p for p in self.theatre.puppets if p.process is process and self.post.is_idle(p)]
        before = process.state
        cookie = self.children[process]
        if (
            way == "killed"
            and self.post.is_idle(system)
            and self.model.held(system.process, cookie)
        ):
            if self.call(system, Sysno.KILL_PROCESS, cookie) is None:
                return
        elif way == "itself" and idle and self.model.may_call(process, Sysno.KILL_PROCESS):
            assert self.theatre.call(idle[0], Sysno.KILL_PROCESS, 0) is None
        elif way == "thread" and idle and self.model.may_call(process, Sysno.KILL_CURRENT_TASK):
            assert self.theatre.call(idle[-1], Sysno.KILL_CURRENT_TASK) is None
            assert not idle[-1].alive
        else:
            self.theatre.fault(process)
        assert before is ProcessState.ALIVE
        if process.state is ProcessState.DEAD:
            self.post.ends(process)
            self.model.die(process)
            self.post.settle()
        self.compare(self.theatre.answers())

    # ---- what always holds ----

    @invariant()
    def the_queues_are_those_of_the_model(self) -> None:
        """Nothing is lost, nothing is there twice."""
        if not hasattr(self, "post"):
            return
        channels = {
            held.target.number: held.target
            for process in self.kernel.all_processes()
            for held in process.capabilities.values()
            if isinstance(held.target, Channel)
        }
        for number, channel in channels.items():
            thing = Thing(ObjectKind.CHANNEL, number)
            tags = [message.tag for message in channel.messages]
            assert tags == [letter.tag for letter in self.post.queue(thing)]
            waiting = [receive.thread for receive in channel.waiting]
            assert waiting == [wait.puppet.thread for wait in self.post.receivers(thing)]
        for process in self.kernel.all_processes():
            served = {message.tag for message in process.messages.values()}
            assert served == {letter.tag for letter in self.post.served_by(process)}

    @invariant()
    def nobody_waits_on_something_dead(self) -> None:
        if not hasattr(self, "post"):
            return
        for puppet in self.theatre.puppets:
            idle = self.post.is_idle(puppet)
            waits = puppet.thread.state in (ThreadState.SENDING, ThreadState.RECEIVING)
            assert not puppet.alive or waits != idle
        for wait in self.post.waits:
            assert wait.through.alive
        for letter in self.post.letters:
            assert letter.receiver is not None or letter.through.alive

    @invariant()
    def a_window_is_open_while_its_message_is_served(self) -> None:
        """And afterwards it shows what was there before: here, nothing but zeros."""
        if not hasattr(self, "post"):
            return
        for puppet in self.theatre.puppets:
            open_ = puppet.window in puppet.process.space.windows
            served = self.post.served_by(puppet.process)
            assert not open_ or any(letter.window == puppet.window for letter in served)
            if puppet.alive and not open_ and puppet not in self.aliased:
                page = self.theatre.read(puppet.process, puppet.window, PAGE_BYTES)
                assert page == bytes(PAGE_BYTES)
