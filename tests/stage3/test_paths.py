"""Each way a capability goes from process to process, one by one: what it gives, and what not.

By the kernel's functions and by real programs. test_capability.py has all of it in any order.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from anos_sim.stage3.abi import PAGE_BYTES, MapFlags, Rights, Status, Sysno
from support.invariants import check_kernel
from support.pair import Pair
from support.puppets import THEATRES
from support.slots import Passed, read_transfer, write_transfer
from support.theatre import MAPS, Answer

OK, FAILURE, BADARGS, INCAPABLE = Status.OK, Status.FAILURE, Status.BADARGS, Status.INCAPABLE
SEND, RECEIVE, GRANT = int(Rights.SEND), int(Rights.RECEIVE), int(Rights.GRANT)
RW = int(MapFlags.READ | MapFlags.WRITE)


@pytest.fixture(params=THEATRES)
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    with request.param() as theatre:
        pair = Pair(theatre)
        yield pair
        check_kernel(pair.kernel)
        theatre.finish()


def test_without_grant_a_capability_takes_none_of_the_paths(pair: Pair) -> None:
    own = pair.value(pair.child, Sysno.CREATE_CHANNEL)
    kept = pair.value(pair.child, Sysno.MINT, own, SEND | RECEIVE, 0)
    mine = pair.value(pair.system, Sysno.MINT, pair.line, SEND | RECEIVE, 0)
    other = pair.made([mine])
    assert pair.theatre.stack_words(other.process, 3) == [mine]
    assert mine not in other.process.capabilities
    write_transfer(pair.theatre, pair.child, [Passed(kept, 0, False)])
    arguments = (pair.there, 1, 0, 0, pair.child.arguments)
    assert pair.status(pair.child, Sysno.SEND_TRANSFER, *arguments) is INCAPABLE
    message = pair.send([Passed(own, 0, False)])
    assert pair.status(pair.system, Sysno.TAKE, message, kept, 0) is INCAPABLE
    assert pair.status(pair.system, Sysno.GIVE, message, mine, 0) is INCAPABLE
    write_transfer(pair.theatre, pair.system, [Passed(mine, 0, False)])
    reply = (message, 1, pair.system.arguments)
    assert pair.status(pair.system, Sysno.REPLY_TRANSFER, *reply) is INCAPABLE
    pair.value(pair.system, Sysno.REPLY_MESSAGE, message, mine)
    assert pair.theatre.answers() == {pair.child: Answer(0, mine)}
    assert mine not in pair.child.process.capabilities


def test_a_name_and_a_reply_give_send_and_nothing_else(pair: Pair) -> None:
    pair.theatre.write(pair.system.process, pair.system.arguments, b"line\0")
    pair.theatre.write(pair.child.process, pair.child.arguments, b"line\0")
    pair.value(pair.system, Sysno.REGISTER_NAMED_CHANNEL, pair.line, pair.system.arguments)
    found = pair.value(pair.child, Sysno.FIND_NAMED_CHANNEL, pair.child.arguments)
    assert pair.rights(pair.child.process, found) == SEND
    message = pair.send([])
    pair.value(pair.system, Sysno.REPLY_MESSAGE, message, pair.line)
    answer = pair.theatre.answers()[pair.child]
    assert answer.value == found, "the same from the same source is the same"


def test_slots_are_derived_or_moved_and_never_more_than_was_held(pair: Pair) -> None:
    own = pair.value(pair.child, Sysno.CREATE_CHANNEL)
    kept = pair.value(pair.child, Sysno.MINT, own, SEND | GRANT, 9)
    message = pair.send(
        [Passed(kept, 0, False), Passed(kept, SEND | RECEIVE, True), Passed(kept, 0, True)]
    )
    first, second, third = pair.arrived(pair.system)
    assert first[1] == SEND | GRANT
    assert second[1] == SEND
    assert third == (0, 0), "it was given away by then"
    assert kept not in pair.child.process.capabilities
    assert all(pair.system.process.capabilities[each[0]].badge == 9 for each in (first, second))
    write_transfer(pair.theatre, pair.system, [Passed(first[0], 0, True)])
    pair.value(pair.system, Sysno.REPLY_TRANSFER, message, 5, pair.system.arguments)
    assert pair.theatre.answers() == {pair.child: Answer(0, 5)}
    ((back, rights),) = pair.arrived(pair.child)
    assert rights == SEND | GRANT
    assert back in pair.child.process.capabilities
    assert first[0] not in pair.system.process.capabilities


def test_a_slot_can_only_name_what_its_sender_holds(pair: Pair) -> None:
    assert pair.line not in pair.child.process.capabilities
    write_transfer(pair.theatre, pair.child, [Passed(pair.line, 0, False)])
    arguments = (pair.there, 1, 0, 0, pair.child.arguments)
    assert pair.status(pair.child, Sysno.SEND_TRANSFER, *arguments) is BADARGS
    message = pair.send([])
    assert pair.status(pair.system, Sysno.TAKE, message, pair.line, 0) is BADARGS
    assert pair.status(pair.system, Sysno.GIVE, message, pair.there, 0) is BADARGS


def test_what_was_revoked_on_the_way_arrives_as_nothing(pair: Pair) -> None:
    other = pair.value(pair.system, Sysno.CREATE_CHANNEL)
    gift = pair.value(pair.system, Sysno.GIVE, pair.send([]), other, 0)
    pair.value(pair.system, Sysno.REPLY_MESSAGE, next(iter(pair.system.process.messages)), 1)
    pair.theatre.answers()
    write_transfer(pair.theatre, pair.child, [Passed(gift, 0, False)])
    arguments = (pair.there, 1, 0, 0, pair.child.arguments)
    assert pair.theatre.call(pair.child, Sysno.SEND_TRANSFER, *arguments) is None
    assert pair.value(pair.system, Sysno.REVOKE, other, 0) == 1
    pair.receive()
    assert pair.arrived(pair.system) == [(0, 0)]


def test_who_moves_away_what_it_waits_by_wakes_and_has_nothing_more_taken(pair: Pair) -> None:
    own = pair.value(pair.child, Sysno.CREATE_CHANNEL)
    message = pair.send([Passed(pair.there, 0, True)])
    assert pair.theatre.answers() == {pair.child: Answer(INCAPABLE % (1 << 64))}
    assert pair.status(pair.system, Sysno.TAKE, message, own, 0) is FAILURE
    assert pair.status(pair.system, Sysno.GIVE, message, pair.line, 0) is FAILURE
    assert pair.status(pair.system, Sysno.REPLY_MESSAGE, message, 1) is FAILURE


@pytest.mark.parametrize("passes", [False, True])
def test_a_badge_stays_and_is_told(pair: Pair, passes: bool) -> None:
    badged = pair.value(pair.child, Sysno.MINT, pair.there, 0, 7)
    assert pair.status(pair.child, Sysno.MINT, badged, 0, 8) is BADARGS
    again = pair.value(pair.child, Sysno.MINT, badged, SEND, 0)
    own = pair.value(pair.child, Sysno.CREATE_CHANNEL)
    write_transfer(pair.theatre, pair.child, [Passed(own, SEND, False)] if passes else [])
    arguments = (again, 1, 0, 0, pair.child.arguments)
    assert pair.theatre.call(pair.child, Sysno.SEND_TRANSFER, *arguments) is None
    pair.receive()
    assert read_transfer(pair.theatre, pair.system)[0] == 7


def test_device_memory_is_mapped_within_a_range_as_its_rights_allow(pair: Pair) -> None:
    system, device = pair.system, pair.device()
    start = pair.kernel.machine.addresses.ecam
    part = pair.value(system, Sysno.MINT_RANGE, device, start, PAGE_BYTES, Rights.READ | GRANT)
    assert pair.status(system, Sysno.MINT_RANGE, part, start, 2 * PAGE_BYTES, 0) is BADARGS
    assert pair.status(system, Sysno.MINT_RANGE, part, start - PAGE_BYTES, PAGE_BYTES, 0) is BADARGS
    given = pair.value(system, Sysno.GIVE, pair.send([]), part, 0)
    pair.value(system, Sysno.REPLY_MESSAGE, next(iter(system.process.messages)), 1)
    pair.theatre.answers()
    child = pair.child
    map_physical = Sysno.MAP_PHYSICAL
    assert pair.status(child, map_physical, start, MAPS, 2 * PAGE_BYTES, 1) is BADARGS
    assert pair.status(child, map_physical, start, MAPS, PAGE_BYTES, RW) is INCAPABLE
    assert pair.status(child, map_physical, start, MAPS, PAGE_BYTES, 1) is OK
    assert child.process.space.entry(MAPS)
    assert pair.value(system, Sysno.REVOKE, part, 0) == 1
    assert not child.process.space.entry(MAPS)
    assert given not in child.process.capabilities
    assert pair.status(child, map_physical, start, MAPS, PAGE_BYTES, 1) is BADARGS


def test_frames_of_a_process_that_has_ended_cannot_be_mapped(pair: Pair) -> None:
    """Whoever it delegated them to loses the right, and what it has mapped."""
    frames = pair.value(pair.child, Sysno.ALLOC_PHYSICAL_PAGES, PAGE_BYTES)
    cookie = list(pair.child.process.capabilities)[-1]
    message = pair.send([])
    taken = pair.value(pair.system, Sysno.TAKE, message, cookie, 0)
    pair.value(pair.system, Sysno.MAP_PHYSICAL, frames, MAPS, PAGE_BYTES, RW)
    pair.theatre.fault(pair.child.process)
    assert not pair.system.process.space.entry(MAPS)
    assert taken not in pair.system.process.capabilities
    arguments = (frames, MAPS, PAGE_BYTES, RW)
    assert pair.status(pair.system, Sysno.MAP_PHYSICAL, *arguments) is BADARGS


def test_a_dead_process_leaves_what_it_delegated(pair: Pair) -> None:
    """And its channel lives on, while somebody may receive there."""
    own = pair.value(pair.child, Sysno.CREATE_CHANNEL)
    message = pair.send([])
    taken = pair.value(pair.system, Sysno.TAKE, message, own, RECEIVE | GRANT)
    below = pair.value(pair.system, Sysno.MINT, taken, 0, 0)
    pair.theatre.fault(pair.child.process)
    held = pair.system.process.capabilities
    assert {taken, below} <= set(held)
    assert held[taken].living_parent() is None
    assert pair.value(pair.system, Sysno.REVOKE, taken, 0) == 1


def test_a_call_that_was_taken_away_cannot_be_made(pair: Pair) -> None:
    clock = pair.theatre.cookie_of(pair.system.process, Sysno.CLOCK)
    theirs = pair.theatre.cookie_of(pair.child.process, Sysno.CLOCK)
    raw = pair.theatre.raw
    assert raw(pair.child, theirs, [0]) != Answer(INCAPABLE % (1 << 64))
    assert raw(pair.child, clock, [0]) == Answer(INCAPABLE % (1 << 64))
    assert pair.value(pair.system, Sysno.REVOKE, clock, 0) == 1
    for slow in (False, True):
        assert raw(pair.child, theirs, [0], slow) == Answer(INCAPABLE % (1 << 64))
    assert pair.status(pair.system, Sysno.CLOCK, 0) is OK


def test_the_first_words_of_a_childs_stack_are_its_own_cookies(pair: Pair) -> None:
    """As far as they were cookies; a plain number stays as it is."""
    words = [pair.line, 17, 0, pair.line + 1]
    other = pair.made(words)
    cookie, *rest = pair.theatre.stack_words(other.process, len(words) + 2)
    assert rest == words[1:]
    assert cookie not in (pair.line, pair.there)
    assert other.process.capabilities[cookie].parent is pair.system.process.capabilities[pair.line]
