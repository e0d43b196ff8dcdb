"""Death notices and what a dead process still tells."""

from __future__ import annotations

import pytest

from anos_sim.stage3 import lifecycle
from anos_sim.stage3.abi import ProcessEnd, Rights, Sysno
from anos_sim.stage3.errors import KernelPanic
from anos_sim.stage3.process import ProcessState
from support.direct import DirectKernel


@pytest.mark.parametrize("policy", ["derived", "bearer"])
def test_the_dead_tell_how_they_ended_and_hold_nothing(policy: str) -> None:
    with DirectKernel(policy) as direct:
        frames, tables = direct.kernel.frames.free_count, direct.kernel.physical.tables.free_count
        line = direct.value(Sysno.CREATE_NOTIFICATION)
        cookie, process, _ = direct.child(line)
        direct.call(process.threads[0], Sysno.CREATE_MEMORY, 4096)
        direct.value(Sysno.WATCH_PROCESS, cookie, line, 2)
        direct.call(process.threads[0], Sysno.EXIT_PROCESS, 300)
        assert direct.value(Sysno.PROCESS_STATUS, cookie) == ProcessEnd.EXITED << 32 | 300
        assert direct.value(Sysno.WAIT, line, 2, 0) == 2
        assert process.state is ProcessState.DEAD
        assert (process.threads, process.ranges, process.made) == ([], {}, {})
        now = direct.kernel.frames.free_count, direct.kernel.physical.tables.free_count
        assert now == (frames, tables)
        assert direct.status(direct.main, Sysno.KILL_PROCESS, cookie) == "FAILURE"
        assert direct.status(direct.main, Sysno.GIVE, cookie, line, 0) == "FAILURE"


def test_a_watch_rests_on_both_rights() -> None:
    with DirectKernel() as direct:
        line = direct.value(Sysno.CREATE_NOTIFICATION)
        cookie, process, _ = direct.child()
        observer = direct.value(Sysno.MINT, cookie, Rights.OBSERVE, 0)
        sender = direct.value(Sysno.MINT, line, Rights.SEND, 0)
        direct.value(Sysno.WATCH_PROCESS, observer, line, 1)
        direct.value(Sysno.WATCH_PROCESS, cookie, sender, 2)
        assert len(process.watches) == 2
        direct.value(Sysno.DROP, observer)
        assert [watch.bits for watch in process.watches.values()] == [2]
        direct.value(Sysno.DROP, sender)
        assert process.watches == {}
        direct.value(Sysno.KILL_PROCESS, cookie)
        thread = direct.thread()
        assert direct.call(thread, Sysno.WAIT, line, 3, 1) is None


def test_watching_again_takes_no_more_memory() -> None:
    with DirectKernel() as direct:
        line = direct.value(Sysno.CREATE_NOTIFICATION)
        cookie, process, _ = direct.child()
        for bit in range(64):
            direct.value(Sysno.WATCH_PROCESS, cookie, line, 1 << bit)
        assert [watch.bits for watch in process.watches.values()] == [(1 << 64) - 1]


def test_the_notification_of_a_dead_watcher_is_forgotten() -> None:
    with DirectKernel() as direct:
        cookie, watched, _ = direct.child()
        watcher_cookie, watcher, (theirs,) = direct.child(cookie)
        thread = watcher.threads[0]
        line = direct.call(thread, Sysno.CREATE_NOTIFICATION)
        assert line is not None
        direct.call(thread, Sysno.WATCH_PROCESS, theirs, line, 1)
        assert len(watched.watches) == 1
        direct.value(Sysno.KILL_PROCESS, watcher_cookie)
        assert watched.watches == {}


@pytest.mark.parametrize("end", [ProcessEnd.KILLED, ProcessEnd.FAULTED])
def test_only_an_exit_has_a_status(end: ProcessEnd) -> None:
    with DirectKernel() as direct:
        cookie, process, _ = direct.child()
        lifecycle.end_process(direct.kernel, process, "a test", end)
        assert direct.value(Sysno.PROCESS_STATUS, cookie) == end << 32


def test_system_that_exits_ends_the_run() -> None:
    with DirectKernel() as direct, pytest.raises(KernelPanic, match="exited with status 3"):
        direct.call(direct.main, Sysno.EXIT_PROCESS, 3)


def test_under_bearer_a_number_outlives_its_maker_as_long_as_the_process_lives() -> None:
    with DirectKernel("bearer") as direct:
        maker_cookie, maker, _ = direct.child()
        thread = maker.threads[0]
        cookie = direct.call(thread, Sysno.BUILD_PROCESS, 1)
        assert cookie is not None
        direct.call(thread, Sysno.START_PROCESS, cookie, 0x1000, 0x1000)
        direct.value(Sysno.KILL_PROCESS, maker_cookie)
        assert direct.value(Sysno.PROCESS_STATUS, cookie) == 0
        direct.value(Sysno.KILL_PROCESS, cookie)
        assert direct.status(direct.main, Sysno.PROCESS_STATUS, cookie) == "FAILURE"


def test_under_bearer_a_maker_that_drops_a_process_ends_its_watches() -> None:
    with DirectKernel("bearer") as direct:
        line = direct.value(Sysno.CREATE_NOTIFICATION)
        cookie, process, _ = direct.child()
        direct.value(Sysno.WATCH_PROCESS, cookie, line, 1)
        direct.value(Sysno.DROP, cookie)
        assert process.watches == {}
