"""`anos-sim caps why PROCESS CAP`: how a process came to hold something."""

from __future__ import annotations

import argparse
import json

from anos_sim.toolchain.errors import UserError
from anos_sim.toolchain.inspect.graph import CapabilityGraph, CapabilityNode
from anos_sim.toolchain.inspect.names import find_capabilities, find_processes
from anos_sim.toolchain.inspect.why import why_data, why_lines

from .options import add_graph_options, print_lines, read_graph


def add_parser(views: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the view."""
    parser = views.add_parser(
        "why",
        help="how a process came to hold something",
        description="Show the way of a capability from the kernel to its holder: each delegation, "
        "the message that carried it, and where in which program it was sent.",
        epilog="CAP is a cookie (0x846e...), or an object as in `anos-sim caps holders --help`",
    )
    parser.add_argument("process", metavar="PROCESS", help="a name, a pattern or a pid")
    parser.add_argument("capability", metavar="CAP", help="what it holds, see below")
    add_graph_options(parser)
    parser.add_argument("--json", action="store_true", help="as JSON, for scripts")
    parser.set_defaults(run=run_why)


def run_why(arguments: argparse.Namespace) -> int:
    """Do it; returns the exit status."""
    graph, status = read_graph(arguments)
    found = choose(graph, arguments.process, arguments.capability)
    if arguments.json:
        print(json.dumps([why_data(node) for node in found], indent=2))
        return status
    for number, node in enumerate(found):
        if number:
            print()
        print_lines(why_lines(node))
    return status


def choose(graph: CapabilityGraph, process: str, capability: str) -> list[CapabilityNode]:
    """The capabilities that are meant, of one or of several processes.

    Raises:
        UserError: there is no such process, or none that holds such a thing.
    """
    found: list[CapabilityNode] = []
    complaints = []
    for each in find_processes(graph, process):
        try:
            found += find_capabilities(graph, each, capability)
        except UserError as error:
            complaints.append(error)
    if not found:
        raise complaints[0]
    return found
