"""Messages, one rule at a time, by the kernel's functions and by real programs.

test_ipc.py has all of it in any order.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from anos_sim.stage3.abi import MASK64, Rights, Status, Sysno
from support.invariants import check_kernel
from support.pair import Pair
from support.puppets import THEATRES
from support.slots import write_transfer
from support.theatre import Answer

OK, FAILURE, INCAPABLE = Status.OK, Status.FAILURE, Status.INCAPABLE
SEND, RECEIVE, GRANT = int(Rights.SEND), int(Rights.RECEIVE), int(Rights.GRANT)
NS_PER_S = 1_000_000_000
TAG = 512


def woken(status: Status) -> Answer:
    """What a thread wakes with that was refused."""
    return Answer(status & MASK64)


@pytest.fixture(params=THEATRES)
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    with request.param() as theatre:
        pair = Pair(theatre)
        yield pair
        check_kernel(pair.kernel)
        theatre.finish()


def test_sending_and_receiving_ask_for_their_rights(pair: Pair) -> None:
    only_send = pair.value(pair.child, Sysno.MINT, pair.there, SEND, 0)
    only_receive = pair.value(pair.child, Sysno.MINT, pair.there, RECEIVE, 0)
    write_transfer(pair.theatre, pair.child, [])
    at = pair.child.arguments
    for send, rest in ((Sysno.SEND_MESSAGE, ()), (Sysno.SEND_TRANSFER, (at,))):
        assert pair.status(pair.child, send, only_receive, 1, 0, 0, *rest) is INCAPABLE
    for receive, rest in ((Sysno.RECV_MESSAGE, ()), (Sysno.RECV_TRANSFER, (at,))):
        assert pair.status(pair.child, receive, only_send, 0, 0, 0, *rest) is INCAPABLE
    assert pair.status(pair.child, Sysno.SEND_MESSAGE, pair.line, 1, 0, 0) is FAILURE


def test_a_channel_ends_with_the_last_right_to_receive(pair: Pair) -> None:
    """However many may still send; who is queued there wakes with FAILURE."""
    own = pair.value(pair.system, Sysno.CREATE_CHANNEL)
    message = pair.send([])
    there = pair.value(pair.system, Sysno.GIVE, message, own, SEND)
    pair.value(pair.system, Sysno.REPLY_MESSAGE, message, 1)
    pair.theatre.answers()
    second = pair.value(pair.system, Sysno.MINT, own, RECEIVE, 0)
    assert pair.theatre.call(pair.child, Sysno.SEND_MESSAGE, there, 1, 0, 0) is None
    pair.value(pair.system, Sysno.DROP, own)
    assert pair.theatre.answers() == {}
    pair.value(pair.system, Sysno.DROP, second)
    assert pair.theatre.answers() == {pair.child: woken(FAILURE)}
    assert there not in pair.child.process.capabilities


def test_who_loses_the_right_it_waits_by_wakes_and_its_message_is_gone(pair: Pair) -> None:
    other = pair.theatre.create_thread(pair.child, 1)
    given = pair.value(pair.child, Sysno.MINT, pair.there, SEND, 0)
    again = pair.value(pair.child, Sysno.MINT, pair.there, RECEIVE, 0)
    assert pair.theatre.call(other, Sysno.SEND_MESSAGE, given, 1, 0, 0) is None
    pair.value(pair.child, Sysno.DROP, given)
    assert pair.theatre.answers() == {other: woken(INCAPABLE)}
    assert pair.theatre.call(other, Sysno.RECV_MESSAGE, again, 0, 0, 0) is None
    pair.value(pair.child, Sysno.REVOKE, pair.there, 0)
    assert pair.theatre.answers() == {other: woken(INCAPABLE)}
    assert pair.theatre.call(pair.system, Sysno.SEND_MESSAGE, pair.line, 1, 0, 0) is None
    pair.value(pair.child, Sysno.DESTROY_CHANNEL, pair.there)
    assert pair.theatre.answers() == {pair.system: woken(FAILURE)}


def test_messages_arrive_once_and_in_order(pair: Pair) -> None:
    threads = [pair.child, *(pair.theatre.create_thread(pair.child, index) for index in (1, 2))]
    for tag, thread in enumerate(threads):
        assert pair.theatre.call(thread, Sysno.SEND_MESSAGE, pair.there, tag, 0, 0) is None
    at = pair.system.arguments + TAG
    for tag, thread in enumerate(threads):
        message = pair.value(pair.system, Sysno.RECV_MESSAGE, pair.line, at, 0, 0)
        assert pair.theatre.word(pair.system.process, at) == tag
        pair.value(pair.system, Sysno.REPLY_MESSAGE, message, 10 + tag)
        assert pair.theatre.answers() == {thread: Answer(0, 10 + tag)}
        assert pair.status(pair.system, Sysno.REPLY_MESSAGE, message, 1) is FAILURE
    assert pair.theatre.call(pair.system, Sysno.RECV_MESSAGE, pair.line, at, 0, 0) is None


def test_only_the_receivers_process_may_answer(pair: Pair) -> None:
    message = pair.send([])
    other = pair.made(list(pair.system.process.calls))
    assert pair.status(other, Sysno.REPLY_MESSAGE, message, 5) is FAILURE
    assert pair.theatre.answers() == {}
    pair.value(pair.system, Sysno.REPLY_MESSAGE, message, 6)
    assert pair.theatre.answers() == {pair.child: Answer(0, 6)}


def test_a_wait_with_a_limit_ends_once(pair: Pair) -> None:
    """By its limit, by a message, by the channel's end, or by the loss of its right."""
    other = pair.theatre.create_thread(pair.child, 1)

    def wait(cookie: int) -> None:
        write_transfer(pair.theatre, other, [], NS_PER_S)
        arguments = (cookie, 0, 0, 0, other.arguments)
        assert pair.theatre.call(other, Sysno.RECV_TRANSFER, *arguments) is None

    def timers() -> int:
        return sum(source == "timer" for _, source in pair.kernel.clock.pending())

    wait(pair.there)
    pair.theatre.pass_time()
    assert pair.theatre.answers() == {other: woken(Status.TIMED_OUT)}
    wait(pair.there)
    assert timers() == 1
    assert pair.theatre.call(pair.system, Sysno.SEND_MESSAGE, pair.line, 1, 0, 0) is None
    (answer,) = pair.theatre.answers().values()
    assert answer.status is OK
    assert timers() == 0
    pair.value(other, Sysno.REPLY_MESSAGE, answer.value, 1)
    pair.theatre.answers()
    wait(pair.value(pair.child, Sysno.MINT, pair.there, RECEIVE, 0))
    pair.value(pair.child, Sysno.REVOKE, pair.there, 0)
    assert pair.theatre.answers() == {other: woken(INCAPABLE)}
    assert timers() == 0
    wait(pair.there)
    pair.value(pair.child, Sysno.DESTROY_CHANNEL, pair.there)
    assert pair.theatre.answers() == {other: woken(FAILURE)}
    assert timers() == 0


