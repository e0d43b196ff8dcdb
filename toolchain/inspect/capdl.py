"""The tree in a subset of the capability distribution language, capDL (docs/capabilities.md).

A process is a `cnode` with a slot for each living capability. Objects have the
type of seL4 that is nearest: channels `ep`, notifications `notification`, processes
`tcb`, physical memory `ut`, memory objects `frame`, interrupt vectors `irq`; a system
call is an `ep` that the kernel serves. Rights are R (receive, read, observe), W (send,
write, call, kill), X (exec) and G (grant); what is more than that stands behind `--`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from anos_sim.stage3.abi import ObjectKind, Rights

from .graph import CapabilityGraph, ObjectNode, ProcessNode
from .words import rights_text, title

TYPES = {
    ObjectKind.CALL: "ep",
    ObjectKind.CHANNEL: "ep",
    ObjectKind.PROCESS: "tcb",
    ObjectKind.PHYSICAL: "ut",
    ObjectKind.VECTORS: "irq",
    ObjectKind.VECTOR: "irq",
    ObjectKind.NOTIFICATION: "notification",
    ObjectKind.MEMORY: "frame",
}
LETTERS = (
    ("R", int(Rights.RECEIVE | Rights.READ | Rights.OBSERVE)),
    ("W", int(Rights.SEND | Rights.WRITE | Rights.CALL | Rights.KILL)),
    ("X", int(Rights.EXEC)),
    ("G", int(Rights.GRANT)),
)
ARCHITECTURES = {"riscv64": "riscv"}
"""Names that capDL has for architectures, where they are not ours."""
INDENT_MAX = 40
_NOT_NAME = re.compile(r"[^A-Za-z0-9_@]")


def capdl_lines(graph: CapabilityGraph) -> Iterator[str]:
    """A capDL module: objects, the capabilities of each process, and the tree."""
    slots = _Slots(graph)
    yield f"-- {title(graph)}"
    yield f"arch {ARCHITECTURES.get(graph.arch, graph.arch)}"
    yield ""
    yield "objects {"
    yield from _objects(graph, slots)
    yield "}"
    yield ""
    yield "caps {"
    for holder, rows in slots.rows.items():
        yield f"  {slots.names[holder]} {{"
        for slot, row in enumerate(rows):
            yield f"    {slot}: {_capability(graph, row)}"
        yield "  }"
    yield "}"
    yield ""
    yield "cdt {"
    yield from _tree(graph, slots)
    yield "}"


class _Slots:
    """Where each living capability is: its holder's cnode, and its number there."""

    def __init__(self, graph: CapabilityGraph) -> None:
        columns = graph.columns
        self.rows: dict[int, list[int]] = {}
        self.slot: dict[int, int] = {}
        for row, alive in enumerate(columns.alive):
            if alive:
                rows = self.rows.setdefault(columns.holder[row], [])
                self.slot[row] = len(rows)
                rows.append(row)
        self.names = {index: _cnode_name(graph.processes[index]) for index in self.rows}
        self._holder = columns.holder

    def text(self, row: int) -> str:
        """A reference to the slot of a row."""
        return f"({self.names[self._holder[row]]}, {self.slot[row]})"


def _name(text: str) -> str:
    """An identifier: a letter, then letters, digits, `_` and `@`."""
    name = _NOT_NAME.sub("_", text)
    return name if name[:1].isalpha() else f"x{name}"


def _cnode_name(process: ProcessNode) -> str:
    number = process.pid or f"new_{process.index}"
    return _name(f"{process.name}_{number}_caps")


def object_name(target: ObjectNode) -> str:
    """What an object is called; two ranges of the same extent are one."""
    if target.kind == ObjectKind.PROCESS:
        return _name(target.text.rstrip("]"))
    return _name(target.text)


def _objects(graph: CapabilityGraph, slots: _Slots) -> Iterator[str]:
    for holder, rows in slots.rows.items():
        bits = max(1, (len(rows) - 1).bit_length())
        yield f"  {slots.names[holder]} = cnode ({bits} bits)  -- {graph.processes[holder]}"
    declared: dict[str, None] = {}
    held = {graph.columns.target[row] for rows in slots.rows.values() for row in rows}
    for target in graph.objects:
        name = object_name(target)
        if target.index in held and name not in declared:
            declared[name] = None
            names = f"  -- {', '.join(target.names)}" if target.names else ""
            yield f"  {name} = {TYPES[target.kind]}{_parameters(target)}{names}"


def _parameters(target: ObjectNode) -> str:
    """Size and place of memory; a size that is no power of two can be told only of a frame."""
    if target.kind == ObjectKind.MEMORY:
        return f" ({target.size >> 10}k)"
    if target.kind != ObjectKind.PHYSICAL:
        return ""
    size = target.size
    bits = f"{size.bit_length() - 1} bits, " if size and not size & size - 1 else ""
    return f" ({bits}paddr: {target.start:#x})"


def _capability(graph: CapabilityGraph, row: int) -> str:
    columns = graph.columns
    rights = columns.rights[row]
    letters = "".join(letter for letter, mask in LETTERS if rights & mask)
    badge = columns.badge[row]
    parameters = ([letters] if letters else []) + ([f"badge: {badge:#x}"] if badge else [])
    text = object_name(graph.objects[columns.target[row]])
    if parameters:
        text += f" ({', '.join(parameters)})"
    return f"{text}  -- {rights_text(rights)}"


def _tree(graph: CapabilityGraph, slots: _Slots) -> Iterator[str]:
    """Living capabilities below their nearest living ancestor; roots without heirs are left out.

    A line is held back until it is known whether the next one is below it.
    """
    columns = graph.columns
    depth = [0] * len(columns)
    """Of each row: how many living ancestors it has."""
    open_depths = 0
    waiting: tuple[str, int] | None = None
    for row, alive in enumerate(columns.alive):
        parent = columns.parent[row]
        here = depth[parent] + columns.alive[parent] if parent >= 0 else 0
        depth[row] = here
        if not alive:
            continue
        if waiting is not None:
            text, above = waiting
            if here > above:
                yield f"{_indent(above)}{text} {{"
                open_depths = above + 1
            elif above:
                yield f"{_indent(above)}{text}"
        while open_depths > here:
            open_depths -= 1
            yield f"{_indent(open_depths)}}}"
        waiting = slots.text(row), here
    if waiting is not None and waiting[1]:
        yield f"{_indent(waiting[1])}{waiting[0]}"
    while open_depths:
        open_depths -= 1
        yield f"{_indent(open_depths)}}}"


def _indent(depth: int) -> str:
    return "  " * min(depth + 1, INDENT_MAX)
