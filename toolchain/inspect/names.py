"""Processes, objects and capabilities as people name them, with near matches for typing errors."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from fnmatch import fnmatchcase

from anos_sim.stage3.abi import ObjectKind
from anos_sim.toolchain.errors import UserError

from .graph import CapabilityGraph, CapabilityNode, ObjectNode, ProcessNode

NEAR_MATCHES = 5
COOKIE_MIN = 1 << 32
_NUMBERED = re.compile(
    r"(?i)(channel|vectors?|notification|memory object|memory|process|call)[ :]\s*(.+)"
)
_KINDS = {
    "channel": ObjectKind.CHANNEL,
    "notification": ObjectKind.NOTIFICATION,
    "memory object": ObjectKind.MEMORY,
}
_WHERE = "`anos-sim caps` shows what there is"


def find_processes(graph: CapabilityGraph, pattern: str) -> list[ProcessNode]:
    """Processes by pid, name (`devman`, `devman[3]`) or glob (`*drv`).

    Raises:
        UserError: there is none; it tells near matches.
    """
    number = parse_number(pattern)
    if number is not None:
        found = [each for each in graph.processes if each.pid == number]
    else:
        found = [
            each
            for each in graph.processes
            if pattern == str(each) or fnmatchcase(each.name, pattern)
        ]
    if not found:
        names = [name for each in graph.processes for name in (each.name, str(each.pid))]
        raise UserError(f"no process {pattern!r}{near(pattern, names)}")
    return found


def find_objects(graph: CapabilityGraph, pattern: str) -> list[ObjectNode]:
    """Objects that capabilities exist to, by what people call them.

    `channel 4`, `channel:SYSTEM::VFS`, a channel's name alone, `memory 0xc0000000` (all ranges
    that contain the address), `memory 0xc0000000-0xc0000fff` (all that contain or touch it),
    `call map_physical`, `vector 0x40` (also ranges of vectors), `notification 3`,
    `memory object 2`, or a process (`devman`, `process 3`). Names may be globs.

    Raises:
        UserError: there is none; it tells near matches.
    """
    match = _NUMBERED.fullmatch(pattern.strip())
    if match is not None:
        found = _of_kind(graph, match.group(1).lower(), match.group(2).strip())
    else:
        found = _by_name(graph.objects, pattern)
    if not found:
        names = [name for each in graph.objects for name in (each.text, *each.names)]
        raise UserError(f"no capability to {pattern!r}{near(pattern, names)}")
    return found


def find_capabilities(
    graph: CapabilityGraph, process: ProcessNode, pattern: str
) -> list[CapabilityNode]:
    """A process's capabilities, by a cookie or what they are to (as in `find_objects`).

    Raises:
        UserError: it holds none; it tells near matches.
    """
    held = graph.held_by(process)
    cookie = parse_number(pattern)
    if cookie is not None and cookie >= COOKIE_MIN:
        found = [each for each in held if each.cookie == cookie]
    else:
        try:
            indices = {each.index for each in find_objects(graph, pattern)}
        except UserError:
            indices = set()
        found = [each for each in held if each.object.index in indices]
    if not found:
        names = [name for each in held for name in (each.object.text, *each.object.names)]
        raise UserError(f"{process} holds no capability {pattern!r}{near(pattern, names)}")
    return found


def parse_number(text: str) -> int | None:
    """A number in decimal or hex; None if it is none."""
    try:
        return int(text, 0)
    except ValueError:
        return None


def near(wanted: str, names: Iterable[str]) -> str:
    """The end of a complaint: what there is that looks like it."""
    known = list(dict.fromkeys(name for name in names if name))
    by_lower = {name.lower(): name for name in reversed(known)}
    matches = get_close_matches(wanted.lower(), by_lower, NEAR_MATCHES, 0.6)
    if not matches:
        matches = [lower for lower in by_lower if wanted.lower() in lower][:NEAR_MATCHES]
    if not matches:
        return f"; {_WHERE}"
    return f"; did you mean {', '.join(by_lower[match] for match in matches)}?"


def _of_kind(graph: CapabilityGraph, kind: str, rest: str) -> list[ObjectNode]:
    if kind == "process":
        return _processes(graph, rest)
    if kind == "call":
        return _by_name(_kind(graph, ObjectKind.CALL), f"call {rest}")
    if kind == "memory":
        return _memory(graph, rest)
    number = parse_number(rest)
    if kind in ("vector", "vectors"):
        if number is None:
            return _by_name(graph.objects, f"{kind} {rest}")
        exact = [each for each in _kind(graph, ObjectKind.VECTOR) if each.number == number]
        ranges = _kind(graph, ObjectKind.VECTORS)
        return exact + [each for each in ranges if each.start <= number < each.start + each.size]
    found = _kind(graph, _KINDS[kind])
    if number is not None:
        return [each for each in found if each.number == number]
    return _by_name(found, rest) or _by_name(found, f"{kind} {rest}")


def _memory(graph: CapabilityGraph, rest: str) -> list[ObjectNode]:
    """Ranges of physical memory that overlap one, memory objects of this number, or by name."""
    first, _, last = rest.partition("-")
    start = parse_number(first)
    end = parse_number(last) if last else start
    if start is None or end is None:
        memory = _kind(graph, ObjectKind.PHYSICAL) + _kind(graph, ObjectKind.MEMORY)
        return _by_name(memory, rest)
    return [
        each
        for each in _kind(graph, ObjectKind.PHYSICAL)
        if each.start <= end and start < each.start + each.size
    ] + [each for each in _kind(graph, ObjectKind.MEMORY) if each.number == start]


def _processes(graph: CapabilityGraph, pattern: str) -> list[ObjectNode]:
    try:
        indices = {each.index for each in find_processes(graph, pattern)}
    except UserError:
        return []
    return [each for each in graph.objects if each.process in indices]


def _by_name(objects: Iterable[ObjectNode], pattern: str) -> list[ObjectNode]:
    """Objects whose text or one of whose names is this or fits it; processes by their name too."""
    lower = pattern.lower()
    return [
        each
        for each in objects
        if any(
            fnmatchcase(name.lower(), lower)
            for name in (each.text, *each.names, *_bare_process_name(each))
        )
    ]


def _bare_process_name(target: ObjectNode) -> tuple[str, ...]:
    return (target.text.partition("[")[0],) if target.kind == ObjectKind.PROCESS else ()


def _kind(graph: CapabilityGraph, kind: ObjectKind) -> list[ObjectNode]:
    return [each for each in graph.objects if each.kind == kind]
