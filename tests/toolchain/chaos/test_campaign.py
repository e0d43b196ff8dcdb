"""Campaigns: results that can be continued, workers that die, other hosts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import pytest

from anos_sim.toolchain.chaos.batch import Spec, run_batch
from anos_sim.toolchain.chaos.campaign import has_failed, run_campaign, summary, worst
from anos_sim.toolchain.chaos.engines import run_local
from anos_sim.toolchain.chaos.kinds import DEFAULT_GROUP, GROUPS
from anos_sim.toolchain.chaos.results import Results
from anos_sim.toolchain.cli import main
from anos_sim.toolchain.errors import UserError
from support.architectures import architectures
from support.effort import EFFORT

SPEC = Spec("files:12", 3, ("kill", "irq-drop", "no-memory"))
COMMAND = ["chaos", SPEC.scenario, "--seed", "3", "--faults", ",".join(SPEC.kinds)]
ROW = {"verdict": "no effect", "why": "", "hash": "x", "plan": {"seed": "3/0", "faults": []}}


def row(run: int, **changes: Any) -> dict[str, Any]:
    return {"run": run, **ROW, **changes}


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()[1:]]


@pytest.fixture(scope="module")
def expected() -> dict[int, tuple[str, str]]:
    """Verdict and hash of the first runs, done here one after the other."""
    rows = run_batch(attrs.asdict(SPEC), range(24))
    return {row["run"]: (row["verdict"], row["hash"]) for row in rows}


def test_results_go_on_where_they_stopped(tmp_path: Path) -> None:
    path = tmp_path / "results"
    results = Results(SPEC, str(path))
    assert results.add(row(0))
    assert results.add(row(2))
    with path.open("a") as file:
        file.write('{"run": 3, "verd')
    again = Results(SPEC, str(path))
    assert list(again.rows) == [0, 2]
    assert again.add(row(1))
    assert not again.add(row(2)), "no run counts twice"
    assert [each["run"] for each in rows_of(path)] == [0, 2, 1]
    assert len(Results(SPEC, str(path)).rows) == 3


@pytest.mark.parametrize("other", [attrs.evolve(SPEC, seed=4), attrs.evolve(SPEC, kinds=("kill",))])
def test_results_of_another_campaign_are_refused(tmp_path: Path, other: Spec) -> None:
    path = str(tmp_path / "results")
    Results(SPEC, path)
    with pytest.raises(UserError, match="give the same options again"):
        Results(other, path)
    (tmp_path / "text").write_text("something\n")
    with pytest.raises(UserError, match="no file of results"):
        Results(SPEC, str(tmp_path / "text"))


def test_a_campaign_does_what_is_missing_and_counts_a_row_once() -> None:
    asked: list[int] = []

    def engine(spec: dict[str, Any], batches: Any) -> Iterator[list[dict[str, Any]]]:
        for batch in batches:
            asked.extend(batch)
            yield [row(run) for run in batch]
            yield [row(run, verdict="kernel broken") for run in batch]

    results = Results(SPEC)
    results.add(row(1))
    run_campaign(SPEC, 5, results, engine, None)
    assert asked == [0, 2, 3, 4]
    assert {each["verdict"] for each in results.rows.values()} == {"no effect"}


def test_the_summary_has_a_line_for_each_kind_and_the_worst_run_is_named() -> None:
    kill = {"kind": "kill", "when": ["time", 1], "target": "x"}
    flip = {"kind": "flip-heap", "when": ["time", 1], "target": "x"}
    rows = [
        row(0, plan={"faults": [kill]}),
        row(1, plan={"faults": [kill, flip]}, verdict="data wrong"),
        row(2, plan={"faults": [kill]}, verdict="degraded"),
    ]
    lines = summary(rows).splitlines()
    assert lines[1].split() == ["kill", "3", "1", "1", "1"]
    assert lines[2].split() == ["flip-heap", "(silent)", "1", "1"]
    assert lines[3].split() == ["only", "loud", "ones", "2", "1", "1"]
    found = worst(rows)
    assert found is not None
    assert found["run"] == 1
    assert not has_failed(rows), "who is hit by a flipped bit cannot know"
    assert has_failed([*rows, row(3, plan={"faults": [kill]}, verdict="data wrong")])
    assert has_failed([row(0, verdict="kernel broken")])


def test_a_hung_run_must_name_its_cause() -> None:
    hung = row(0, verdict="system hung", plan={"faults": []})
    named = [
        hung | {"details": ["a waits for b", line]}
        for line in ("lost event: b waits", "deadlock: a -> b -> a", "b runs for ever, at 0x1")
    ]
    assert summary(named).endswith("hung without a cause named: 0 of 3")
    assert not has_failed(named)
    assert summary([hung, *named]).endswith("hung without a cause named: 1 of 4")
    assert has_failed([hung, *named])


@contextmanager
def campaign(output: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """A campaign of 24 runs in a process of its own."""
    words = [*COMMAND, "--runs", "24", "--output", str(output), *options]
    process = subprocess.Popen(
        [sys.executable, "-m", "anos_sim.toolchain", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def wait_for_rows(output: Path, count: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if output.exists() and output.read_bytes().count(b"\n") > count:
            return
        if process.poll() is not None:
            raise AssertionError(process.communicate()[1].decode())
        time.sleep(0.1)
    raise AssertionError("there are no results")


def children(pid: int) -> list[int]:
    """Processes that a process has started, of which each runs a worker's loop."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(word) for word in (task / "children").read_text().split()]
    return [each for each in found if b"spawn_main" in Path(f"/proc/{each}/cmdline").read_bytes()]


