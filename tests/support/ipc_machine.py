"""A rule machine for messages: senders, receivers and their rights come and go in any order.

`post.py` has the model. Every letter has a tag and a page of its own, every answer a
value of its own, so that one which is lost, delivered twice or mixed up is seen.
"""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from anos_sim.stage3.abi import PAGE_BYTES, ObjectKind, Rights, Sysno
from anos_sim.stage3.channel import Channel
from anos_sim.stage3.process import Process, ProcessState
from anos_sim.stage3.thread import ThreadState

from .authority import BADARGS, FAILURE, INCAPABLE, OK, Node, Thing
from .capability_world import LEGAL, NUMBERS, PASSED, PLACES, CapabilityWorld
from .post import Letter, Post, Wait
from .puppets import THREADS_MAX, WINDOWS, Answer, Puppet
from .slots import Passed, read_transfer, write_transfer

TAG, SIZE = 512, 520
"""Where in a puppet's page for arguments the two go."""
PS_PER_S = 1_000_000_000_000
NS_PER_S = 1_000_000_000
SLACK_PS = PS_PER_S // 1000
"""Two limits that are so close may come in either order."""
CHILDREN_MAX = 3
LIKELY = st.integers(0, LEGAL - 1)
SHARED = st.sampled_from([
    Rights.SEND, Rights.RECEIVE, Rights.SEND | Rights.GRANT, Rights.RECEIVE | Rights.GRANT,
    Rights.SEND | Rights.RECEIVE | Rights.GRANT | Rights.DESTROY,
])  # fmt: skip


