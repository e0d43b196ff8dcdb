"""`anos-sim caps holders OBJECT`: who holds rights to something."""

from __future__ import annotations

import argparse
import json

from anos_sim.toolchain.inspect.as_json import capability_data
from anos_sim.toolchain.inspect.names import find_objects
from anos_sim.toolchain.inspect.tables import holder_lines

from .options import add_graph_options, print_lines, read_graph


def add_parser(views: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the view."""
    parser = views.add_parser(
        "holders",
        help="who holds rights to an object",
        description="Show who holds rights to an object, from whom, since when. Ranges that "
        "contain an address count as well.",
        epilog="objects: 'channel 4', 'channel:SYSTEM::VFS', 'memory 0xc0000000', "
        "'call map_physical', 'vector 0x40', 'notification 1', or a process; names may be "
        "patterns, as in 'channel:SYSTEM::*'",
    )
    parser.add_argument("object", metavar="OBJECT", help="what it is about, see below")
    add_graph_options(parser)
    parser.add_argument("--json", action="store_true", help="as JSON, for scripts")
    parser.set_defaults(run=run_holders)


def run_holders(arguments: argparse.Namespace) -> int:
    """Do it; returns the exit status."""
    graph, status = read_graph(arguments)
    targets = find_objects(graph, arguments.object)
    if arguments.json:
        held = [capability_data(node) for each in targets for node in graph.rights_to(each)]
        print(json.dumps(held, indent=2))
    else:
        print_lines(holder_lines(graph, targets))
    return status
