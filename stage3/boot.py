"""Power-on to SYSTEM, one call a line."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from anos_sim.hw.memory import FRAME_BYTES, FRAME_SHIFT

from . import (
    lifecycle,
    sys_build,
    sys_capability,
    sys_device,
    sys_exit,
    sys_ipc,
    sys_memory,
    sys_notification,
    sys_pages,
    sys_process,
    sys_thread,
    sys_transfer,
)
from .abi import (
    FIRST_OWN_SYSNO,
    MSI_FIRST,
    MSI_LAST,
    PAGE_BYTES,
    PHYSICAL_END,
    SYSTEM_BSS,
    SYSTEM_STACK_PAGES,
    MapFlags,
    ObjectSlot,
    Rights,
    Sysno,
)
from .errors import ImageError, OutOfFrames
from .image import Segment, SystemImage
from .kernel import Kernel
from .objects import DEVICE_RIGHTS, VECTOR_RIGHTS, PhysicalRange, SystemCall, VectorRange
from .process import Process
from .syscall import TABLE

if TYPE_CHECKING:
    from anos_sim.hw.machine import Machine

    from .scheduler import Scheduler

HANDLERS = (
    sys_build,
    sys_capability,
    sys_device,
    sys_exit,
    sys_ipc,
    sys_memory,
    sys_notification,
    sys_pages,
    sys_process,
    sys_thread,
    sys_transfer,
)
"""The modules that fill the call table."""


def boot(
    machine: Machine,
    image: SystemImage,
    policy: str | None = None,
    seed: int = 0,
    scheduler: Scheduler | None = None,
) -> Kernel:
    """Bring a machine up to SYSTEM's first instruction.

    Raises:
        ImageError: the image does not fit into the machine's memory.
    """
    kernel = Kernel(
        machine, policy or image.default_policy, seed, scheduler
    )  # the kernel's own state
    system = lifecycle.new_process(kernel, None)  # process 1, empty
    try:
        for segment in image.segments:
            load_segment(system, segment)  # its image
        stack_pointer = build_first_stack(kernel, system, image)  # its rights, on its stack
    except OutOfFrames:
        size_mib = machine.memory.size_bytes >> 20
        raise ImageError(
            f"system image {image.name} does not fit into {size_mib} MiB of RAM"
        ) from None
    add_symbols(kernel, image)  # names for reports
    lifecycle.start(kernel, system, image.entry, stack_pointer)  # ready to run
    system.name = "SYSTEM"
    kernel.next_tid += len(kernel.cpus)  # the idle threads have ids too (anos-abi 14.3)
    return kernel


def load_segment(process: Process, segment: Segment) -> None:
    """Map an image's pages and copy its data in; the rest of its range is zero."""
    space = process.space
    physical = space.physical
    first = segment.address & ~(PAGE_BYTES - 1)
    end = segment.address + segment.memory_bytes
    space.map_zero(first, (end - first + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1), segment.flags)
    skip = segment.address - first
    data = bytes(skip) + segment.data
    bits, shift = space.protection(segment.flags), space.bits.frame_shift
    for offset in range(0, len(data), PAGE_BYTES):
        frame = physical.frames.allocate()
        physical.memory.write(frame << FRAME_SHIFT, data[offset : offset + FRAME_BYTES])
        space.replace_entry(first + offset, frame << shift | bits)


def build_first_stack(kernel: Kernel, system: Process, image: SystemImage) -> int:
    """Map SYSTEM's stack and put its capabilities on it (anos-abi 3.2); returns its sp.

    All 26 calls, ids descending; then, for an image that knows them, our own
    calls and the devices, ids ascending.
    """
    size_bytes = SYSTEM_STACK_PAGES * PAGE_BYTES
    base = SYSTEM_BSS - size_bytes
    system.space.map_zero(base, size_bytes, MapFlags.READ | MapFlags.WRITE)
    calls = sorted((call for call in Sysno if call < FIRST_OWN_SYSNO), reverse=True)
    calls += sorted(call for call in Sysno if FIRST_OWN_SYSNO <= call <= image.highest_call)
    pairs = []
    for call in calls:
        target = SystemCall(call, TABLE[call])
        rights = Rights.CALL | Rights.GRANT
        pairs += [int(call), kernel.policy.created(system, target, rights, "power-on", None)]
    for slot, cookie in grant_devices(kernel, system):
        if slot <= image.highest_call:
            pairs += [int(slot), cookie]
    stack_pointer = SYSTEM_BSS - 32 - 8 * len(pairs)
    words = [len(pairs) // 2, stack_pointer + 32, 0, 0, *pairs]
    if not system.space.store(stack_pointer, struct.pack(f"<{len(words)}Q", *words)):
        raise OutOfFrames
    return stack_pointer


def grant_devices(kernel: Kernel, system: Process) -> list[tuple[ObjectSlot, int]]:
    """Give SYSTEM what is no RAM and all interrupt vectors; returns (slot, cookie) of each.

    What is no RAM is above it, and below it too if RAM does not begin at 0.
    """
    memory = kernel.memory
    low, high = PhysicalRange(0, memory.begin), PhysicalRange(memory.end, PHYSICAL_END)
    vectors = VectorRange(MSI_FIRST, MSI_LAST + 1)
    targets: list[tuple[ObjectSlot, PhysicalRange | VectorRange, Rights]] = [
        (ObjectSlot.DEVICE_MEMORY, low if memory.begin else high, DEVICE_RIGHTS),
        (ObjectSlot.INTERRUPT_VECTORS, vectors, VECTOR_RIGHTS),
    ]
    if memory.begin:
        targets.append((ObjectSlot.DEVICE_MEMORY_HIGH, high, DEVICE_RIGHTS))
    return [
        (slot, kernel.policy.created(system, target, rights, "power-on", None))
        for slot, target, rights in targets
    ]


def add_symbols(kernel: Kernel, image: SystemImage) -> None:
    """Names from the image itself and from the programs in its RAMFS."""
    kernel.symbols.add("SYSTEM", image.data)
    for name, data in image.files().items():
        kernel.symbols.add(name, data)
