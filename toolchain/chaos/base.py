"""The booted system that runs branch off from, by fork: a run begins where another one did.

A process has one base and no other threads; trio is not running. The fork is a snapshot:
the RAM is a private mapping, engines and their translated code are plain memory, the disk's
image is only read by position. The branch shares no descriptor that anybody writes to.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from anos_sim.hw.machine import Machine
from anos_sim.hw.vcpu import CODE
from anos_sim.stage3.boot import boot
from anos_sim.stage3.kernel import Kernel
from anos_sim.stage3.log import LogLine
from anos_sim.toolchain.errors import UserError
from anos_sim.toolchain.options import elf_folder

from .lines import Lines
from .scenario import Scenario, machine_config

TURNS_MAX = 2_000_000


def image_folder() -> Path:
    """Where the disks of scenarios are kept."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(cache) / "anos-sim"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return Path(tempfile.gettempdir())
    return folder


class Base:
    """A system at the moment from which all runs of a scenario differ."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        disk = scenario.disk(image_folder())
        self.machine = Machine(machine_config(scenario, disk))
        self.kernel: Kernel = boot(self.machine, scenario.image(), "derived")
        self.lines = Lines()
        self.on_line: Callable[[LogLine], None] = self.lines.hear
        self.kernel.on_log = self._hear
        self.kernel.symbols.add_folder(elf_folder(self.machine.config.arch))
        self._ready = False
        for _ in range(TURNS_MAX):
            if self._ready or not self.kernel.advance(1):
                break
        if not self._ready:
            outcome = self.kernel.outcome
            said = " / ".join(text for _, _, text in self.lines.all[-3:])
            raise UserError(
                f"scenario {scenario.name} does not get to its beginning: "
                f"{outcome.cause if outcome else 'it takes too long'}; it said: {said}"
            )
        self.begin_ps = self.kernel.latest_ps()
        self.booted = [str(process) for process in self.kernel.processes.values()]
        self.targets = tuple(scenario.targets(self.kernel))

    def _hear(self, line: LogLine) -> None:
        if not self._ready:
            self.lines.hear(line)
            if self.scenario.is_ready(line.text):
                self._ready = True
                self.lines.all.clear()
                if self.kernel.current is not None:
                    self.kernel.current.vcpu.lower_limit(0)
        else:
            self.on_line(line)

    def code_ps(self) -> int:
        """How much code all CPUs have executed, as time."""
        return sum(int(cpu.state[CODE]) for cpu in self.kernel.cpus)

    def close(self) -> None:
        """Free it."""
        self.kernel.close()
        self.machine.close()