def test_two_workers_of_which_one_is_killed_give_the_same_results(
    tmp_path: Path, expected: dict[int, tuple[str, str]]
) -> None:
    output = tmp_path / "results"
    with campaign(output, "--jobs", "2") as process:
        wait_for_rows(output, 2, process)
        os.kill(children(process.pid)[-1], signal.SIGKILL)
        said, complaint = process.communicate(timeout=120)
    assert process.returncode == 0, complaint.decode()
    rows = rows_of(output)
    assert sorted(each["run"] for each in rows) == list(range(24))
    assert {each["run"]: (each["verdict"], each["hash"]) for each in rows} == expected
    assert b"all runs" in said
    assert b"24 of 24 runs" in complaint


def test_a_campaign_that_is_ended_says_what_it_has_and_leaves_no_worker(tmp_path: Path) -> None:
    output = tmp_path / "results"
    with campaign(output, "--jobs", "1", "--runs", "5000") as process:
        wait_for_rows(output, 1, process)
        workers = children(process.pid)
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"all runs" in said
    assert len(rows_of(output)) < 5000
    assert workers
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)


@pytest.mark.slow
@architectures
def test_a_small_campaign_breaks_no_kernel_and_no_flushed_file(arch: str) -> None:
    """Of `make check` with more runs."""
    spec = Spec("files", 11, GROUPS[DEFAULT_GROUP], arch)
    results = Results(spec)
    run_campaign(spec, int(20 * EFFORT), results, partial(run_local, jobs=2), None)
    rows = list(results.rows.values())
    assert not has_failed(rows), worst(rows)


