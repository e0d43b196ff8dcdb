"""ahcidrv when interrupts get lost, come twice or elsewhere, and when a drive hangs."""

from __future__ import annotations

from pathlib import Path

import pytest

from anos_sim.hw.clock import PS_PER_S
from anos_sim.hw.command_engine import CommandEngine
from anos_sim.hw.drive import Answer, Operation, refuse
from anos_sim.stage3.kernel import Kernel
from anos_sim.stage3.outcome import Outcome
from anos_sim.toolchain.chaos.taps import DriveTap
from support.disk_queue import READ_QUEUED, Meddle, numbered, run_queue

THREADS, ROUNDS = 6, 4
WELL = ["ok the disk still answers", "done"]
THIRD = 3 * 512
"""The first sector that thread 3 asks for."""
IDENTIFY = 0xEC


def interrupts(*becomes: int) -> Meddle:
    """Have each interrupt arrive with these vectors instead, relative to its own."""

    def meddle(kernel: Kernel, _: CommandEngine) -> None:
        arrive = kernel.machine.on_msi

        def pass_on(address: int, data: int) -> None:
            for change in becomes:
                arrive(address, data + change)

        kernel.machine.on_msi = pass_on

    return meddle


def hang(times: int, code: int, sector: int) -> Meddle:
    """Have the drive not end a command at a sector, so many times."""

    def meddle(_: Kernel, engine: CommandEngine) -> None:
        finish, left = engine._finish, times

        def finish_others(slot: int, generation: int) -> None:
            nonlocal left
            issued = engine.in_flight.get(slot)
            if issued is not None and generation == engine.generation and left > 0:
                operation = issued.operation
                if (operation.fis.command, operation.lba) == (code, sector):
                    left -= 1
                    return
            finish(slot, generation)

        engine._finish = finish_others  # type: ignore[method-assign]

    return meddle


def refuse_once(_: Kernel, engine: CommandEngine) -> None:
    """Have the drive fail the first command of each sector."""
    refused: set[int] = set()

    def refuse_first(engine: CommandEngine, operation: Operation, data: bytes) -> Answer:
        if operation.transfer.queued and operation.lba not in refused:
            refused.add(operation.lba)
            return refuse()
        tap = engine.drive
        assert isinstance(tap, DriveTap)
        return tap.drive.execute(operation, data)

    DriveTap(engine, refuse_first)


@pytest.mark.parametrize(
    "becomes", [(), (0, 0), (1,), (0, 1, 0, 0, 0, 0, 0)], ids=["lost", "twice", "elsewhere", "many"]
)
def test_interrupts_may_be_lost_or_come_as_they_like(
    tmp_path: Path, becomes: tuple[int, ...]
) -> None:
    ran = run_queue(
        numbered(tmp_path / "disk"), str(THREADS), str(ROUNDS), meddle=interrupts(*becomes)
    )
    assert ran.lines == WELL
    assert ran.seconds < 1


def leave_on(kernel: Kernel, _: CommandEngine) -> None:
    """Do not let the machine be switched off, and miss it if it is never quiet."""
    end = kernel.end

    def end_unless_off(outcome: Outcome) -> None:
        if not outcome.power_off:
            end(outcome)

    def miss_quiet() -> None:
        raise AssertionError("something happens all the time")

    kernel.end = end_unless_off  # type: ignore[method-assign]
    kernel.clock.at(5 * PS_PER_S, kernel.clock.source("test"), miss_quiet)


def test_when_nothing_is_under_way_the_machine_is_quiet(tmp_path: Path) -> None:
    ran = run_queue(numbered(tmp_path / "disk"), str(THREADS), str(ROUNDS), meddle=leave_on)
    assert ran.lines == WELL
    assert ran.seconds < 0.1


def test_a_command_that_hangs_is_given_to_the_drive_again(tmp_path: Path) -> None:
    meddle = hang(2, READ_QUEUED, THIRD)
    ran = run_queue(numbered(tmp_path / "disk"), str(THREADS), str(ROUNDS), meddle=meddle)
    assert ran.lines == WELL
    assert 6 < ran.seconds < 7


def test_a_command_that_always_hangs_fails_alone(tmp_path: Path) -> None:
    meddle = hang(1000, READ_QUEUED, THIRD)
    ran = run_queue(numbered(tmp_path / "disk"), str(THREADS), str(ROUNDS), meddle=meddle)
    assert ran.lines == ["thread 3: 0 wrong, 2 failed", *WELL]
    assert 18 < ran.seconds < 19


def test_a_drive_that_hangs_while_it_is_identified_is_reset(tmp_path: Path) -> None:
    ran = run_queue(numbered(tmp_path / "disk"), "1", "1", meddle=hang(1, IDENTIFY, 0))
    assert "MiB disk" in ran.said
    assert ran.seconds > 3


def test_what_fails_once_is_tried_again(tmp_path: Path) -> None:
    disk = numbered(tmp_path / "disk")
    ran = run_queue(disk, str(THREADS), str(ROUNDS), meddle=refuse_once)
    assert ran.lines == WELL
