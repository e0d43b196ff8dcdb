"""ahcidrv with much to do at once: 32 slots, errors in the middle, clients that misbehave."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.architectures import BEARER_DEVICES
from support.disk_queue import READ_LOG, READ_QUEUED, numbered, run_queue

THREADS, ROUNDS = 60, 12
TRIES = 3


def test_sixty_clients_fill_all_slots_and_each_gets_its_own_sectors(tmp_path: Path) -> None:
    disk = numbered(tmp_path / "disk")
    ran = run_queue(disk, str(THREADS), str(ROUNDS))
    assert ran.lines == ["ok the disk still answers", "done"]
    assert {slot for slot, code, _ in ran.commands if code == READ_QUEUED} == set(range(32))
    assert ran.at_once >= 16


def test_a_bad_sector_fails_who_asked_for_it_and_the_others_are_asked_again(
    tmp_path: Path,
) -> None:
    disk = numbered(tmp_path / "disk")
    ran = run_queue(disk, str(THREADS), str(ROUNDS), bad_sectors=(7 * 512 + 16, 19 * 512))
    assert ran.lines == [
        "thread 7: 0 wrong, 3 failed",
        "thread 19: 0 wrong, 3 failed",
        "ok the disk still answers",
        "done",
    ]
    assert sum(code == READ_LOG for _, code, _ in ran.commands) == 6 * TRIES


def test_when_the_disk_is_pulled_out_everybody_gets_an_answer(tmp_path: Path) -> None:
    disk = numbered(tmp_path / "disk")
    ran = run_queue(disk, str(THREADS), "60", unplug_at_ms=12)
    failed = [line for line in ran.lines if line.startswith("thread")]
    assert len(failed) == THREADS
    assert not any(" 0 failed" in line for line in failed)
    assert all(" 0 wrong" in line for line in failed)
    assert ran.lines[-2].startswith("FAIL the disk still answers")
    assert ran.lines[-1] == "done"
    assert ran.said.count("ahcidrv: the disk at port 0 is gone") == 1


@pytest.mark.parametrize("mode", ["take", "nothing"])
@pytest.mark.parametrize("policy", ["derived", BEARER_DEVICES])
def test_a_client_that_misbehaves_does_not_harm_the_driver(
    tmp_path: Path, mode: str, policy: str
) -> None:
    ran = run_queue(numbered(tmp_path / "disk"), mode, policy=policy)
    assert ran.lines[-2:] == ["ok the disk still answers", "done"]
    assert not [line for line in ran.lines if line.startswith("FAIL")]
