"""The capability graph is the kernel's tree, and tells what events told."""

from __future__ import annotations

import argparse
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from anos_sim.stage3.abi import ObjectKind, Rights
from anos_sim.stage3.capability import Capability
from anos_sim.stage3.kernel import Kernel
from anos_sim.toolchain.inspect import CapabilityGraph, CapabilityNode, Watch, snapshot
from anos_sim.toolchain.inspect.as_json import json_lines
from anos_sim.toolchain.inspect.tree_text import tree_lines
from anos_sim.toolchain.options import default_image
from anos_sim.toolchain.replay import add_moment_options, session_at
from anos_sim.toolchain.source_line import LineTable
from support.delegations import ALL, Delegations, small_graph

MANY = 5_000
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def looked_at() -> Iterator[tuple[Kernel, CapabilityGraph]]:
    """Our own system after its run, watched from the boot on."""
    parser = argparse.ArgumentParser()
    add_moment_options(parser)
    watches: list[Watch] = []
    session, _ = session_at(parser.parse_args([]), lambda it: watches.append(Watch(it.kernel)))
    yield session.kernel, snapshot(session.kernel, watches[0])
    session.close()


@pytest.fixture
def graph(looked_at: tuple[Kernel, CapabilityGraph]) -> CapabilityGraph:
    """Its graph."""
    return looked_at[1]


def compare_below(kernels: list[Capability], nodes: list[CapabilityNode]) -> None:
    """The graph's nodes are those of the kernel, all the way down."""
    assert len(kernels) == len(nodes)
    for held, node in zip(kernels, nodes, strict=True):
        assert (node.cookie, node.rights, node.badge) == (held.cookie, held.rights, held.badge)
        assert (node.alive, node.origin) == (held.alive, held.origin)
        assert (node.holder.pid, node.holder.name) == (held.holder.pid, held.holder.name)
        assert (node.object.kind, node.object.number) == held.target.identity
        above = held.living_parent()
        below = node.living_parent
        assert (above and above.cookie) == (below and below.cookie)
        compare_below(held.derived(), node.children())


def test_the_graph_is_the_kernels_tree(looked_at: tuple[Kernel, CapabilityGraph]) -> None:
    kernel, graph = looked_at
    compare_below(list(kernel.tree.roots), graph.roots())
    assert graph.living_count == kernel.tree.count


def test_what_a_process_holds_is_its_table(looked_at: tuple[Kernel, CapabilityGraph]) -> None:
    kernel, graph = looked_at
    for process in kernel.all_processes():
        node = graph.process(process.pid)
        assert node is not None
        held = {each.cookie for each in graph.held_by(node)}
        assert held == set(process.capabilities)


def test_rows_are_in_depth_first_order(graph: CapabilityGraph) -> None:
    for node in graph.capabilities:
        below = list(node.descendants())
        assert all(each.path()[node.depth] == node for each in below)
        assert [each for each in below if each.parent == node] == node.children()
        parent = node.parent
        assert node.depth == (parent.depth + 1 if parent is not None else 0)


def test_the_graph_stays_as_it_is_when_the_tree_changes() -> None:
    made = Delegations()
    first, second = made.process("first"), made.process("second")
    root = made.root(first, first, ALL, "power-on")
    given = made.give(root, second)
    graph = made.graph()
    made.tree.drop(given)
    made.give(root, second, int(Rights.KILL))
    assert [(str(node.holder), node.rights, node.alive) for node in graph.capabilities] == [
        ("first[1]", ALL, True),
        ("second[2]", ALL, True),
    ]


def test_who_could_take_it_back_is_the_nearest_other_holder_that_lives() -> None:
    graph = small_graph()
    givers = {
        (str(node.holder), str(node.object.kind.name)): graph.givers[node.index]
        for node in graph.living()
    }
    by_name = {each.name: each.index for each in graph.processes}
    assert givers["driver[3]", "PHYSICAL"] == by_name["init"], "the broker between has ended"
    assert givers["shell[4]", "CHANNEL"] == by_name["init"]
    assert givers["init[1]", "CHANNEL"] == by_name["driver"]
    assert givers["init[1]", "CALL"] == -1


def test_a_capability_that_came_in_a_message_tells_channel_and_tag(graph: CapabilityGraph) -> None:
    carried = [node for node in graph.capabilities if node.origin.message]
    assert carried, "the boot sends capabilities around"
    for node in carried:
        message = node.carried_by
        assert message is not None
        assert message.number == node.origin.message
        sender = node.origin.sender
        assert sender is not None
        assert message.sender == sender.pid
        assert graph.object(ObjectKind.CHANNEL, message.channel) is not None


