"""A trace shows what happened: checked by reading it back, and against the kernel's own counts."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import zlib
from collections import Counter
from pathlib import Path

import pytest

from anos_sim.stage3.event_log import EventLog
from anos_sim.stage3.events import Event, EventKind
from anos_sim.toolchain.cli import main
from anos_sim.toolchain.event_file import MAGIC, EventFile
from anos_sim.toolchain.look.jsonl import JsonLines
from anos_sim.toolchain.look.model import Model
from anos_sim.toolchain.look.pftrace import TraceWriter
from anos_sim.toolchain.look.tracks import WINDOW_PS, Tracks
from anos_sim.toolchain.options import elf_folder
from support.boot import boot_system
from support.kernel import program_image, run_image
from support.pftrace import Parsed, Slice, parse

HELLO = str(elf_folder() / "tests" / "hello.elf")
PS_PER_NS = 1000
QUANTUM_NS = 50_000
"""How far CPUs are apart."""


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The events of a whole boot, as a file."""
    path = tmp_path_factory.mktemp("events") / "boot.events"
    assert main(["run", "--quiet", "--events", str(path)]) == 0
    return path


@pytest.fixture(scope="module")
def trace(events: Path) -> Path:
    """Its trace."""
    path = events.with_suffix(".pftrace")
    assert main(["trace", str(events), "-o", str(path)]) == 0
    return path


@pytest.fixture(scope="module")
def parsed(trace: Path) -> Parsed:
    """What the trace holds; reading it checks that it is well-formed."""
    return parse(trace)


def kinds(path: Path) -> Counter[str]:
    """How many events of each kind a file has."""
    return Counter(event.kind.label for event in EventFile(path))


def test_a_trace_of_a_boot_is_small(trace: Path) -> None:
    assert 10_000 < trace.stat().st_size < 2_000_000


def test_servers_are_processes_and_have_their_threads(parsed: Parsed) -> None:
    assert parsed.processes[1] == "SYSTEM"
    assert {"devman", "pcidrv", "ahcidrv", "fat32drv", "shell"} <= set(parsed.processes.values())
    for pid, _, name in parsed.threads.values():
        assert name == parsed.processes[pid]
    assert {pid for pid, _, _ in parsed.threads.values()} == set(parsed.processes)


def test_every_call_is_a_slice_with_its_arguments_and_its_result(
    parsed: Parsed, events: Path
) -> None:
    calls = [each for each in parsed.slices if each.track in parsed.threads and not each.flows]
    assert len(calls) == kinds(events)["syscall"]
    assert {each.depth for each in calls} == {0}
    results = [each for each in calls if "result" in each.arguments]
    assert len(results) == kinds(events)["result"]
    found = next(each for each in calls if each.name == "find_named_channel")
    assert found.arguments["status"] == "OK"
    assert str(found.arguments["name"]).startswith("0x")


def test_an_arrow_leads_from_every_message_to_who_serves_it(parsed: Parsed, events: Path) -> None:
    ends: dict[int, list[Slice]] = {}
    for each in parsed.slices:
        for flow in each.flows:
            ends.setdefault(flow, []).append(each)
    assert len(ends) == kinds(events)["send"]
    received = {
        event.value("message") for event in EventFile(events) if event.kind is EventKind.REPLY
    }
    assert len(received) == kinds(events)["send"] - 1, "the shell reads on"
    for number in received:
        send, serve = sorted(ends[number], key=lambda each: each.name)
        assert (send.name.split()[0], serve.name.split()[0]) == ("send", "serve")
        assert send.depth == 1, "it is within the call that sends"
        assert send.begin <= serve.begin <= serve.end
        assert serve.end == pytest.approx(send.end, abs=QUANTUM_NS)
        assert send.arguments["message"] == serve.arguments["message"] == number
        assert send.arguments["answer"] == serve.arguments["answer"] != ""
        assert parsed.names[serve.track] == "serving"
        client, server = send.track, parsed.parents[serve.track]
        assert client != server


def test_a_cpu_runs_one_thread_at_a_time_and_as_long_as_the_kernel_says(parsed: Parsed) -> None:
    cpus = parsed.under("CPUs")
    assert set(cpus.values()) == {"CPU 0", "CPU 1", "CPU 2", "CPU 3"}
    time_ns: Counter[int | str] = Counter()
    for each in parsed.slices:
        if each.track in cpus:
            assert each.depth == 0
            time_ns[each.arguments["pid"]] += each.end - each.begin
    booted = boot_system()
    try:
        for process in booted.kernel.processes.values():
            run_ns = sum(thread.cpu_ps for thread in process.threads) // PS_PER_NS
            shown_ns = time_ns[process.pid]
            assert shown_ns > run_ns - 100
            if process.name in ("ahcidrv", "fat32drv"):  # no refused calls, no waits
                assert shown_ns == pytest.approx(run_ns, abs=100)
    finally:
        booted.close()


