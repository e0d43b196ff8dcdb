"""Processes and threads begin and end here, and everything they hold ends with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anos_sim.hw.vcpu import Registers

from . import console, devices, futex, ipc, notification, watch
from .abi import NAME_BYTES_MAX, ProcessEnd, Status
from .address_space import AddressSpace
from .channel import Message, Receive
from .errors import KernelPanic
from .events import EventKind
from .futex import FutexWait
from .interrupt import InterruptVector
from .log import LogRead
from .notification import NotificationWait
from .process import Process, ProcessState
from .thread import Thread, ThreadState

if TYPE_CHECKING:
    from .kernel import Kernel

FAILURE = int(Status.FAILURE)
STARTED, ENDED = int(EventKind.THREAD_START), int(EventKind.THREAD_END)


def new_process(kernel: Kernel, parent: Process | None) -> Process:
    """Make an empty process that does not run yet. Raises `OutOfFrames`."""
    space = AddressSpace(kernel.physical, kernel.policy.execute_everywhere)
    process = Process(0, space, *kernel.policy.tables(), parent, state=ProcessState.BUILDING)
    kernel.building[process] = None
    return process


def start(kernel: Kernel, process: Process, entry: int, stack_pointer: int) -> Thread:
    """Give a process its pid, its name and its first thread, and let it run."""
    kernel.building.pop(process, None)
    process.state = ProcessState.ALIVE
    process.pid = kernel.next_pid
    kernel.next_pid += 1
    kernel.processes[process.pid] = process
    _name(process, stack_pointer)
    if not process.name:
        process.name = "SYSTEM" if process.pid == 1 else f"process{process.pid}"
    if kernel.events is not None:
        parent = process.parent.pid if process.parent is not None else 0
        fields = (process.pid, process.name, process.path, parent)
        kernel.emit(EventKind.PROCESS_START, None, *fields)
        for held in process.capabilities.values():
            if held.holder is process:
                kernel.emit(EventKind.HELD, None, held.cookie, process.pid)
    return start_thread(kernel, process, entry, stack_pointer, process.thread_class)


def _name(process: Process, stack_pointer: int) -> None:
    """A process is called as the basename of argv[0] in its stack image (anos-abi 3.5)."""
    words = process.space.load(stack_pointer, 32)
    if words is None:
        return
    argc = int.from_bytes(words[16:24], "little")
    argv = int.from_bytes(words[24:32], "little")
    pointer = process.space.load(argv, 8) if 0 < argc < 1 << 16 else None
    text = (
        process.space.load_text(int.from_bytes(pointer, "little"), NAME_BYTES_MAX)
        if pointer
        else None
    )
    if text:
        process.path = text.decode("utf-8", "replace")
        name = process.path.rsplit("/", 1)[-1].rsplit(":", 1)[-1]
        name = name.removesuffix(".elf")
        process.name = "".join(c if c.isprintable() else "?" for c in name)[:32]


def start_thread(
    kernel: Kernel, process: Process, entry: int, stack_pointer: int, thread_class: int
) -> Thread:
    """Add a ready thread to a process; it is placed on the least loaded CPU."""
    registers = Registers(process.space.root, entry, stack_pointer, kernel.architecture)
    thread = Thread(kernel.next_tid, process, registers, thread_class)
    kernel.next_tid += 1
    process.threads.append(thread)
    kernel.threads_made += 1
    if kernel.events is not None:
        fields = (process.pid, entry, thread_class)
        kernel.events.extend((STARTED, kernel.now_ps(), thread.tid, *fields))
    kernel.make_ready(thread, kernel.place())
    return thread


def end_thread(kernel: Kernel, thread: Thread) -> None:
    """End one thread; the last one takes its process along."""
    process = thread.process
    _stop(kernel, thread)
    process.threads.remove(thread)
    if not process.threads:
        end_process(kernel, process, "its last thread ended", ProcessEnd.EXITED)


def _stop(kernel: Kernel, thread: Thread) -> None:
    """Take a thread out of wherever it is: its CPU, a run queue, or what it waits for."""
    if kernel.events is not None:
        kernel.events.extend((ENDED, kernel.now_ps(), thread.tid))
    if thread.state is ThreadState.RUNNING:
        for cpu in kernel.cpus:
            if cpu.thread is thread:
                cpu.thread = None
    elif thread.state is ThreadState.READY:
        for cpu in kernel.cpus:
            if cpu.next is thread:
                cpu.next = None
            elif thread in cpu.queue.all():
                cpu.queue.remove(thread)
    else:
        _stop_waiting(kernel, thread)
    thread.state = ThreadState.DEAD
    thread.blocked_on = None
    thread.registers.forget()


def _stop_waiting(kernel: Kernel, thread: Thread) -> None:
    waits_for = thread.blocked_on
    if isinstance(waits_for, Message):
        ipc.abandon(kernel, waits_for)
    elif isinstance(waits_for, Receive):
        ipc.stop_waiting(kernel, waits_for)
    elif isinstance(waits_for, InterruptVector):
        for waiter in [each for each in waits_for.waiting if each[0] is thread]:
            waits_for.waiting.remove(waiter)
    elif isinstance(waits_for, LogRead):
        kernel.log.waiting.remove(waits_for)
    elif isinstance(waits_for, NotificationWait):
        notification.stop_waiting(kernel, waits_for)
    elif isinstance(waits_for, FutexWait):
        futex.stop_waiting(kernel, waits_for)
    elif thread.state is ThreadState.SLEEPING:
        kernel.stop_sleeping(thread)


def end_process(
    kernel: Kernel,
    process: Process,
    cause: str,
    end: ProcessEnd = ProcessEnd.KILLED,
    status: int = 0,
) -> None:
    """End a process at once: nothing that it held or waited for is left behind.

    Its threads leave their queues, its senders wake with FAILURE, its channels
    go if nobody else may receive on them, its vectors, frames and tables return.
    Processes that it was building and never started end as well; those that it
    started become its parent's children.
    Devices that it drove lose bus mastering before their DMA frames are freed.
    Capabilities to it stay: they tell how it ended. Who watches it hears of it last.

    Raises:
        KernelPanic: it was SYSTEM.
    """
    if process.state is ProcessState.DEAD:
        return
    for thread in list(process.threads):
        _stop(kernel, thread)
    process.threads.clear()
    process.state = ProcessState.DEAD
    process.end, process.status, process.end_ps = end, status, kernel.now_ps()
    ipc.stop_receiving(kernel, process)
    for vector in list(process.vectors):
        devices.release_vector(kernel, vector, Status.FAILURE)
    process.vectors.clear()
    for built in [each for each in kernel.building if each.parent is process]:
        end_process(kernel, built, "its builder ended")
    kernel.policy.process_ended(process)
    for frames in process.dma_ranges:
        kernel.policy.range_ended(frames)
    process.dma_ranges.clear()
    devices.quiesce(kernel, process)
    for first, count in process.dma_runs:
        for frame in range(first, first + count):
            kernel.frames.release(frame)
    process.dma_runs.clear()
    for cpu in kernel.cpus:
        cpu.vcpu.leave(process.space.root)
    process.space.destroy()
    kernel.building.pop(process, None)
    kernel.processes.pop(process.pid, None)
    for child in kernel.processes.values():
        if child.parent is process:
            child.parent = process.parent
    process.parent = None
    console.flush(kernel, process)
    if process.pid:
        kernel.ended_processes += 1
        if kernel.events is not None:
            fields = (process.pid, process.name, end.name.lower(), cause, status)
            kernel.emit(EventKind.PROCESS_END, None, *fields)
    watch.tell(kernel, process)
    if process.pid == 1:
        raise KernelPanic(f"SYSTEM has ended: {cause}")


def copy_region(
    parent: Process, child: Process, start: int, size_bytes: int, one_sided: bool
) -> None:
    """Share the parent's present pages with a child, copy-on-write (anos-abi 3.3, step 2).

    One-sided: the parent goes on writing into pages that the child sees until
    the child writes them. Otherwise the parent gets its own copy as well, and pages
    that it has by a right that can be taken away stay out; of a page that a message
    brought, which is its sender's, the child gets a copy.
    Raises `OutOfFrames`.
    """
    space, target, bits = parent.space, child.space, parent.space.bits
    for address, entry in space.mappings(start, start + size_bytes):
        if entry & bits.device or not entry & bits.user or (entry & bits.shared and not one_sided):
            continue
        shared = entry & ~(bits.write | bits.accessed | bits.shared) | bits.cow
        if target.execute_everywhere:
            shared = shared & ~bits.execute_mask | bits.execute
        if address in space.windows:
            target.replace_entry(address, target.physical.copy(shared))
            continue
        target.replace_entry(address, shared)
        target.physical.reference(shared)
        if not one_sided and entry & bits.write:
            space.set_entry(address, shared)
