"""Several CPUs: everybody gets a fair share, nobody is forgotten, nothing old is seen."""

from __future__ import annotations

import random
import struct

import attrs
import pytest

from anos_sim.hw.clock import PS_PER_S
from anos_sim.hw.config import CostsConfig, MachineConfig
from anos_sim.hw.machine import Machine
from anos_sim.hw.vcpu import PS_PER_BYTE
from anos_sim.stage3 import devices
from anos_sim.stage3.abi import MSI_FIRST, SLICE_TICKS, TICK_NS
from anos_sim.stage3.boot import boot
from anos_sim.stage3.kernel import Kernel
from anos_sim.stage3.log import LogLine
from support.architectures import BEARER_DEVICES, architectures
from support.invariants import check_kernel
from support.kernel import RAM_MIB, program_image, run_image

COUNTERS = 0x5_0000_0000
"""Where fair.c counts."""
SLOW_PS_PER_BYTE = 1_000_000
"""A slow machine: ten seconds of it are soon over."""
SLICE_PS = SLICE_TICKS * TICK_NS * 1000
MS = 1_000_000_000
TURNS = 100


class Race:
    """fair.c on a slow machine, from the moment when all its threads are there."""

    def __init__(self, cpus: int, threads: int, hogs: int = 0, loops: int = 0) -> None:
        costs = CostsConfig(code_ps_per_byte=SLOW_PS_PER_BYTE, quantum_ns=10_000_000)
        self.machine = Machine(MachineConfig(cpus=cpus, ram_mib=RAM_MIB, costs=costs))
        image = program_image("fair")
        segments = tuple(
            attrs.evolve(segment, data=_set(segment.data, threads, hogs, loops))
            for segment in image.segments
        )
        self.kernel = boot(self.machine, attrs.evolve(image, segments=segments), "derived", 0)
        self.count = threads + hogs
        self.ready = False
        self.kernel.on_log = self._hear
        while not self.ready:
            assert self.kernel.advance(1)

    def _hear(self, line: LogLine) -> None:
        assert line.text == "ready"
        self.ready = True

    def run(self, seconds: float) -> list[int]:
        """Let virtual time pass; returns how far each thread came, in counts."""
        kernel = self.kernel
        before = self._counts()
        end_ps = kernel.latest_ps() + int(seconds * PS_PER_S)
        while min(cpu.now_ps for cpu in kernel.cpus) < end_ps:
            assert kernel.advance(TURNS)
        check_kernel(kernel)
        after = self._counts()
        return [new - old for new, old in zip(after, before, strict=True)]

    def _counts(self) -> list[int]:
        data = self.kernel.processes[1].space.load(COUNTERS, 8 * self.count)
        assert data is not None
        return list(struct.unpack(f"<{self.count}Q", data))

    def close(self) -> None:
        """End it."""
        self.kernel.close()
        self.machine.close()


def _set(data: bytes, *values: int) -> bytes:
    """Fill in the program's settings."""
    mark = b"SETTINGS"
    return data.replace(mark + bytes(24), mark + struct.pack("<3Q", *values))


@pytest.mark.parametrize(("cpus", "per_cpu"), [(1, 2), (1, 7), (2, 3), (4, 3), (16, 1), (16, 3)])
def test_equal_threads_are_within_one_slice_of_each_other(cpus: int, per_cpu: int) -> None:
    race = Race(cpus, cpus * per_cpu)
    race.run(0.5)
    counts = race.run(10)
    race.close()
    count_ps = 10 * PS_PER_S * cpus / sum(counts)
    assert (max(counts) - min(counts)) * count_ps <= 1.05 * SLICE_PS, counts
    assert min(counts) > 0


@pytest.mark.parametrize("cpus", [1, 2, 4])
def test_a_realtime_hog_leaves_its_cpu_one_tick_in_eleven(cpus: int) -> None:
    """One hog: the threads on its CPU go on slowly, those on other CPUs as if it were not there."""
    race = Race(cpus, threads=2 * cpus, hogs=1)
    race.run(1)
    counts = race.run(11)
    race.close()
    alone = sum(counts) // cpus
    hog = max(counts)
    ticks = SLICE_TICKS + 1
    assert hog == pytest.approx(alone * SLICE_TICKS / ticks, rel=0.02)
    slow = sorted(counts)[:2]
    assert sum(slow) == pytest.approx(alone / ticks, rel=0.15), counts
    assert min(slow) > 0.3 * max(slow)
    for other in sorted(counts)[2:-1]:
        assert other == pytest.approx(alone / 2, rel=0.05), counts


def test_hogs_on_all_cpus_stop_nobody() -> None:
    race = Race(4, threads=4, hogs=4)
    counts = race.run(20)
    race.close()
    assert min(counts) > 0.05 * max(counts), counts


