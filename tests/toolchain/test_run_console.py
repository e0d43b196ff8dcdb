"""`anos-sim run` with a script: typed when it is asked for, recorded, and checked."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from anos_sim.toolchain.cli import main
from support.console_guest import console_options

COMMAND = [sys.executable, "-m", "anos_sim.toolchain", "run"]
PATIENCE_SECONDS = 60


@pytest.fixture
def options(tmp_path: Path) -> list[str]:
    """A system that reads its console."""
    return console_options(tmp_path)


def script(folder: Path, text: str) -> list[str]:
    """The option that types a text."""
    path = folder / "script"
    path.write_text(text)
    return ["--script", str(path)]


def test_a_script_is_typed_and_the_status_is_the_systems(
    options: list[str], tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    status = main(["run", "--quiet", *options, *script(tmp_path, "one\ntwo\noff\nthree\n")])
    assert status == 2
    assert capsysbinary.readouterr().out == b"? one\ngot one\n? two\ngot two\n? off\n"


def test_behind_a_scripts_last_line_is_the_end_of_the_input(
    options: list[str], tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["run", "--quiet", *options, *script(tmp_path, "one")]) == 1
    assert capsysbinary.readouterr().out == b"? one\ngot one\n? \n"


def test_who_has_typed_waits_as_long_as_a_command_takes(
    options: list[str], tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["run", "--quiet", *options, *script(tmp_path, "sleep\noff\n")]) == 1
    assert b"got sleep" in capsysbinary.readouterr().out


def test_the_log_has_the_consoles_lines_and_the_output_the_logs_lines_between_them(
    options: list[str], tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    log = tmp_path / "log"
    main(["run", *options, *script(tmp_path, "one\n"), "--log", str(log)])
    lines = capsysbinary.readouterr().out.decode().splitlines()
    assert lines[lines.index("? one") + 1] == "got one"
    assert any(line.endswith("console: one") for line in lines)
    said = [line.split(maxsplit=3)[2:] for line in log.read_text().splitlines()]
    assert ["serial", "? one"] in said
    assert ["serial", "got one"] in said


def test_a_recording_has_what_was_typed_and_replays(
    options: list[str], tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    path = tmp_path / "run.anos"
    given = [*options, *script(tmp_path, "one\nsleep\n"), "--record", str(path)]
    assert main(["run", "--quiet", *given]) == 2
    typed = [bytes.fromhex(entry["bytes"]) for entry in json.loads(path.read_text())["input"]]
    assert typed == [b"one\n", b"sleep\n", b"\x04"]
    said = capsysbinary.readouterr().out
    assert main(["replay", "--quiet", str(path)]) == 0
    assert capsysbinary.readouterr().out == said


def test_a_run_with_a_script_is_the_same_twice_also_with_the_status_of_a_user_error(
    options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "--check", *options, *script(tmp_path, "one\ntwo\n")]) == 0
    assert "the two runs are the same" in capsys.readouterr().out


def test_until_looks_at_the_console_as_well(
    options: list[str], tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    given = [*options, *script(tmp_path, "one\ntwo\n"), "--until", "got one"]
    assert main(["run", "--quiet", *given]) == 0
    assert b"two" not in capsysbinary.readouterr().out


def test_a_pipe_types_a_line_when_the_system_wants_one(options: list[str]) -> None:
    with subprocess.Popen(
        [*COMMAND, "--quiet", *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as run:
        assert run.stdin is not None
        assert run.stdout is not None
        assert run.stdout.read(2) == b"? ", "the prompt is seen before anything is typed"
        run.stdin.write(b"one\n")
        run.stdin.flush()
        assert run.stdout.read(len(b"one\ngot one\n? ")) == b"one\ngot one\n? "
        run.stdin.close()
        assert run.wait(PATIENCE_SECONDS) == 1


def test_both_runs_of_a_check_get_what_a_pipe_types(options: list[str]) -> None:
    done = subprocess.run(
        [*COMMAND, "--check", *options], input=b"one\n", capture_output=True, check=True
    )
    assert b"the two runs are the same" in done.stdout


def test_ctrl_c_ends_the_wait_for_a_pipe_and_the_recording_replays(
    options: list[str], tmp_path: Path
) -> None:
    path = str(tmp_path / "run.anos")
    reader, writer = os.pipe()
    with subprocess.Popen(
        [*COMMAND, "--quiet", *options, "--record", path], stdin=reader, stdout=subprocess.PIPE
    ) as run:
        os.write(writer, b"one\n")
        assert run.stdout is not None
        assert run.stdout.read(len(b"? one\ngot one\n? ")) == b"? one\ngot one\n? "
        time.sleep(0.1)
        run.send_signal(signal.SIGINT)
        assert run.wait(PATIENCE_SECONDS) == 130
    os.close(reader)
    os.close(writer)
    assert main(["replay", "--quiet", path]) == 0
