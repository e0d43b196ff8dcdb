"""Which thread runs on which CPU, and which are ready to: followed from the events."""

from __future__ import annotations

from anos_sim.stage3.events import Event, EventKind

START, END = EventKind.THREAD_START, EventKind.THREAD_END
SWITCH, WAKE, BLOCK = EventKind.SWITCH, EventKind.WAKE, EventKind.BLOCK
_RELEVANT = frozenset((START, END, SWITCH, WAKE, BLOCK))


class Runners:
    """`running` is by CPU, `ready` are those that could run, in the order they became so.

    After `hear` has returned True, `changed` has the CPUs whose thread is another one
    now (0: none).
    """

    def __init__(self) -> None:
        self.running: dict[int, int] = {}
        self.ready: dict[int, None] = {}
        self.changed: dict[int, int] = {}
        self._cpus: dict[int, int] = {}

    def hear(self, event: Event) -> bool:
        """Follow an event; False if it is about something else."""
        kind, tid = event.kind, event.tid
        if kind not in _RELEVANT:
            return False
        self.changed = {}
        if kind is SWITCH:
            self.ready.pop(tid, None)
            before = self.running.get(event.cpu, 0)
            if before and before != tid:
                del self._cpus[before]
                self.ready[before] = None
            self._leave(tid)
            self.running[event.cpu] = self.changed[event.cpu] = tid
            self._cpus[tid] = event.cpu
        elif kind is START or kind is WAKE:
            self._leave(tid)
            self.ready[tid] = None
        else:
            self.ready.pop(tid, None)
            self._leave(tid)
        return True

    def _leave(self, tid: int) -> None:
        cpu = self._cpus.pop(tid, None)
        if cpu is not None:
            self.running[cpu] = self.changed[cpu] = 0
