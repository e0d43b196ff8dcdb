"""Who waits for whom, and by what right: deadlocks and lost events of a system at rest."""

from __future__ import annotations

import attrs

from anos_sim.stage3.abi import Rights
from anos_sim.stage3.capability import Capability
from anos_sim.stage3.channel import Channel, Message, Receive
from anos_sim.stage3.futex import FutexWait
from anos_sim.stage3.interrupt import InterruptVector
from anos_sim.stage3.kernel import Kernel
from anos_sim.stage3.notification import Notification, NotificationWait
from anos_sim.stage3.objects import KernelObject
from anos_sim.stage3.process import Process
from anos_sim.stage3.thread import Thread, ThreadState

_FROM_OUTSIDE = (
    ThreadState.READY, ThreadState.RUNNING, ThreadState.SLEEPING, ThreadState.INTERRUPT,
    ThreadState.LOG, ThreadState.NEW,
)  # fmt: skip
"""What runs, or what time, a device or the kernel may wake."""


@attrs.frozen
class Edge:
    """`waiter` waits until `other` does something; `by` allows that, `what` is what it is."""

    waiter: Thread
    other: Thread
    what: str
    by: Capability | None

    def __str__(self) -> str:
        right = ""
        if self.by is not None:
            how = self.by.origin.how
            right = f", by capability {self.by.cookie:#x} to {self.by.target} ({how})"
        return f"{self.waiter} waits for {self.other}: {self.what}{right}"


def all_threads(kernel: Kernel) -> list[Thread]:
    """Every thread, by process."""
    return [thread for process in kernel.all_processes() for thread in process.threads]


def edges(kernel: Kernel, thread: Thread) -> list[Edge]:
    """Whom a thread waits for: any of them could wake it."""
    waits_for = thread.blocked_on
    if isinstance(waits_for, Message):
        channel, by = waits_for.channel, waits_for.capability
        if waits_for.receiver is not None:
            what = f"the answer to message {waits_for.number} on {channel}"
            return [Edge(thread, each, what, by) for each in _others(thread, waits_for.receiver)]
        what = f"message {waits_for.number} on {channel} is not received"
        holders = _holders(kernel, thread, channel, Rights.RECEIVE)
        return [Edge(thread, each, what, by) for each in holders]
    if isinstance(waits_for, Receive) and waits_for.channel is not None:
        what = f"a message on {waits_for.channel}"
        holders = _holders(kernel, thread, waits_for.channel, Rights.SEND)
        return [Edge(thread, each, what, waits_for.capability) for each in holders]
    if isinstance(waits_for, NotificationWait):
        what = f"a signal of {waits_for.notification}"
        holders = _holders(kernel, thread, waits_for.notification, Rights.SEND)
        return [Edge(thread, each, what, waits_for.capability) for each in holders]
    if isinstance(waits_for, FutexWait):
        others = [each for each in thread.process.threads if each is not thread]
        return [Edge(thread, each, "a futex of its process", None) for each in others]
    return []


def _others(thread: Thread, process: Process) -> list[Thread]:
    """A process's threads; a thread does not wait for itself unless it is the only one."""
    return [each for each in process.threads if each is not thread] or process.threads


def _holders(kernel: Kernel, thread: Thread, target: KernelObject, right: Rights) -> list[Thread]:
    found: list[Thread] = []
    for process in kernel.all_processes():
        held = process.capabilities.values()
        if any(each.target is target and each.rights & right for each in held):
            found += _others(thread, process)
    return found


def _may_be_woken(kernel: Kernel, thread: Thread) -> bool:
    """Is there something besides other threads that can wake it?"""
    if thread.state in _FROM_OUTSIDE:
        return True
    waits_for = thread.blocked_on
    if isinstance(waits_for, Receive | NotificationWait | FutexWait):
        if getattr(waits_for, "timed", False):
            return True
        target = getattr(waits_for, "notification", None)
        return isinstance(target, Notification) and bool(target.watches)
    return False


