"""pcidrv ends at any moment of its work: all drivers run, and none is in the way of another."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import attrs
import pytest

from anos_sim.hw.clock import PS_PER_US
from anos_sim.hw.config import MachineConfig
from anos_sim.hw.machine import Machine
from anos_sim.hw.pci import Function
from anos_sim.hw.pci_header import BAR0, BAR_COUNT
from anos_sim.stage3 import lifecycle
from anos_sim.stage3.abi import ProcessEnd
from anos_sim.stage3.boot import boot
from anos_sim.stage3.kernel import Kernel
from anos_sim.toolchain.chaos.taps import find_process
from anos_sim.toolchain.guest.disk_image import write_fat32
from anos_sim.toolchain.options import our_image
from anos_sim.toolchain.script import Script
from support.effort import EFFORT
from support.invariants import check_kernel

TURNS_MAX = 2_000_000
ALL_ONES = (1 << 32) - 1
WRITES = 8
"""To configuration space for the BARs of two drivers: the command, ones, and both again."""
TEXT = b"what is on the disk\n"
Write = Callable[[int, int, int], None]


@attrs.define
class Enumeration:
    """A boot in which pcidrv ends at some of the moments of its work."""

    kernel: Kernel
    machine: Machine
    said: bytearray = attrs.field(factory=bytearray)
    lines: list[str] = attrs.field(factory=list)
    ends_at: frozenset[int] = frozenset()
    """Behind which of its writes to configuration space."""
    source: int = 0
    """Of ends, for the clock."""
    writes: int = 0
    ended: int = 0
    wrong: list[str] = attrs.field(factory=list)

    def end(self) -> None:
        """End it as a fault would, if it lives."""
        process = find_process(self.kernel, "pcidrv")
        if process is not None:
            self.ended += 1
            lifecycle.end_process(self.kernel, process, "killed by a test", ProcessEnd.FAULTED)

    def write(self, function: Function, write: Write, offset: int, size: int, value: int) -> None:
        """Hear of a write to configuration space while pcidrv lives and sizes."""
        write(offset, size, value)
        drivers = [each.name for each in self.kernel.all_processes() if function in each.functions]
        is_bar = BAR0 <= offset < BAR0 + 4 * BAR_COUNT
        if is_bar and value == ALL_ONES:
            self.wrong += [f"{function.name} is sized though {name} drives it" for name in drivers]
        if not drivers:
            self.writes += 1
            if self.writes in self.ends_at:
                self.machine.clock.at(self.kernel.now_ps(), self.source, self.end)


def enumerate_buses(folder: Path, ends_at: set[int], ends_us: tuple[float, ...]) -> Enumeration:
    """Boot; it ends behind those of its writes, and so long after it has begun. Read a file."""
    disk = folder / "disk.img"
    write_fat32(disk, {"FILE.TXT": TEXT})
    machine = Machine(MachineConfig(disks=(str(disk),)))
    kernel = boot(machine, our_image(), None, 0)
    found = Enumeration(kernel, machine, ends_at=frozenset(ends_at))
    found.source = machine.clock.source("test")
    for function in machine.functions:
        write = partial(found.write, function, function.config_write)
        function.config_write = write  # type: ignore[method-assign]
    kernel.on_log = lambda line: found.lines.append(line.text)
    machine.serial.on_output = found.said.extend
    machine.serial.source = Script(b"sleep 1\ncat FILE.TXT\npoweroff\n")
    begun = False
    for _ in range(TURNS_MAX):
        if not begun and find_process(kernel, "pcidrv") is not None:
            begun = True
            for end_us in ends_us:
                time_ps = kernel.latest_ps() + int(end_us * PS_PER_US)
                machine.clock.at(time_ps, found.source, found.end)
        if not kernel.advance(1):
            break
    return found


def check(found: Enumeration, ends: int) -> None:
    """All is as in a boot in which nobody ends."""
    log = "\n".join(found.lines)
    assert found.ended == ends, log
    assert found.wrong == []
    assert TEXT in found.said, log
    assert any("enumeration is complete" in line for line in found.lines), log
    names = sorted(each.name for each in found.kernel.all_processes() if each.threads)
    assert names == sorted(set(names))
    assert all(function.memory_enabled for function in found.machine.functions[1:])
    check_kernel(found.kernel)
    found.kernel.close()
    found.machine.close()


@pytest.mark.parametrize("write", range(1, WRITES + 1))
def test_it_ends_while_it_sizes(tmp_path: Path, write: int) -> None:
    check(enumerate_buses(tmp_path, {write}, ()), 1)


def test_it_ends_while_it_sizes_and_again(tmp_path: Path) -> None:
    check(enumerate_buses(tmp_path, {2, 4, 6, 8}, ()), 4)


@pytest.mark.parametrize("number", range(round(8 * EFFORT)))
def test_it_ends_at_any_moment(tmp_path: Path, number: int) -> None:
    """At one, and if it has a successor then, at another."""
    first_us = 2 + 110 * number / round(8 * EFFORT)
    found = enumerate_buses(tmp_path, set(), (first_us, first_us + 40))
    assert found.ended > 0
    check(found, found.ended)
