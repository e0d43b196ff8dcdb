"""What the rules about capabilities have in common: who acts, by which number, and the check.

`authority.py` has the model. A rule asks it what must come of a call, makes the call,
and tells it what the new capability's cookie is. Between two rules both must agree.
"""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant

from anos_sim.hw.memory import FRAME_SHIFT
from anos_sim.stage3.abi import PAGE_BYTES, ObjectKind, Rights, Status, Sysno
from anos_sim.stage3.capability import Capability
from anos_sim.stage3.objects import CHANNEL_RIGHTS
from anos_sim.stage3.process import Process

from .authority import INCAPABLE, OK, Authority, Node, thing_of
from .invariants import check_kernel
from .picture import picture
from .puppets import Handlers, Programs
from .slots import Passed
from .theatre import Answer, Puppet, Theatre

NUMBERS = st.integers(0, 1000)
RIGHTS = st.one_of(st.just(0), st.integers(0, 0xFFF), st.just(int(CHANNEL_RIGHTS)))
PLACES = st.integers(0, 99)
"""Which number to use: the higher, the less sense it makes."""
LEGAL = 75
PASSED = st.lists(st.builds(Passed, PLACES, RIGHTS, st.booleans()), max_size=3)
"""Of a rule the number is a place among those that there are."""
JUNK = [0, 1, 12345, (1 << 64) - 1, 0xDEAD_BEEF_0000]
CHILD_CALLS = (
    Sysno.SEND_TRANSFER, Sysno.RECV_TRANSFER, Sysno.REPLY_TRANSFER, Sysno.REPLY_MESSAGE,
    Sysno.CREATE_CHANNEL, Sysno.DESTROY_CHANNEL, Sysno.REGISTER_NAMED_CHANNEL,
    Sysno.FIND_NAMED_CHANNEL, Sysno.CREATE_PROCESS, Sysno.BUILD_PROCESS, Sysno.MAP_INTO,
    Sysno.START_PROCESS, Sysno.KILL_PROCESS, Sysno.GIVE, Sysno.TAKE, Sysno.MINT,
    Sysno.MINT_RANGE, Sysno.REVOKE, Sysno.DROP, Sysno.INSPECT, Sysno.MAP_PHYSICAL,
    Sysno.ALLOC_PHYSICAL_PAGES, Sysno.ALLOC_INTERRUPT_VECTOR, Sysno.CREATE_MEMORY,
    Sysno.MAP_MEMORY,
)  # fmt: skip


