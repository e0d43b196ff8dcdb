"""Who can reach whom as matrices, as sentences and for Graphviz."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from anos_sim.toolchain.duration import show_time
from anos_sim.toolchain.table import render

from .authority import members
from .flow import Step
from .flow_report import AFTER_PASSING, NEVER, SEND_ONLY, FlowReport
from .graph import ProcessNode

MATRIX_MAX = 40
"""More processes than this are listed, not put into a matrix."""
REACH = (
    "REACH: in how many steps can the row let the column know something? "
    f"{AFTER_PASSING} only after capabilities were passed on, {NEVER} never"
)
LEAK = (
    "LEAK: in how many steps can a capability of the row, held with GRANT, come to the column? "
    f"{SEND_ONLY} only SEND on a channel, {NEVER} never"
)


def flow_lines(report: FlowReport) -> Iterator[str]:
    """Both matrices."""
    graph = report.graph
    trusted = [str(each) for each in graph.processes if report.trusted >> each.index & 1]
    head = f"{len(report.processes)} processes at {show_time(graph.time_ps)}, {graph.policy}"
    yield head + (f"; trusted to pass nothing on: {', '.join(trusted)}" if trusted else "")
    if graph.policy == "bearer":
        yield "Under bearer whoever learns a number may use it: this is only what was seen."
    yield ""
    yield REACH
    yield from _table(report.processes, [report.reach_row(each) for each in report.processes])
    yield ""
    yield LEAK
    yield from _table(report.processes, [report.leak_row(each) for each in report.processes])


def _table(processes: list[ProcessNode], rows: list[dict[int, str]]) -> Iterator[str]:
    if len(processes) > MATRIX_MAX:
        for process, row in zip(processes, rows, strict=True):
            known = [f"{each} {row[each.index]}" for each in processes if each.index in row]
            yield f"{process}: {', '.join(known) or 'nobody'}"
        return
    numbers = [str(number) for number, _ in enumerate(processes, 1)]
    lines = [["", "", *numbers]]
    for number, process, row in zip(numbers, processes, rows, strict=True):
        cells = ["-" if each is process else row.get(each.index, NEVER) for each in processes]
        lines.append([number, str(process), *cells])
    yield from render(lines, right={0, *range(2, len(numbers) + 2)}).splitlines()


def way_lines(report: FlowReport, source: ProcessNode, target: ProcessNode) -> Iterator[str]:
    """A shortest way for each of the questions."""
    way = report.reach.way(source.index, target.index)
    if way:
        yield f"{source} can reach {target}:"
        yield from step_lines(report, way)
    else:
        yield f"{source} cannot reach {target} by the rights that are held now."
        later = report.could_reach.way(source.index, target.index)
        if later:
            yield "After capabilities were passed on it could:"
            yield from step_lines(report, later)
    way = report.leak.way(source.index, target.index)
    if way:
        yield f"A capability of {source} can come to {target}:"
        yield from step_lines(report, way)
        return
    way = report.send_way(source, target)
    if way:
        yield f"Of the capabilities of {source} only SEND on a channel can come to {target}:"
        yield from step_lines(report, way)
    else:
        yield f"No capability of {source} can come to {target}."


def step_lines(report: FlowReport, way: Iterable[Step]) -> Iterator[str]:
    """The steps of a way, one a line, and what each needs that is not held now."""
    for number, step in enumerate(way, 1):
        passes = step.link in report.leak.links or step.link.limit
        wanted = [] if passes else report.missing(step)
        later = f" (not yet held: {'; '.join(wanted)})" if wanted else ""
        yield f"  {number}  {step.text(report.held)}{later}"


def flow_dot(report: FlowReport) -> str:
    """Direct links: solid for information, bold where any capability can pass as well."""
    lines = ["digraph flow {", '  rankdir="LR";', '  node [shape="box"];']
    for process in report.processes:
        style = ' style="dashed"' if report.trusted >> process.index & 1 else ""
        lines.append(f"  {_quote(process)} [label={_quote(process)}{style}];")
    processes = report.graph.processes
    for source in report.processes:
        for index in members(report.reach.direct[source.index]):
            links = report.reach.links_of(source.index, index)
            label = "\n".join(dict.fromkeys(link.label for link in links))
            bold = ' style="bold"' if report.leak.direct[source.index] >> index & 1 else ""
            target = processes[index]
            lines.append(f"  {_quote(source)} -> {_quote(target)} [label={_quote(label)}{bold}];")
    return "\n".join([*lines, "}"])


def _quote(text: object) -> str:
    escaped = str(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