def test_counters_add_up(parsed: Parsed, events: Path) -> None:
    frames = [event.value("free") for event in EventFile(events) if event.kind is EventKind.FRAMES]
    assert [value for _, value in parsed.counters["free frames"]] == frames
    rate = parsed.counters["messages per second"]
    per_window = 10**12 // WINDOW_PS
    assert sum(value for _, value in rate) // per_window == kinds(events)["send"]
    assert rate[-1][1] == 0
    ready = [value for _, value in parsed.counters["ready threads"]]
    assert min(ready) == 0
    assert max(ready) < 20


def test_the_log_commands_and_interrupts_are_on_the_trace(parsed: Parsed, events: Path) -> None:
    lines = {event.text("text") for event in EventFile(events) if event.kind is EventKind.LOG}
    shown = {name for track, _, name in parsed.instants if track in parsed.threads}
    assert lines
    assert lines <= shown
    devices = parsed.under("Devices")
    counts = Counter(devices[track] for track, _, _ in parsed.instants if track in devices)
    assert counts["interrupts"] == kinds(events)["interrupt"]
    assert counts["DMA"] == kinds(events)["dma"]
    assert sum(counts.values()) - counts["interrupts"] - counts["DMA"] == kinds(events)["command"]


def test_a_trace_is_the_same_from_events_a_recording_and_a_boot(
    trace: Path, tmp_path: Path
) -> None:
    recording = tmp_path / "boot.anos"
    assert main(["run", "--quiet", "--record", str(recording)]) == 0
    for source in ([], [str(recording)]):
        again = tmp_path / "again.pftrace"
        assert main(["trace", *source, "-o", str(again)]) == 0
        assert again.read_bytes() == trace.read_bytes()