def test_who_waits_for_an_answer_of_a_dead_process_wakes(pair: Pair) -> None:
    """And a message that nobody received by then stays, while somebody may receive it."""
    assert pair.theatre.call(pair.system, Sysno.SEND_MESSAGE, pair.line, 1, 0, 0) is None
    pair.value(pair.child, Sysno.RECV_MESSAGE, pair.there, 0, 0, 0)
    pair.theatre.fault(pair.child.process)
    assert pair.theatre.answers() == {pair.system: woken(FAILURE)}


def test_a_queued_message_of_a_dead_process_goes_with_its_page(pair: Pair) -> None:
    free = pair.kernel.frames.free_count
    other = pair.made([*pair.system.process.calls, pair.line])
    there = list(other.process.capabilities)[-1]
    pair.theatre.write(other.process, other.buffer, b"page")
    assert pair.theatre.call(other, Sysno.SEND_MESSAGE, there, 1, 8, other.buffer) is None
    check_kernel(pair.kernel)
    pair.theatre.fault(other.process)
    assert pair.kernel.frames.free_count >= free - 4
    assert pair.theatre.call(pair.system, Sysno.RECV_MESSAGE, pair.line, 0, 0, 0) is None


def test_the_page_is_at_the_window_until_the_answer(pair: Pair) -> None:
    child, system = pair.child, pair.system
    pair.theatre.write(child.process, child.buffer, b"theirs")
    pair.theatre.write(system.process, system.window, b"mine..")
    send = (pair.there, 1, 8, child.buffer)
    assert pair.theatre.call(child, Sysno.SEND_MESSAGE, *send) is None
    receive = (pair.line, 0, 0, system.window)
    message = pair.value(system, Sysno.RECV_MESSAGE, *receive)
    assert pair.theatre.read(system.process, system.window, 6) == b"theirs"
    pair.value(system, Sysno.REPLY_MESSAGE, message, 1)
    assert pair.theatre.read(system.process, system.window, 6) == b"mine.."
