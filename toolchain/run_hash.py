"""One number for all that a run has done: its log, its disk writes, its counters.

Two runs of the same machine file, images, seed, input and version have the same
hash (docs/events.md); it costs next to nothing, so every run has one.
"""

from __future__ import annotations

import hashlib

import attrs

from anos_sim.hw.machine import Machine
from anos_sim.hw.vcpu import CALLS, CODE, NOW
from anos_sim.stage3.kernel import Kernel
from anos_sim.stage3.log import LogLine


class RunHash:
    """Hears log lines and disk writes as they come; `digest` adds the counters."""

    def __init__(self, machine: Machine) -> None:
        self._hash = hashlib.blake2b(digest_size=16)
        for number, disk in enumerate(machine.disks):
            disk.on_write = lambda sector, data, disk=number: self._add_write(disk, sector, data)

    def _add(self, *values: object) -> None:
        self._hash.update(repr(values).encode())

    def add_line(self, line: LogLine) -> None:
        """A line of the log."""
        self._add(line.time_ps, line.cpu, line.pid, line.process, line.text)

    def add_boot(self, kernel: Kernel) -> None:
        """The machine was rebooted: the counters of the kernel that was."""
        self._add(self.digest(kernel))

    def _add_write(self, disk: int, sector: int, data: bytes) -> None:
        self._add(disk, sector, len(data))
        self._hash.update(data)

    def digest(self, kernel: Kernel) -> str:
        """The hash of all so far, with the counters as they are now."""
        final = self._hash.copy()
        outcome = kernel.outcome
        counters = [
            None if outcome is None else (outcome.status, outcome.cause),
            kernel.latest_ps(),
            attrs.astuple(kernel.statistics),
            (kernel.threads_made, kernel.ended_processes, kernel.frames.free_count),
            *(
                (cpu.state[NOW], cpu.state[CALLS], cpu.state[CODE], cpu.switched)
                for cpu in kernel.cpus
            ),
        ]
        final.update(repr(counters).encode())
        return final.hexdigest()