@contextmanager
def dask_cluster(folder: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A real scheduler on loopback and two workers, each a process."""
    begun: list[subprocess.Popen[bytes]] = []

    def begin(module: str, *words: str) -> subprocess.Popen[bytes]:
        log = (folder / f"{module}-{len(begun)}.log").open("wb")
        process = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{module}", *words],
            stdout=log,
            stderr=log,
            cwd=folder,
        )
        log.close()
        begun.append(process)
        return process

    facts = folder / "scheduler.json"
    try:
        begin(
            "dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
            "--scheduler-file", str(facts),
        )  # fmt: skip
        for _ in range(600):
            if facts.exists() and facts.read_text().strip().endswith("}"):
                break
            time.sleep(0.1)
        address = json.loads(facts.read_text())["address"]
        workers = [
            begin("dask_worker", address, "--no-nanny", "--nthreads", "1", "--no-dashboard")
            for _ in range(2)
        ]
        yield address, workers
    finally:
        for process in reversed(begun):
            process.kill()
            process.wait()


@pytest.mark.slow
def test_a_dask_cluster_of_which_a_worker_is_killed_gives_the_same_results(
    tmp_path: Path, expected: dict[int, tuple[str, str]]
) -> None:
    pytest.importorskip("distributed")
    output = tmp_path / "results"
    with (
        dask_cluster(tmp_path) as (address, workers),
        campaign(output, "--engine", "dask", "--scheduler", address) as process,
    ):
        wait_for_rows(output, 2, process)
        workers[0].kill()
        _, complaint = process.communicate(timeout=180)
    assert process.returncode == 0, complaint.decode()
    rows = rows_of(output)
    assert sorted(each["run"] for each in rows) == list(range(24))
    assert {each["run"]: (each["verdict"], each["hash"]) for each in rows} == expected


def test_replay_is_the_same_run_as_in_the_results(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output, events = tmp_path / "results", tmp_path / "run.events"
    results = Results(SPEC, str(output))
    for each in run_batch(attrs.asdict(SPEC), [5]):
        results.add(each)
    words = [*COMMAND, "--replay", "3/5", "--output", str(output), "--events", str(events)]
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert f"event hash {results.rows[5]['hash']}" in out
    assert "the same run" in err
    assert main(["events", str(events)]) == 0
    assert main([*COMMAND[:-1], "kill", "--plan", json.dumps(results.rows[5]["plan"])]) == 0
    assert results.rows[5]["hash"] in capsys.readouterr().out


def test_the_first_and_the_worst_run_of_a_campaign_come_out_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "results"
    words = [*COMMAND, "--output", str(output), "--quiet"]
    assert main([*words, "--runs", "6", "--jobs", "1"]) == 0
    capsys.readouterr()
    assert main([*words, "--verify"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["first", "worst"]
    assert all(line.endswith("the same again") for line in lines)
    rows = output.read_text().splitlines()
    rows[1] = rows[1].replace('"hash": "', '"hash": "0')
    output.write_text("\n".join(rows) + "\n")
    assert main([*words, "--verify"]) == 1
    assert "not again" in capsys.readouterr().out


def test_a_failing_run_leaves_a_page_that_says_how_to_see_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["chaos", "files:12", "--faults", "irq-drop", "--runs", "2", "--jobs", "1", "--quiet"]
    main([*words, "--report", str(tmp_path / "pages")])
    pages = sorted((tmp_path / "pages").glob("*.md"))
    if not pages:
        assert "system hung" not in capsys.readouterr().out.partition("worst")[2]
        return
    text = pages[0].read_text()
    for part in ("# system hung: run ", "of seed 1", "irq-drop at interrupt", "lost event",
                 "anos-sim chaos files:12 --replay 1/", "--plan", "anos-sim events"):  # fmt: skip
        assert part in text, part
    assert pages[0].with_suffix(".events").exists()


def test_the_scenario_of_the_document_can_be_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (Path(__file__).parents[3] / "docs" / "chaos.md").read_text()
    code = text.partition("```python\n")[2].partition("```")[0]
    (tmp_path / "mine.py").write_text(code + "\n    operations = 8\n")
    words = ["chaos", f"{tmp_path / 'mine.py'}:OneCpu", "--faults", "kill", "--quiet"]
    assert main([*words, "--runs", "2", "--jobs", "1"]) == 0
    assert main([*words, "--replay", "1/1"]) == 0
    assert '"target":"fat32drv"' in capsys.readouterr().out


def test_servers_end_in_a_row_and_a_table_tells_what_became_of_the_copies(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["chaos", "--crashes", "2", "--jobs", "1", "--server", "ramfs", "--server", "fat32drv"]
    assert main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["SERVER", "ENDED", "SUCCESSORS", "TIME", "SECONDS", "COPIES"]
    assert [line.split()[:3] for line in lines[1:]] == [["ramfs", "2", "2"], ["fat32drv", "2", "2"]]
    assert all(line.endswith("right") for line in lines[1:])


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--faults", "rust"], "no such fault"),
        (["--runs", "0"], "1 or more"),
        (["--engine", "dask"], "go together"),
        (["nothing"], "there is no scenario nothing"),
        (["none.py:Class"], "there is no scenario"),
        (["--replay", "7"], "write SEED/RUN"),
        (["--schedule", "best"], "random:SEED"),
        (["--plan", "{"], "--plan"),
        (["--events", "x"], "--replay SEED/RUN"),
        (["--crashes", "0"], "1 or more"),
        (["--verify"], "name their file with --output"),
        (["--crashes", "1", "--server", "system"], "those that are restarted are kterminal"),
        (["--server", "ramfs"], "--server is of --crashes"),
    ],
)
def test_what_a_person_gets_wrong_is_said_in_a_sentence(
    words: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["chaos", *words]) == 2
    out, err = capsys.readouterr()
    assert complaint in err
    assert err.count("\n") == 1
    assert out == ""
