"""Boot small systems for tests, run them, and check that nothing of them is lost."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from anos_sim.hw.config import MachineConfig
from anos_sim.hw.machine import Machine
from anos_sim.stage3 import console, lifecycle
from anos_sim.stage3.abi import LAST_SLOT, PAGE_BYTES, SYSTEM_BASE, MapFlags
from anos_sim.stage3.boot import boot
from anos_sim.stage3.errors import KernelPanic
from anos_sim.stage3.event_log import EventLog
from anos_sim.stage3.image import Segment, SystemImage, read_image
from anos_sim.stage3.kernel import Kernel
from anos_sim.stage3.log import LogLine
from anos_sim.stage3.outcome import Outcome
from anos_sim.toolchain.options import elf_folder

from .architectures import DEFAULT
from .invariants import check_kernel

PROGRAMS = elf_folder() / "tests"
RAM_MIB = 32
TURNS = 1000
EVERYTHING = int(MapFlags.READ | MapFlags.WRITE | MapFlags.EXEC)
SCRATCH = 0x4000_0000
"""Where an image of `code_image` has some pages of zeroed memory."""


@attrs.frozen
class Run:
    """What a run left behind. `lines` are what SYSTEM and its children printed."""

    outcome: Outcome
    lines: list[str]
    reports: list[str]
    events: list[str]
    time_ps: int


def program_image(name: str, own_calls: bool = False, arch: str = DEFAULT) -> SystemImage:
    """A program of tests/guest as a system image; with `own_calls` it gets those from 64 on."""
    image = read_image(elf_folder(arch) / "tests" / f"{name}.elf", arch)
    return attrs.evolve(image, highest_call=int(LAST_SLOT)) if own_calls else image


def code_image(code: bytes) -> SystemImage:
    """An image of bare machine code, mapped read, write and execute, with some memory."""
    segments = (
        Segment(SYSTEM_BASE, code, len(code), EVERYTHING),
        Segment(SCRATCH, b"", 4 * PAGE_BYTES, EVERYTHING),
    )
    return SystemImage("code", SYSTEM_BASE, segments, 0, code)


def boot_image(
    image: SystemImage,
    policy: str = "derived",
    cpus: int = 1,
    seed: int = 0,
    ram_mib: int = RAM_MIB,
    arch: str = DEFAULT,
) -> Kernel:
    """A kernel at SYSTEM's first instruction; `close` it."""
    machine = Machine(MachineConfig(cpus=cpus, ram_mib=ram_mib, arch=arch))
    return boot(machine, image, policy, seed)


def run_image(
    image: SystemImage,
    policy: str = "derived",
    cpus: int = 1,
    *,
    seed: int = 0,
    ram_mib: int = RAM_MIB,
    arch: str = DEFAULT,
    until: str = "done ",
    end_ps: int | None = None,
    record: bool = False,
    prepare: Callable[[Kernel], None] | None = None,
) -> Run:
    """Run until a line begins with `until`, then check the kernel, end everything, check again.

    `prepare` may change the kernel before it runs. Afterwards the machine is closed.
    """
    kernel = boot_image(image, policy, cpus, seed, ram_mib, arch)
    lines: list[str] = []

    def hear(line: LogLine) -> None:
        lines.append(line.text)
        if line.text.startswith(until):
            kernel.end(Outcome(0, "found"))

    kernel.on_log = hear
    if end_ps is not None:
        kernel.end_ps = end_ps
    if record:
        kernel.record(EventLog())
    if prepare is not None:
        prepare(kernel)
    try:
        while kernel.advance(TURNS):
            pass
        for process in kernel.all_processes():
            console.flush(kernel, process)
        check_kernel(kernel)
        events = [event.line() for event in kernel.events.events] if kernel.events else []
        assert kernel.outcome is not None
        run = Run(kernel.outcome, lines, list(kernel.reports), events, kernel.latest_ps())
        end_everything(kernel)
    finally:
        kernel.close()
        kernel.machine.close()
    return run


def end_everything(kernel: Kernel) -> None:
    """End all processes; then no frame and no table may be left in use."""
    kernel.current = None
    for process in kernel.all_processes():
        try:
            lifecycle.end_process(kernel, process, "the test is over")
        except KernelPanic:
            assert process.pid == 1
    check_kernel(kernel)
    assert kernel.frames.free_count == kernel.frames.total_count - 1, "a frame is lost"
    assert kernel.physical.tables.free_count == table_count(kernel), "a page table is lost"
    assert not kernel.vectors.all()
    if kernel.policy.name == "derived":
        assert kernel.tree.count == 0, "a capability is left"
        assert not kernel.tree.roots


def table_count(kernel: Kernel) -> int:
    """How many page tables the kernel's part of RAM holds."""
    return (kernel.memory.end - kernel.memory.kernel_begin) // PAGE_BYTES
