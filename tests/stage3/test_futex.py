"""Futexes: per process and word, in order, and nothing stays of a wait that is over."""

from __future__ import annotations

from anos_sim.stage3 import lifecycle
from anos_sim.stage3.abi import Status, Sysno
from anos_sim.stage3.thread import ThreadState
from support.direct import DirectKernel, result
from support.kernel import SCRATCH

WORD, OTHER = SCRATCH + 64, SCRATCH + 68


def test_waiters_of_a_word_wake_in_order() -> None:
    with DirectKernel() as direct:
        waiters = [direct.thread() for _ in range(4)]
        for thread in waiters:
            assert direct.call(thread, Sysno.FUTEX_WAIT, WORD, 0, 0) is None
        assert direct.value(Sysno.FUTEX_WAKE, OTHER, 9) == 0
        assert direct.value(Sysno.FUTEX_WAKE, WORD, 2) == 2
        waiting = [thread.state is ThreadState.FUTEX for thread in waiters]
        assert waiting == [False, False, True, True]
        assert direct.value(Sysno.FUTEX_WAKE, WORD, (1 << 64) - 1) == 2
        assert direct.system.futexes == {}


def test_only_the_low_32_bits_are_compared() -> None:
    with DirectKernel() as direct:
        direct.system.space.store(WORD, (5 | 9 << 32).to_bytes(8, "little"))
        assert direct.call(direct.main, Sysno.FUTEX_WAIT, WORD, 7 << 32 | 5, 1) is None
        other = direct.thread()
        assert direct.status(other, Sysno.FUTEX_WAIT, WORD, 6, 1) == "FAILURE"
        assert direct.status(other, Sysno.FUTEX_WAIT, WORD + 2, 5, 1) == "BADARGS"
        assert direct.status(other, Sysno.FUTEX_WAIT, 0x7000_0000, 0, 1) == "BADARGS"


def test_limits_end_with_their_waits() -> None:
    with DirectKernel() as direct:
        threads = [direct.thread() for _ in range(3)]
        for thread in threads:
            direct.call(thread, Sysno.FUTEX_WAIT, WORD, 0, 1_000_000)
        direct.value(Sysno.FUTEX_WAKE, WORD, 1)
        lifecycle.end_thread(direct.kernel, threads[1])
        assert len(direct.kernel.clock.pending()) == 1
        direct.kernel.clock.fire()
        assert result(threads[2])[0] == Status.TIMED_OUT
        assert direct.system.futexes == {}


def test_the_same_address_elsewhere_is_another_word() -> None:
    with DirectKernel() as direct:
        built = direct.value(Sysno.BUILD_PROCESS, 1)
        direct.value(Sysno.MAP_INTO, built, SCRATCH, SCRATCH, 4096, 3)
        process = next(iter(direct.kernel.building))
        direct.value(Sysno.START_PROCESS, built, SCRATCH, SCRATCH)
        direct.call(process.threads[0], Sysno.FUTEX_WAIT, WORD, 0, 0)
        assert direct.value(Sysno.FUTEX_WAKE, WORD, 9) == 0
        assert process.threads[0].state is ThreadState.FUTEX
