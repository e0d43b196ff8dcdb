"""A recording gives the same run again, or its state at any moment, or says why it cannot."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from anos_sim.toolchain.cli import main
from anos_sim.toolchain.errors import UserError
from anos_sim.toolchain.moment import Moment, parse_moment
from anos_sim.toolchain.options import default_image, sample_disk
from support.architectures import architectures
from support.foreign import build_image

Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run of our system on an image and a disk of its own, recorded."""
    folder = tmp_path_factory.mktemp("recorded")
    shutil.copy(default_image(), folder / "system.elf")
    shutil.copy(sample_disk(), folder / "disk.img")
    files = ["--system", str(folder / "system.elf"), "--disk", str(folder / "disk.img")]
    output = ["--quiet", "--log", str(folder / "log"), "--record", str(folder / "run.anos")]
    assert main(["run", *files, "--seed", "5", *output]) == 0
    return folder


@pytest.fixture
def recorded(original: Path, tmp_path: Path) -> Path:
    """The same in a folder where files may be changed."""
    for name in ("system.elf", "disk.img", "log"):
        shutil.copy(original / name, tmp_path / name)
    path = tmp_path / "run.anos"
    path.write_text((original / "run.anos").read_text().replace(str(original), str(tmp_path)))
    return path


def test_a_replay_is_the_same_run(recorded: Path, tmp_path: Path, capsys: Captured) -> None:
    assert main(["replay", str(recorded)]) == 0
    captured = capsys.readouterr()
    log = (tmp_path / "log").read_text().splitlines()
    console = re.compile(r" +[\d.]+ cpu\d+ +serial +")
    printed = captured.out.splitlines()
    assert [line for line in printed if " cpu" in line] == [
        line for line in log if not console.match(line)
    ]
    assert [line.strip() for line in printed if " cpu" not in line] == [
        console.sub("", line) for line in log if console.match(line)
    ]
    end = json.loads(recorded.read_text())["end"]
    assert captured.err == f"anos-sim: the same run, hash {end['hash']}\n"


@architectures
def test_a_recording_of_any_processor_needs_no_option(
    arch: str, tmp_path: Path, capsys: Captured
) -> None:
    path = str(tmp_path / "run.anos")
    assert main(["run", "--quiet", "--arch", arch, "--cpus", "3", "--record", path]) == 0
    run_hash = json.loads(Path(path).read_text())["end"]["hash"]
    capsys.readouterr()
    assert main(["replay", "--quiet", path]) == 0
    assert capsys.readouterr().err == f"anos-sim: the same run, hash {run_hash}\n"
    assert main(["replay", "--quiet", path, "--at", "20ms"]) == 0
    assert "stopped at 20 ms" in capsys.readouterr().err
    assert main(["bt", path, "--at", "20ms"]) == 0
    stopped = capsys.readouterr().out
    assert main(["bt", "--arch", arch, "--cpus", "3", "--for", "20ms"]) == 0
    assert capsys.readouterr().out == stopped
    assert re.search(r"^  #1 +0x\w+ \w+\+0x", stopped, re.MULTILINE)


def test_a_recording_is_small_and_has_an_index_of_the_log(recorded: Path, tmp_path: Path) -> None:
    data = json.loads(recorded.read_text())
    assert recorded.stat().st_size < 100_000
    texts = [text for _, _, text in data["index"]]
    assert len(texts) == len((tmp_path / "log").read_text().splitlines())
    assert data["config"]["seed"] == 5


