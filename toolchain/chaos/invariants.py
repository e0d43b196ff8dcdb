"""What must hold for a kernel between any two steps: everything is counted once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from anos_sim.hw.arch import PageBits
from anos_sim.hw.memory import FRAME_SHIFT
from anos_sim.stage3.abi import Rights
from anos_sim.stage3.address_space import AddressSpace
from anos_sim.stage3.capability import Capability
from anos_sim.stage3.channel import Channel, Message, Receive
from anos_sim.stage3.futex import FutexWait
from anos_sim.stage3.interrupt import InterruptVector
from anos_sim.stage3.kernel import Kernel
from anos_sim.stage3.log import LogRead
from anos_sim.stage3.mapping import allowed
from anos_sim.stage3.memory_object import MemoryObject
from anos_sim.stage3.notification import Notification, NotificationWait
from anos_sim.stage3.objects import KernelObject, PhysicalRange, SystemCall, VectorRange
from anos_sim.stage3.physical import PhysicalMemory
from anos_sim.stage3.process import Process, ProcessState
from anos_sim.stage3.scheduler import EMPTY
from anos_sim.stage3.thread import Thread, ThreadState


def check_kernel(kernel: Kernel) -> None:
    """Check memory, threads and capabilities."""
    check_memory(kernel)
    check_threads(kernel)
    check_messages(kernel)
    check_capabilities(kernel)


# ---- memory ----


def walk(words: memoryview, bits: PageBits, root: int) -> tuple[list[int], list[tuple[int, int]]]:
    """The tables below a root, itself included, and all present pages as (address, entry).

    Reads the page tables as the MMU does, not what the kernel remembers of them.
    """
    tables, pages = [], []

    def descend(table: int, address: int, shift: int) -> None:
        tables.append(table)
        entries = words[table >> 3 : (table >> 3) + 512].tolist()
        for index, entry in [(index, entry) for index, entry in enumerate(entries) if entry]:
            if shift > FRAME_SHIFT:
                descend(bits.frame(entry) << FRAME_SHIFT, address | index << shift, shift - 9)
            elif entry & bits.present:
                pages.append((address | index << shift, entry))

    descend(root, 0, 39)
    return tables, pages


def check_spaces(physical: PhysicalMemory, spaces: list[AddressSpace], others: list[int]) -> None:
    """Each frame has as many references as name it, and is free exactly when none does.

    `others` are frames that something else than a page table names, one entry a reference.
    """
    frames, memory, bits = physical.frames, physical.memory, physical.bits
    named = Counter(others)
    named[physical.zero_frame] += 1
    tables: list[int] = []
    for space in spaces:
        found, pages = walk(memory.words, bits, space.root)
        tables += found
        assert pages == list(space.mappings()), "a page is forgotten"
        set_aside = [entry for entry in space.windows.values() if entry & bits.present]
        for entry in [*(entry for _, entry in pages), *set_aside]:
            check_entry(physical, entry)
            frame = bits.frame(entry)
            if not entry & bits.device and frame != physical.zero_frame:
                named[frame] += 1
    counts = enumerate(frames.counts[frames.begin :], frames.begin)
    counted = {frame: count for frame, count in counts if count}
    wrong = {
        hex(frame << FRAME_SHIFT): (counted.get(frame, 0), named[frame])
        for frame in counted.keys() | named.keys()
        if counted.get(frame, 0) != named[frame]
    }
    assert not wrong, f"frames with (references, names): {wrong}"
    assert frames.free_count + len(named) == frames.total_count
    assert len(set(tables)) == len(tables), "a table is used twice"
    table_count = (memory.end - memory.kernel_begin) >> FRAME_SHIFT
    assert physical.tables.free_count + len(tables) == table_count


def check_entry(physical: PhysicalMemory, entry: int) -> None:
    """What no entry may be."""
    memory, bits = physical.memory, physical.bits
    address, cow, write = bits.frame(entry) << FRAME_SHIFT, entry & bits.cow, entry & bits.write
    device, shared = entry & bits.device, entry & bits.shared
    assert not cow or not write, "writable and copy-on-write"
    assert not memory.kernel_begin <= address < memory.end, "the kernel's memory is mapped"
    managed = memory.managed_begin <= address < memory.kernel_begin
    assert managed != bool(device), "memory as a device, or a device as memory"
    assert address != physical.zero_address or not write, "the zero page is writable"
    assert not shared or not (cow or device), "shared, and something else as well"
    assert entry & bits.user or not (write or cow), "out of reach, but writable"


def check_memory(kernel: Kernel) -> None:
    """Frames, page tables and everything that names them."""
    others = [
        message.frame
        for message in messages(kernel)
        if message.frame_address and message.counted
        for _ in range(1 if message.window else 2)  # one is the window's entry's
    ]
    for frame, target in kernel.physical.memory_objects.items():
        assert frame in target.frames
        assert target.capability_count, "a memory object that nobody can name"
        others.append(frame)
    for process in kernel.all_processes():
        for first, count in process.dma_runs:
            others += range(first, first + count)
    spaces = [process.space for process in kernel.all_processes()]
    check_spaces(kernel.physical, spaces, others)
    if kernel.policy.name == "derived":
        for process in kernel.all_processes():
            check_rights_to_pages(process)


def check_rights_to_pages(process: Process) -> None:
    """What a process has mapped by a right, it has the right to have so."""
    is_allowed = allowed(process)
    space, bits = process.space, process.space.bits
    for address, entry in space.mappings():
        if entry & bits.by_right and address not in space.windows:
            assert is_allowed(entry), f"{process} has {address:#x} without a right"
    hidden = space.windows.values()
    set_aside = [each for each in hidden if each & bits.present and each & bits.by_right]
    assert all(map(is_allowed, set_aside)), f"{process} would get back a page without a right"


# ---- threads ----


def check_threads(kernel: Kernel) -> None:
    """Each thread of a living process is in exactly one place, and nobody else is anywhere."""
    places: Counter[int] = Counter()
    living = {id(thread) for process in kernel.all_processes() for thread in process.threads}
    for cpu in kernel.cpus:
        queued = cpu.queue.all()
        assert cpu.queue.count == len(queued)
        assert cpu.queue.first_level == min((t.level for t in queued), default=EMPTY)
        ready = [*queued, *([cpu.next] if cpu.next else [])]
        assert all(thread.state is ThreadState.READY for thread in ready)
        running = [cpu.thread] if cpu.thread else []
        assert all(thread.state is ThreadState.RUNNING for thread in running)
        for thread in [*ready, *running]:
            assert id(thread) in living, f"{thread} is dead and may run"
            places[id(thread)] += 1
    for process in kernel.building:
        assert process.parent in kernel.processes.values(), "its builder has ended"
        assert process.threads == []
    for process in kernel.all_processes():
        for thread in process.threads:
            assert thread.process is process
            if is_waiting(kernel, thread):
                places[id(thread)] += 1
            assert places[id(thread)] == 1, f"{thread} {thread.state} is in {places[id(thread)]}"


def is_waiting(kernel: Kernel, thread: Thread) -> bool:
    """Is it blocked, and does what it waits for know of it, once?"""
    waits_for = thread.blocked_on
    match thread.state:
        case ThreadState.SENDING:
            assert isinstance(waits_for, Message)
            assert waits_for.sender is thread
            return not waits_for.abandoned
        case ThreadState.RECEIVING:
            assert isinstance(waits_for, Receive)
            assert waits_for.thread is thread
            assert waits_for.channel is not None
            assert waits_for.channel.alive
            return sum(each is waits_for for each in waits_for.channel.waiting) == 1
        case ThreadState.INTERRUPT:
            assert isinstance(waits_for, InterruptVector)
            return [each for each, _ in waits_for.waiting].count(thread) == 1
        case ThreadState.LOG:
            assert isinstance(waits_for, LogRead)
            return list(kernel.log.waiting).count(waits_for) == 1
        case ThreadState.NOTIFICATION:
            assert isinstance(waits_for, NotificationWait)
            assert waits_for.thread is thread
            assert waits_for.capability.alive, "it waits by a right that is gone"
            assert not waits_for.notification.bits & waits_for.mask, "a bit is overlooked"
            return sum(each is waits_for for each in waits_for.notification.waiting) == 1
        case ThreadState.FUTEX:
            assert isinstance(waits_for, FutexWait)
            assert waits_for.thread is thread
            queue = thread.process.futexes[waits_for.word]
            return sum(each is waits_for for each in queue) == 1
        case ThreadState.SLEEPING | ThreadState.PARKED:
            assert waits_for is None
            return True
    assert waits_for is None
    return False


# ---- messages ----


def channels(kernel: Kernel) -> list[Channel]:
    """Every channel that someone has a capability to or waits for."""
    found: dict[Channel, None] = {}
    for process in kernel.all_processes():
        for capability in process.capabilities.values():
            if isinstance(capability.target, Channel):
                found[capability.target] = None
        found.update(process.receives_on)
    for message in messages(kernel):
        found[message.channel] = None
    return list(found)


def messages(kernel: Kernel) -> list[Message]:
    """Every message that was sent and not answered."""
    found: dict[Message, None] = {}
    for process in kernel.all_processes():
        for thread in process.threads:
            if isinstance(thread.blocked_on, Message):
                found[thread.blocked_on] = None
        found.update(dict.fromkeys(process.messages.values()))
    return list(found)


def check_messages(kernel: Kernel) -> None:
    """A message is in a channel's queue or in its receiver's table, never both."""
    processes = kernel.all_processes()
    for message in messages(kernel):
        queued = sum(each is message for each in message.channel.messages)
        if message.receiver is None:
            assert queued == 1
            assert message.channel.alive
        else:
            assert queued == 0
            assert message.receiver in processes, "its receiver is dead"
            assert message.receiver.messages[message.cookie] is message
    for channel in channels(kernel):
        assert not channel.messages or not channel.waiting, f"{channel} has both queues"
        if channel.alive:
            assert channel.receivers or channel.receiver_count, f"nobody can receive on {channel}"
            assert all(process in processes for process in channel.receivers)
            assert all(channel in process.receives_on for process in channel.receivers)
        else:
            assert not channel.messages
            assert not channel.waiting
            assert not kernel.names.of(channel)


# ---- capabilities ----


def nodes(roots: Iterable[Capability]) -> Iterator[Capability]:
    """A tree's nodes, tombstones included, parents first. Each one once, or it is no tree."""
    pending = list(roots)
    met = set()
    while pending:
        node = pending.pop()
        assert node not in met, f"there are two ways to {node}"
        met.add(node)
        yield node
        pending += node.derived()


