"""Every form of a small capability graph, as it was looked at once."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from anos_sim.stage3.abi import Rights, Sysno
from anos_sim.toolchain.inspect.as_json import json_lines
from anos_sim.toolchain.inspect.capdl import capdl_lines
from anos_sim.toolchain.inspect.diff import compare, diff_lines
from anos_sim.toolchain.inspect.dot import dot_lines
from anos_sim.toolchain.inspect.graph import CapabilityGraph
from anos_sim.toolchain.inspect.names import find_capabilities, find_objects, find_processes
from anos_sim.toolchain.inspect.svg import to_svg
from anos_sim.toolchain.inspect.tables import holder_lines, process_lines
from anos_sim.toolchain.inspect.tree_text import tree_lines
from anos_sim.toolchain.inspect.why import why_lines
from support import capdl
from support.delegations import ALL, US, Delegations, call, small_graph, small_system
from support.golden_file import check_golden

FOLDER = Path(__file__).parent


@pytest.fixture(scope="module")
def graph() -> CapabilityGraph:
    """A graph with a bit of everything."""
    return small_graph()


def check(name: str, lines: Iterable[str]) -> None:
    """Compare lines with their golden file."""
    check_golden(FOLDER, name, "".join(f"{line.rstrip()}\n" for line in lines))


def test_the_tree_says_who_holds_what_from_whom_since_when(graph: CapabilityGraph) -> None:
    check("caps.txt", tree_lines(graph))


def test_system_calls_can_be_unfolded(graph: CapabilityGraph) -> None:
    check("caps-calls.txt", tree_lines(graph, calls=True))


def test_a_process_shows_what_it_holds_and_passed_on(graph: CapabilityGraph) -> None:
    check("caps-process.txt", process_lines(graph, find_processes(graph, "*")))


def test_holders_of_an_address_are_those_of_every_range_around_it(graph: CapabilityGraph) -> None:
    check("caps-holders.txt", holder_lines(graph, find_objects(graph, "memory 0xfd000010")))


def test_why_tells_every_step_and_the_message_that_carried_it(graph: CapabilityGraph) -> None:
    (shell,) = find_processes(graph, "shell")
    (store,) = find_capabilities(graph, shell, "STORE")
    check("caps-why.txt", why_lines(store))


def test_why_goes_on_through_what_has_ended(graph: CapabilityGraph) -> None:
    (driver,) = find_processes(graph, "driver")
    (page,) = find_capabilities(graph, driver, "memory 0xfd000000")
    check("caps-why-ended.txt", why_lines(page))


def test_the_difference_tells_what_appeared_went_moved_and_changed() -> None:
    made = small_system()
    init, driver, shell = made.processes
    before = made.graph()
    (store,) = (each for each in shell.capabilities.values() if each.badge)
    origin = made.origin("move", shell, driver)
    made.tree.delegate(store, driver, ALL, origin)
    made.tree.drop(store)
    mine = next(each for each in init.capabilities.values() if "channel 1" in str(each.target))
    made.tree.drop(mine)
    again = made.origin("find_named_channel", init)
    assert mine.parent is not None
    made.tree.delegate(mine.parent, init, int(Rights.SEND), again)
    made.end(shell)
    difference = compare(before, made.graph())
    check("caps-diff.txt", diff_lines(difference))
    assert [(str(old.holder), str(new.holder)) for old, new in difference.moved] == [
        ("shell[4]", "driver[3]")
    ]


def test_a_graph_does_not_differ_from_itself(graph: CapabilityGraph) -> None:
    difference = compare(graph, graph)
    assert list(diff_lines(difference))[-1] == "nothing has changed"


def test_json_has_a_capability_a_line(graph: CapabilityGraph) -> None:
    lines = list(json_lines(graph))
    check("caps.json", lines)
    data = json.loads("\n".join(lines))
    assert len(data["capabilities"]) == len(graph.capabilities)
    for row, each in enumerate(data["capabilities"]):
        assert each["parent"] is None or each["parent"] < row
        assert each["living_parent"] is None or data["capabilities"][each["living_parent"]]["alive"]


def test_graphviz_text_is_as_it_was(graph: CapabilityGraph) -> None:
    check("caps.dot", dot_lines(graph))


def test_the_picture_is_as_it_was(graph: CapabilityGraph) -> None:
    check("caps.svg", to_svg(graph).splitlines())


def test_the_picture_is_xml_and_names_everything_that_is_held(graph: CapabilityGraph) -> None:
    picture = ElementTree.fromstring(to_svg(graph))
    shown = " ".join(text for text in picture.itertext())
    for name in ("init[1]", "driver[3]", "shell[4]", "STORE", "framebuffer", "vectors 0x40-0x5f"):
        assert name in shown
    assert "broker" not in shown, "it has ended"
    assert "shell[4] holds channel 1 STORE: send; sent 12 messages" in shown


def test_capdl_is_as_it_was_and_in_the_documented_subset(graph: CapabilityGraph) -> None:
    lines = list(capdl_lines(graph))
    check("caps.cdl", lines)
    module = capdl.parse("\n".join(lines))
    assert len(module.slots) == graph.living_count


def test_capdl_has_the_tree_of_what_is_alive(graph: CapabilityGraph) -> None:
    module = capdl.parse("\n".join(capdl_lines(graph)))
    nodes = list(graph.living())
    taken: dict[str, int] = {}
    slots = {}
    for node in nodes:
        cnode = f"{node.holder.name}_{node.holder.pid}_caps"
        slots[node] = cnode, taken.setdefault(cnode, 0)
        taken[cnode] += 1
    for node in nodes:
        above = node.living_parent
        assert module.parents.get(slots[node]) == (slots[above] if above is not None else None)
        assert module.slots[slots[node]][2] == node.badge


@pytest.mark.parametrize(
    "text",
    [
        "arch x86_64 objects { a = ep } caps { a { } } cdt { }",
        "arch x86_64 objects { a = cnode (1 bits) } caps { a { 0: b } } cdt { }",
        "arch x86_64 objects { a = cnode (1 bits) } caps { a { 2: a } } cdt { }",
        "arch x86_64 objects { a = cnode (1 bits) } caps { a { 0: a (GR) } } cdt { }",
        "arch x86_64 objects { } caps { } cdt { (a, 0) }",
        "arch x86_64 objects { a = tube } caps { } cdt { }",
        "arch x86_64 objects { } caps { } cdt { } }",
        "arch x86_64 objects { } caps { }",
    ],
)
def test_the_parser_of_the_subset_accepts_nothing_else(text: str) -> None:
    with pytest.raises(AssertionError):
        capdl.parse(text)


def test_names_that_programs_chose_cannot_disturb_a_terminal_or_a_file() -> None:
    made = Delegations()
    evil = made.process('x\x1b[2J"\n} <b>')
    made.root(evil, call(Sysno.SLEEP), ALL, "power-on")
    made.root(evil, evil, ALL, "build_process")
    graph = made.graph()
    texts = [*tree_lines(graph), *dot_lines(graph), *capdl_lines(graph), *json_lines(graph)]
    assert all(line.isprintable() for line in texts)
    capdl.parse("\n".join(capdl_lines(graph)))
    ElementTree.fromstring(to_svg(graph))
    json.loads("\n".join(json_lines(graph)))


def test_deep_delegation_is_shown_without_going_out_of_the_page() -> None:
    made = Delegations()
    process = made.process("deep")
    node = made.root(process, process, ALL, "power-on")
    for _ in range(3000):
        node = made.tree.mint(node, process, ALL, made.origin("mint", process))
    graph = made.graph()
    assert max(map(len, tree_lines(graph))) < 300
    assert "2,960 deeper: deep[1]" in list(tree_lines(graph))[-1]
    module = capdl.parse("\n".join(capdl_lines(graph)))
    assert len(module.parents) == 3000
    assert made.time_ps == 3001 * US
