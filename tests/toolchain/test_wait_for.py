"""Deadlocks as wait-for cycles, with the capabilities that allow each edge."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from anos_sim.stage3.abi import Sysno
from anos_sim.stage3.channel import Channel
from anos_sim.stage3.thread import Thread, ThreadState
from anos_sim.toolchain.cli import main
from anos_sim.toolchain.wait_for import dead_threads, find_cycle, show_deadlock, show_wait
from support.direct import DirectKernel
from support.system import PROGRAMS, entry


def send(direct: DirectKernel, thread: Thread, cookie: int) -> None:
    assert direct.call(thread, Sysno.SEND_MESSAGE, cookie, 1, 0, 0) is None


def receive(direct: DirectKernel, thread: Thread, cookie: int) -> int | None:
    return direct.call(thread, Sysno.RECV_MESSAGE, cookie, 0, 0, 0)


def test_two_servers_that_ask_each_other_are_a_cycle() -> None:
    with DirectKernel() as direct:
        channels = [direct.value(Sysno.CREATE_CHANNEL) for _ in range(2)]
        children = [direct.child(*channels) for _ in range(2)]
        one, other = (process.threads[0] for _, process, _ in children)
        (_, _, first), (_, _, second) = children
        send(direct, one, first[1])
        assert receive(direct, other, second[1]) is not None
        send(direct, other, second[0])
        assert find_cycle(direct.kernel) == [], "SYSTEM runs and could receive"
        direct.on(direct.main)
        direct.kernel.block(direct.main, ThreadState.PARKED, None)
        cycle = find_cycle(direct.kernel)
        assert [(edge.waiter, edge.other) for edge in cycle] in (
            [(one, other), (other, one)],
            [(other, one), (one, other)],
        )
        for edge in cycle:
            assert edge.by is not None
            assert edge.by.holder is edge.waiter.process
            assert isinstance(edge.by.target, Channel)
        lines = show_deadlock(direct.kernel)
        assert lines[0].startswith("deadlock: ")
        assert len(lines) == 3
        assert all("by capability 0x" in line for line in lines[1:])
        assert show_wait(direct.kernel, one) == lines
        assert set(dead_threads(direct.kernel)) >= {one, other}


def test_run_tells_of_a_deadlock_at_its_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "boot.json"
    config.write_text(json.dumps({"boot_servers": [entry("deadlock")]}))
    program = str(PROGRAMS / "deadlock.elf")
    assert main(["run", "--quiet", "--boot-config", str(config), "--add", program]) == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if "deadlock" in line]
    assert lines[0].startswith("anos-sim: deadlock: deadlock/")
    assert len(lines) == 3
    assert all("by capability 0x" in line and "channel" in line for line in lines[1:])


def test_servers_at_rest_are_no_deadlock() -> None:
    with DirectKernel() as direct:
        channel = direct.value(Sysno.CREATE_CHANNEL)
        _, process, given = direct.child(channel)
        assert receive(direct, process.threads[0], given[0]) is None
        direct.call(direct.main, Sysno.SLEEP, 1000)
        assert show_deadlock(direct.kernel) == []
        assert dead_threads(direct.kernel) == []
