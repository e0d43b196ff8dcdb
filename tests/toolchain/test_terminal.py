"""A person at a terminal: keys reach the system at once, and the terminal is left as it was."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from anos_sim.toolchain.cli import main
from anos_sim.toolchain.terminal import Leave, LeaveKeys
from support.console_guest import console_options
from support.pseudo_terminal import TerminalRun

Open = Callable[..., TerminalRun]


@pytest.fixture
def recording(tmp_path: Path) -> str:
    """Where the runs of a test are recorded."""
    return str(tmp_path / "run.anos")


@pytest.fixture
def open_run(tmp_path: Path, recording: str) -> Iterator[Open]:
    """Start a run at a terminal."""
    runs: list[TerminalRun] = []

    def start(*more: str, columns: int = 80, rows: int = 24) -> TerminalRun:
        given = ["run", *console_options(tmp_path), "--record", recording, *more]
        runs.append(TerminalRun(given, columns, rows))
        return runs[-1]

    yield start
    for run in runs:
        run.close()


def assert_left_well(run: TerminalRun, status: int, recording: str) -> None:
    """The run ends with a status, the terminal is as before, the recording is the same run."""
    assert run.end() == status
    assert run.modes() == run.before
    assert main(["replay", "--quiet", recording]) == 0


def test_keys_are_read_as_they_are_typed_and_the_log_ends_at_the_prompt(
    open_run: Open, recording: str
) -> None:
    run = open_run()
    at = run.wait_for(b"? ")
    assert b"initialisation is complete" in run.seen
    assert run.modes() != run.before
    run.type(b"on")
    at = run.wait_for(b"on", at)
    run.type(b"e\n")
    at = run.wait_for(b"got one\r\n? ", at)
    run.type(b"\x04")
    assert_left_well(run, 1, recording)
    assert b"console: one" not in run.seen, "that is in the log"


def test_time_goes_on_while_nobody_types_and_the_host_is_not_kept_busy(
    open_run: Open, recording: str
) -> None:
    run = open_run()
    at = run.wait_for(b"? ")
    before = cpu_ticks(run)
    time.sleep(1.5)
    assert cpu_ticks(run) - before < 40, "of 150"
    run.type(b"sleep\n")
    begin = time.monotonic()
    run.wait_for(b"got sleep", at)
    assert time.monotonic() - begin > 3
    run.type(b"off\n")
    assert_left_well(run, 1, recording)


def cpu_ticks(run: TerminalRun) -> int:
    """Hundredths of a second of CPU time (proc(5), stat)."""
    fields = Path(f"/proc/{run.process.pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


@pytest.mark.parametrize("keys", [b"\x1d", b"\x03\x03"])
def test_who_wants_to_leave_can_also_when_the_system_is_busy(
    open_run: Open, recording: str, keys: bytes
) -> None:
    run = open_run()
    at = run.wait_for(b"? ")
    run.type(b"spin\n")
    run.wait_for(b"spin", at)
    run.type(keys)
    assert_left_well(run, 130, recording)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_the_terminal_is_restored_when_a_signal_ends_the_run(
    open_run: Open, recording: str, number: signal.Signals
) -> None:
    run = open_run()
    run.wait_for(b"? ")
    run.signal(number)
    assert_left_well(run, 128 + number, recording)


def test_with_a_display_keys_go_to_the_keyboard_and_the_console_is_on_the_screen(
    open_run: Open, recording: str
) -> None:
    run = open_run("--display", columns=96, rows=30)
    at = run.wait_for(b"?")
    run.type(b"Hi there!\n")
    at = run.wait_for(b"got", at)
    run.wait_for(b"Hi", at)
    run.resize(20, 6)
    run.wait_for("\u2580".encode(), at)
    run.type(b"off\n")
    assert_left_well(run, 1, recording)


def test_ctrl_c_once_is_for_the_system_and_twice_in_a_second_leaves() -> None:
    now = 0.0
    keys = LeaveKeys(lambda: now)
    assert keys.pass_on(b"a\x03") == b"a\x03"
    now = 1.5
    assert keys.pass_on(b"\x03") == b"\x03"
    now = 1.7
    assert keys.pass_on(b"x\x03") == b"x\x03"
    with pytest.raises(Leave):
        keys.pass_on(b"\x03")
    with pytest.raises(Leave):
        keys.pass_on(b"abc\x1d")
