"""A channel whose owner has a successor for who serves it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from anos_sim.stage3 import lifecycle
from anos_sim.stage3.abi import MASK64, Rights, Status, Sysno
from support.invariants import check_kernel
from support.pair import Pair
from support.puppets import Handlers
from support.theatre import Answer, Puppet

OK, FAILURE, RESTARTED = Status.OK, Status.FAILURE, Status.RESTARTED
SEND = int(Rights.SEND)


@pytest.fixture
def pair() -> Iterator[Pair]:
    with Handlers() as theatre:
        pair = Pair(theatre)
        yield pair
        check_kernel(pair.kernel)
        theatre.finish()


def server(pair: Pair) -> tuple[Puppet, int]:
    """One more process that may receive on the pair's channel, and its cookie."""
    calls = [*pair.system.process.calls, pair.line]
    made = pair.made(calls)
    return made, pair.theatre.stack_words(made.process, len(calls) + 2)[-1]


def serve(pair: Pair, puppet: Puppet, cookie: int) -> int:
    """The child sends and this one receives; the message."""
    assert pair.theatre.call(pair.child, Sysno.SEND_MESSAGE, pair.there, 1, 0, 0) is None
    return pair.value(puppet, Sysno.RECV_MESSAGE, cookie, 0, 0, 0)


def end(pair: Pair, puppet: Puppet) -> None:
    """It ends with all that it was doing."""
    lifecycle.end_process(pair.kernel, puppet.process, "a test")


def test_who_waits_for_an_answer_hears_of_the_successor(pair: Pair) -> None:
    first, cookie = server(pair)
    pair.value(pair.system, Sysno.SUPERVISE_CHANNEL, pair.line, 2)
    serve(pair, first, cookie)
    end(pair, first)
    assert pair.theatre.answers() == {pair.child: Answer(RESTARTED & MASK64, 2)}
    pair.value(pair.system, Sysno.SUPERVISE_CHANNEL, pair.line, 3)
    second, cookie = server(pair)
    message = serve(pair, second, cookie)  # it has heard it, and sends
    pair.value(second, Sysno.REPLY_MESSAGE, message, 7)
    assert pair.theatre.answers() == {pair.child: Answer(0, 7)}


def test_who_was_answered_before_hears_it_once_instead_of_sending(pair: Pair) -> None:
    first, cookie = server(pair)
    pair.value(pair.system, Sysno.SUPERVISE_CHANNEL, pair.line, 2)
    pair.value(first, Sysno.REPLY_MESSAGE, serve(pair, first, cookie), 7)
    pair.theatre.answers()
    end(pair, first)
    pair.value(pair.system, Sysno.SUPERVISE_CHANNEL, pair.line, 3)
    answer = pair.theatre.call(pair.child, Sysno.SEND_MESSAGE, pair.there, 1, 0, 0)
    assert answer == Answer(RESTARTED & MASK64, 2)
    second, cookie = server(pair)
    pair.value(second, Sysno.REPLY_MESSAGE, serve(pair, second, cookie), 8)
    assert pair.theatre.answers() == {pair.child: Answer(0, 8)}


def test_who_waits_in_the_queue_hears_of_the_successor_before_it_answers(pair: Pair) -> None:
    first, _ = server(pair)
    pair.value(pair.system, Sysno.SUPERVISE_CHANNEL, pair.line, 2)
    assert pair.theatre.call(pair.child, Sysno.SEND_MESSAGE, pair.there, 1, 0, 0) is None
    pair.value(pair.system, Sysno.SUPERVISE_CHANNEL, pair.line, 2)
    end(pair, first)
    assert pair.theatre.answers() == {}
    pair.value(pair.system, Sysno.SUPERVISE_CHANNEL, pair.line, 3)
    assert pair.theatre.answers() == {pair.child: Answer(RESTARTED & MASK64, 2)}
    second, cookie = server(pair)
    message = serve(pair, second, cookie)
    pair.value(second, Sysno.REPLY_MESSAGE, message, 9)
    assert pair.theatre.answers() == {pair.child: Answer(0, 9)}


def test_without_a_successor_it_is_a_failure_as_ever(pair: Pair) -> None:
    for generations in ((), (2, 0)):
        first, cookie = server(pair)
        for generation in generations:
            pair.value(pair.system, Sysno.SUPERVISE_CHANNEL, pair.line, generation)
        serve(pair, first, cookie)
        end(pair, first)
        assert pair.theatre.answers() == {pair.child: Answer(FAILURE & MASK64)}


def test_only_who_may_destroy_a_channel_says_so(pair: Pair) -> None:
    weak = pair.value(pair.system, Sysno.MINT, pair.line, SEND, 0)
    assert pair.status(pair.system, Sysno.SUPERVISE_CHANNEL, weak, 2) is Status.INCAPABLE
    assert pair.status(pair.system, Sysno.SUPERVISE_CHANNEL, 77, 2) is FAILURE