def check_capabilities(kernel: Kernel) -> None:
    """The tree is a tree, rights shrink, tables hold the living and nothing else."""
    processes = kernel.all_processes()
    is_derived = kernel.policy.name == "derived"
    living = 0
    counts: Counter[KernelObject] = Counter()
    receivers: Counter[KernelObject] = Counter()
    assert all(root.parent is None for root in kernel.tree.roots)
    for node in nodes(kernel.tree.roots):
        check_edges(node)
        if node.alive:
            living += 1
            counts[node.target] += 1
            receivers[node.target] += bool(node.rights & Rights.RECEIVE)
            if is_derived:
                assert node.holder.capabilities[node.cookie] is node
                assert node.holder in processes, f"{node} is held by the dead"
            assert not isinstance(node.target, Channel) or node.target.alive
            if isinstance(node.target, Process | Notification):
                check_watches(node.target)
        else:
            assert node.children, "a tombstone without a grave to mark"
    assert living == kernel.tree.count
    for target, count in counts.items():
        assert target.capability_count == count, f"{target} has lost count"
        assert target.receiver_count == receivers[target], f"{target} has lost count of receivers"
    for process in processes:
        check_table(process)
    if is_derived:
        assert living == sum(len(process.capabilities) for process in processes)
        for vector in kernel.vectors.all():
            assert vector.receiver_count, f"nobody may wait for {vector}"


