"""Schedules: other orders of threads, each the same again."""

from __future__ import annotations

from pathlib import Path

import pytest

from anos_sim.stage3.abi import ThreadClass
from anos_sim.stage3.schedule import PctSchedule, RandomSchedule, make_schedule
from anos_sim.stage3.scheduler import RunQueue
from anos_sim.stage3.thread import Thread
from anos_sim.toolchain.cli import main
from support.direct import DirectKernel


def ready(direct: DirectKernel, count: int, thread_class: int = ThreadClass.NORMAL) -> list[Thread]:
    return [direct.thread(thread_class=thread_class) for _ in range(count)]


def order(schedule: RandomSchedule | PctSchedule, threads: list[Thread]) -> list[Thread]:
    queue = RunQueue()
    for thread in threads:
        queue.push(thread)
    found = []
    while (first := schedule.pick(queue)) is not None:
        found.append(first)
    return found


@pytest.mark.parametrize("text", ["random:{}", "pct:{}:3"])
def test_all_orders_of_a_class_come_and_a_higher_class_goes_first(text: str) -> None:
    with DirectKernel() as direct:
        threads = ready(direct, 3)
        high = ready(direct, 1, ThreadClass.HIGH)
        orders = set()
        for seed in range(60):
            schedule = make_schedule(text.format(seed))
            assert isinstance(schedule, RandomSchedule | PctSchedule)
            found = order(schedule, [*threads, *high])
            assert found[0] is high[0]
            orders.add(tuple(thread.tid for thread in found[1:]))
            again = make_schedule(text.format(seed))
            assert isinstance(again, RandomSchedule | PctSchedule)
            assert order(again, [*threads, *high]) == found
        assert len(orders) == 6


def test_pct_keeps_its_priorities_until_a_thread_yields() -> None:
    with DirectKernel() as direct:
        threads = ready(direct, 4)
        schedule = PctSchedule(5, 1)
        first = order(schedule, threads)
        assert order(schedule, threads[::-1]) == first
        queue = RunQueue()
        queue.push(first[1])
        assert schedule.yielded(first[0], queue)
        assert order(schedule, threads) == [*first[1:], first[0]]


@pytest.mark.parametrize("text", ["", "random", "random:x", "pct:1", "pct:1:0", "pct:1:65", "a:1"])
def test_what_names_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="random:SEED or pct:SEED:DEPTH"):
        make_schedule(text)


@pytest.mark.parametrize("schedule", ["random:7", "pct:7:3"])
def test_a_recording_knows_its_schedule(
    schedule: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recording = str(tmp_path / "run.anos")
    words = ["run", "--quiet", "--tour", "--schedule", schedule]
    assert main([*words, "--record", recording]) == 0
    assert main(["replay", "--quiet", recording]) == 0
    assert "the same run" in capsys.readouterr().err
    plain = str(tmp_path / "plain.anos")
    main(["run", "--quiet", "--tour", "--record", plain])
    hashes = [Path(name).read_text().partition('"hash"')[2] for name in (recording, plain)]
    assert hashes[0] != hashes[1]


def test_a_schedule_and_a_scheduler_exclude_each_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = tmp_path / "mine.py"
    policy.write_text("from anos_sim.stage3.scheduler import RoundRobin\n")
    words = ["--schedule", "random:1", "--scheduler", f"{policy}:RoundRobin"]
    assert main(["run", "--quiet", *words]) == 2
    assert "choose one" in capsys.readouterr().err
