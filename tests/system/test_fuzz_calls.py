"""Calls with any arguments, made from ring 3 (docs/reliability.md)."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from support.effort import EFFORT
from support.fuzz_calls import (
    ADDRESSES,
    BOUNDARIES,
    CALLS,
    Answer,
    Caller,
    Held,
    Request,
    check_after,
    digest,
)

EXAMPLES = max(1, round(30 * EFFORT))
CALLS_AN_EXAMPLE = 40

arguments = st.one_of(
    st.sampled_from(ADDRESSES),
    st.sampled_from(ADDRESSES),
    st.sampled_from(BOUNDARIES),
    st.builds(Held, st.integers(0, 60)),
    st.integers(0, 16),
    st.integers(0, (1 << 64) - 1),
)
requests = st.builds(
    Request,
    st.sampled_from(CALLS),
    st.tuples(*[arguments] * 5),
    st.booleans(),
)


@pytest.mark.parametrize("cpus", [1, 2])
@pytest.mark.parametrize("policy", ["derived", "bearer"])
def test_any_call_leaves_the_kernel_whole(policy: str, cpus: int) -> None:
    made = 0

    @settings(
        max_examples=EXAMPLES,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        derandomize=EFFORT == 1,
        phases=[Phase.explicit, Phase.generate],
    )
    @given(st.lists(requests, min_size=CALLS_AN_EXAMPLE // 2, max_size=CALLS_AN_EXAMPLE))
    def run(calls: list[Request]) -> None:
        nonlocal made
        with Caller(policy, cpus) as caller:
            for request in calls:
                worker = caller.idle_worker()
                if worker is None:
                    break
                make(caller, worker, request)
                made += 1
            caller.finish()

    run()
    print(f"{made} calls")


def make(caller: Caller, worker: int, request: Request) -> None:
    """One call: the invariants hold after it, and if it is refused nothing has changed."""
    before = digest(caller.kernel, caller.process)
    answer = caller.make(worker, request)
    check_after(caller.kernel)
    if answer is not None and answer.type:
        assert answer.value == 0 or request.slow, "a refusal has no value"
        after = digest(caller.kernel, caller.process)
        changed = {
            name: (before[name], after[name]) for name in before if before[name] != after[name]
        }
        assert not changed, f"{request} was refused with {answer.type:#x}, but changed {changed}"


def test_a_good_call_comes_back() -> None:
    with Caller("derived", 2) as caller:
        assert caller.make(0, Request(11, (0, 0, 0, 0, 0))) is not None  # create_channel
        assert caller.make(1, Request(17, (1 << 20, 1 << 47, 0, 0, 0))) == Answer((1 << 64) - 4, 0)
        assert caller.make(2, Request(5, (1 << 40, 0, 0, 0, 0))) is None  # it sleeps
        assert caller.idle_worker() == 0
        caller.finish()
