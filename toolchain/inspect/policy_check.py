"""Do the rules of a policy hold in a capability graph? If not: who breaks them, and how."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

import attrs

from anos_sim.stage3.abi import ObjectKind, Rights
from anos_sim.toolchain.errors import UserError

from .authority import set_of
from .flow_report import FlowReport
from .flow_text import step_lines
from .graph import CapabilityGraph, CapabilityNode, ObjectNode, ProcessNode
from .names import find_objects
from .policy_file import CAPABILITIES, PASSING, AtMost, NoPath, Only, Rule
from .words import holder_text, object_text, origin_text, rights_text, when_text


@attrs.frozen
class Violation:
    """A rule that does not hold: what is so and must not be, and how that came."""

    rule: Rule
    text: str
    evidence: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """For people."""
        yield f"{self.rule.place}: {self.text}" + (f" ({self.rule.why})" if self.rule.why else "")
        yield from (f"  {line}" for line in self.evidence)


def check(rules: Iterable[Rule], graph: CapabilityGraph) -> list[Violation]:
    """All violations, in the order of the rules."""
    reports: dict[int, FlowReport] = {}
    found: list[Violation] = []
    for rule in rules:
        if isinstance(rule, NoPath):
            found += _check_no_path(rule, graph, reports)
        else:
            found += check_held(rule, graph)
    return found


def check_held(rule: Only | AtMost, graph: CapabilityGraph) -> Iterator[Violation]:
    """The violations of a rule about single capabilities."""
    return _check_only(rule, graph) if isinstance(rule, Only) else _check_at_most(rule, graph)


def fits(process: ProcessNode, patterns: Iterable[str]) -> bool:
    """Is it meant by a name, a glob, `name[pid]` or a pid?"""
    return any(
        pattern in (str(process), str(process.pid)) or fnmatchcase(process.name, pattern)
        for pattern in patterns
    )


def unknown_names(rules: Iterable[Rule], graph: CapabilityGraph) -> Iterator[str]:
    """Sentences about names that fit nothing, so that rules say nothing."""
    lines: dict[tuple[str, str], dict[str, None]] = {}
    for rule in rules:
        if isinstance(rule, Only):
            for pattern in rule.objects:
                if not _objects(graph, pattern):
                    lines.setdefault(("capability is to", pattern), {})[rule.place] = None
            continue
        wanted = rule.processes if isinstance(rule, AtMost) else (*rule.sources, *rule.targets)
        for pattern in wanted:
            if not any(fits(each, [pattern]) for each in graph.processes):
                lines.setdefault(("process fits", pattern), {})[rule.place] = None
    for (what, pattern), places in lines.items():
        yield f"no {what} {pattern!r}, so nothing was checked for it at {', '.join(places)}"


def _check_only(rule: Only, graph: CapabilityGraph) -> Iterator[Violation]:
    wanted = rule.rights or ~0
    who = f"only {', '.join(rule.holders)}" if rule.holders else "nobody"
    what = f"{rights_text(rule.rights)} on {rule.text}" if rule.rights else rule.text
    for target in _targets(rule, graph):
        for node in graph.rights_to(target):
            if node.rights & wanted and not fits(node.holder, rule.holders):
                text = f"{who} may hold {what}, but {_holds(node)}"
                yield Violation(rule, text, tuple(chain_lines(node)))


def _targets(rule: Only, graph: CapabilityGraph) -> list[ObjectNode]:
    if rule.covering is None:
        found = [each for pattern in rule.objects for each in _objects(graph, pattern)]
        return list(dict.fromkeys(found))
    first, last = rule.covering
    return [
        each
        for each in graph.objects
        if each.kind == ObjectKind.PHYSICAL
        and each.start <= first
        and last < each.start + each.size
    ]


def _objects(graph: CapabilityGraph, pattern: str) -> list[ObjectNode]:
    """What there is of it: an object that nobody has a right to is none."""
    try:
        return find_objects(graph, pattern)
    except UserError:
        return []


def _check_at_most(rule: AtMost, graph: CapabilityGraph) -> Iterator[Violation]:
    held = {each.index for pattern in rule.holds for each in _objects(graph, pattern)}
    grant = None
    if rule.may_grant is not None:
        grant = {each.index for pattern in rule.may_grant for each in _objects(graph, pattern)}
    for process in graph.processes:
        if not fits(process, rule.processes):
            continue
        for node in graph.held_by(process):
            if node.object.index not in held:
                text = f"{process} may not hold {object_text(node.object)}, but {_holds(node)}"
            elif (
                grant is not None and node.rights & Rights.GRANT and node.object.index not in grant
            ):
                text = f"{process} may not pass on {object_text(node.object)}, but {_holds(node)}"
            else:
                continue
            yield Violation(rule, text, tuple(chain_lines(node)))


def _holds(node: CapabilityNode) -> str:
    return f"{node.holder} holds {object_text(node.object)}: {rights_text(node.rights)}"


def chain_lines(node: CapabilityNode) -> Iterator[str]:
    """The delegation from the root, a step a line."""
    for number, step in enumerate(node.path(), 1):
        yield (
            f"{number}  {holder_text(step)}: {object_text(step.object)}, "
            f"{rights_text(step.rights)}; {origin_text(step)} at {when_text(step)}"
        )


def _check_no_path(
    rule: NoPath, graph: CapabilityGraph, reports: dict[int, FlowReport]
) -> Iterator[Violation]:
    trusted = set_of(each for each in graph.processes if fits(each, rule.trusted))
    report = reports.get(trusted)
    if report is None:
        report = reports[trusted] = FlowReport(graph, trusted)
    flow = report.could_reach if rule.after == PASSING else report.reach
    verb = "no information may go"
    if rule.carrying == CAPABILITIES:
        flow, verb = report.leak, "no capability may come"
    for source in report.processes:
        if not fits(source, rule.sources):
            continue
        for target in report.processes:
            if source is not target and fits(target, rule.targets):
                way = flow.way(source.index, target.index)
                if not way and rule.carrying == CAPABILITIES:
                    way = report.send_way(source, target)
                if way:
                    text = f"{verb} from {source} to {target}, but it can:"
                    evidence = (line.strip() for line in step_lines(report, way))
                    yield Violation(rule, text, tuple(evidence))
