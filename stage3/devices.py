"""Between devices and their drivers: interrupts in, bus mastering out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .abi import TICK_NS, Status
from .events import EventKind
from .interrupt import InterruptVector
from .process import Process
from .thread import ThreadState

if TYPE_CHECKING:
    from .kernel import Kernel

TICK_PS = TICK_NS * 1000
NO_EVENT = bytes(4)
"""An interrupt's event data: STAGE3's stub passes 0."""


def interrupt(kernel: Kernel, address: int, data: int) -> None:
    """A device wrote a message-signalled interrupt: wake who waits for it, or queue it."""
    vector = kernel.vectors.find(data & 0xFF)
    if vector is None or vector.address != address:
        return
    vector.count += 1
    kernel.statistics.interrupts += 1
    if kernel.events is not None:
        kernel.emit(EventKind.INTERRUPT, None, vector.number, vector.owner.pid)
    if vector.waiting:
        thread, pointer = vector.waiting.popleft()
        stored = not pointer or thread.process.space.store(pointer, NO_EVENT)
        kernel.wake(thread, Status.OK if stored else Status.BADARGS, 0)
    else:
        vector.queue(0, kernel.clock.now_ps // TICK_PS)


def release_vector(kernel: Kernel, vector: InterruptVector, status: Status) -> None:
    """Free a vector; who waits for it wakes with `status`."""
    if kernel.vectors.find(vector.number) is not vector:
        return
    kernel.vectors.release(vector)
    kernel.policy.object_ended(vector)
    if vector in vector.owner.vectors:
        vector.owner.vectors.remove(vector)
    while vector.waiting:
        thread, _ = vector.waiting.popleft()
        if thread.state is ThreadState.INTERRUPT:
            kernel.wake(thread, status, 0)


def note_mapping(kernel: Kernel, process: Process, physical: int, size_bytes: int) -> None:
    """A process maps a physical range: it drives the PCI functions that have registers there."""
    for function in kernel.machine.functions:
        for bar in function.bars:
            begin = function.bar_address(bar)
            if begin < physical + size_bytes and physical < begin + bar.size_bytes:
                process.functions[function] = None


def quiesce(kernel: Kernel, process: Process) -> None:
    """Take bus mastering from the functions that a dying process drove: its frames go back."""
    if process.dma_runs:
        for function in process.functions:
            function.set_bus_master(False)
