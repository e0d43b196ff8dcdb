"""Virtual time: events happen in an order that nothing but the calls decides."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from anos_sim.hw.clock import NEVER, Clock


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), max_size=40))
def test_events_fire_by_time_then_source_then_call(calls: list[tuple[int, int]]) -> None:
    clock, fired = Clock(), list[tuple[int, int, int]]()
    sources = [clock.source(name) for name in "abc"]
    for number, (time_ps, source) in enumerate(calls):
        clock.at(
            time_ps, sources[source], lambda *what: fired.append(what), time_ps, source, number
        )
    while clock.next_ps != NEVER:
        due = clock.next_ps
        clock.fire()
        assert clock.now_ps == due
    assert fired == sorted(fired)
    assert len(fired) == len(calls)


def test_last_first_events_of_one_time_turn_around() -> None:
    """Sleepers with equal deadlines: anos-abi 6.6."""
    clock, fired = Clock(), list[int]()
    source = clock.source("sleep")
    for number in range(4):
        clock.at_last_first(10, source, fired.append, number)
    clock.at_last_first(9, source, fired.append, 9)
    while clock.next_ps != NEVER:
        clock.fire()
    assert fired == [9, 3, 2, 1, 0]


def test_an_earlier_event_is_told_at_once_and_a_later_one_is_not() -> None:
    clock, heard = Clock(), list[int]()
    clock.on_earlier = heard.append
    source = clock.source("timer")
    for time_ps in (50, 60, 40, 40, 10):
        clock.at(time_ps, source, lambda: None)
    assert heard == [50, 40, 10]
    assert clock.next_ps == 10


def test_after_counts_from_now() -> None:
    clock, times = Clock(), list[int]()
    source = clock.source("timer")
    clock.at(100, source, lambda: clock.after(5, source, lambda: times.append(clock.now_ps)))
    clock.fire()
    assert clock.pending() == [(105, "timer")]
    clock.fire()
    assert times == [105]


def test_a_cancelled_event_never_fires_and_the_others_do() -> None:
    clock, fired = Clock(), list[int]()
    mine, other = clock.source("mine", cancellable=True), clock.source("other")
    for number in range(10):
        clock.at(number % 4, mine, fired.append, number)
    clock.at(0, other, fired.append, 4)
    clock.cancel(mine, 4)
    clock.cancel(mine, 0)
    clock.cancel(mine, 99)
    while clock.next_ps != NEVER:
        clock.fire()
    assert fired == [8, 4, 1, 5, 9, 2, 6, 3, 7]
    clock.at(5, mine, fired.append, 5)
    clock.cancel(mine, 5)
    assert clock.next_ps == NEVER


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9), st.integers(0, 9)), max_size=80))
def test_what_is_left_fires_in_order(steps: list[tuple[int, int, int]]) -> None:
    """Against a list that is sorted anew each time."""
    clock, fired = Clock(), list[int]()
    source = clock.source("timer", cancellable=True)
    model: list[tuple[int, int, int]] = []
    expected: list[int] = []
    for number, (what, time_ps, name) in enumerate(steps):
        if what < 2:
            clock.at(time_ps, source, fired.append, name)
            model.append((time_ps, number, name))
        elif what == 2:
            clock.cancel(source, name)
            model = [event for event in model if event[2] != name]
        elif model:
            clock.fire()
            first = min(model)
            model.remove(first)
            expected.append(first[2])
        assert fired == expected
        assert clock.next_ps == (min(model)[0] if model else NEVER)
        assert [time_ps for time_ps, _ in clock.pending()] == sorted(each[0] for each in model)


def test_ten_thousand_cancelled_events_take_no_time_each() -> None:
    clock = Clock()
    source = clock.source("timer", cancellable=True)
    for number in range(10_000):
        clock.at(number % 7, source, lambda name: None, number)
    begin = time.perf_counter()
    for number in range(10_000):
        clock.cancel(source, number)
    assert time.perf_counter() - begin < 1
    assert clock.pending() == []