def dead_threads(kernel: Kernel) -> list[Thread]:
    """Threads that nothing can wake any more: neither time, a device nor any thread that runs."""
    threads = all_threads(kernel)
    wakes: dict[Thread, list[Thread]] = {}
    for thread in threads:
        for edge in edges(kernel, thread):
            wakes.setdefault(edge.other, []).append(thread)
    living = dict.fromkeys(each for each in threads if _may_be_woken(kernel, each))
    pending = list(living)
    while pending:
        for thread in wakes.get(pending.pop(), ()):
            if thread not in living:
                living[thread] = None
                pending.append(thread)
    return [thread for thread in threads if thread not in living]


def find_cycle(kernel: Kernel) -> list[Edge]:
    """A wait-for cycle of senders that nothing can break; [] if there is none."""
    dead = dict.fromkeys(dead_threads(kernel))
    for start in dead:
        path: list[Edge] = []
        met: dict[Thread, int] = {}
        thread = start
        while thread not in met:
            met[thread] = len(path)
            onward = [edge for edge in edges(kernel, thread) if edge.other in dead]
            sending = [edge for edge in onward if edge.other.state is ThreadState.SENDING]
            if thread.state is not ThreadState.SENDING or not onward:
                break
            path.append((sending or onward)[0])
            thread = path[-1].other
        else:
            return path[met[thread] :]
    return []


def chain(kernel: Kernel, thread: Thread) -> list[Edge]:
    """From a thread that waits along those it waits for, to the one at the end."""
    path: list[Edge] = []
    met = {thread: None}
    while True:
        onward = [edge for edge in edges(kernel, thread) if thread.state is ThreadState.SENDING]
        fresh = [edge for edge in onward if edge.other not in met]
        if not fresh:
            return path
        best = min(fresh, key=lambda edge: _rank(edge.other))
        path.append(best)
        thread = best.other
        met[thread] = None


_ORDER = (
    ThreadState.SENDING, ThreadState.INTERRUPT, ThreadState.FUTEX, ThreadState.NOTIFICATION,
    ThreadState.SLEEPING, ThreadState.RUNNING, ThreadState.READY,
)  # fmt: skip


def _rank(thread: Thread) -> tuple[int, int]:
    """Who of a server's threads probably has the request: one that waits for something else."""
    state = thread.state
    return (_ORDER.index(state) if state in _ORDER else len(_ORDER), thread.tid)


def show_deadlock(kernel: Kernel) -> list[str]:
    """Lines about a deadlock; [] if there is none."""
    cycle = find_cycle(kernel)
    if not cycle:
        return []
    names = " -> ".join([*(str(edge.waiter) for edge in cycle), str(cycle[-1].other)])
    return [f"deadlock: {names}", *(f"  {edge}" for edge in cycle)]


def show_wait(kernel: Kernel, thread: Thread) -> list[str]:
    """Lines that say why a thread does not get on: a deadlock, or the event that does not come."""
    found = show_deadlock(kernel)
    if found:
        return found
    path = chain(kernel, thread)
    last = path[-1].other if path else thread
    return [*(str(edge) for edge in path), why_waiting(kernel, last)]


def why_waiting(kernel: Kernel, thread: Thread) -> str:
    """What the thread at the end of a chain waits for, as a sentence."""
    waits_for = thread.blocked_on
    if isinstance(waits_for, InterruptVector):
        return (
            f"lost event: {thread} waits for an interrupt of {waits_for}, "
            f"which came {waits_for.count} times; "
            f"its device is {'busy' if kernel.machine.busy else 'idle'}"
        )
    if isinstance(waits_for, Message):
        channel: Channel = waits_for.channel
        return f"lost event: nobody is there who could answer {thread} on {channel}"
    if isinstance(waits_for, Receive):
        return f"lost event: {thread} waits for a message on {waits_for.channel}, has no request"
    if thread.state in (ThreadState.RUNNING, ThreadState.READY):
        pc = thread.registers.call_site()[0]
        where = kernel.symbols.describe(thread.process, pc)
        return f"{thread} runs for ever, at {pc:#x}{where}"
    return f"lost event: {thread} waits ({thread.state.value})"
