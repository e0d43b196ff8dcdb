"""Taking rights away from the running system: what rested on them goes, the rest stays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from anos_sim.hw.config import MachineConfig
from anos_sim.hw.memory import FRAME_SHIFT
from anos_sim.stage3.abi import Rights, Status
from anos_sim.stage3.capability import Capability
from anos_sim.stage3.channel import Channel
from anos_sim.stage3.kernel import Kernel
from anos_sim.stage3.objects import PhysicalRange
from anos_sim.stage3.process import Process
from anos_sim.toolchain.guest.disk_image import write_fat32
from support.architectures import ADDRESSES
from support.boot import Booted, boot_system
from support.invariants import check_kernel
from support.kernel import end_everything

REGISTERS = ADDRESSES.pci
SCRIPT = b"ls\ncat README.TXT\npoweroff\n"
LISTED = "> cat README.TXT"
TEXT = b"far from what was read before\n"
FILES = {"FILLER.BIN": bytes(1 << 20), "README.TXT": TEXT}
"""The driver reads ahead: the text must not have come along with the directory."""


@pytest.fixture
def booted(tmp_path: Path) -> Booted:
    """The default system, about to read a file from the disk."""
    write_fat32(tmp_path / "disk.img", FILES)
    config = MachineConfig(disks=(str(tmp_path / "disk.img"),))
    return boot_system(config, until=LISTED, script=SCRIPT)


def by_name(kernel: Kernel, name: str) -> Process:
    """The process with this name."""
    return next(each for each in kernel.all_processes() if each.name == name)


def held(process: Process, fits: Callable[[Capability], bool]) -> Capability:
    """The one capability of a process that fits."""
    found = [each for each in process.capabilities.values() if fits(each)]
    assert len(found) == 1
    return found[0]


def revoke(kernel: Kernel, capability: Capability, holder: Process | None = None) -> int:
    """Revoke on behalf of the capability's holder."""
    return kernel.policy.revoke(capability.holder.threads[0], capability, holder)


def finish(booted: Booted) -> str:
    """Run to the end and check everything, then once more with nothing left; why it ended."""
    while booted.kernel.advance(1000):
        pass
    check_kernel(booted.kernel)
    assert booted.kernel.outcome is not None
    cause = booted.kernel.outcome.cause
    end_everything(booted.kernel)
    booted.close()
    return cause


def test_without_its_disk_the_file_system_answers_errors_and_all_else_goes_on(
    booted: Booted,
) -> None:
    kernel = booted.kernel
    driver = by_name(kernel, "ahcidrv")
    disks = [
        each.target
        for each in driver.capabilities.values()
        if isinstance(each.target, Channel) and each.rights & Rights.RECEIVE
    ]
    assert len(disks) == 1
    file_system = by_name(kernel, "fat32drv")
    link = held(file_system, lambda each: each.target is disks[0])
    assert link.parent is not None
    assert revoke(kernel, link.parent, file_system) == 1
    assert "switched off" in finish(booted)
    assert booted.kernel.reports == []
    assert "cat: README.TXT: I/O error" in booted.console
    assert TEXT.decode().strip() not in booted.console


def test_a_running_command_finishes_into_memory_that_stays_its_owners(booted: Booted) -> None:
    kernel, machine = booted.kernel, booted.machine
    while not machine.busy:
        assert kernel.advance(1)
    driver = by_name(kernel, "ahcidrv")
    registers = held(
        driver,
        lambda each: isinstance(each.target, PhysicalRange) and each.target.start == REGISTERS,
    )
    bits, frame = driver.space.bits, REGISTERS >> 12
    mapped = [entry for _, entry in driver.space.mappings() if bits.frame(entry) == frame]
    assert len(mapped) == 1
    (first, count), *_ = driver.dma_runs
    buffer = slice((first + 1) << FRAME_SHIFT, (first + count) << FRAME_SHIFT)
    before = bytes(machine.memory.view[buffer])

    above = registers.parent
    while above is not None and not above.alive:
        above = above.parent
    assert above is not None
    assert revoke(kernel, above) == 1
    assert not any(bits.frame(entry) == frame for _, entry in driver.space.mappings())
    assert machine.busy
    while machine.busy:
        assert kernel.advance(1)
    assert bytes(machine.memory.view[buffer]) != before, "the command has written nothing"
    assert all(kernel.frames.counts[frame] for frame in range(first, first + count))

    assert "switched off" in finish(booted)
    (report,) = booted.kernel.reports
    assert "ahcidrv" in report
    assert "an unmapped page" in report


def test_a_driver_that_waits_for_its_interrupt_wakes_without_it(booted: Booted) -> None:
    kernel, machine = booted.kernel, booted.machine
    driver = by_name(kernel, "ahcidrv")
    while not driver.vectors[0].waiting:
        assert kernel.advance(1)
    vector = driver.vectors[0]
    (waiter, _) = vector.waiting[0]
    assert vector.first is not None
    assert vector.first.parent is not None
    assert revoke(kernel, vector.first.parent) == 1
    assert waiter.registers.words[7] == Status.INCAPABLE & (1 << 64) - 1
    assert vector not in kernel.vectors.all()
    assert driver.vectors == []
    assert not machine.busy or kernel.advance(1)
    finish(booted)
    assert booted.kernel.reports == []


def test_everything_that_system_gave_can_be_taken_back_at_once(booted: Booted) -> None:
    kernel = booted.kernel
    system = kernel.processes[1]
    gone = 0
    for capability in list(system.capabilities.values()):
        gone += revoke(kernel, capability)
        check_kernel(kernel)
    assert gone > 50
    for process in kernel.all_processes():
        if process is not system:
            for each in process.capabilities.values():
                assert each.target.first is not None
                assert each.target.first.holder is not system
    finish(booted)
