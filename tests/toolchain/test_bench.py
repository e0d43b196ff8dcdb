"""`anos-sim bench`: what it measures, how it judges, and what it says. Nothing here is timed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest

from anos_sim.hw.config import MachineConfig
from anos_sim.stage3.kernel import Kernel
from anos_sim.toolchain.bench import command, guest
from anos_sim.toolchain.bench.compare import compare, load_report
from anos_sim.toolchain.bench.figures import Figure, make_figures, spread
from anos_sim.toolchain.bench.groups import GROUPS
from anos_sim.toolchain.bench.rows import GROUP_NAMES, ROWS, ROWS_BY_NAME, Budget, Row
from anos_sim.toolchain.cli import main
from anos_sim.toolchain.errors import UserError
from support.architectures import DEFAULT, architectures

COST = Row("cost", "a thing that costs", "us", "kernel", budget=Budget(10, absolute=True))
TIMES = Row("times", "the same, compared", "us", "kernel", "cost", 3, Budget(2.0))
RATE = Row("rate", "a thing that flows", "MB/s", "files", budget=Budget(60, absolute=True))


def figures(rows: Sequence[Row], **values: Sequence[float]) -> list[Figure]:
    """What rows come to when they are measured so."""
    runs = [dict(zip(values, run, strict=True)) for run in zip(*values.values(), strict=True)]
    return make_figures(rows, runs)


def figure(row: Row, *values: float) -> Figure:
    """What one row without a base comes to."""
    return figures([row], **{row.name: values})[0]


# ---- what is measured ----


def test_every_row_has_a_name_of_its_own_a_group_that_measures_it_and_a_base_that_is_a_row() -> (
    None
):
    assert len(ROWS_BY_NAME) == len(ROWS)
    assert set(GROUP_NAMES) == set(GROUPS)
    assert {row.base for row in ROWS} <= {"", *ROWS_BY_NAME}


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("null-call", "<= 0.35 x"),
        ("ipc", "<= 2 x"),
        ("ipc-page", "<= 1.15 x"),
        ("vfs", "<= 12 us"),
        ("map-touch-unmap", "<= 9 us"),
        ("ramfs-load", ">= 200 MB/s"),
        ("thread", "<= 18 us"),
        ("compute-long", ">= 0.85 x"),
        ("block", "<= 1.5 ns"),
        ("boot", "<= 0.25 s"),
        ("process-boot", "<= 0.6 s"),
        ("file-read", ">= 60 MB/s"),
        ("ring-1000", "<= 1.5 x"),
        ("memory", "<= 32 KiB"),
        ("events-on", "<= 1.3 x"),
    ],
)
def test_the_budgets_are_those_of_the_design(name: str, limit: str) -> None:
    assert ROWS_BY_NAME[name].budget_text() == limit


@pytest.mark.slow
@architectures
def test_each_group_measures_exactly_its_rows(arch: str) -> None:
    for name in dict.fromkeys(row.group for row in command.rows_on(ROWS, arch)):
        figures = GROUPS[name](arch)
        assert set(figures) == {row.name for row in ROWS if row.group == name}
        assert all(value > 0 for row, value in figures.items() if row not in ("block", "memory"))


# ---- how it is measured ----


def test_a_guest_tells_how_often_it_did_what_between_which_lines() -> None:
    heard: list[str] = []

    def hear(kernel: Kernel, text: str) -> None:
        heard.append(text)

    image = guest.program_image("bench_pairs", DEFAULT)
    timings = guest.run(image, MachineConfig(cpus=2), at_line=hear)
    assert set(timings) == {"pairs"}
    assert timings["pairs"].count == 16 * 1500
    assert heard == ["begin pairs 24000", "end pairs", "bench done"]


def test_a_guest_that_does_not_get_to_its_end_is_an_error_that_says_what_it_said() -> None:
    with pytest.raises(UserError, match=r"did not get to its end; it said: .*ello"):
        guest.run(guest.program_image("hello", DEFAULT), MachineConfig(cpus=1, ram_mib=32))


def test_a_program_that_is_not_there_is_an_error_that_says_how_to_get_it() -> None:
    with pytest.raises(UserError, match=r"bench_nothing.elf is missing: run `anos-sim"):
        guest.program_path("bench_nothing", "x86_64")


# ---- medians and ratios ----


def test_a_spread_is_the_median_and_the_quartiles() -> None:
    assert spread([4, 1, 3, 2, 5]) == attrs.evolve(spread([3]), low=2, high=4)
    assert spread([7]) == attrs.evolve(spread([1]), median=7, low=7, high=7)


def test_ratios_are_taken_within_a_run_so_a_slow_host_does_not_show() -> None:
    cost, times = figures([COST, TIMES], cost=[1, 2, 10], times=[6, 12, 60])
    assert times.ratio == spread([2, 2, 2])
    assert cost.value.median == 2
    assert cost.ratio is None
    assert times.against == "3 x cost"


def test_a_ratio_decides_where_the_budget_is_one_and_the_value_where_it_is_absolute() -> None:
    cost, times = figures([COST, TIMES], cost=[11], times=[65])
    assert (cost.met, times.met) == (False, True)
    assert figure(RATE, 59).met is False
    assert figure(RATE, 60).met is True
    assert figure(attrs.evolve(COST, budget=None), 1).met is None


# ---- comparing ----


def words(old: Figure, new: Figure) -> str:
    """What a comparison says about one row."""
    return compare([old], [new])[0].words


def test_a_change_beyond_the_spread_is_told() -> None:
    assert words(figure(COST, 1, 2, 3), figure(COST, 4, 5, 6)) == "slower"
    assert words(figure(COST, 4, 5, 6), figure(COST, 1, 2, 3)) == "faster"
    assert words(figure(RATE, 100, 101), figure(RATE, 80, 81)) == "slower"
    assert words(figure(RATE, 80, 81), figure(RATE, 100, 101)) == "faster"


def test_a_change_within_the_spread_or_of_next_to_nothing_is_none() -> None:
    assert words(figure(COST, 1, 2, 3), figure(COST, 2, 3, 4)) == "as before"
    assert words(figure(COST, 1.0), figure(COST, 1.02)) == "as before"


def test_the_ratio_is_compared_where_there_is_one() -> None:
    old = figures([COST, TIMES], cost=[1], times=[3])[1]
    new = figures([COST, TIMES], cost=[2], times=[6])[1]
    assert words(old, new) == "as before"


def test_a_budget_that_was_met_and_is_missed_now_is_lost() -> None:
    lost = compare([figure(COST, 9)], [figure(COST, 11)])[0]
    assert lost.lost_budget
    assert lost.words == "slower, no longer within its budget"
    won = compare([figure(COST, 11)], [figure(COST, 9)])[0]
    assert not won.lost_budget
    assert won.words == "faster, now within its budget"


def test_rows_that_only_one_side_has_are_told() -> None:
    verdicts = compare([figure(COST, 1)], [figure(RATE, 1)])
    assert [(v.name, v.words) for v in verdicts] == [
        ("rate", "was not measured before"),
        ("cost", "is not measured now"),
    ]


# ---- the command ----


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """The command measures what stands in this dictionary, 100 for a row that does not."""
    values: dict[str, float] = {}

    def measure(rows: Sequence[Row], repeat: int, archs: Sequence[str]) -> list[Figure]:
        run = {row.name: values.get(row.name, 100.0) for row in rows}
        return [
            figure
            for arch in archs
            for figure in make_figures(command.rows_on(rows, arch), [run] * repeat, arch)
        ]

    monkeypatch.setattr(command, "measure", measure)
    return values


def report(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """What `anos-sim bench --json` prints."""
    capsys.readouterr()
    assert main(["bench", "--json", *arguments]) == 0
    made: dict[str, Any] = json.loads(capsys.readouterr().out)
    return made


def test_json_has_the_machine_and_a_row_for_each_figure(
    made_up: dict[str, float], capsys: pytest.CaptureFixture[str]
) -> None:
    made_up["null-call"] = 20.0
    made = report(capsys, "--repeat", "2")
    assert made["format"] == 1
    assert {"processor", "processors", "python", "unicorn", "anos_sim"} == set(made["machine"])
    rows = {row["name"]: row for row in made["rows"]}
    assert list(rows) == [row.name for row in ROWS]
    assert rows["null-call"] == {
        "name": "null-call",
        "subject": "null system call",
        "unit": "us",
        "more_is_better": False,
        "value": {"median": 20.0, "low": 20.0, "high": 20.0},
        "ratio": {"median": 0.2, "low": 0.2, "high": 0.2},
        "against": "bare-trap",
        "budget": "<= 0.35 x",
        "met": True,
        "runs": 2,
        "arch": "x86_64",
    }


def test_only_takes_rows_and_groups_and_brings_their_bases(
    made_up: dict[str, float], capsys: pytest.CaptureFixture[str]
) -> None:
    def names(*only: str) -> list[str]:
        return [row["name"] for row in report(capsys, "--only", *only)["rows"]]

    assert names("ipc-page") == ["bare-trap", "null-call", "ipc", "ipc-page"]
    assert names("boot") == ["imports", "boot", "process-boot"]
    assert names("memory", "imports") == ["imports", "memory"]


def test_the_table_says_which_budgets_are_missed(
    made_up: dict[str, float], capsys: pytest.CaptureFixture[str]
) -> None:
    made_up.update({"null-call": 36.0, "bare-trap": 100.0})
    assert main(["bench", "--only", "null-call"]) == 0
    line = capsys.readouterr().out.splitlines()[2].split()
    assert line[0] == "null-call"
    assert line[-4:] == ["<=", "0.35", "x", "missed"]


def test_all_architectures_stand_side_by_side(
    made_up: dict[str, float], capsys: pytest.CaptureFixture[str]
) -> None:
    made_up["null-call"] = 20.0
    assert main(["bench", "--arch", "all", "--only", "null-call", "chaos-plain"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["ROW", "x86_64", "RATIO", "riscv64", "RATIO", "AGAINST", "BUDGET"]
    shown = {line[0]: line for line in lines if line}
    assert shown["null-call"].count("0.20") == 2
    assert shown["null-call"].count("ok") == 2
    assert "-" in shown["chaos-plain"], "it is measured on one alone"


def test_rows_of_two_architectures_are_compared_each_with_its_own(
    made_up: dict[str, float], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    old = tmp_path / "old.json"
    old.write_text(json.dumps(report(capsys, "--only", "null-call")))
    options = ["--arch", "all", "--only", "null-call", "--json", "--compare", str(old)]
    compared = {each["name"]: each["words"] for each in report(capsys, *options)["compared"]}
    assert compared["null-call"] == "as before"
    assert compared["riscv64 null-call"] == "was not measured before"


def test_compare_reads_a_report_and_fails_when_a_budget_is_lost(
    made_up: dict[str, float], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    old = tmp_path / "old.json"
    made_up["null-call"] = 20.0
    old.write_text(json.dumps(report(capsys, "--only", "null-call")))
    assert main(["bench", "--only", "null-call", "--compare", str(old)]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("as before")
    made_up["null-call"] = 40.0
    assert main(["bench", "--only", "null-call", "--compare", str(old)]) == 1
    assert "2.00 x  slower, no longer within its budget" in capsys.readouterr().out
    assert main(["bench", "--only", "null-call", "--json", "--compare", str(old)]) == 1
    compared = json.loads(capsys.readouterr().out)["compared"]
    assert [each["name"] for each in compared if each["lost_budget"]] == ["null-call"]


def test_a_report_that_was_written_is_read_as_it_was(
    made_up: dict[str, float], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "report.json"
    made = report(capsys, "--repeat", "3")
    path.write_text(json.dumps(made))
    assert [attrs.asdict(row) for row in load_report(str(path))] == made["rows"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("--repeat 0", "--repeat 0: measure at least once"),
        ("--only ipc-pages", "--only ipc-pages: there is no such row or group; near it: ipc-page"),
        ("--compare {}/missing.json", "cannot read it: No such file"),
        ("--compare {}", "cannot read it: Is a directory"),
        ("--compare {}/text", "not a report of `anos-sim bench --json`"),
        ("--compare {}/list.json", "not a report of `anos-sim bench --json`"),
        ("--compare {}/row.json", "not a report of `anos-sim bench --json`"),
        ("--compare {}/later.json", "format 2, not 1"),
    ],
)
def test_bad_input_is_one_sentence_before_anything_is_measured(
    arguments: str, sentence: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "text").write_text("faster\n")
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "row.json").write_text('{"format": 1, "rows": [{"name": "ipc"}]}')
    (tmp_path / "later.json").write_text('{"format": 2, "rows": []}')
    assert main(["bench", *arguments.format(tmp_path).split()]) == 2
    said = capsys.readouterr()
    assert sentence in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""
