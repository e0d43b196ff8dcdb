"""`anos-sim ipc` counts each message once, for the right two, and times it from send to reply."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anos_sim.stage3.events import Event, EventKind
from anos_sim.toolchain.cli import main
from anos_sim.toolchain.look.ipc_graph import to_dot, to_svg
from anos_sim.toolchain.look.traffic import Traffic, percentile
from anos_sim.toolchain.options import elf_folder
from support.boot import boot_system

HELLO = str(elf_folder() / "tests" / "hello.elf")
Captured = pytest.CaptureFixture[str]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The events of a whole boot, as a file."""
    path = tmp_path_factory.mktemp("events") / "boot.events"
    assert main(["run", "--quiet", "--events", str(path)]) == 0
    return path


def event(time_us: int, pid: int, kind: EventKind, *fields: int | str) -> Event:
    """An event of a process that has one thread."""
    return Event(0, time_us * 10**6, 0, pid, f"p{pid}", pid, kind, fields)


def send(time_us: int, pid: int, message: int, channel: int = 1, size: int = 8) -> Event:
    """A message is sent."""
    return event(time_us, pid, EventKind.SEND, channel, message, 0, size, 0, 0, 0)


def serve(time_us: int, pid: int, message: int, reply_us: int, channel: int = 1) -> list[Event]:
    """It is received, and answered."""
    return [
        event(time_us, pid, EventKind.RECEIVE, channel, message, 0, 0),
        event(reply_us, pid, EventKind.REPLY, channel, message, 0),
    ]


def test_latency_is_from_send_to_reply() -> None:
    traffic = Traffic()
    traffic.hear([send(10, 1, 1), *serve(15, 2, 1, 40)])
    (way,) = traffic.ways()
    assert (way.client, way.server, way.messages, way.bytes) == ("[1]", "[2]", 1, 8)
    assert way.median_ps == way.p99_ps == way.max_ps == 30 * 10**6


def test_ways_differ_by_client_server_and_channel() -> None:
    traffic = Traffic()
    for number, (client, server, channel) in enumerate(
        [(1, 2, 1), (1, 2, 2), (3, 2, 1), (1, 4, 1), (1, 2, 1)], start=1
    ):
        traffic.hear([send(number, client, number, channel)])
        traffic.hear(serve(number, server, number, number + 1, channel))
    ways = [(way.client, way.server, way.channel_number, way.messages) for way in traffic.ways()]
    assert ways[0] == ("[1]", "[2]", 1, 2)
    assert sorted(ways[1:]) == [("[1]", "[2]", 2, 1), ("[1]", "[4]", 1, 1), ("[3]", "[2]", 1, 1)]


def test_messages_without_an_answer_are_failed_or_open() -> None:
    traffic = Traffic()
    traffic.hear([send(1, 1, number) for number in (1, 2, 3, 4)])
    traffic.hear([event(2, 2, EventKind.RECEIVE, 1, number, 0, 0) for number in (1, 2)])
    traffic.hear([event(3, 2, EventKind.UNANSWERED, 1, number) for number in (1, 3)])
    ways = {way.server: way for way in traffic.ways()}
    assert (ways["[2]"].failed, ways["[2]"].open) == (1, 1)
    assert (ways["nobody yet"].failed, ways["nobody yet"].open) == (1, 1)
    assert ways["[2]"].median_ps is None
    assert traffic.ways() == list(ways.values()), "asking changes nothing"


@given(st.lists(st.integers(0, 1000), min_size=1), st.sampled_from([1, 50, 99, 100]))
def test_a_percentile_is_a_value_that_so_many_are_not_above(values: list[int], part: int) -> None:
    ordered = sorted(values)
    result = percentile(ordered, part)
    assert result in values
    assert sum(value <= result for value in values) * 100 >= part * len(values)
    assert sum(value < result for value in values) * 100 < part * len(values)


