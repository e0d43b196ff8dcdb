"""A run: how it ends, and how it begins again."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from anos_sim.hw.clock import PS_PER_S
from anos_sim.stage3.abi import LAST_SLOT
from anos_sim.stage3.event_log import EventLog
from anos_sim.stage3.events import EventKind
from anos_sim.toolchain.cli import main, make_parser
from anos_sim.toolchain.options import RunOptions, elf_folder, read_options
from anos_sim.toolchain.session import Session

REBOOT = str(elf_folder() / "tests" / "reboot.elf")


def options() -> RunOptions:
    """The program that reboots, with the call to do so."""
    read = read_options(make_parser().parse_args(["run", "--system", REBOOT]))
    return attrs.evolve(read, image=attrs.evolve(read.image, highest_call=int(LAST_SLOT)))


def run(follow: bool = True, record: bool = False) -> tuple[Session, list[str], str]:
    """The session after its run, its log, and its hash."""
    session = Session(options())
    session.follows_reboots = follow
    lines: list[str] = []
    session.listeners.append(lambda line: lines.append(f"{line.process}: {line.text}"))
    if record:
        session.kernel.record(EventLog())
    session.run()
    digest = session.hash.digest(session.kernel)
    session.close()
    return session, lines, digest


def test_a_reboot_boots_again_and_time_goes_on() -> None:
    session, lines, digest = run()
    assert lines == [
        "SYSTEM: boot 0, up for less than a second: 1",
        "power: SYSTEM[1] rebooted: the system boots again",
        "SYSTEM: boot 1, up for less than a second: 1",
        "power: SYSTEM[1] rebooted: the system boots again",
        "SYSTEM: boot 2, up for less than a second: 1",
    ]
    outcome = session.kernel.outcome
    assert outcome is not None
    assert (outcome.status, outcome.power_off, session.boots) == (7, True, 3)
    assert session.kernel.latest_ps() > 3 * PS_PER_S
    assert digest == run()[2]


def test_events_go_on_over_a_reboot_and_say_so() -> None:
    session, _, _ = run(record=True)
    log = session.kernel.events
    assert log is not None
    kinds = [event.kind for event in log.events]
    assert kinds.count(EventKind.REBOOT) == 2
    assert kinds.count(EventKind.PROCESS_START) == 3
    numbers = [event.number for event in log.events]
    assert numbers == list(range(1, len(numbers) + 1))
    assert {event.process for event in log.events} == {"kernel", "SYSTEM"}


def test_a_session_may_end_at_the_reboot() -> None:
    session, lines, _ = run(follow=False)
    assert len(lines) == 1
    assert session.kernel.outcome is not None
    assert session.kernel.outcome.reboot


def test_a_recording_of_a_run_with_reboots_replays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(tmp_path / "run.anos")
    image = attrs.evolve(options().image)
    monkeypatch.setattr("anos_sim.toolchain.options.read_image", lambda *_: image)
    monkeypatch.setattr("anos_sim.toolchain.recording.read_image", lambda *_: image)
    assert main(["run", "--system", REBOOT, "--record", path]) == 7
    assert "booted 3 times" in capsys.readouterr().err
    assert main(["replay", path]) == 0
    assert capsys.readouterr().out.count("boots again") == 2


def test_what_was_written_to_the_disk_is_there_after_a_reboot(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "script"
    script.write_text("write NOTE.TXT kept over a\nreboot\ncat NOTE.TXT\npoweroff 5\n")
    assert main(["run", "--quiet", "--script", str(script)]) == 5
    said = capsys.readouterr().out.splitlines()
    assert said.count("This is anos-sim. `help` lists the commands.") == 2
    assert said[said.index("disk0:/> cat NOTE.TXT") + 1] == "kept over a"
