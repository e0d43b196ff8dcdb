"""Runs of the default scenario with one fault, or none."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from anos_sim.stage3.event_log import EventLog
from anos_sim.toolchain.chaos import effects
from anos_sim.toolchain.chaos.base import Base
from anos_sim.toolchain.chaos.batch import Ground
from anos_sim.toolchain.chaos.branch import branch
from anos_sim.toolchain.chaos.fault import Fault, Plan
from anos_sim.toolchain.chaos.inject import Injector
from anos_sim.toolchain.chaos.kinds import KINDS
from anos_sim.toolchain.chaos.one_run import Run
from anos_sim.toolchain.chaos.scenario import find_scenario
from anos_sim.toolchain.chaos.shrink import shrink

SCENARIO = "files:40"
DETAIL: dict[str, dict[str, int]] = {
    "flip-register": {"thread": 0, "register": 0, "bit": 3},
    "flip-stack": {"thread": 0, "offset": 8, "bit": 0},
    "flip-code": {"page": 1, "offset": 9, "bit": 1},
    "flip-heap": {"page": 3, "offset": 9, "bit": 1},
    "irq-delay": {"ns": 3_000_000},
    "irq-corrupt": {"bit": 4},
    "torn-write": {"sectors": 1},
    "misdirected-write": {"distance": 77},
    "lying-read": {"offset": 5, "bit": 1},
    "message-delay": {"ns": 3_000_000},
    "clock-jump": {"seconds": -500},
    "stall": {"ns": 9_000_000},
    "no-memory": {"ns": 9_000_000},
}


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    ground = Ground(SCENARIO)
    yield ground
    ground.base.close()


@pytest.fixture(scope="module")
def plain(ground: Ground) -> str:
    """The hash of a run without faults."""
    return str(ground.run(Plan("test"))["hash"])


def run(ground: Ground, *faults: Fault, schedule: str | None = None) -> dict[str, Any]:
    return ground.run(Plan("test", faults, schedule))


def moment(kind: str) -> Fault:
    """A fault of a kind, somewhere in the middle."""
    target = "fat32drv" if KINDS[kind].targeted else ""
    what = KINDS[kind].moments[0]
    number = {"message": 40, "time": 1_000_000, "disk": 12, "interrupt": 12}[what]
    if kind in ("lying-read", "lost-flush"):
        number = 2
    return Fault(kind, (what, number), target, DETAIL.get(kind, {}))


def test_with_no_fault_armed_a_run_has_the_events_of_a_plain_one(ground: Ground) -> None:
    def plain() -> dict[str, Any]:
        kernel, log, done = ground.base.kernel, EventLog(keep=False), []
        ground.base.on_line = lambda line: done.append(line.text)
        kernel.record(log)
        while not (done and done[-1].startswith("workload done")) and kernel.advance(1):
            pass
        return {"hash": log.hash()}

    def counted() -> dict[str, Any]:
        return Run(ground.base, Plan("test"), count_all=True).go().as_json()

    expected = branch(plain)["hash"]
    assert run(ground)["hash"] == expected
    assert branch(counted)["hash"] == expected, "taps that only count change nothing"


def test_without_a_plan_nothing_is_tapped(ground: Ground) -> None:
    def tapped() -> dict[str, Any]:
        kernel = ground.base.kernel
        before = [vars(cpu.vcpu)["enter"] for cpu in kernel.cpus], kernel.machine.on_msi
        calls = {cookie: call for p in kernel.all_processes() for cookie, call in p.calls.items()}
        sources = len(kernel.clock._names)
        Injector(kernel, Plan("test"))
        after = [vars(cpu.vcpu)["enter"] for cpu in kernel.cpus], kernel.machine.on_msi
        now = {cookie: call for p in kernel.all_processes() for cookie, call in p.calls.items()}
        return {"same": before == after and calls == now and sources == len(kernel.clock._names)}

    assert branch(tapped) == {"same": True}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_happens_and_the_same_again(ground: Ground, plain: str, kind: str) -> None:
    first = run(ground, moment(kind))
    assert len(first["fired"]) == 1, first
    assert first["verdict"] != "kernel broken", first
    if not KINDS[kind].silent:
        assert first["verdict"] != "data wrong" or kind == "torn-write", first
    again = run(ground, moment(kind))
    assert again["hash"] == first["hash"]
    if not KINDS[kind].silent:  # events do not have what is written and read
        assert first["hash"] != plain


@pytest.mark.parametrize("target", ["fat32drv", "ahcidrv", "devman", "kterminal", "ramfs"])
@pytest.mark.parametrize("successors", [0, 2])
def test_who_ends_has_a_successor(ground: Ground, target: str, successors: int) -> None:
    detail = {"successors": successors, "ns": 200_000}
    row = run(ground, Fault("kill", ("time", 1_000_000), target, detail))
    assert (row["verdict"], len(row["fired"])) == ("recovered", 1 + successors), row
    assert f"{target} has a successor" in row["why"]


def test_who_ends_too_often_is_missed(ground: Ground) -> None:
    kill = Fault("kill", ("time", 1_000_000), "fat32drv", {"successors": 9, "ns": 200_000})
    row = run(ground, kill)
    assert row["verdict"] == "degraded", row
    assert len(row["fired"]) == 9, "it is restarted eight times"


def test_a_sector_that_is_bad_once_is_met_by_the_driver(ground: Ground) -> None:
    row = run(ground, Fault("medium-error", ("disk", 3)))
    assert (row["verdict"], row["retries"], len(row["fired"])) == ("no effect", 0, 1), row


def test_a_hung_run_names_the_event_that_does_not_come(ground: Ground) -> None:
    row = run(ground, Fault("irq-drop", ("interrupt", 20)))
    if row["verdict"] == "system hung":
        assert any("waits for an interrupt of vector" in line for line in row["details"]), row
        assert any("by capability 0x" in line for line in row["details"])
    else:
        assert row["verdict"] in ("recovered", "no effect"), row


def test_a_lost_write_is_found_on_the_medium(ground: Ground) -> None:
    row = run(ground, Fault("lost-write", ("disk", 20)))
    assert row["verdict"] == "data wrong", row
    assert "was synced" in row["why"]


def test_a_broken_kernel_is_found(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_counts(injector: Injector, fault: Fault, *_: object) -> str:
        injector.kernel.frames.counts[injector.kernel.physical.zero_frame] += 1
        return "a frame has a reference too many"

    monkeypatch.setitem(effects.EFFECTS, "stall", break_counts)
    row = run(ground, moment("stall"))
    assert row["verdict"] == "kernel broken"
    assert "invariant" in row["why"]


def _sleep() -> dict[str, Any]:
    signal.pause()
    return {}


def test_a_simulator_that_dies_or_hangs_is_a_broken_kernel(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(effects.EFFECTS, "stall", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    row = run(ground, moment("stall"))
    assert (row["verdict"], "SIGKILL" in row["why"]) == ("kernel broken", True)
    assert "did not come to an end" in branch(_sleep, 0.2)["crashed"]


def test_a_branch_changes_nothing_for_the_next_one(ground: Ground) -> None:
    before = run(ground)["hash"]
    run(ground, Fault("kill", ("message", 5), "ahcidrv"))
    assert run(ground)["hash"] == before
    base = Base(find_scenario(SCENARIO))
    assert branch(lambda: Run(base, Plan("test")).go().as_json())["hash"] == before
    base.close()


@pytest.mark.parametrize("schedule", ["random:3", "pct:3:4"])
def test_another_schedule_is_another_run_with_the_same_end(ground: Ground, schedule: str) -> None:
    row = run(ground, schedule=schedule)
    assert row["verdict"] == "no effect", row
    assert row["hash"] == run(ground, schedule=schedule)["hash"]
    assert row["hash"] != run(ground)["hash"]


def test_a_failing_run_is_shrunk_to_the_fault_that_matters(ground: Ground) -> None:
    faults = (
        Fault("clock-jump", ("time", 10), "", {"seconds": 1}),
        Fault("kill", ("message", 30), "ahcidrv"),
        Fault("irq-double", ("interrupt", 3)),
    )
    plan = Plan("test", faults)
    row = ground.run(plan)
    small = shrink(SCENARIO, plan, row)
    assert [fault.kind for fault in small.plan.faults] == ["kill"]
    assert int(small.scenario.partition(":")[2]) < 40
    assert small.row["verdict"] == row["verdict"]


def begin_of_sync(ground: Ground) -> int:
    """When the first sync begins, in ns from the branch on."""

    def plain() -> dict[str, Any]:
        run = Run(ground.base, Plan("test"))
        run.go()
        return {"ps": next(time for time, _, text in run.lines.all if text.endswith(" sync"))}

    return (int(branch(plain)["ps"]) - ground.base.begin_ps) // 1000


def test_a_sync_that_comes_while_nobody_serves_is_not_answered_as_if_nothing_were_lost(
    ground: Ground,
) -> None:
    begin_ns = begin_of_sync(ground)
    for before_ns in (4000, 3000, 2500, 2000, 1000):
        row = run(ground, Fault("kill", ("time", begin_ns - before_ns), "fat32drv"))
        assert row["verdict"] == "recovered", row


def test_a_disk_driver_that_ends_while_it_resets_the_link_leaves_a_disk(ground: Ground) -> None:
    """Its predecessor ended in the middle of a command, so it resets: 1 ms, and 1 ms to come up."""
    begin_ns = begin_of_sync(ground)
    for after_ns in range(60_000, 260_000, 40_000):
        for lived_ns in (500_000, 1_500_000):
            kill = Fault("kill", ("time", begin_ns + after_ns), "ahcidrv",
                         {"successors": 1, "ns": lived_ns})  # fmt: skip
            row = run(ground, kill)
            assert row["verdict"] == "recovered", row