def test_another_run_than_the_recorded_one_is_noticed(recorded: Path, capsys: Captured) -> None:
    data = json.loads(recorded.read_text())
    data["config"]["ram_mib"] = 128
    recorded.write_text(json.dumps(data))
    assert main(["replay", "--quiet", str(recorded)]) == 1
    assert "another run than the recorded one" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("system.elf", "the system image {}/system.elf has changed since"),
        ("disk.img", "the disk image {}/disk.img has changed since"),
        ("version", "was recorded with anos-sim 0.0.1, this is "),
        ("simulator", "before the simulator's code (hw, stage3) changed"),
        ("format", "is no recording"),
        ("nonsense", "is damaged"),
        ("missing", "needs the disk image {}/disk.img, which cannot be read"),
    ],
)
@pytest.mark.parametrize("command", ["replay", "ps"])
def test_what_has_changed_is_refused_and_named(
    command: str, change: str, words: str, recorded: Path, tmp_path: Path, capsys: Captured
) -> None:
    data = json.loads(recorded.read_text())
    if change in ("system.elf", "disk.img"):
        with (tmp_path / change).open("r+b") as file:
            file.seek(-1, 2)
            file.write(b"!")
    elif change == "missing":
        (tmp_path / "disk.img").unlink()
    elif change == "nonsense":
        recorded.write_text(recorded.read_text()[:-20])
    else:
        recorded.write_text(json.dumps(data | {change: "0.0.1"}))
    assert main([command, str(recorded)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    if command == "replay" or change != "format":
        assert words.format(tmp_path) in captured.err


def test_a_run_that_crashed_can_be_replayed(recorded: Path, capsys: Captured) -> None:
    data = json.loads(recorded.read_text())
    recorded.write_text(json.dumps(data | {"end": None}))
    assert main(["replay", "--quiet", str(recorded)]) == 0
    assert "its run did not finish" in capsys.readouterr().err


def test_the_state_at_a_time_is_that_of_a_run_of_that_length(
    recorded: Path, tmp_path: Path, capsys: Captured
) -> None:
    for command in ("ps", "bt", "mem", "devices"):
        assert main([command, str(recorded), "--at", "20ms"]) == 0
        at = capsys.readouterr().out
        files = ["--system", str(tmp_path / "system.elf"), "--disk", str(tmp_path / "disk.img")]
        assert main([command, *files, "--seed", "5", "--for", "20ms"]) == 0
        assert capsys.readouterr().out == at
        assert main([command, str(recorded)]) == 0
        assert (capsys.readouterr().out == at) == (command == "devices")


def test_the_state_at_an_event_is_that_after_it(
    recorded: Path, tmp_path: Path, capsys: Captured
) -> None:
    file = tmp_path / "events"
    assert main(["replay", "--quiet", str(recorded), "--events", str(file)]) == 0
    capsys.readouterr()
    assert main(["events", str(file), "--kind", "process-start"]) == 0
    starts = [line.split() for line in capsys.readouterr().out.splitlines()]
    number, time_ns = next((int(words[0]), int(words[1])) for words in starts if "[3]" in words[3])

    def pids(moment: str) -> list[int]:
        assert main(["ps", "--json", str(recorded), "--at", moment]) == 0
        return [process["pid"] for process in json.loads(capsys.readouterr().out)]

    assert pids(f"#{number}") == pids(f"event:{number}") == pids(str(number)) == [1, 2, 3]
    assert pids(f"{time_ns - 1000}ns") == [1, 2]


def test_a_moment_after_the_end_is_the_end(recorded: Path, capsys: Captured) -> None:
    assert main(["ps", str(recorded)]) == 0
    at_the_end = capsys.readouterr().out
    assert main(["ps", str(recorded), "--at", "1m"]) == 0
    assert capsys.readouterr().out == at_the_end
    assert main(["ps", str(recorded), "--at", "#99999999"]) == 2
    assert "there is no event 99999999" in capsys.readouterr().err


def test_a_replay_stops_where_it_is_told(recorded: Path, tmp_path: Path, capsys: Captured) -> None:
    assert main(["replay", str(recorded), "--at", "1ms"]) == 0
    captured = capsys.readouterr()
    assert (tmp_path / "log").read_text().startswith(captured.out)
    assert "stopped at 1 ms" in captured.err
    assert main(["replay", str(recorded), "--until", "boot:"]) == 0
    assert "a log line contains 'boot:'" in capsys.readouterr().err


def test_a_recording_keeps_its_own_options(recorded: Path, capsys: Captured) -> None:
    for option in ("--cpus 2", "--seed 3", "--for 1s", "--write", "--disk x", "--caps bearer"):
        assert main(["ps", str(recorded), *option.split()]) == 2
        assert f"it has its own {option.split()[0]}" in capsys.readouterr().err


def test_a_foreign_system_is_recorded_and_looked_at_as_well(
    tmp_path: Path, capsys: Captured
) -> None:
    path = str(tmp_path / "foreign.anos")
    system = ["--system", str(build_image()), "--for", "600ms"]
    assert main(["run", "--quiet", *system, "--record", path]) == 0
    assert main(["replay", "--quiet", path]) == 0
    capsys.readouterr()
    for command in ("ps", "bt", "mem", "devices"):
        assert main([command, path, "--at", "300ms"]) == 0
        assert "SYSTEM" in capsys.readouterr().out or command == "devices"
    assert main(["run", "--check", *system]) == 0
    assert "the two runs are the same" in capsys.readouterr().out


def test_moments_are_times_or_numbers() -> None:
    assert parse_moment("20ms") == Moment(time_ps=20 * 10**9)
    assert parse_moment("1.5s") == Moment(time_ps=1_500 * 10**9)
    assert parse_moment("#12") == parse_moment("event:12") == parse_moment("12") == Moment(event=12)
    for text in ("", "soon", "#", "-3", "0s"):
        with pytest.raises(UserError):
            parse_moment(text)


@pytest.mark.parametrize("option", ["--record", "--events"])
def test_a_file_that_cannot_be_written_is_named(
    option: str, tmp_path: Path, capsys: Captured
) -> None:
    assert main(["run", option, str(tmp_path / "no" / "where")]) == 2
    assert f"{option}: cannot write" in capsys.readouterr().err


def test_a_check_does_not_write_disks(capsys: Captured) -> None:
    assert main(["run", "--check", "--write"]) == 2
    assert "cannot go with --write" in capsys.readouterr().err


def test_a_check_of_a_wrong_command_line_says_what_is_wrong(capsys: Captured) -> None:
    assert main(["run", "--check", "--cpus", "17"]) == 2
    assert capsys.readouterr().err.startswith("anos-sim: cpus is 17")


MACHINE = """
cpus = 2
epoch = 2031-05-01T12:00:00Z
[costs]
syscall_ns = 300
[[bridge]]
name = "below"
[[ahci]]
behind = "below"
ports = [{ kind = "empty" }, { kind = "disk", image = "disk.img" }, { kind = "atapi" }]
"""
SCHEDULER = """
from anos_sim.stage3.scheduler import RoundRobin
class Mine(RoundRobin):
    pass
"""


def test_a_described_machine_and_a_scheduler_are_part_of_a_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("machine.toml").write_text(MACHINE)
    Path("mine.py").write_text(SCHEDULER)
    shutil.copy(sample_disk(), "disk.img")
    run = ["run", "machine.toml", "--scheduler", "mine.py:Mine", "--for", "30ms"]
    assert main([*run, "--record", "run.anos"]) == 0
    monkeypatch.chdir("/")
    path = str(tmp_path / "run.anos")
    assert main(["replay", "--quiet", path]) == 0
    (tmp_path / "mine.py").write_text(SCHEDULER + "# changed\n")
    assert main(["replay", "--quiet", path]) == 2
    assert f"the scheduler {tmp_path}/mine.py has changed since" in capsys.readouterr().err