class IpcMachine(CapabilityWorld):
    """Threads of a few processes, on a few channels."""

    children_at_first = 0
    child_calls = (
        Sysno.CREATE_THREAD, Sysno.KILL_CURRENT_TASK, Sysno.KILL_PROCESS, Sysno.CREATE_CHANNEL,
        Sysno.SEND_MESSAGE, Sysno.RECV_MESSAGE, Sysno.REPLY_MESSAGE, Sysno.SEND_TRANSFER,
        Sysno.RECV_TRANSFER, Sysno.REPLY_TRANSFER, Sysno.DESTROY_CHANNEL, Sysno.MINT,
        Sysno.REVOKE, Sysno.DROP,
    )  # fmt: skip

    def begin(self) -> None:
        """SYSTEM, two channels, and two processes of two threads that hold them."""
        super().begin()
        self.post = Post(self.model)
        self.count = 0
        self.children: dict[Process, int] = {}
        self.aliased: set[Puppet] = set()
        """Whose window has had a page of its own process: there it stays."""
        system = self.theatre.puppets[0]
        for _ in range(2):
            self.made_channel(system)
        for _ in range(2):
            self.made_child(system)

    # ---- the stage ----

    def idle(self, who: int) -> Puppet | None:
        """One that can make a call."""
        idle = [puppet for puppet in self.theatre.puppets if self.post.is_idle(puppet)]
        return idle[who % len(idle)] if idle else None

    def fresh(self) -> int:
        """A number that was never used before."""
        self.count += 1
        return self.count

    def made_channel(self, puppet: Puppet) -> None:
        cookie = self.call(puppet, Sysno.CREATE_CHANNEL)
        if cookie is not None:
            thing = Thing(ObjectKind.CHANNEL, self.kernel.next_channel - 1)
            self.model.root(puppet.process, cookie, thing, 0x3E)

    def made_child(self, system: Puppet) -> None:
        """A process of two threads; SYSTEM gives it what it has of each channel, in turns."""
        calls = self.calls_of(system.process)
        cookie, child = self.theatre.build_process(system, calls)
        self.model.root(system.process, cookie, Thing(ObjectKind.PROCESS, id(child.process)), 0xE20)
        self.born(child)
        self.children[child.process] = cookie
        for index in range(THREADS_MAX):
            at = WINDOWS + index * PAGE_BYTES
            self.theatre.write(child.process, at, bytes(PAGE_BYTES))  # not what SYSTEM has there
        assert self.theatre.create_thread(child, 1).process is child.process
        for node in self.usable(system.process, Rights.GRANT):
            given = self.call(system, Sysno.GIVE, cookie, node.cookie, 0)
            if given is not None:
                self.passed(system.process, node.cookie, child.process, 0, given)

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
        living = [child for child in self.children if child.state is ProcessState.ALIVE]
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

    def pairs(self, channels: list[Thing], right: Rights) -> list[tuple[Puppet, int]]:
        """Who can act on one of these channels: thread, and which of its cookies."""
        return [
            (puppet, place)
            for puppet in self.theatre.puppets
            if self.post.is_idle(puppet)
            for place, node in enumerate(self.usable(puppet.process, right))
            if node.thing in channels
        ]

    def usable(self, process: Process, right: Rights) -> list[Node]:
        """A process's capabilities that allow something with a channel, as `channel_number` has
        them."""
        nodes = self.model.of(process)
        return [n for n in nodes if n.thing.kind is ObjectKind.CHANNEL and n.rights & right][:LEGAL]

    @rule(who=NUMBERS, place=PLACES, slots=PASSED, plain=st.booleans(), page=st.booleans())
    def send(self, who: int, place: int, slots: list[Passed], plain: bool, page: bool) -> None:
        puppet = self.idle(who)
        if puppet is not None:
            self.sends(puppet, place, slots, plain, page)

    def sends(
        self, puppet: Puppet, place: int, slots: list[Passed], plain: bool, page: bool
    ) -> None:
        """A thread sends, legally or not."""
        process = puppet.process
        cookie = self.channel_number(process, place, Rights.SEND, None)
        slots = [] if plain else self.slots_of(process, slots)
        tag, word = self.fresh(), self.fresh() if page else 0
        self.theatre.write(process, puppet.buffer, word.to_bytes(8, "little"))
        write_transfer(self.theatre, puppet, slots)
        expect = self.may_pass_all(process, slots)
        if expect is OK:
            expect = self.model.allows(process, cookie, ObjectKind.CHANNEL, Rights.SEND)
        number = Sysno.SEND_MESSAGE if plain else Sysno.SEND_TRANSFER
        arguments = (cookie, tag, 8, puppet.buffer * page, 0 if plain else puppet.arguments)
        if expect is not OK or not self.model.may_call(process, number):
            self.call(puppet, number, *arguments, expect=expect)
            return
        through = self.held(process, cookie)
        letter = Letter(puppet, through, tag, word, slots, not plain)
        self.post.letters.append(letter)
        early = self.theatre.call(puppet, number, *arguments)
        found = self.theatre.answers()
        if early is not None:
            found[puppet] = early
        waiting = self.post.receivers(through.thing)
        if waiting:
            self.post.waits.remove(waiting[0])
            self.deliver(letter, waiting[0], found.pop(waiting[0].puppet))
        self.compare(found)

    @rule(
        who=NUMBERS, place=PLACES, plain=st.booleans(), page=st.booleans(),
        timeout_s=st.integers(0, 2),
    )  # fmt: skip
    def receive(self, who: int, place: int, plain: bool, page: bool, timeout_s: int) -> None:
        puppet = self.idle(who)
        if puppet is not None:
            self.receives(puppet, place, plain, page, timeout_s)

    def receives(self, puppet: Puppet, place: int, plain: bool, page: bool, timeout_s: int) -> None:
        """A thread receives, legally or not, perhaps for a while only."""
        process = puppet.process
        cookie = self.channel_number(process, place, Rights.RECEIVE, None)
        window = puppet.window * (page and puppet.window not in process.space.windows)
        write_transfer(self.theatre, puppet, [], timeout_s * NS_PER_S)
        number = Sysno.RECV_MESSAGE if plain else Sysno.RECV_TRANSFER
        arguments = (
            cookie, puppet.arguments + TAG, puppet.arguments + SIZE, window,
            0 if plain else puppet.arguments,
        )  # fmt: skip
        expect = self.model.allows(process, cookie, ObjectKind.CHANNEL, Rights.RECEIVE)
        if expect is not OK or not self.model.may_call(process, number):
            self.call(puppet, number, *arguments, expect=expect)
            return
        through = self.held(process, cookie)
        answer = self.theatre.call(puppet, number, *arguments)
        deadline = None
        if timeout_s and not plain:
            deadline = self.kernel.latest_ps() + timeout_s * PS_PER_S
        wait = Wait(puppet, through, window, not plain, deadline)
        queue = self.post.queue(through.thing)
        if queue:
            assert answer is not None
            self.deliver(queue[0], wait, answer)
        else:
            assert answer is None
            self.post.waits.append(wait)
        self.compare(self.theatre.answers())

    def held(self, process: Process, cookie: int) -> Node:
        """What must be held."""
        node = self.model.held(process, cookie)
        assert node is not None
        return node

    def deliver(self, letter: Letter, wait: Wait, answer: Answer) -> None:
        """A letter arrives: its own tag, its own page, its badge, its capabilities."""
        puppet, process = wait.puppet, wait.puppet.process
        assert answer.status is OK
        assert answer.value not in process.capabilities
        letter.receiver, letter.cookie = process, answer.value
        letter.window = wait.window if letter.word else 0
        if letter.window and process is letter.sender.process:
            self.aliased.add(puppet)
        assert self.theatre.word(process, puppet.arguments + TAG) == letter.tag
        assert self.theatre.word(process, puppet.arguments + SIZE) == 8
        if letter.word and wait.window:
            assert self.theatre.word(process, wait.window) == letter.word
        if wait.wants:
            badge, arrived = read_transfer(self.theatre, puppet)
            assert badge == letter.through.badge
            self.arrive(letter.sender.process, process, letter.slots, arrived)
            self.post.settle()

    @rule(who=NUMBERS, place=PLACES, slots=PASSED, plain=st.booleans(), fails=st.booleans())
    def reply(self, who: int, place: int, slots: list[Passed], plain: bool, fails: bool) -> None:
        puppet = self.idle(who)
        if puppet is not None:
            self.replies(puppet, place, slots, plain, fails)

    def replies(
        self, puppet: Puppet, place: int, slots: list[Passed], plain: bool, fails: bool
    ) -> None:
        """A thread answers a message of its process, or one that is not."""
        process = puppet.process
        served = self.post.served_by(process)
        others = [*self.post.letters, None]
        letter = (
            served[place % len(served)] if served and place < LEGAL else others[place % len(others)]
        )
        cookie = letter.cookie if letter is not None else self.number(process, place)
        slots = [] if plain else self.slots_of(process, slots)
        write_transfer(self.theatre, puppet, slots)
        expect = (
            FAILURE if letter is None or letter not in served else self.may_pass_all(process, slots)
        )
        number = Sysno.REPLY_MESSAGE if plain else Sysno.REPLY_TRANSFER
        value = 0 if fails else self.fresh()
        arguments = (cookie, value, 0 if plain else puppet.arguments)
        if expect is not OK or letter is None or not self.model.may_call(process, number):
            self.call(puppet, number, *arguments, expect=expect)
            return
        answer = self.theatre.call(puppet, number, *arguments)
        assert answer is not None
        if letter.waits and letter.wants:
            _, arrived = read_transfer(self.theatre, letter.sender)
            self.arrive(process, letter.sender.process, slots, arrived)
            self.post.settle()
        assert answer.status is self.post.answer(letter, value)
        assert not answer.type or answer.value == 0
        self.compare(self.theatre.answers())

    @precondition(lambda self: any(w.deadline_ps for w in self.post.waits))
    @rule()
    def pass_time(self) -> None:
        """The first limit is reached, and no other."""
        timed = [(w.deadline_ps, w) for w in self.post.waits if w.deadline_ps is not None]
        first_ps = min(deadline_ps for deadline_ps, _ in timed)
        self.theatre.pass_time()
        found = self.theatre.answers()
        due = [w for deadline_ps, w in timed if deadline_ps <= first_ps + SLACK_PS]
        self.post.time_out(next(wait for wait in due if wait.puppet in found))
        self.compare(found)

    # ---- rights and lives end ----

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

    def channel_node(self, process: Process, place: int) -> Node | None:
        """A channel's capability that a process holds."""
        nodes = [n for n in self.model.of(process) if n.thing.kind is ObjectKind.CHANNEL]
        return nodes[place % len(nodes)] if nodes else None

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
        if way == "killed" and self.post.is_idle(system):
            if self.call(system, Sysno.KILL_PROCESS, self.children[process]) is None:
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

    def compare(self, found: dict[Puppet, Answer]) -> None:
        """Exactly those have woken that should have, with what they should have."""
        expected, self.post.wakes = self.post.wakes, {}
        assert found == {puppet: each for puppet, each in expected.items() if puppet.alive}

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
