"""What a restarted driver is given, and that its device is quiet before it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from anos_sim.hw.clock import PS_PER_MS
from anos_sim.hw.config import MachineConfig
from anos_sim.hw.memory import FRAME_SHIFT
from anos_sim.stage3 import lifecycle
from anos_sim.stage3.abi import ObjectKind, ProcessEnd, Sysno
from anos_sim.stage3.kernel import Kernel
from anos_sim.stage3.process import Process
from anos_sim.toolchain.guest.disk_image import write_fat32
from support.boot import Booted, boot_system
from support.invariants import check_kernel
from support.kernel import end_everything

READ = b"ls\nsleep 1\ncat README.TXT\npoweroff\n"
TEXT = b"far from what was read before\n"
FILES = {"FILLER.BIN": bytes(1 << 20), "README.TXT": TEXT}
"""The driver reads ahead: the text must not have come along with the directory."""
MARK = 0x5A
Given = list[tuple[tuple[ObjectKind, int], tuple[int, int], int, int]]


@pytest.fixture
def booted(tmp_path: Path) -> Booted:
    """The default system, about to read a file from the disk."""
    write_fat32(tmp_path / "disk.img", FILES)
    config = MachineConfig(disks=(str(tmp_path / "disk.img"),))
    return boot_system(config, until="> sleep 1", script=READ)


def by_name(kernel: Kernel, name: str) -> Process:
    """The living process with this name."""
    return next(each for each in kernel.all_processes() if each.name == name and each.threads)


def end(kernel: Kernel, process: Process) -> None:
    """End it as a fault would."""
    lifecycle.end_process(kernel, process, "killed by a test", ProcessEnd.FAULTED)


def of_the_machine(things: Given) -> Given:
    """Calls, device memory and vectors: what is given at the start, and never by a client."""
    kinds = (ObjectKind.CALL, ObjectKind.PHYSICAL, ObjectKind.VECTORS, ObjectKind.VECTOR)
    return [thing for thing in things if thing[0][0] in kinds]


def settle(kernel: Kernel) -> None:
    """Go on until everybody waits."""
    until_ps = kernel.latest_ps() + 20 * PS_PER_MS
    while kernel.latest_ps() < until_ps:
        assert kernel.advance(1)


def finish(booted: Booted) -> None:
    """Run to the end: the file has been read, and nothing is lost or counted twice."""
    while booted.kernel.advance(1000):
        pass
    assert TEXT.decode().strip() in booted.console
    check_kernel(booted.kernel)
    end_everything(booted.kernel)
    booted.close()


def given(process: Process) -> Given:
    """What others gave it: objects and rights."""
    return sorted(
        (held.target.identity, held.target.extent, held.rights, held.badge)
        for held in process.capabilities.values()
        if held.parent is not None and held.parent.holder is not process
    )


@pytest.mark.parametrize("name", ["ahcidrv", "fat32drv", "serialdrv", "devman", "kterminal"])
def test_a_successor_has_what_its_predecessor_was_given_and_not_what_it_got_later(
    booted: Booted, name: str
) -> None:
    kernel = booted.kernel
    settle(kernel)
    system, first = kernel.all_processes()[0], by_name(kernel, name)
    before = given(first)
    power = next(
        held
        for held in system.capabilities.values()
        if held.target.identity == (ObjectKind.CALL, int(Sysno.POWER))
    )
    assert power.target.identity not in [identity for identity, *_ in before]
    kernel.policy.delegate(power, first, power.rights, "give", system.threads[0])
    assert given(first) != before

    end(kernel, first)
    settle(kernel)
    successor = by_name(kernel, name)
    assert successor is not first
    assert set(given(successor)) <= set(before)
    assert of_the_machine(given(successor)) == of_the_machine(before)
    finish(booted)


def test_a_device_is_quiet_before_the_frames_of_its_dead_driver_are_anybody_elses(
    booted: Booted,
) -> None:
    kernel, machine = booted.kernel, booted.machine
    while not machine.busy:
        assert kernel.advance(1)
    driver = by_name(kernel, "ahcidrv")
    (controller,) = driver.functions
    frames = [frame for first, count in driver.dma_runs for frame in range(first, first + count)]
    assert controller.bus_master
    end(kernel, driver)
    assert not controller.bus_master

    view, size = machine.memory.view, 1 << FRAME_SHIFT
    free = [frame for frame in frames if not kernel.frames.counts[frame]]
    assert free, "its memory has not come back"
    for frame in free:
        view[frame << FRAME_SHIFT : (frame + 1) << FRAME_SHIFT] = bytes([MARK]) * size
    while not controller.bus_master:
        assert kernel.advance(1)
        for frame in free:
            if not kernel.frames.counts[frame]:
                page = bytes(view[frame << FRAME_SHIFT : (frame + 1) << FRAME_SHIFT])
                assert page == bytes([MARK]) * size
    assert by_name(kernel, "ahcidrv") is not driver
    finish(booted)
