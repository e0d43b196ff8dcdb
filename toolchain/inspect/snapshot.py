"""Take the capability graph of a kernel: the one place that looks into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anos_sim.stage3.capability import Capability
from anos_sim.stage3.channel import Channel
from anos_sim.stage3.objects import KernelObject, PhysicalRange, SystemCall
from anos_sim.stage3.process import Process, ProcessState
from anos_sim.toolchain.source_line import Places

from .graph import CapabilityGraph, Columns, ObjectNode, ProcessNode
from .ranges import RangeNames

if TYPE_CHECKING:
    from anos_sim.stage3.kernel import Kernel

    from .watch import Watch

STATES = {
    ProcessState.BUILDING: "building",
    ProcessState.ALIVE: "alive",
    ProcessState.DEAD: "ended",
}


def snapshot(kernel: Kernel, watch: Watch | None = None) -> CapabilityGraph:
    """The graph of a kernel now. `watch`: what has been seen since the kernel booted."""
    if watch is not None:
        watch.flush()
    return _Snapshot(kernel, watch).take()


def printable(text: str) -> str:
    """Programs choose names: what would disturb a terminal or a file format becomes `?`."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else "?" for char in text)


class _Snapshot:
    """One walk over a tree, without recursion: a hostile tree is as deep as it likes."""

    def __init__(self, kernel: Kernel, watch: Watch | None) -> None:
        self._kernel = kernel
        self._watch = watch
        self._processes: dict[Process, int] = {}
        self._targets: dict[KernelObject, int] = {}
        self._columns = Columns()
        self._ranges = RangeNames(kernel.machine)
        for process in kernel.all_processes():
            self._processes[process] = len(self._processes)

    def take(self) -> CapabilityGraph:
        """Do it."""
        kernel, watch = self._kernel, self._watch
        for root in kernel.tree.roots:
            self._add_subtree(root)
        if watch is not None:
            self._mark_used(watch)
        objects = tuple(
            self._object(index, target) for index, target in enumerate(list(self._targets))
        )
        processes = [
            ProcessNode(
                index, each.pid, printable(each.name), printable(each.path), STATES[each.state]
            )
            for each, index in self._processes.items()
        ]
        known = {each.pid for each in processes}
        for pid, (name, path) in watch.processes.items() if watch is not None else ():
            if pid not in known:
                processes.append(
                    ProcessNode(len(processes), pid, printable(name), printable(path), "ended")
                )
        return CapabilityGraph(
            time_ps=kernel.now_ps(),
            policy=kernel.policy.name,
            processes=tuple(processes),
            objects=objects,
            columns=self._columns,
            recorded=watch is not None,
            carried=watch.carried() if watch is not None else {},
            traffic=watch.traffic() if watch is not None else (),
            uses=watch.uses() if watch is not None else (),
            places=Places(kernel.symbols),
            arch=kernel.machine.config.arch,
        )

    def _add_subtree(self, root: Capability) -> None:
        """Rows of a root and all below it, depth first; `end` once a subtree is through."""
        columns = self._columns
        cookies, ends = columns.cookie, columns.end
        targets, processes = self._targets, self._processes
        open_rows: list[int] = []
        pending: list[tuple[Capability, int]] = [(root, 0)]
        while pending:
            node, depth = pending.pop()
            row = len(cookies)
            while len(open_rows) > depth:
                ends[open_rows.pop()] = row
            parent = open_rows[-1] if open_rows else -1
            open_rows.append(row)
            cookies.append(node.cookie)
            ends.append(row + 1)
            columns.depth.append(depth)
            columns.parent.append(parent)
            columns.target.append(targets.setdefault(node.target, len(targets)))
            columns.holder.append(processes.setdefault(node.holder, len(processes)))
            columns.rights.append(node.rights)
            columns.used.append(node.used)
            columns.badge.append(node.badge)
            columns.alive.append(node.alive)
            columns.origin.append(node.origin)
            children = node.children
            if children:
                pending += [(child, depth + 1) for child in reversed(children.values())]
        while open_rows:
            ends[open_rows.pop()] = len(cookies)

    def _mark_used(self, watch: Watch) -> None:
        """System calls are seen by their cookies; the kernel marks all other uses itself."""
        used_calls = watch.used_calls()
        columns = self._columns
        calls = [isinstance(target, SystemCall) for target in self._targets]
        for row, cookie in enumerate(columns.cookie):
            if cookie in used_calls and calls[columns.target[row]]:
                columns.used[row] |= columns.rights[row] & 1

    def _object(self, index: int, target: KernelObject) -> ObjectNode:
        kind, number = target.identity
        start, size = target.extent
        process = None
        names: list[str] = []
        if isinstance(target, Channel):
            names = self._kernel.names.of(target)
        elif isinstance(target, PhysicalRange):
            names = self._ranges.names(target.start, target.end)
        elif isinstance(target, Process):
            process = self._processes.setdefault(target, len(self._processes))
        shown = tuple(printable(name) for name in names)
        text = printable(str(target))
        return ObjectNode(index, kind, number, text, start, size, shown, process)
