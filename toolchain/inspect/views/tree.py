"""`anos-sim caps`: the delegation tree, in any form; with --process what one process holds."""

from __future__ import annotations

import argparse
import json

from anos_sim.toolchain.errors import UserError
from anos_sim.toolchain.inspect.as_json import capability_data, json_lines, process_data
from anos_sim.toolchain.inspect.capdl import capdl_lines
from anos_sim.toolchain.inspect.dot import dot_lines
from anos_sim.toolchain.inspect.graph import CapabilityGraph
from anos_sim.toolchain.inspect.names import find_processes
from anos_sim.toolchain.inspect.svg import to_svg
from anos_sim.toolchain.inspect.tables import process_lines
from anos_sim.toolchain.inspect.tree_text import tree_lines

from .options import add_graph_options, print_lines, read_graph


def add_parser(views: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the view."""
    parser = views.add_parser(
        "tree",
        help="who holds what, from whom, since when (the default view)",
        description="Boot a system, or take a recording, and show its delegation tree: who holds "
        "what with which rights, from whom, by which call, since when. A capability stands below "
        "the one it was derived from; what is gone but has living heirs is (dropped) or (ended).",
        epilog="Under bearer cookies belong to nobody: the tree shows who was given each, and who "
        "was seen using what.",
    )
    add_graph_options(parser)
    show = parser.add_argument_group("what is shown")
    show.add_argument(
        "--process", metavar="NAME",
        help="only what these processes hold: a name, a pattern (*drv) or a pid",
    )  # fmt: skip
    show.add_argument("--calls", action="store_true", help="every system call by itself")
    form = show.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON, for scripts")
    form.add_argument("--dot", action="store_true", help="as a graph for Graphviz")
    form.add_argument("--svg", action="store_true", help="as a picture")
    form.add_argument("--capdl", action="store_true", help="in the capDL language")
    parser.set_defaults(run=run_tree)


def run_tree(arguments: argparse.Namespace) -> int:
    """Do it; returns the exit status."""
    if arguments.process is not None and (arguments.dot or arguments.svg or arguments.capdl):
        raise UserError("--process goes with text and --json; a picture shows the whole tree")
    graph, status = read_graph(arguments)
    if arguments.process is not None:
        _show_processes(graph, arguments)
    elif arguments.json:
        print_lines(json_lines(graph))
    elif arguments.dot:
        print_lines(dot_lines(graph))
    elif arguments.svg:
        print(to_svg(graph), end="")
    elif arguments.capdl:
        print_lines(capdl_lines(graph))
    else:
        print_lines(tree_lines(graph, arguments.calls))
    return status


def _show_processes(graph: CapabilityGraph, arguments: argparse.Namespace) -> None:
    processes = find_processes(graph, arguments.process)
    if not arguments.json:
        print_lines(process_lines(graph, processes, arguments.calls))
        return
    described = [
        {
            **process_data(process),
            "capabilities": [capability_data(node) for node in graph.held_by(process)],
        }
        for process in processes
    ]
    print(json.dumps(described, indent=2))
