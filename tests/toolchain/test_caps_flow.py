"""Who can reach whom and who can leak to whom, on graphs whose answers are known by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from anos_sim.toolchain.cli import main
from anos_sim.toolchain.inspect.authority import set_of
from anos_sim.toolchain.inspect.flow_report import FlowReport
from anos_sim.toolchain.inspect.flow_text import flow_dot, flow_lines, way_lines
from anos_sim.toolchain.inspect.graph import CapabilityGraph
from anos_sim.toolchain.inspect.names import find_processes
from support.held import held

DOCUMENT = Path(__file__).parents[2] / "docs" / "capabilities.md"


def answers(graph: CapabilityGraph, question: str, *trusted: str) -> dict[str, str]:
    """By source: its row, a letter a process, in the order of the text."""
    marks = 0
    for name in trusted:
        marks |= set_of(find_processes(graph, name))
    report = FlowReport(graph, marks)
    find = report.reach_row if question == "reach" else report.leak_row
    return {
        each.name: "".join(
            "-" if other is each else find(each).get(other.index, ".") for other in graph.processes
        )
        for each in graph.processes
    }


def test_a_message_is_known_to_its_receiver_and_the_answer_to_its_sender() -> None:
    graph = held("""
        A: call send_message; channel 1 send
        B: call recv_message; call reply_message; channel 1 receive
        C:
    """)
    assert answers(graph, "reach") == {"A": "-1.", "B": "1-.", "C": "..-"}


def test_a_right_without_its_call_reaches_nobody() -> None:
    graph = held("""
        A: channel 1 send
        B: call recv_message; channel 1 receive
    """)
    assert answers(graph, "reach") == {"A": "-.", "B": ".-"}


def test_two_senders_on_a_channel_reach_each_other_over_its_receiver_only() -> None:
    graph = held("""
        A: call send_message; channel 1 send
        B: call send_transfer; channel 1 send
        S: call recv_message; channel 1 receive
    """)
    assert answers(graph, "reach") == {"A": "-21", "B": "2-1", "S": "11-"}
    assert answers(graph, "reach", "S") == {"A": "-.1", "B": ".-1", "S": "11-"}


def test_a_notification_goes_one_way() -> None:
    graph = held("""
        A: call signal; call wait; notification 1 send
        B: call signal; call wait; notification 1 receive
    """)
    assert answers(graph, "reach") == {"A": "-1", "B": ".-"}


def test_memory_flows_from_who_writes_to_who_reads() -> None:
    graph = held("""
        A: call map_memory; shared 1 read write
        B: call map_memory; shared 1 read
        C: call map_memory; shared 2 read write
    """)
    assert answers(graph, "reach") == {"A": "-1.", "B": ".-.", "C": "..-"}


@pytest.mark.parametrize(
    ("other", "row"),
    [
        ("0x1000-0x1fff", "-1"),
        ("0x0000-0x0fff", "-."),
        ("0x2000-0x2fff", "-1"),
        ("0x3000-0x3fff", "-."),
        ("0x0000-0xffff", "-1"),
    ],
)
def test_ranges_of_memory_are_shared_where_they_overlap(other: str, row: str) -> None:
    graph = held(f"""
        A: call map_physical; memory 0x1000-0x2fff write
        B: call map_physical; memory {other} read
    """)
    assert answers(graph, "reach")["A"] == row


def test_a_process_is_reached_by_who_may_end_it_and_its_end_is_seen() -> None:
    graph = held("""
        K: call kill_process; process P kill
        P:
        O: call process_status; process P observe
        X: process P kill observe
        Y: call kill_process; process P observe
    """)
    assert answers(graph, "reach") == {
        "K": "-11..",
        "P": ".-1..",
        "O": "..-..",
        "X": "...-.",
        "Y": "....-",
    }


def test_the_log_is_read_by_who_may_read_it() -> None:
    graph = held("""
        A: call kprint
        B: call read_kernel_log
    """)
    assert answers(graph, "reach") == {"A": "-1", "B": ".-"}


def test_the_shortest_way_is_told_with_its_steps() -> None:
    graph = held("""
        A: call send_message; channel 1=first send; channel 2 send
        B: call recv_message; call send_message; channel 1 receive; channel 3=third send
        C: call recv_message; call send_message; channel 2 receive; channel 4 send
        D: call recv_message; call send_message; channel 4 receive; channel 3 send
        E: call recv_message; channel 3 receive
    """)
    report = FlowReport(graph)
    source, target = graph.processes[0], graph.processes[4]
    assert list(way_lines(report, source, target)) == [
        "A[1] can reach E[5]:",
        "  1  A[1] sends on channel 1 first, B[2] receives",
        "  2  B[2] sends on channel 3 third, E[5] receives",
        "No capability of A[1] can come to E[5].",
    ]
    assert report.reach.steps(source.index, target.index) == 2


def test_capabilities_pass_in_messages_only_between_who_has_the_calls() -> None:
    text = """
        A: call send_message; call send_transfer; channel 1 send
        B: call recv_message; {} channel 1 receive
    """
    assert answers(held(text.format("")), "leak") == {"A": "-.", "B": ".-"}
    assert answers(held(text.format("call recv_transfer;")), "leak") == {"A": "-1", "B": ".-"}
    assert answers(held(text.format("call take;")), "leak") == {"A": "-1", "B": ".-"}
    assert answers(held(text.format("call give;")), "leak") == {"A": "-.", "B": "1-"}
    assert answers(held(text.format("call reply_transfer;")), "leak") == {"A": "-.", "B": "1-"}


def test_the_value_of_an_answer_passes_send_and_nothing_else() -> None:
    graph = held("""
        A: call send_message; channel 1 send
        B: call recv_message; call reply_message; channel 1 receive
    """)
    assert answers(graph, "leak") == {"A": "-.", "B": "s-"}


def test_what_was_passed_on_goes_further_as_the_value_of_an_answer() -> None:
    graph = held("""
        A: call send_message; call send_transfer; channel 1 send; channel 9 send grant
        B: call recv_message; call recv_transfer; call reply_message
        B: channel 1 receive; channel 2 receive
        C: call send_message; channel 2 send
        D: call recv_message; channel 9 receive
    """)
    assert answers(graph, "leak") == {"A": "-1s.", "B": "s-s.", "C": "..-.", "D": "...-"}
    assert answers(graph, "leak", "B") == {"A": "-1..", "B": "s-s.", "C": "..-.", "D": "...-"}
    report = FlowReport(graph)
    assert report.could_reach.steps(2, 3) == 1, "C could get SEND on channel 9"
    a, c = graph.processes[0], graph.processes[2]
    assert list(way_lines(report, a, c))[-3:] == [
        "Of the capabilities of A[1] only SEND on a channel can come to C[3]:",
        "  1  A[1] passes capabilities to B[2] in messages on channel 1",
        "  2  B[2] answers C[3] on channel 2 with SEND on another channel",
    ]


def test_a_call_that_came_lets_more_come() -> None:
    graph = held("""
        A: call send_message; call send_transfer grant; channel 1 send
        B: call recv_message; call recv_transfer; call send_message
        B: channel 1 receive; channel 2 send; channel 3 send grant
        C: call recv_message; call recv_transfer; call send_message; channel 2 receive
        D: call recv_message; channel 3 receive
    """)
    assert answers(graph, "leak")["B"] == ".-..", "it may not send capabilities yet"
    assert FlowReport(graph).could_reach.steps(2, 3) == 1, "then it could, to C"


def test_a_name_passes_send_from_who_may_name_to_who_may_find() -> None:
    graph = held("""
        A: call register_channel_name; channel 1 name
        B: call find_named_channel
        C: channel 2 name
    """)
    assert answers(graph, "leak") == {"A": "-s.", "B": ".-.", "C": "..-"}


def test_a_process_gets_what_who_may_end_it_gives() -> None:
    graph = held("""
        K: call give; process P kill
        P: call kprint
    """)
    assert answers(graph, "leak") == {"K": "-1", "P": ".-"}


def test_a_name_can_be_found_and_then_reaches() -> None:
    graph = held("""
        A: call find_named_channel; call send_message
        S: call recv_message; channel 1=service receive
        T: call recv_message; channel 2 receive
    """)
    assert answers(graph, "reach") == {"A": "-+.", "S": "+-.", "T": "..-"}


def test_rights_that_can_be_passed_on_count_only_as_far_as_they_can() -> None:
    text = """
        A: call send_message; call send_transfer; channel 1 send {}; channel 2 send
        B: call recv_message; call recv_transfer; call send_message; channel 2 receive
        C: call recv_message; channel 1 receive
    """
    kept, passed = FlowReport(held(text.format(""))), FlowReport(held(text.format("grant")))
    for report in (kept, passed):
        assert report.reach.steps(1, 2) == 2, "B reaches C over A"
    assert kept.could_reach.steps(1, 2) == 2
    assert passed.could_reach.steps(1, 2) == 1, "B could get SEND on channel 1"
    assert answers(held(text.format("grant")), "reach", "A")["B"] == "1-.", "A passes nothing on"


def test_a_call_that_is_passed_on_opens_a_new_way() -> None:
    graph = held("""
        A: call send_message; call send_transfer; call signal grant; channel 1 send
        B: call recv_message; call recv_transfer; channel 1 receive; notification 1 send
        C: call wait; notification 1 receive
    """)
    assert answers(graph, "reach")["B"] == "1-+"
    report = FlowReport(graph)
    assert list(way_lines(report, graph.processes[1], graph.processes[2]))[:3] == [
        "B[2] cannot reach C[3] by the rights that are held now.",
        "After capabilities were passed on it could:",
        "  1  B[2] signals notification 1, C[3] waits for it (not yet held: a system call)",
    ]


def test_trusted_processes_end_a_way_but_are_not_on_it() -> None:
    graph = held("""
        A: call send_message; channel 1 send
        S: call recv_message; call send_message; channel 1 receive; channel 2 send
        B: call recv_message; channel 2 receive
    """)
    assert answers(graph, "reach") == {"A": "-12", "S": "1-1", "B": "21-"}
    assert answers(graph, "reach", "S") == {"A": "-1.", "S": "1-1", "B": ".1-"}


def test_names_with_braces_are_only_names() -> None:
    graph = held("""
        {target}: call send_message; channel 1={source}{0} send
        B: call recv_message; channel 1 receive
    """)
    lines = list(way_lines(FlowReport(graph), graph.processes[0], graph.processes[1]))
    assert lines[1] == "  1  {target}[1] sends on channel 1 {source}{0}, B[2] receives"


def test_many_processes_are_listed() -> None:
    clients = "\n".join(f"c{number}: call send_message; channel 1 send" for number in range(60))
    graph = held(f"{clients}\nserver: call recv_message; channel 1 receive")
    lines = list(flow_lines(FlowReport(graph)))
    assert "c0[1]: " in lines[3]
    assert "server[61] 1" in lines[3]
    assert "c59[60] 2" in lines[3]


def test_graphviz_has_an_edge_for_each_direct_link() -> None:
    graph = held("""
        A: call send_message; channel 1=a"b send
        B: call recv_message; call give; channel 1 receive
    """)
    lines = flow_dot(FlowReport(graph)).splitlines()
    assert '  "A[1]" -> "B[2]" [label="channel 1 a\\"b"];' in lines
    assert '  "B[2]" -> "A[1]" [label="channel 1 a\\"b" style="bold"];' in lines
    assert (lines[0], lines[-1]) == ("digraph flow {", "}")


# ---- the command, on the real system ----


def test_the_shell_reaches_the_disk_over_the_file_system(
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = ["--from", "shell", "--to", "ahcidrv", "--trusted", "SYSTEM"]
    assert main(["caps", "flow", *options]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "shell[5] can reach ahcidrv[8]:"
    assert "shell[5] sends on channel" in lines[1]
    assert "fat32drv[9] receives" in lines[1]
    assert lines[3] == "A capability of shell[5] can come to ahcidrv[8]:"
    assert "shell[5] passes capabilities to fat32drv[9] in messages on channel" in lines[4]


def test_flow_as_json_has_the_ways(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["caps", "flow", "--json", "--from", "shell", "--trusted", "SYSTEM"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["trusted"] == ["SYSTEM[1]"]
    to_log = next(pair for pair in data["pairs"] if pair["to"] == "kterminal[2]")
    assert [step["over"] for step in to_log["reach"]] == ["the log"]
    assert to_log["leak"] == []


def test_an_unknown_process_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["caps", "flow", "--from", "shlel"]) == 2
    assert capsys.readouterr().err == "anos-sim: no process 'shlel'; did you mean shell?\n"


@pytest.mark.arch("the document's figures are x86_64's")
def test_the_document_shows_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    text = DOCUMENT.read_text()
    assert main(["caps", "flow", "--trusted", "SYSTEM"]) == 0
    assert capsys.readouterr().out.strip() in text
    ends = ["--from", "kterminal", "--to", "fat32drv"]
    assert main(["caps", "flow", *ends, "--trusted", "SYSTEM"]) == 0
    assert capsys.readouterr().out.strip() in text
