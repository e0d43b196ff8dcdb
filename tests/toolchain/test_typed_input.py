"""What is typed into a run is typed again in its replay, at the same place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from anos_sim.hw.clock import PS_PER_MS
from anos_sim.hw.serial import MCR, MCR_REQUEST_TO_SEND
from anos_sim.stage3.event_log import EventLog
from anos_sim.stage3.events import EventKind
from anos_sim.toolchain.cli import main, make_parser
from anos_sim.toolchain.options import read_options
from anos_sim.toolchain.recording import Recorder
from anos_sim.toolchain.script import Script
from anos_sim.toolchain.session import INTERRUPTED, Session
from anos_sim.toolchain.typed_input import SERIAL, InputLog, InputReplay, Typed


def new_session(*arguments: str) -> Session:
    return Session(read_options(make_parser().parse_args(["run", *arguments])))


def request(session: Session) -> None:
    """The guest raises RTS, twice."""
    for value in (MCR_REQUEST_TO_SEND, 0, MCR_REQUEST_TO_SEND, 0):
        session.machine.serial.write(MCR, 1, value)


def test_a_log_of_input_is_plain_data_that_can_be_typed_again() -> None:
    log = InputLog()
    log.pulled(2, b"ls\n")
    log.pulled(3, b"")
    log.typed(5, Typed(SERIAL, 70, b"x"))
    log.pulled(6, b"", interrupted=True)
    replay = InputReplay(json.loads(json.dumps(log.entries)))
    assert replay.pull() == b"ls\n"
    with pytest.raises(KeyboardInterrupt):
        replay.pull()
    assert replay.pull() == b""
    assert (replay.due(4), replay.turns(4, 20)) == ([], 1)
    assert (replay.due(5), replay.turns(5, 20)) == ([Typed(SERIAL, 70, b"x")], 20)


def test_input_that_was_pulled_and_input_that_was_typed_reach_the_guest_and_the_events() -> None:
    session = new_session()
    log = EventLog()
    session.kernel.record(log)
    session.source = Script(b"ls\ncd")
    session.kernel.advance(2)
    request(session)
    session.type(Typed(SERIAL, 1 * PS_PER_MS, b"typed"))
    assert bytes(session.machine.serial.input) == b"ls\ncd\n"
    while session.machine.clock.now_ps < 1 * PS_PER_MS:
        session.kernel.advance(1)
    inputs = [event for event in log.events if event.kind is EventKind.INPUT]
    assert [bytes.fromhex(event.text("bytes")) for event in inputs] == [b"ls\n", b"cd\n", b"typed"]
    assert inputs[-1].time_ps == 1 * PS_PER_MS
    assert [entry["turn"] for entry in session.input.entries] == [2, 2, 2]
    log.close()
    session.close()


def test_a_run_that_was_interrupted_is_replayed_to_the_same_turn(tmp_path: Path) -> None:
    path = str(tmp_path / "run.anos")
    session = new_session()
    recorder = Recorder(path, session.options, session)

    async def interrupt() -> None:
        if session.kernel.turns == 37:
            raise KeyboardInterrupt

    session.pace = interrupt
    outcome = session.run()
    recorder.finish(outcome)
    session.close()
    assert outcome.status == INTERRUPTED
    assert json.loads(Path(path).read_text())["end"]["turns"] == 37
    assert main(["replay", "--quiet", path]) == 0