def check_watches(target: Process | Notification) -> None:
    """Both sides know of a watch, which rests on two living capabilities."""
    for watch in target.watches.values():
        assert watch.process.watches[watch.through] is watch
        assert watch.notification.watches[watch.process, watch.through] is watch
        assert watch.by.alive
        assert watch.through.alive
        assert watch.process.state is not ProcessState.DEAD


def check_edges(node: Capability) -> None:
    """Its children know it, and have no more than it has: no rights, no addresses, no badge."""
    start, size = node.target.extent
    for child in node.derived():
        assert child.parent is node
        assert child.rights & ~node.rights == 0, "rights have grown"
        if child.target is not node.target:
            part_start, part_size = child.target.extent
            inside = start <= part_start and part_start + part_size <= start + size
            is_vector = isinstance(child.target, InterruptVector)
            assert inside or is_vector, "a part is not within its whole"
        assert child.badge == node.badge or not node.badge, "a badge was changed"


def check_table(process: Process) -> None:
    """Calls are exactly the system calls among a process's capabilities that allow CALL."""
    for cookie, capability in process.capabilities.items():
        assert capability.alive
        assert capability.cookie == cookie != 0
    calls = {
        cookie: capability.target.handler
        for cookie, capability in process.capabilities.items()
        if isinstance(capability.target, SystemCall) and capability.rights & Rights.CALL
    }
    assert process.calls == calls
    ranges = [
        capability
        for capability in process.capabilities.values()
        if isinstance(capability.target, PhysicalRange | VectorRange | MemoryObject)
        and capability.holder is process
    ]
    assert list(process.ranges) == ranges