def test_a_trace_that_begins_or_ends_anywhere_is_well_formed(events: Path, tmp_path: Path) -> None:
    """Slices that were open are closed; ends whose beginning is not there are left out."""
    everything = list(EventFile(events))
    path = tmp_path / "part.pftrace"
    for cut in range(1, len(everything), max(1, len(everything) // 40)):
        for part in (everything[:cut], everything[cut:]):
            with path.open("wb") as file:
                tracks = Tracks(TraceWriter(file))
                tracks.hear(part)
                tracks.finish()
            parse(path)


def test_a_message_of_a_killed_server_ends_without_an_answer(tmp_path: Path) -> None:
    def event(number: int, tid: int, kind: EventKind, *fields: int | str) -> Event:
        return Event(number, number * 10**6, 0, tid, f"p{tid}", tid, kind, fields)

    happened = [
        event(1, 1, EventKind.PROCESS_START, 1, "p1", "", 0),
        event(2, 2, EventKind.PROCESS_START, 2, "p2", "", 0),
        event(3, 1, EventKind.THREAD_START, 1, 0, 1),
        event(4, 2, EventKind.THREAD_START, 2, 0, 1),
        event(4, 3, EventKind.PROCESS_START, 3, "p3", "", 0),
        event(4, 3, EventKind.THREAD_START, 3, 0, 1),
        event(5, 1, EventKind.SEND, 7, 1, 0, 8, 0, 0, 0),
        event(6, 3, EventKind.SEND, 7, 2, 0, 8, 0, 0, 0),
        event(7, 2, EventKind.RECEIVE, 7, 1, 0, 0),
        event(8, 2, EventKind.RECEIVE, 7, 2, 0, 0),
        event(9, 2, EventKind.UNANSWERED, 7, 1),
        event(10, 2, EventKind.REPLY, 7, 1, 5),
        event(11, 2, EventKind.UNANSWERED, 7, 2),
        event(12, 2, EventKind.THREAD_END),
        event(13, 1, EventKind.THREAD_END),
    ]
    path = tmp_path / "killed.pftrace"
    with path.open("wb") as file:
        tracks = Tracks(TraceWriter(file))
        tracks.hear(happened)
        tracks.finish()
    parsed = parse(path)
    sent, served = (
        {each.arguments["message"]: each for each in parsed.slices if each.name.startswith(word)}
        for word in ("send", "serve")
    )
    assert [sent[number].arguments["answer"] for number in (1, 2)] == ["none", "none"]
    assert [(served[number].begin, served[number].end) for number in (1, 2)] == [
        (7000, 10000),
        (8000, 12000),
    ], "served until the reply, though nobody waits for it; or until the server's end"
    assert served[1].track != served[2].track, "two at a time are on two tracks"


@pytest.mark.parametrize("program", ["deaths", "grants", "process", "shared"])
def test_kills_and_moves_between_cpus_leave_a_trace_well_formed(
    program: str, tmp_path: Path
) -> None:
    log = EventLog()
    run_image(program_image(program, own_calls=True), cpus=3, prepare=lambda k: k.record(log))
    path = tmp_path / "program.pftrace"
    with path.open("wb") as file:
        tracks = Tracks(TraceWriter(file))
        tracks.hear(log.events)
        tracks.finish()
    parsed = parse(path)
    sent = sum(event.kind is EventKind.SEND for event in log.events)
    assert sum(each.name.startswith("send to") for each in parsed.slices) == sent > 0
    model = Model()
    for event in log.events:
        model.add(event)
    assert all(channel.waiting == 0 for channel in model.picture("", "", {}).channels)


def test_at_ends_the_trace(events: Path, tmp_path: Path) -> None:
    path = tmp_path / "short.pftrace"
    assert main(["trace", str(events), "--at", "60us", "-o", str(path)]) == 0
    parsed = parse(path)
    assert 0 < max(each.end for each in parsed.slices) <= 60_000
    assert "shell" not in parsed.processes.values()


def test_lines_of_json_name_what_the_numbers_mean(
    events: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["trace", str(events), "--jsonl"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["number"] for line in lines] == list(range(1, len(lines) + 1))
    assert len(lines) == sum(1 for _ in EventFile(events))
    sends = [line for line in lines if line["kind"] == "send"]
    assert "SYSTEM::VFS" in {line["channel_name"] for line in sends}
    call = next(line for line in lines if line.get("call") == "find_named_channel")
    assert list(call["arguments"]) == ["name"]
    result = next(line for line in lines if line["kind"] == "result")
    assert result["status_name"] == "OK"
    interrupt = next(line for line in lines if line["kind"] == "interrupt")
    assert interrupt["owner_name"].startswith("ahcidrv[")


def test_lines_of_json_go_to_a_file_as_well(events: Path, tmp_path: Path) -> None:
    path = tmp_path / "boot.jsonl"
    assert main(["trace", str(events), "--jsonl", "-o", str(path)]) == 0
    text = io.StringIO()
    JsonLines(text).hear(EventFile(events))
    assert path.read_text() == text.getvalue()


def test_a_foreign_program_can_be_traced(tmp_path: Path) -> None:
    path = tmp_path / "hello.pftrace"
    assert main(["trace", "--system", HELLO, "-o", str(path)]) == 1  # it ends, and so the run
    assert list(parse(path).processes) == [1]


def test_without_the_package_one_sentence_tells_what_to_install(
    events: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, "perfetto.trace_builder.proto_builder", None)
    path = tmp_path / "never.pftrace"
    assert main(["trace", str(events), "-o", str(path)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "pip install 'anos-sim[trace]'" in error
    assert not path.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("{}/boot.events -o {}/no/where", "--output: cannot write"),
        ("{}/boot.events -o {}/x --at soon", "is no duration"),
        ("{}/damaged -o {}/x", "is damaged"),
        ("{}/missing.toml -o {}/x", "does not exist"),
    ],
)
def test_bad_input_is_one_sentence_and_status_2(
    arguments: str, words: str, events: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nonsense = b"12345"
    frame = struct.pack("<cII", b"E", len(nonsense), zlib.crc32(nonsense)) + nonsense
    (events.parent / "damaged").write_bytes(MAGIC + frame)
    given = arguments.format(events.parent, events.parent).split()
    before = events.parent / "x"
    before.write_text("an older trace")
    assert main(["trace", *given]) == 2
    captured = capsys.readouterr()
    assert before.read_text() == "an older trace"
    assert not list(events.parent.glob("*.part"))
    assert words in captured.err
    assert captured.err.count("\n") == 1


def test_other_commands_do_not_pay_for_the_packages() -> None:
    script = (
        "import sys, anos_sim.toolchain.cli; "
        "print({'perfetto', 'textual', 'google.protobuf', 'rich'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert result.stdout.strip() == "set()"