def test_idle_cpus_take_work_from_busy_ones() -> None:
    """Two CPUs of four get nothing but long jobs, two of them each: all four do one."""
    race = Race(4, threads=8, loops=100_000)
    begin_ps = race.kernel.latest_ps()
    while len(race.kernel.processes[1].threads) > 1:
        assert race.kernel.advance(1)
    long = race.kernel.latest_ps() - begin_ps
    worked = sorted(cpu.now_ps - begin_ps for cpu in race.kernel.cpus)
    race.close()
    assert worked[0] > 0.9 * long, worked


INTERRUPTS, VECTORS = 40, 3
"""What shuffle.c waits for."""


@pytest.mark.parametrize("policy", ["derived", BEARER_DEVICES])
@pytest.mark.parametrize(("cpus", "seed"), [(1, 1), (2, 2), (4, 3), (4, 4), (16, 5)])
def test_no_wake_up_is_lost(cpus: int, seed: int, policy: str) -> None:
    draw = random.Random(seed)

    def prepare(kernel: Kernel) -> None:
        """Interrupts at any time, but of one vector not more than can be queued."""
        source = kernel.clock.source("the test")
        for number in range(MSI_FIRST, MSI_FIRST + VECTORS):
            time_ps = 20 * MS
            for _ in range(INTERRUPTS):
                time_ps += draw.randrange(10 * MS, 100 * MS)
                kernel.clock.at(time_ps, source, _interrupt, kernel, number)

    run = run_image(program_image("shuffle"), policy, cpus, seed=seed, prepare=prepare)
    assert run.lines[-1] == "done 4", run.lines
    assert len(run.lines) == 6
    assert all(line.startswith("ok ") for line in run.lines[1:-1]), run.lines
    assert run.reports == []


def _interrupt(kernel: Kernel, number: int) -> None:
    vector = kernel.vectors.find(number)
    assert vector is not None
    devices.interrupt(kernel, vector.address, number)


def _slow_down(kernel: Kernel, ps_per_byte: int = 200_000) -> None:
    """Waiting for another thread's turn shall not take millions of loops."""
    for cpu in kernel.cpus:
        cpu.state[PS_PER_BYTE] = ps_per_byte


DEATHS = 24
"""How many processes of shoot.c lose a page that they use."""


@architectures
@pytest.mark.parametrize("policy", ["derived", "bearer"])
@pytest.mark.parametrize("cpus", [1, 2, 4, 16])
def test_what_one_cpu_maps_all_cpus_see_at_once(cpus: int, policy: str, arch: str) -> None:
    image = program_image("shoot", own_calls=True, arch=arch)
    run = run_image(image, policy, cpus, prepare=_slow_down, arch=arch)
    assert all(line.startswith(("ok ", "done 5")) for line in run.lines), run.lines
    assert len(run.lines) == 6
    assert len(run.reports) == DEATHS
    assert all("an unmapped page, 0x50000" in report for report in run.reports)


DMA_WRITES = 20
"""How many numbers rewrite.c expects from a device."""


@architectures
@pytest.mark.parametrize("policy", ["derived", "bearer"])
@pytest.mark.parametrize("cpus", [1, 2, 4, 16])
def test_rewritten_code_is_new_for_all_cpus_and_processes(
    cpus: int, policy: str, arch: str
) -> None:
    def prepare(kernel: Kernel) -> None:
        _slow_down(kernel, SLOW_PS_PER_BYTE)
        heard = kernel.on_log

        def hear(line: LogLine) -> None:
            heard(line)
            if line.text.startswith("dma "):
                _write_by_device(kernel, int(line.text.split()[1]))

        kernel.on_log = hear

    run = run_image(program_image("rewrite", arch=arch), policy, cpus, prepare=prepare, arch=arch)
    lines = [line for line in run.lines if not line.startswith("dma ")]
    assert all(line.startswith(("ok ", "done 6")) for line in lines), lines
    assert len(lines) == 7
    assert run.reports == []


CODE_OF = {
    "x86_64": lambda number: struct.pack("<Q", number),
    "riscv64": lambda number: struct.pack("<2I", 0x537, number << 20 | 0x5051B),
}
"""What the number in the code of rewrite.c looks like: tests/guest/*/code.h."""


def _write_by_device(kernel: Kernel, address: int) -> None:
    """A device that stores the next number every 3 ms."""
    source = kernel.clock.source("the test's device")
    for number in range(1, DMA_WRITES + 1):
        time_ps = kernel.now_ps() + number * 3 * MS
        data = CODE_OF[kernel.architecture.name](number)
        kernel.clock.at(time_ps, source, kernel.memory.dma_write, address, data)