def test_traffic_goes_from_who_may_send_to_who_may_receive(graph: CapabilityGraph) -> None:
    assert graph.traffic
    for each in graph.traffic:
        channel = graph.object(ObjectKind.CHANNEL, each.channel)
        sender, receiver = graph.process(each.sender), graph.process(each.receiver)
        assert channel is not None
        assert sender is not None
        assert receiver is not None
        if sender.state == "alive":
            holds = [node for node in graph.held_by(sender) if node.object == channel]
            assert any(node.used & Rights.SEND for node in holds)
        holds = [node for node in graph.held_by(receiver) if node.object == channel]
        assert any(node.used & Rights.RECEIVE for node in holds)


def test_calls_that_were_made_are_used_and_others_are_not(graph: CapabilityGraph) -> None:
    (shell,) = (each for each in graph.processes if each.name == "shell")
    used = {node.object.text for node in graph.held_by(shell) if node.is_call and node.used}
    assert {"call send_message", "call find_named_channel", "call power"} <= used
    (first,) = (each for each in graph.processes if each.pid == 1)
    held = [node for node in graph.held_by(first) if node.is_call]
    assert not all(node.used for node in held), "SYSTEM holds all calls and makes few"


def test_uses_count_what_was_sent(graph: CapabilityGraph) -> None:
    (way,) = (each for each in graph.traffic if each.sender == 5 and each.channel == 2)
    (shell,) = (each for each in graph.processes if each.pid == 5)
    (held,) = (node for node in graph.held_by(shell) if "SYSTEM::VFS" in node.object.names)
    (use,) = (each for each in graph.uses if (each.pid, each.cookie) == (5, held.cookie))
    assert use.count == way.count


def test_processes_that_have_ended_are_known_by_name(graph: CapabilityGraph) -> None:
    ended = {each.name for each in graph.processes if each.state == "ended"}
    assert "pcidrv" in ended


def test_devices_have_names(graph: CapabilityGraph) -> None:
    names = {name for each in graph.objects for name in each.names}
    assert {"AHCI controller 0", "AHCI controller 0 config", "framebuffer", "RAM"} <= names


def test_a_site_tells_function_and_source_line(graph: CapabilityGraph) -> None:
    places = graph.places
    assert places is not None
    for node in graph.capabilities:
        actor = node.origin.actor
        if actor is not None:
            place = places.describe(actor.process, actor.caller, is_return=True)
            assert ".c:" in place, f"{node}: {place}"


def test_the_line_of_an_address_is_that_of_the_code() -> None:
    data = default_image().read_bytes()
    table = LineTable(data)
    assert table.find(0x10) is None
    assert table.find(1 << 62) is None
    assert LineTable(b"no ELF file").find(0x10) is None
    assert LineTable(data[:2000]).find(0x100_0000) is None


def test_a_graph_is_small_and_is_printed_without_being_held_in_memory() -> None:
    made = Delegations()
    processes = [made.process(f"p{number}") for number in range(50)]
    nodes = [made.root(processes[0], processes[0], ALL, "power-on")]
    for number in range(MANY):
        source, holder = nodes[number // 3], processes[number % 50]
        nodes.append(made.tree.mint(source, holder, ALL, nodes[0].origin))
    graph = made.graph()
    columns = attrs.asdict(graph.columns, recurse=False).values()
    assert sum(map(sys.getsizeof, columns)) < 72 * MANY, "bytes a capability"
    tracemalloc.start()
    try:
        for forms in (tree_lines(graph), json_lines(graph)):
            assert sum(1 for _ in forms) > MANY
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 100 * MANY


@pytest.mark.skipif(not (ROOT / "servers").is_dir(), reason="only a checkout has the sources")
def test_a_source_line_is_that_of_the_call(graph: CapabilityGraph) -> None:
    assert graph.places is not None
    lines = []
    for node in graph.capabilities:
        actor = node.origin.actor
        if actor is not None and node.origin.how == "create_channel":
            place = graph.places.line(actor.process, actor.caller - 1)
            described = graph.places.describe(actor.process, actor.caller, is_return=True)
            assert place is not None
            assert described.endswith(f"({place})")
            file, _, line = place.rpartition(":")
            lines.append((ROOT / file).read_text().splitlines()[int(line) - 1])
    assert len(lines) > 3
    assert all("anos_create_channel(" in line for line in lines), lines