def test_names_are_those_of_processes_and_channels(events: Path, capsys: Captured) -> None:
    assert main(["ipc", str(events)]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split()[:7] == [
        "CLIENT", "SERVER", "CHANNEL", "MESSAGES", "BYTES", "MEDIAN", "P99",
    ]  # fmt: skip
    rows = [re.split(r"  +", line) for line in lines]
    assert ["shell[5]", "SYSTEM[1]", "SYSTEM::VFS"] in [row[:3] for row in rows]
    assert any(row[0].startswith("fat32drv") and row[1].startswith("ahcidrv") for row in rows)


def test_every_message_of_a_boot_is_counted(events: Path, capsys: Captured) -> None:
    assert main(["ipc", str(events), "--json"]) == 0
    ways = json.loads(capsys.readouterr().out)
    booted = boot_system()
    try:
        assert sum(way["messages"] for way in ways) == booted.kernel.statistics.messages
    finally:
        booted.close()
    for way in ways:
        assert way["failed"] == 0
        assert way["open"] == (way["channel"] == "CONSOLE"), "the shell reads on"
        assert 0 < way["median_ns"] <= way["p99_ns"] <= way["max_ns"]


def test_a_file_a_recording_and_a_boot_tell_the_same(
    events: Path, tmp_path: Path, capsys: Captured
) -> None:
    recording = tmp_path / "boot.anos"
    assert main(["run", "--quiet", "--record", str(recording)]) == 0
    capsys.readouterr()
    tables = []
    for source in ([str(events)], [str(recording)], []):
        for moment in ([], ["--at", "20ms"], ["--at", "#1000"]):
            assert main(["ipc", *source, *moment]) == 0
            tables.append(capsys.readouterr().out)
    assert tables[0:3] == tables[3:6] == tables[6:9]
    assert len({*tables}) == 3


def test_until_ends_the_look(events: Path, capsys: Captured) -> None:
    counts = []
    for source in ([str(events)], []):
        assert main(["ipc", *source, "--until", "VFS: mounted 'disk0:'", "--json"]) == 0
        ways = json.loads(capsys.readouterr().out)
        counts.append(sum(way["messages"] for way in ways))
    assert 10 < counts[0] <= counts[1] < 60
    assert main(["ipc", str(events), "--until", "nobody says this"]) == 1
    assert "no log line contained 'nobody says this'" in capsys.readouterr().err


def test_a_run_without_messages_says_so(capsys: Captured) -> None:
    assert main(["ipc", "--system", HELLO]) == 1
    assert capsys.readouterr().out == "no messages were sent\n"


def test_the_graph_has_an_edge_for_each_way(events: Path, capsys: Captured) -> None:
    assert main(["ipc", str(events), "--json"]) == 0
    ways = json.loads(capsys.readouterr().out)
    assert main(["ipc", str(events), "--dot"]) == 0
    dot = capsys.readouterr().out
    edges = re.findall(r'^  "(.+)" -> "(.+)" \[label="(.+)\\n\d+ x', dot, re.MULTILINE)
    assert edges == [(way["client"], way["server"], way["channel"]) for way in ways]


def test_the_picture_has_a_box_for_each_process_and_no_two_on_one_another(
    events: Path, capsys: Captured
) -> None:
    assert main(["ipc", str(events), "--svg"]) == 0
    picture = ElementTree.fromstring(capsys.readouterr().out)
    boxes = [each for each in picture.iter(f"{SVG}rect") if each.get("class") == "box"]
    texts = [each.text for each in picture.iter(f"{SVG}text")]
    assert len(boxes) == 9
    assert {"SYSTEM[1]", "shell[5]"} <= set(texts)
    corners = [(int(each.attrib["x"]), int(each.attrib["y"])) for each in boxes]
    for number, (x, y) in enumerate(corners):
        assert 0 <= x <= int(picture.attrib["width"]) - 132
        assert 0 <= y <= int(picture.attrib["height"]) - 40
        for other_x, other_y in corners[:number]:
            assert abs(x - other_x) > 132 or abs(y - other_y) > 40
    labels = [each for each in picture.iter(f"{SVG}text") if each.get("class") == "label"]
    assert labels
    for number, label in enumerate(labels):
        for other in labels[:number]:
            across = abs(int(label.attrib["x"]) - int(other.attrib["x"]))
            down = abs(int(label.attrib["y"]) - int(other.attrib["y"]))
            assert across > 90 or down > 12


def test_pictures_take_any_name_and_any_number() -> None:
    traffic = Traffic()
    names = ['<&">\x1b\n', "p\\", *(f"p{number}" for number in range(3, 40))]
    for pid, name in enumerate(names, start=1):
        traffic.hear([event(0, pid, EventKind.PROCESS_START, pid, name, "", 0)])
        traffic.hear([send(1, pid, pid, channel=pid % 5), *serve(2, 1, pid, 3)])
    ways = traffic.ways()
    ElementTree.fromstring(to_svg(ways))
    ElementTree.fromstring(to_svg([]))
    assert to_dot(ways).count("->") == len(ways)
    assert '"p\\\\[2]"' in to_dot(ways)
