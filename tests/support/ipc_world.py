"""Threads of a few processes on a few channels, and the steps of a message between them.

Every letter has a tag and a page of its own, every answer a value of its own, so that
one which is lost, delivered twice or mixed up is seen. `post.py` has the model.
"""

from __future__ import annotations

from anos_sim.stage3.abi import MASK64, PAGE_BYTES, ObjectKind, Rights, Status, Sysno
from anos_sim.stage3.process import Process

from .authority import FAILURE, OK, Node, Thing
from .capability_world import LEGAL, CapabilityWorld
from .post import Letter, Post, Wait
from .slots import Passed, read_transfer, write_transfer
from .theatre import THREADS_MAX, WINDOWS, Answer, Puppet

TAG, SIZE = 512, 520
"""Where in a puppet's page for arguments the two go."""
PS_PER_S = 1_000_000_000_000
NS_PER_S = 1_000_000_000


class IpcWorld(CapabilityWorld):
    """Threads of a few processes, on a few channels."""

    children_at_first = 0
    child_calls = (
        Sysno.CREATE_THREAD, Sysno.KILL_CURRENT_TASK, Sysno.KILL_PROCESS, Sysno.CREATE_CHANNEL,
        Sysno.SEND_MESSAGE, Sysno.RECV_MESSAGE, Sysno.REPLY_MESSAGE, Sysno.SEND_TRANSFER,
        Sysno.RECV_TRANSFER, Sysno.REPLY_TRANSFER, Sysno.DESTROY_CHANNEL, Sysno.MINT,
        Sysno.REVOKE, Sysno.DROP, Sysno.SUPERVISE_CHANNEL,
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
        generation = self.post.is_told(through)
        if generation:
            told = Answer(Status.RESTARTED & MASK64, generation)
            assert self.theatre.call(puppet, number, *arguments) == told
            self.compare(self.theatre.answers())
            return
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

    def channel_node(self, process: Process, place: int) -> Node | None:
        """A channel's capability that a process holds."""
        nodes = [n for n in self.model.of(process) if n.thing.kind is ObjectKind.CHANNEL]
        return nodes[place % len(nodes)] if nodes else None

    def compare(self, found: dict[Puppet, Answer]) -> None:
        """Exactly those have woken that should have, with what they should have."""
        expected, self.post.wakes = self.post.wakes, {}
        assert found == {puppet: each for puppet, each in expected.items() if puppet.alive}
