"""Files of events: written as they come, read back, good up to where they stop."""

from __future__ import annotations

from pathlib import Path

import pytest

from anos_sim.toolchain.cli import main
from anos_sim.toolchain.event_file import MAGIC, EventFile, table
from support.kernel import PROGRAMS

SYSTEM = ["--system", str(PROGRAMS / "names.elf"), "--caps", "derived"]
RUN = ["run", "--quiet", *SYSTEM, "--cpus", "1", "--for", "5ms"]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The events of a small run."""
    path = tmp_path_factory.mktemp("events") / "run.events"
    assert main([*RUN, "--events", str(path)]) == 0
    return path


def test_a_file_has_all_events_and_the_hashes(file: Path, tmp_path: Path) -> None:
    read = EventFile(file)
    lines = [event.line() for event in read]
    text = tmp_path / "run.txt"
    assert main([*RUN, "--events", str(text)]) == 0
    assert text.read_text().splitlines() == lines
    assert read.count == len(lines) > 100
    assert read.end is not None
    assert sorted(read.end) == ["hash", "run"]


def test_a_file_that_stops_anywhere_is_good_up_to_its_last_whole_frame(
    file: Path, tmp_path: Path
) -> None:
    data = file.read_bytes()
    whole = list(EventFile(file))
    cut = tmp_path / "cut.events"
    counts = set()
    for size in range(len(MAGIC), len(data), 97):
        cut.write_bytes(data[:size])
        read = EventFile(cut)
        events = list(read)
        assert events == whole[: len(events)]
        assert read.end is None
        counts.add(len(events))
    assert counts == {0, len(whole)}, "this small run has one frame of events"


def test_the_command_says_that_a_file_stops_early(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut = tmp_path / "cut.events"
    cut.write_bytes(file.read_bytes()[:-10])
    assert main(["events", str(cut)]) == 0
    captured = capsys.readouterr()
    assert "log" in captured.out
    assert "stops before its end" in captured.err


def test_events_are_chosen_by_kind_process_and_time(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def shown(*options: str) -> list[str]:
        assert main(["events", str(file), *options]) == 0
        return capsys.readouterr().out.splitlines()

    everything = shown()
    assert shown("--process", "SYSTEM") == shown("--process", "1") != everything
    logs = shown("--kind", "log")
    assert logs == [line for line in everything if line.split()[4] == "log"]
    assert shown("--kind", "log", "--kind", "switch") != logs
    late = shown("--from", "1us", "--to", "10us")
    assert late == [line for line in everything if 1000 <= int(line.split()[1]) <= 10000]
    assert 0 < len(late) < len(everything)


def test_what_is_no_file_of_events_is_refused(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.events"
    other.write_bytes(b"what is this" + file.read_bytes())
    assert main(["events", str(other)]) == 2
    assert "is no file of events" in capsys.readouterr().err
    assert main(["events", str(tmp_path / "missing")]) == 2
    assert "cannot read" in capsys.readouterr().err


def test_nothing_is_read_from_a_damaged_frame_on(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.events"
    data = file.read_bytes()
    other.write_bytes(data.replace(b"syscall", b"sysfall"))
    assert main(["events", str(other)]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "stops before its end" in captured.err


def test_a_file_of_another_version_is_refused(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kinds = table() | {"63 other": ["field:number"]}
    monkeypatch.setattr("anos_sim.toolchain.event_file.table", lambda: kinds)
    assert main(["events", str(file)]) == 2
    assert "another version of anos-sim" in capsys.readouterr().err


def test_an_unknown_kind_is_refused_with_those_that_there_are(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["events", str(file), "--kind", "nonsense"]) == 2
    assert "there are syscall, result" in capsys.readouterr().err
