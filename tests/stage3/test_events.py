"""Events: one table, cheap to record, told in order, and never a part of what they tell."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from anos_sim.hw.event_stream import FIELDS_MAX, KINDS_MAX, MalformedStream
from anos_sim.stage3.abi import Status
from anos_sim.stage3.event_log import EventLog
from anos_sim.stage3.event_reader import EventReader
from anos_sim.stage3.events import FIELDS, KINDS, Event, EventKind
from support.architectures import DEFAULT
from support.golden import golden_events
from support.kernel import boot_image, program_image

STARTED_NS = {"x86_64": "818", "riscv64": "816"}
"""When the second thread of the golden scenario begins: its code takes time by its bytes."""
SHOWS = {"number", "signed", "hex", "text"}


@pytest.fixture(scope="module")
def events() -> list[Event]:
    """Those of a small run with two threads and five messages."""
    return golden_events().events


def of(events: list[Event], *kinds: EventKind) -> list[Event]:
    """Only these kinds."""
    return [event for event in events if event.kind in kinds]


def test_the_table_has_every_kind_with_fields_that_can_be_shown_and_packed() -> None:
    assert set(KINDS) == set(EventKind)
    assert max(EventKind) < KINDS_MAX
    for kind, (meaning, fields) in KINDS.items():
        assert meaning, kind
        assert len(fields) < FIELDS_MAX
        assert len({field.name for field in fields}) == len(fields)
        assert {field.show for field in fields} <= SHOWS


def test_events_are_numbered_and_each_cpus_time_never_goes_back(events: list[Event]) -> None:
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    for cpu in (0, 1):
        times = [event.time_ps for event in events if event.cpu == cpu]
        assert times == sorted(times)


def test_the_log_begins_with_what_there_is(events: list[Event]) -> None:
    first_switch = next(event.number for event in events if event.kind is EventKind.SWITCH)
    before = events[: first_switch - 1]
    assert [event.process for event in of(before, EventKind.PROCESS_START)] == ["SYSTEM"]
    assert len(of(before, EventKind.THREAD_START)) == 1
    objects = [event.text("object") for event in of(before, EventKind.CAPABILITY)]
    calls = [each for each in objects if each.startswith("call ")]
    assert len(calls) == 26
    assert "call kprint" in calls


def test_every_call_has_its_name_and_returns_with_a_status(events: list[Event]) -> None:
    calls = of(events, EventKind.SYSCALL)
    results = of(events, EventKind.RESULT)
    assert [event.call for event in calls[:3]] == ["kprint", "create_channel", "create_thread"]
    refused = next(event for event in calls if not event.call)
    assert refused.value("cookie") == 1234
    assert [event.value("status") for event in results].count(int(Status.INCAPABLE)) == 1
    for event in results[:3]:
        assert event.value("status") == 0


def test_a_message_is_sent_received_and_answered_under_one_number(events: list[Event]) -> None:
    steps = of(events, EventKind.SEND, EventKind.RECEIVE, EventKind.REPLY)
    assert [event.kind.name for event in steps] == ["SEND", "RECEIVE", "REPLY"] * 5
    for number in range(5):
        sent, received, replied = steps[3 * number : 3 * number + 3]
        assert {each.value("message") for each in (sent, received, replied)} == {number + 1}
        assert sent.value("tag") == 5 - number
        assert replied.value("value") == sent.value("tag") + 1
        assert received.value("page") == sent.value("page") != 0
        assert sent.tid != received.tid == replied.tid


def test_threads_that_wait_are_woken_before_they_run_again(events: list[Event]) -> None:
    waiting: set[int] = set()
    for event in events:
        if event.kind is EventKind.BLOCK:
            assert event.tid not in waiting
            waiting.add(event.tid)
        elif event.kind is EventKind.WAKE:
            assert event.tid in waiting
            waiting.remove(event.tid)
        elif event.kind in (EventKind.SWITCH, EventKind.SYSCALL, EventKind.RESULT):
            assert event.tid not in waiting, event.line()
    assert len(waiting) == 1, "the server waits for a sixth message"


def test_a_line_says_when_where_who_and_what(events: list[Event]) -> None:
    lines = [event.line() for event in events]
    switch = [STARTED_NS[DEFAULT], "cpu1", "SYSTEM[1]/5", "switch"]
    assert any(line.split() == switch for line in lines)
    assert any(line.endswith("log           golden: done") for line in lines)
    assert any("send_message(0x" in line and ", 0x5, 0x40, 0x40001000)" in line for line in lines)


def test_listeners_hear_all_events_in_batches_and_packed_ones_the_same_bytes() -> None:
    kernel = boot_image(program_image("names"))
    log = EventLog()
    heard: list[Event] = []
    packed: list[bytes] = []
    log.listen(heard.extend)
    log.listen_packed(packed.append)
    kernel.record(log)
    kernel.end_ps = 10**9
    while kernel.advance(1):
        pass
    assert heard == log.events
    reader = EventReader(FIELDS)
    again = [event for piece in packed for event in reader.read(piece)]
    assert again == heard
    assert sum(map(len, packed)) == log.size_bytes
    with pytest.raises(MalformedStream):
        reader.read(b"\x3f\0")
    reader.close()
    log.close()
    kernel.close()
    kernel.machine.close()


def test_a_log_attached_in_the_middle_begins_with_who_waits_and_what_is_under_way() -> None:
    kernel = boot_image(program_image("many"))
    kernel.advance(5)
    there = {thread.tid for process in kernel.all_processes() for thread in process.threads}
    log = EventLog()
    kernel.record(log)
    begin = list(log.events)
    while kernel.advance(1) and kernel.latest_ps() < 40 * 10**9:
        pass
    threads = [thread for process in kernel.all_processes() for thread in process.threads]
    assert {event.tid for event in of(begin, EventKind.THREAD_START)} == there
    assert of(begin, EventKind.BLOCK)
    waiting = {event.tid for event in of(begin, EventKind.BLOCK)}
    for event in log.events[len(begin) :]:
        if event.kind is EventKind.WAKE:
            waiting.remove(event.tid)
        elif event.kind is EventKind.BLOCK:
            waiting.add(event.tid)
    still = {t.tid for t in threads if t.state.value not in ("ready", "running", "new", "dead")}
    assert still == waiting & {thread.tid for thread in threads}
    kernel.stop_recording()
    kernel.close()
    kernel.machine.close()


def test_nothing_is_recorded_after_the_log_was_closed() -> None:
    kernel = boot_image(program_image("names"))
    log = EventLog(keep=False)
    kernel.record(log)
    kernel.advance(1)
    digest, size_bytes = log.hash(), log.size_bytes
    kernel.stop_recording()
    while kernel.advance(100):
        pass
    assert (log.hash(), log.size_bytes) == (digest, size_bytes)
    kernel.close()
    kernel.machine.close()


EVENTS_DOC = Path(__file__).resolve().parents[2] / "docs" / "events.md"


@pytest.mark.skipif(not EVENTS_DOC.exists(), reason="the documents are in a checkout only")
def test_the_document_has_the_table() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| (.*?) ?\| (.+) \|$", EVENTS_DOC.read_text(), re.MULTILINE)
    assert rows == [
        (kind.label, " ".join(field.name for field in fields), meaning)
        for kind, (meaning, fields) in KINDS.items()
    ]
