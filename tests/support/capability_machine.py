"""A rule machine for capabilities: anybody does anything, legal or not, in any order."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule

from anos_sim.hw.memory import FRAME_SHIFT
from anos_sim.stage3.abi import PAGE_BYTES, MapFlags, ObjectKind, Rights, Status, Sysno
from anos_sim.stage3.objects import CHANNEL_RIGHTS, MEMORY_RIGHTS, PROCESS_RIGHTS
from anos_sim.stage3.process import Process, ProcessState

from .authority import BADARGS, FAILURE, INCAPABLE, OK, Thing, thing_of
from .capability_messages import MessageRules
from .capability_world import JUNK, LEGAL, NUMBERS, PLACES, RIGHTS
from .picture import picture
from .theatre import CONTROL, MAPS, PAGES, Puppet

PROCESSES_MAX = 5
MAP_PAGES = (CONTROL + PAGES * PAGE_BYTES - MAPS) // PAGE_BYTES
FLAGS = st.integers(0, 7)
FIRST = st.sampled_from([0, 0, 0, 1, 2, -1])


class MakingRules(MessageRules):
    """Objects and capabilities come to be, and are passed on to processes."""

    # ---- making and passing on ----

    @rule(who=NUMBERS)
    def create_channel(self, who: int) -> None:
        puppet = self.puppet(who)
        cookie = self.call(puppet, Sysno.CREATE_CHANNEL)
        if cookie is not None:
            thing = Thing(ObjectKind.CHANNEL, self.kernel.next_channel - 1)
            self.model.root(puppet.process, cookie, thing, CHANNEL_RIGHTS)

    @rule(who=NUMBERS, count=st.integers(1, 3))
    def alloc_frames(self, who: int, count: int) -> None:
        puppet = self.puppet(who)
        size = count * PAGE_BYTES
        start = self.call(puppet, Sysno.ALLOC_PHYSICAL_PAGES, size)
        if start is not None:
            thing = Thing(ObjectKind.PHYSICAL, start >> FRAME_SHIFT, start, start + size)
            made = list(puppet.process.capabilities.values())[-1]
            self.model.root(puppet.process, made.cookie, thing, MEMORY_RIGHTS)
            self.model.owned.setdefault(puppet.process, []).append(thing)

    @rule(who=NUMBERS)
    def create_memory(self, who: int) -> None:
        puppet = self.puppet(who)
        number = self.kernel.next_object
        cookie = self.call(puppet, Sysno.CREATE_MEMORY, PAGE_BYTES)
        if cookie is not None:
            thing = Thing(ObjectKind.MEMORY, number, 0, PAGE_BYTES)
            self.model.root(puppet.process, cookie, thing, MEMORY_RIGHTS)

    @rule(who=NUMBERS, places=st.lists(PLACES, max_size=3))
    def create_process(self, who: int, places: list[int]) -> None:
        """Path 1: words of its stack that are its maker's cookies, with GRANT, become its own."""
        puppet = self.puppet(who)
        if len(self.kernel.processes) >= PROCESSES_MAX or not self.may_make(puppet.process):
            return
        words = [self.number(puppet.process, place) for place in places]
        calls = self.calls_of(puppet.process)
        child = self.theatre.create_process(puppet, [*words, *calls])
        assert isinstance(child, Puppet)
        there = self.theatre.stack_words(child.process, 2 + len(words) + len(calls))
        sleep = self.theatre.cookie_of(child.process, Sysno.SLEEP)
        sources = [self.theatre.cookie_of(puppet.process, Sysno.SLEEP), *words, *calls]
        for word, cookie in zip(sources, [sleep, *there], strict=True):
            source = self.model.held(puppet.process, word)
            if source is not None and source.rights & Rights.GRANT:
                self.model.derive(source, child.process, 0, cookie)
            else:
                assert cookie == word

    def may_make(self, process: Process) -> bool:
        """Can it make a process that can sleep?"""
        sleep = Thing(ObjectKind.CALL, int(Sysno.SLEEP))
        held = self.model.has(process, sleep, Rights.CALL | Rights.GRANT)
        return held and self.model.may_call(process, Sysno.CREATE_PROCESS)

    @rule(who=NUMBERS)
    def build_process(self, who: int) -> None:
        """A process that never starts, but can be given things."""
        puppet = self.puppet(who)
        if len(self.kernel.building) < 2:
            cookie = self.call(puppet, Sysno.BUILD_PROCESS, 1)
            if cookie is not None:
                thing = thing_of(puppet.process.capabilities[cookie])
                self.model.root(puppet.process, cookie, thing, PROCESS_RIGHTS)
                made = self.process_of(cookie, puppet.process)
                self.built.setdefault(puppet.process, []).append(made)

    @rule(who=NUMBERS)
    def build_and_start(self, who: int) -> None:
        """A process that runs, and whose maker holds it."""
        puppet = self.puppet(who)
        needs = (Sysno.BUILD_PROCESS, Sysno.MAP_INTO, Sysno.START_PROCESS, Sysno.GIVE)
        able = all(self.model.may_call(puppet.process, number) for number in needs)
        if (
            len(self.kernel.processes) >= PROCESSES_MAX
            or not able
            or not self.may_make(puppet.process)
        ):
            return
        calls = self.calls_of(puppet.process)
        cookie, child = self.theatre.build_process(puppet, calls)
        thing = thing_of(puppet.process.capabilities[cookie])
        self.model.root(puppet.process, cookie, thing, PROCESS_RIGHTS)
        self.born(child)

    def process_of(self, cookie: int, holder: Process) -> Process:
        """The process that a cookie stands for, living or dead."""
        target = holder.capabilities[cookie].target
        assert isinstance(target, Process)
        return target

    @rule(who=NUMBERS, whom=PLACES, place=PLACES, rights=RIGHTS)
    def give(self, who: int, whom: int, place: int, rights: int) -> None:
        """Path 5, to a process."""
        puppet = self.puppet(who)
        giver = puppet.process
        to, cookie = self.number(giver, whom, ObjectKind.PROCESS), self.number(giver, place)
        expect = self.model.allows(giver, to, ObjectKind.PROCESS, Rights.KILL)
        if expect is OK:
            receiver = self.process_of(to, giver)
            dead = receiver.state is ProcessState.DEAD
            expect = FAILURE if dead else self.model.may_pass(giver, cookie)
        given = self.call(puppet, Sysno.GIVE, to, cookie, rights, expect=expect)
        if given is not None:
            self.passed(giver, cookie, receiver, rights, given)

    @rule(who=NUMBERS, place=PLACES, rights=RIGHTS, badge=st.integers(0, 2))
    def mint(self, who: int, place: int, rights: int, badge: int) -> None:
        puppet = self.puppet(who)
        cookie = self.number(puppet.process, place)
        source = self.model.held(puppet.process, cookie)
        changes = source is not None and badge and source.badge not in (0, badge)
        expect = BADARGS if source is None or changes else OK
        made = self.call(puppet, Sysno.MINT, cookie, rights, badge, expect=expect)
        if made is not None and source is not None:
            self.model.mint(source, rights, made, badge)

    @rule(who=NUMBERS, place=PLACES, rights=RIGHTS, first=FIRST, count=st.integers(0, 2))
    def mint_range(self, who: int, place: int, rights: int, first: int, count: int) -> None:
        puppet = self.puppet(who)
        cookie = self.number(puppet.process, place, ObjectKind.PHYSICAL, ObjectKind.VECTORS)
        source = self.model.held(puppet.process, cookie)
        kind = source.thing.kind if source else None
        unit = PAGE_BYTES if kind is ObjectKind.PHYSICAL else 1
        start = (source.thing.start if source else 0) + first * unit
        end = start + count * unit
        is_range = kind in (ObjectKind.PHYSICAL, ObjectKind.VECTORS)
        within = source is not None and is_range and source.thing.covers(start, end)
        arguments = (cookie, start % (1 << 64), count * unit, rights)
        expect = OK if within else BADARGS
        made = self.call(puppet, Sysno.MINT_RANGE, *arguments, expect=expect)
        if made is not None and source is not None:
            number = start // unit
            part = Thing(source.thing.kind, number, start, end)
            self.model.mint(source, rights, made, part=part)

    @rule(who=NUMBERS, place=PLACES, letter=st.sampled_from([b"a", b"b"]), register=st.booleans())
    def name(self, who: int, place: int, letter: bytes, register: bool) -> None:
        """Path 2: finding a name gives SEND from what it was registered with."""
        puppet = self.puppet(who)
        process = puppet.process
        self.theatre.write(process, puppet.arguments, letter + b"\0")
        if not register:
            named = self.model.names.get(letter)
            found = self.call(puppet, Sysno.FIND_NAMED_CHANNEL, puppet.arguments)
            if found is not None and (named is None or not named.alive):
                assert found == 0
            elif found is not None and named is not None:
                rights = Rights.SEND & named.rights
                self.model.derive(named, process, rights or Rights.CALL, found)
            return
        cookie = self.number(process, place, ObjectKind.CHANNEL)
        node = self.model.held(process, cookie, ObjectKind.CHANNEL)
        expect = OK
        if node is None:
            expect = Status.BAD_NUMBER
        elif not node.rights & Rights.NAME:
            expect = INCAPABLE
        elif letter in self.model.names:
            expect = Status.BAD_NUMBER
        arguments = (cookie, puppet.arguments)
        done = self.call(puppet, Sysno.REGISTER_NAMED_CHANNEL, *arguments, expect=expect)
        if done is not None and node is not None:
            self.model.names[letter] = node


