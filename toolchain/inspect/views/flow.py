"""`anos-sim caps flow`: who can reach whom, and who can leak to whom."""

from __future__ import annotations

import argparse
import json

from anos_sim.toolchain.inspect.authority import set_of
from anos_sim.toolchain.inspect.flow_report import FlowReport
from anos_sim.toolchain.inspect.flow_text import flow_dot, flow_lines, way_lines
from anos_sim.toolchain.inspect.graph import CapabilityGraph, ProcessNode
from anos_sim.toolchain.inspect.names import find_processes

from .options import add_graph_options, print_lines, read_graph


def add_parser(views: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the view."""
    parser = views.add_parser(
        "flow",
        help="who can reach whom, and who can leak to whom",
        description="Who can let whom know something, and to whom capabilities can come, by the "
        "rights that are held, directly and over others: the closures of the links that "
        "docs/capabilities.md lists. It says what the kernel would allow, not what programs do.",
    )
    parser.add_argument("--from", dest="source", metavar="P", help="ways from this process")
    parser.add_argument("--to", dest="target", metavar="P", help="ways to this process")
    parser.add_argument(
        "--trusted", action="append", default=[], metavar="P",
        help="no way leads through this process, for it passes nothing on; again for more",
    )  # fmt: skip
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="as JSON, with the ways")
    output.add_argument("--dot", action="store_true", help="direct links, for Graphviz")
    add_graph_options(parser)
    parser.set_defaults(run=run_flow)


def run_flow(arguments: argparse.Namespace) -> int:
    """Do it; returns the exit status."""
    graph, status = read_graph(arguments)
    trusted = 0
    for pattern in arguments.trusted:
        trusted |= set_of(find_processes(graph, pattern))
    report = FlowReport(graph, trusted)
    sources = _chosen(graph, report, arguments.source)
    targets = _chosen(graph, report, arguments.target)
    if arguments.dot:
        print(flow_dot(report))
    elif arguments.json:
        print(json.dumps(report.data(sources, targets), indent=2))
    elif arguments.source or arguments.target:
        pairs = [(source, target) for source in sources for target in targets if source != target]
        texts = ["\n".join(way_lines(report, source, target)) for source, target in pairs]
        print("\n\n".join(texts))
    else:
        print_lines(flow_lines(report))
    return status


def _chosen(graph: CapabilityGraph, report: FlowReport, pattern: str | None) -> list[ProcessNode]:
    return find_processes(graph, pattern) if pattern else report.processes
