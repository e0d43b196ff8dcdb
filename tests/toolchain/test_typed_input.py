"""What is typed into a run is typed again in its replay, at the same place."""

from __future__ import annotations

import json
from pathlib import Path

from anos_sim.hw.serial import MCR, MCR_REQUEST_TO_SEND
from anos_sim.stage3.event_log import EventLog
from anos_sim.stage3.events import EventKind
from anos_sim.stage3.kernel import Kernel
from anos_sim.toolchain.cli import main, make_parser
from anos_sim.toolchain.options import read_options
from anos_sim.toolchain.recording import Recorder
from anos_sim.toolchain.session import INTERRUPTED, Session
from anos_sim.toolchain.typed_input import InputRecorder, InputReplay
from support.kernel import boot_image, program_image


def request(kernel: Kernel) -> None:
    """The guest raises RTS, twice."""
    serial = kernel.machine.serial
    kernel.current = kernel.cpus[0]
    for value in (MCR_REQUEST_TO_SEND, 0, MCR_REQUEST_TO_SEND, 0):
        serial.write(MCR, 1, value)
    kernel.current = None


def close(kernel: Kernel) -> None:
    """Switch off."""
    kernel.close()
    kernel.machine.close()


def test_input_that_was_pulled_and_input_that_was_typed_come_again() -> None:
    first, second = boot_image(program_image("names")), boot_image(program_image("names"))
    serial = first.machine.serial
    recorder = InputRecorder(serial, first)
    log = EventLog()
    first.record(log)
    lines = iter([b"ls\n"])
    serial.source = lambda: next(lines, b"")
    first.advance(2)
    request(first)
    serial.receive(b"typed")
    assert [(each["turn"], each["pulled"], each["bytes"]) for each in recorder.entries] == [
        (2, True, b"ls\n".hex()),
        (2, True, ""),
        (2, False, b"typed".hex()),
    ]
    inputs = [event for event in log.events if event.kind is EventKind.INPUT]
    assert [event.text("bytes") for event in inputs] == [b"ls\n".hex(), b"typed".hex()]

    entries = json.loads(json.dumps(recorder.entries))
    replay = InputReplay(entries, second.machine.serial)
    assert replay.turns(second, 20) == 2
    second.advance(2)
    request(second)
    assert replay.turns(second, 20) == 20
    assert second.machine.serial.input == serial.input
    log.close()
    close(first)
    close(second)


def test_a_run_that_was_interrupted_is_replayed_to_the_same_turn(tmp_path: Path) -> None:
    path = str(tmp_path / "run.anos")
    session = Session(read_options(make_parser().parse_args(["run"])))
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
