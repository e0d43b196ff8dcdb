"""Run queues order by class, priority and arrival; round robin is STAGE3's (anos-abi 6.3)."""

from __future__ import annotations

from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anos_sim.hw.vcpu import Registers
from anos_sim.stage3.abi import SLICE_TICKS
from anos_sim.stage3.process import Process
from anos_sim.stage3.scheduler import EMPTY, RoundRobin, RunQueue
from anos_sim.stage3.thread import Thread

NO_PROCESS = cast(Process, None)


def thread(number: int, thread_class: int = 1, priority: int = 0) -> Thread:
    """A thread that will never run."""
    return Thread(number, NO_PROCESS, Registers(0, 0, 0), thread_class, priority)


ORDERS = st.lists(
    st.one_of(
        st.tuples(st.just("push"), st.integers(0, 3), st.integers(0, 255)),
        st.tuples(st.just("pop"), st.just(0), st.just(0)),
        st.tuples(st.just("remove"), st.integers(0, 50), st.just(0)),
    ),
    max_size=60,
)


@given(ORDERS)
def test_a_run_queue_is_a_stable_sort(orders: list[tuple[str, int, int]]) -> None:
    queue = RunQueue()
    model: list[Thread] = []
    for number, (what, first, second) in enumerate(orders):
        if what == "push":
            made = thread(number, first, second)
            queue.push(made)
            model.append(made)
            model.sort(key=lambda each: (-each.thread_class, each.priority))
        elif what == "pop":
            expected = model.pop(0) if model else None
            assert queue.pop() is expected
        elif model:
            queue.remove(model.pop(first % len(model)))
        assert queue.all() == model
        assert queue.count == len(model)
        assert queue.first() is (model[0] if model else None)
        assert queue.first_level == (model[0].level if model else EMPTY)


def test_every_class_and_priority_has_a_level_of_its_own() -> None:
    levels = [thread(1, c, p).level for c in (3, 2, 1, 0) for p in range(256)]
    assert levels == sorted(levels)
    assert len(set(levels)) == 4 * 256


def test_pick_gives_a_new_slice() -> None:
    queue, one = RunQueue(), thread(1)
    one.slice_left = 0
    queue.push(one)
    assert RoundRobin().pick(queue) is one
    assert one.slice_left == SLICE_TICKS
    assert RoundRobin().pick(queue) is None


def test_an_equal_class_waits_for_the_end_of_the_slice() -> None:
    queue, current = RunQueue(), thread(1)
    queue.push(thread(2))
    assert [RoundRobin().tick(current, queue) for _ in range(SLICE_TICKS)] == [False] * 9 + [True]


def test_a_higher_class_goes_at_the_next_tick() -> None:
    queue = RunQueue()
    queue.push(thread(2, 2))
    assert RoundRobin().tick(thread(1, 1), queue)


def test_a_lower_class_gets_one_tick_in_ten() -> None:
    queue, current = RunQueue(), thread(1, 3)
    queue.push(thread(2, 0))
    assert [RoundRobin().tick(current, queue) for _ in range(SLICE_TICKS)] == [False] * 9 + [True]


def test_a_priority_is_no_class() -> None:
    queue = RunQueue()
    queue.push(thread(2, 1, 0))
    assert not RoundRobin().tick(thread(1, 1, 255), queue)


def test_a_lone_thread_goes_on_with_a_new_slice() -> None:
    current = thread(1)
    assert not any(RoundRobin().tick(current, RunQueue()) for _ in range(25))
    assert 0 < current.slice_left <= SLICE_TICKS


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ([], False),
        ([(0, 0)], False),
        ([(1, 1)], False),
        ([(1, 0)], True),
        ([(2, 9)], True),
        ([(0, 0), (3, 0)], True),
    ],
)
def test_a_thread_yields_to_its_level_and_those_above(
    others: list[tuple[int, int]], expected: bool
) -> None:
    queue = RunQueue()
    for number, (thread_class, priority) in enumerate(others):
        queue.push(thread(number, thread_class, priority))
    assert RoundRobin().yielded(thread(9), queue) == expected