class CapabilityWorld(RuleBasedStateMachine):
    """A kernel, its model, and processes that can be told what to do."""

    programs = False
    """Whether the processes are real programs."""
    arch = "x86_64"
    """Of those programs."""
    children_at_first = 2
    child_calls: tuple[Sysno, ...] = CHILD_CALLS

    @initialize()
    def boot(self) -> None:
        """One method, since several would be called in any order."""
        self.begin()

    def begin(self) -> None:
        """SYSTEM and its first children."""
        self.theatre: Theatre = Programs(arch=self.arch) if self.programs else Handlers()
        self.kernel = self.theatre.kernel
        self.model = Authority()
        self.built: dict[Process, list[Process]] = {}
        """Whose processes being built are whose."""
        system = self.theatre.puppets[0]
        for capability in system.process.capabilities.values():
            self.model.learn(capability)
        for _ in range(self.children_at_first):
            self.born(self.theatre.create_process(system, self.calls_of(system.process)))

    def teardown(self) -> None:
        if hasattr(self, "theatre"):
            self.theatre.finish()
            self.theatre.close()

    # ---- who, and by which number ----

    def puppet(self, who: int) -> Puppet:
        """One of those that can act."""
        living = [puppet for puppet in self.theatre.puppets if puppet.alive]
        return living[who % len(living)]

    def calls_of(self, process: Process) -> list[int]:
        """The cookies of the calls that a child shall have, of those that may be given."""
        numbers = {int(number) for number in self.child_calls}
        calls = [n for n in self.model.of(process) if n.thing.kind is ObjectKind.CALL]
        held = [node for node in calls if node.rights & Rights.GRANT]
        return [node.cookie for node in held if node.thing.number in numbers]

    def number(self, process: Process, place: int, *kinds: ObjectKind) -> int:
        """A number: mostly a cookie of such an object that the process holds, newest first.

        Sometimes of another object, another process, a dead one, or nonsense. Never that
        of sleeping: a puppet needs it.
        """
        asleep = [n.cookie for n in self.model.nodes if n.thing.number == Sysno.SLEEP]
        mine = [node for node in self.model.of(process)[::-1] if node.cookie not in asleep]
        objects = [node.cookie for node in mine if node.thing.kind is not ObjectKind.CALL]
        fit = [node.cookie for node in mine if node.thing.kind in kinds] if kinds else objects
        if place < LEGAL and fit:
            return fit[place % len(fit)]
        if place < LEGAL + 8 and objects:
            return objects[place % len(objects)]
        living = {node.cookie: node.holder for node in self.model.nodes}
        group: list[int]
        if place % 4 == 0:
            group = [c for c, holder in living.items() if holder is not process and c not in asleep]
        elif place % 4 == 1:
            group = [cookie for cookie in self.model.cookies if cookie not in living]
        elif place % 4 == 2:
            group = [node.cookie for node in mine if node.thing.kind is ObjectKind.CALL]
        else:
            group = JUNK
        return group[-1 - place // 4 % len(group)] if group else 12345

    # ---- a call ----

    def call(
        self, puppet: Puppet, number: Sysno, *arguments: int, expect: Status = OK
    ) -> int | None:
        """It comes back as the model says; if it is refused, nothing has changed."""
        if not self.model.may_call(puppet.process, number):
            expect = INCAPABLE
        before = picture(self.kernel) if expect is not OK else None
        answer = self.theatre.call(puppet, number, *arguments)
        assert answer is not None, f"{number.name} waits"
        assert answer.status is expect, f"{number.name}: {answer.status!r}, not {expect!r}"
        if expect is OK:
            return answer.value
        assert answer.value == 0
        assert picture(self.kernel) == before, f"{number.name} was refused and changed something"
        return None

    def born(self, child: Puppet | Answer) -> None:
        """A new process: the model learns what it was given."""
        assert isinstance(child, Puppet)
        for capability in child.process.capabilities.values():
            assert capability.parent is not None
            source = self.model.held(capability.parent.holder, capability.parent.cookie)
            assert source is not None
            assert source.rights & Rights.GRANT
            self.model.learn(capability)

    def passed(
        self, giver: Process, cookie: int, receiver: Process, rights: int, there: int
    ) -> Node:
        """What came of delegating: the same cookie to oneself, else one of the receiver's."""
        source = self.model.held(giver, cookie)
        assert source is not None
        if giver is receiver:
            assert there == cookie
            return source
        return self.model.derive(source, receiver, rights, there)

    # ---- capabilities in messages ----

    def channel_number(self, process: Process, place: int, right: Rights, like: Node | None) -> int:
        """Mostly a channel that may be used so, and the same one as `like`."""
        fit = [
            node.cookie
            for node in self.model.of(process)
            if node.thing.kind is ObjectKind.CHANNEL
            and node.rights & right
            and (like is None or node.thing == like.thing)
        ]
        return fit[place % len(fit)] if fit and place < LEGAL else self.number(process, place)

    def slots_of(self, process: Process, slots: list[Passed]) -> list[Passed]:
        """Slots with numbers in place of places."""
        return [Passed(self.number(process, s.number), s.rights, s.moves) for s in slots]

    def may_pass_all(self, process: Process, slots: list[Passed]) -> Status:
        """The first thing that is wrong with slots."""
        found = [self.model.may_pass(process, slot.number) for slot in slots]
        return next((status for status in found if status is not OK), OK)

    def arrive(
        self, here: Process, there: Process, slots: list[Passed], arrived: list[tuple[int, int]]
    ) -> None:
        """Each slot was passed on, or had gone by then: a thing can be given away once."""
        assert len(arrived) == len(slots)
        for slot, (cookie, rights) in zip(slots, arrived, strict=True):
            source = self.model.held(here, slot.number)
            if source is None or not source.rights & Rights.GRANT:
                assert (cookie, rights) == (0, 0)
                continue
            made = self.passed(here, slot.number, there, slot.rights, cookie)
            assert rights == made.rights
            if slot.moves and here is not there:
                self.model.drop(source)

    # ---- what always holds ----

    @invariant()
    def the_holders_tables_equal_the_tree(self) -> None:
        """Each process holds exactly what the model says, derived from what it says."""
        if not hasattr(self, "theatre"):
            return
        for process in self.kernel.all_processes():
            found = {
                cookie: (
                    thing_of(held), held.rights, held.badge, self.cookie_above(held.living_parent())
                )
                for cookie, held in process.capabilities.items()
            }  # fmt: skip
            expected = {
                node.cookie: (node.thing, node.rights, node.badge, self.cookie_above(node.above()))
                for node in self.model.of(process)
            }
            assert found == expected, f"of {process}"
        assert self.kernel.tree.count == len(self.model.nodes)

    def cookie_above(self, node: Capability | Node | None) -> int:
        """The cookie of a parent, 0 of none."""
        return node.cookie if node is not None else 0

    @invariant()
    def authority_never_exceeds_the_parents(self) -> None:
        for node in self.model.nodes if hasattr(self, "model") else ():
            for above in node.line():
                assert not node.rights & ~above.rights
                thing = node.thing
                if thing.kind is ObjectKind.VECTOR and thing != above.thing:
                    assert above.thing.covers(thing.number, thing.number + 1)
                elif above.thing.end:
                    assert above.thing.covers(thing.start, thing.end)

    @invariant()
    def nothing_is_mapped_without_the_right_to_it(self) -> None:
        """So no mapping of a revoked range remains. Only a message's page may be another's."""
        for process in self.kernel.all_processes() if hasattr(self, "theatre") else ():
            for address, entry in process.space.mappings():
                if entry & process.space.bits.by_right and address not in process.space.windows:
                    self.check_mapped(process, entry)

    def check_mapped(self, process: Process, entry: int) -> None:
        """One capability that the model knows allows one page to be mapped as it is."""
        bits = process.space.bits
        start = bits.frame(entry) << FRAME_SHIFT
        memory = self.kernel.physical.memory_objects.get(start >> FRAME_SHIFT)
        needed = Rights.READ
        needed |= Rights.WRITE if entry & bits.write else 0
        needed |= Rights.EXEC if bits.may_execute(entry) else 0
        by_range = self.model.may_map(process, start, start + PAGE_BYTES, needed) is OK
        by_object = memory is not None and any(
            node.thing.kind is ObjectKind.MEMORY
            and node.thing.number == memory.number
            and not needed & ~node.rights
            for node in self.model.of(process)
        )
        assert by_range or by_object, f"{process} has {start:#x} mapped"

    @invariant()
    def the_living_vectors_and_channels_are_those_somebody_holds(self) -> None:
        """What nobody can wait for or receive on has ended."""
        if hasattr(self, "theatre"):
            nodes = self.model.nodes
            held = {n.thing.number for n in nodes if n.thing.kind is ObjectKind.VECTOR}
            assert {vector.number for vector in self.kernel.vectors.all()} == held
            for node in nodes:
                assert node.thing.kind is not ObjectKind.CHANNEL or self.model.is_open(node.thing)
            names = {name.encode(): channel.number for channel, name in self.kernel.names.all()}
            assert names == {name: node.thing.number for name, node in self.model.names.items()}

    @invariant()
    def the_kernel_is_whole(self) -> None:
        """Frames, tables, threads, messages; and the tree is one, without a cycle."""
        if hasattr(self, "theatre"):
            check_kernel(self.kernel)
