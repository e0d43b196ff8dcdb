"""Notification objects: bits are neither lost nor doubled, and nobody waits for nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from anos_sim.hw.vcpu import NOW
from anos_sim.stage3 import lifecycle
from anos_sim.stage3.abi import Rights, Status, Sysno
from anos_sim.stage3.event_log import EventLog
from anos_sim.stage3.events import EventKind
from anos_sim.stage3.notification import Notification
from anos_sim.stage3.thread import ThreadState
from support.direct import DirectKernel, result

BITS = st.integers(0, (1 << 64) - 1)


@given(st.lists(BITS), st.lists(BITS))
def test_each_bit_is_taken_once(signals: list[int], masks: list[int]) -> None:
    notification, set_now = Notification(1), 0
    for bits in signals:
        notification.bits |= bits
        set_now |= bits
    for mask in masks:
        assert notification.take(mask) == set_now & mask
        set_now &= ~mask
    assert notification.bits == set_now


def test_a_signal_wakes_the_waiting_in_order_each_with_its_bits() -> None:
    with DirectKernel() as direct:
        line = direct.value(Sysno.CREATE_NOTIFICATION)
        waiters = [direct.thread() for _ in range(4)]
        for thread, mask in zip(waiters, (0b001, 0b110, 0b011, 0b100), strict=True):
            assert direct.call(thread, Sysno.WAIT, line, mask, 0) is None
        direct.value(Sysno.SIGNAL, line, 0b1011)
        states = [thread.state is ThreadState.NOTIFICATION for thread in waiters]
        assert states == [False, False, True, True]
        assert [result(thread) for thread in waiters[:2]] == [(0, 1), (0, 2)]
        assert direct.value(Sysno.WAIT, line, 0b1000, 0) == 0b1000


def test_a_limit_that_is_not_reached_leaves_no_event() -> None:
    with DirectKernel() as direct:
        line = direct.value(Sysno.CREATE_NOTIFICATION)
        ends = ("a signal", "its end", "a loss")
        for _ in ends:
            assert direct.call(direct.thread(), Sysno.WAIT, line, 1, 10**9) is None
        assert len(direct.kernel.clock.pending()) == 3
        direct.value(Sysno.SIGNAL, line, 1)
        lifecycle.end_thread(direct.kernel, direct.system.threads[2])
        direct.value(Sysno.DROP, line)
        assert direct.kernel.clock.pending() == []


def test_the_limit_is_exact_and_the_waiter_is_gone_from_the_queue() -> None:
    with DirectKernel() as direct:
        line = direct.value(Sysno.CREATE_NOTIFICATION)
        thread, begin = direct.thread(), direct.kernel.now_ps()
        direct.call(thread, Sysno.WAIT, line, 1, 12_345)
        direct.kernel.clock.fire()
        assert direct.kernel.clock.now_ps == begin + 12_345_000
        assert result(thread)[0] == Status.TIMED_OUT
        direct.value(Sysno.SIGNAL, line, 1)
        assert direct.value(Sysno.WAIT, line, 1, 0) == 1


def test_who_takes_a_bit_on_another_cpu_is_not_earlier_than_it_was_set() -> None:
    with DirectKernel(cpus=2) as direct:
        first, second = direct.kernel.cpus
        line = direct.value(Sysno.CREATE_NOTIFICATION)
        taker = direct.thread()
        first.state[NOW], second.state[NOW] = 5_000_000, 1_000_000
        direct.call(direct.main, Sysno.SIGNAL, line, 1, cpu=first)
        assert direct.call(taker, Sysno.WAIT, line, 1, 0, cpu=second) == 1
        assert second.state[NOW] >= 5_000_000


def test_a_waiter_is_woken_on_the_idle_cpu_where_it_ran() -> None:
    with DirectKernel(cpus=2) as direct:
        first, second = direct.kernel.cpus
        line = direct.value(Sysno.CREATE_NOTIFICATION)
        waiter = direct.thread()
        direct.call(waiter, Sysno.WAIT, line, 1, 0, cpu=second)
        first.state[NOW] = 7_000_000
        direct.call(direct.main, Sysno.SIGNAL, line, 1, cpu=first)
        assert waiter in second.queue.all()
        assert second.state[NOW] >= 7_000_000


def test_who_waits_by_a_right_that_is_revoked_wakes_with_incapable_and_others_do_not() -> None:
    with DirectKernel() as direct:
        line = direct.value(Sysno.CREATE_NOTIFICATION)
        lent = direct.value(Sysno.MINT, line, Rights.RECEIVE | Rights.GRANT, 0)
        _, loser, (theirs,) = direct.child(lent)
        _, keeper, (other,) = direct.child(line)
        direct.call(loser.threads[0], Sysno.WAIT, theirs, 1, 0)
        direct.call(keeper.threads[0], Sysno.WAIT, other, 1, 0)
        assert direct.value(Sysno.REVOKE, lent, 0) == 1
        assert result(loser.threads[0])[0] == Status.INCAPABLE
        assert keeper.threads[0].state is ThreadState.NOTIFICATION


def test_it_ends_with_its_last_capability() -> None:
    with DirectKernel() as direct:
        line = direct.value(Sysno.CREATE_NOTIFICATION)
        cookie, process, (theirs,) = direct.child(line)
        direct.value(Sysno.DROP, line)
        thread = process.threads[0]
        assert direct.call(thread, Sysno.SIGNAL, theirs, 4) == 0
        assert direct.call(thread, Sysno.WAIT, theirs, 4, 0) == 4
        direct.value(Sysno.KILL_PROCESS, cookie)
        assert direct.status(direct.main, Sysno.SIGNAL, line, 1) == "FAILURE"


def test_under_bearer_it_ends_with_its_maker_and_any_may_use_it() -> None:
    with DirectKernel("bearer") as direct:
        cookie, process, _ = direct.child()
        thread = process.threads[0]
        line = direct.call(thread, Sysno.CREATE_NOTIFICATION)
        assert line is not None
        waiter = direct.thread()
        direct.call(waiter, Sysno.WAIT, line, 1, 0)
        direct.value(Sysno.KILL_PROCESS, cookie)
        assert result(waiter)[0] == Status.INCAPABLE
        assert direct.status(direct.main, Sysno.SIGNAL, line, 1) == "FAILURE"


def test_signals_and_what_is_taken_are_recorded() -> None:
    with DirectKernel() as direct:
        line = direct.value(Sysno.CREATE_NOTIFICATION)
        direct.kernel.record(EventLog())
        waiter = direct.thread()
        direct.call(waiter, Sysno.WAIT, line, 0b011, 0)
        direct.value(Sysno.SIGNAL, line, 0b110)
        direct.value(Sysno.WAIT, line, 0b100, 0)
        assert direct.kernel.events is not None
        told = [
            (event.kind.label, event.tid, event.value("bits"))
            for event in direct.kernel.events.events
            if event.kind in (EventKind.SIGNAL, EventKind.WAIT)
        ]
        main = direct.main.tid
        assert told == [("signal", main, 0b110), ("wait", waiter.tid, 0b010), ("wait", main, 0b100)]