class CapabilityMachine(MakingRules):
    """All rules: using, taking away and ending as well."""

    children_at_first = 0

    def begin(self) -> None:
        """SYSTEM with a thing of each kind, a child that was made, and one that was built."""
        super().begin()
        self.create_channel(0)
        self.create_channel(0)
        self.name(0, 0, b"a", True)
        self.alloc_frames(0, 2)
        self.create_memory(0)
        self.create_process(0, list(range(7)))
        self.build_and_start(0)
        for place in range(1, 8):
            self.give(0, 0, place, 0)

    # ---- using ----

    @rule(who=NUMBERS, place=PLACES, first=FIRST, count=st.integers(1, 2), flags=FLAGS)
    def map_physical(self, who: int, place: int, first: int, count: int, flags: int) -> None:
        """Frames or registers: only what is in a range that is held, and only so."""
        puppet = self.puppet(who)
        every = [n for n in self.model.nodes if n.thing.kind is ObjectKind.PHYSICAL]
        mine = [node for node in every if node.holder is puppet.process]
        ranges = mine if mine and place < LEGAL else every
        if not ranges:
            return
        thing = ranges[-1 - place % len(ranges)].thing
        start = max(0, thing.start + first * PAGE_BYTES)
        end = start + count * PAGE_BYTES
        arguments = (start, MAPS + abs(first) * PAGE_BYTES, count * PAGE_BYTES, flags)
        expect = self.model.may_map(puppet.process, start, end, rights_for(flags))
        self.call(puppet, Sysno.MAP_PHYSICAL, *arguments, expect=expect)

    @rule(who=NUMBERS, place=PLACES, page=st.integers(0, MAP_PAGES - 1), flags=FLAGS)
    def map_memory(self, who: int, place: int, page: int, flags: int) -> None:
        puppet = self.puppet(who)
        cookie = self.number(puppet.process, place, ObjectKind.MEMORY)
        node = self.model.held(puppet.process, cookie, ObjectKind.MEMORY)
        expect = FAILURE
        if node is not None:
            expect = INCAPABLE if rights_for(flags) & ~node.rights else OK
        arguments = (cookie, MAPS + page * PAGE_BYTES, 0, PAGE_BYTES, flags)
        self.call(puppet, Sysno.MAP_MEMORY, *arguments, expect=expect)

    @rule(who=NUMBERS)
    def alloc_vector(self, who: int) -> None:
        """It comes from a range of vectors that allows it, and is derived from that."""
        puppet = self.puppet(who)
        process = puppet.process
        ranges = [
            node
            for node in self.model.of(process)
            if node.thing.kind is ObjectKind.VECTORS and node.rights & Rights.RECEIVE
        ]
        used = {n.thing.number for n in self.model.nodes if n.thing.kind is ObjectKind.VECTOR}
        free = any(set(range(n.thing.start, n.thing.end)) - used - {0x69} for n in ranges)
        expect = INCAPABLE if not ranges else OK if free else FAILURE
        arguments = (0, puppet.arguments, puppet.arguments + 8)
        number = self.call(puppet, Sysno.ALLOC_INTERRUPT_VECTOR, *arguments, expect=expect)
        if number is not None:
            made = list(process.capabilities.values())[-1]
            assert made.parent is not None
            source = next(node for node in ranges if node.cookie == made.parent.cookie)
            assert source.thing.start <= number < source.thing.end
            assert number not in used
            thing = Thing(ObjectKind.VECTOR, number)
            self.model.mint(source, Rights.RECEIVE, made.cookie, part=thing)
            self.model.owned.setdefault(process, []).append(thing)

    @rule(who=NUMBERS, place=PLACES)
    def inspect(self, who: int, place: int) -> None:
        """A process is told of what it holds, and of nothing else."""
        puppet = self.puppet(who)
        cookie = self.number(puppet.process, place)
        node = self.model.held(puppet.process, cookie)
        expect = BADARGS if node is None else OK
        told = self.call(puppet, Sysno.INSPECT, cookie, expect=expect)
        if told is not None and node is not None:
            assert told >> 32 == node.thing.kind

    @rule(who=NUMBERS, whose=NUMBERS, place=PLACES, slow=st.booleans())
    def forge(self, who: int, whose: int, place: int, slow: bool) -> None:
        """A number that a process does not hold makes no call, though it is another's."""
        puppet, other = self.puppet(who), self.puppet(whose)
        theirs = [node.cookie for node in self.model.of(other.process)]
        numbers = [*theirs, *self.model.cookies[-30:], *JUNK]
        number = numbers[place * 7 % len(numbers)]
        held = self.model.held(puppet.process, number, ObjectKind.CALL)
        if held is None or not held.rights & Rights.CALL:
            before = picture(self.kernel)
            answer = self.theatre.raw(puppet, number, [0, 0, 0, 0, 0], slow)
            assert answer is not None
            assert answer.status is INCAPABLE
            assert picture(self.kernel) == before

    # ---- taking away ----

    @rule(who=NUMBERS, place=PLACES)
    def drop(self, who: int, place: int) -> None:
        puppet = self.puppet(who)
        cookie = self.number(puppet.process, place)
        node = self.model.held(puppet.process, cookie)
        done = self.call(puppet, Sysno.DROP, cookie, expect=OK if node else BADARGS)
        if done is not None and node is not None:
            self.model.drop(node)

    @rule(who=NUMBERS, place=PLACES, whose=st.none() | PLACES)
    def revoke(self, who: int, place: int, whose: int | None) -> None:
        """All of it, or what one process has; no cookie of what went works any more."""
        puppet = self.puppet(who)
        process = puppet.process
        cookie = self.number(process, place)
        node = self.model.held(process, cookie)
        of, holder = 0, None
        expect = OK if node else BADARGS
        if whose is not None:
            of = self.number(process, whose, ObjectKind.PROCESS)
        if of and node:
            expect = self.model.allows(process, of, ObjectKind.PROCESS, Rights.REVOKE)
        if of and expect is OK:
            holder = self.process_of(of, process)
        count = self.call(puppet, Sysno.REVOKE, cookie, of, expect=expect)
        if count is not None and node is not None:
            gone = [each for each in self.model.nodes if node in each.line()]
            assert count == self.model.revoke(node, holder)
            if holder is None:
                assert not any(each.alive for each in gone)

    @rule(who=NUMBERS, place=PLACES)
    def destroy_channel(self, who: int, place: int) -> None:
        """It takes all capabilities to it along. A number that is no channel's is fine."""
        puppet = self.puppet(who)
        cookie = self.number(puppet.process, place, ObjectKind.CHANNEL)
        node = self.model.held(puppet.process, cookie, ObjectKind.CHANNEL)
        expect = OK if node is None or node.rights & Rights.DESTROY else INCAPABLE
        before = picture(self.kernel)
        done = self.call(puppet, Sysno.DESTROY_CHANNEL, cookie, expect=expect)
        if done is not None and node is not None:
            self.model.close(node.thing)
        else:
            assert picture(self.kernel) == before

    # ---- ending ----

    @rule(who=NUMBERS, by_call=st.booleans())
    def die(self, who: int, by_call: bool) -> None:
        """A process ends itself, or faults."""
        puppet = self.puppet(who)
        process = puppet.process
        if process.pid == 1:
            return
        if by_call and self.model.may_call(process, Sysno.KILL_PROCESS):
            assert self.theatre.call(puppet, Sysno.KILL_PROCESS, 0) is None
            self.died(process)
        else:
            self.end_of(puppet)

    def end_of(self, puppet: Puppet) -> None:
        process = puppet.process
        if process.pid > 1:
            self.theatre.fault(process)
            self.died(process)

    def died(self, process: Process) -> None:
        """Take note of a death; processes that it was building end with it."""
        assert process.state is ProcessState.DEAD
        assert not process.capabilities
        for built in self.built.pop(process, []):
            assert built.state is ProcessState.DEAD
            self.model.die(built)
        self.model.die(process)
        self.theatre.answers()

    @rule(who=NUMBERS, place=PLACES)
    def kill(self, who: int, place: int) -> None:
        puppet = self.puppet(who)
        process = puppet.process
        cookie = self.number(process, place, ObjectKind.PROCESS)
        expect = self.model.allows(process, cookie, ObjectKind.PROCESS, Rights.KILL)
        if not cookie or (expect is OK and self.process_of(cookie, process) is process):
            return
        if expect is OK:
            victim = self.process_of(cookie, process)
            if victim.state is ProcessState.DEAD:
                expect = FAILURE
        done = self.call(puppet, Sysno.KILL_PROCESS, cookie, expect=expect)
        if done is not None:
            self.died(victim)


def rights_for(flags: int) -> int:
    """The rights that mapping something so needs."""
    rights = int(Rights.READ)
    rights |= Rights.WRITE if flags & MapFlags.WRITE else 0
    return rights | (Rights.EXEC if flags & MapFlags.EXEC else 0)
