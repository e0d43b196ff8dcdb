"""Boot the real system in a test: our own image, a disk, and what came out of it."""

from __future__ import annotations

from pathlib import Path

import attrs

from anos_sim.hw.config import MachineConfig
from anos_sim.hw.machine import Machine
from anos_sim.stage3.boot import boot
from anos_sim.stage3.event_log import EventLog
from anos_sim.stage3.image import read_image
from anos_sim.stage3.kernel import Kernel
from anos_sim.stage3.log import LogLine
from anos_sim.toolchain.options import our_image, sample_disk
from anos_sim.toolchain.script import Script, tour_script

TURNS_MAX = 2_000_000


@attrs.define
class Booted:
    """A system after its run; `lines` is its log, `said` its console's bytes."""

    kernel: Kernel
    lines: list[LogLine]
    machine: Machine
    said: bytearray = attrs.field(factory=bytearray)

    @property
    def console(self) -> str:
        """What was on the console, prompts and all that was typed included."""
        return self.said.decode("utf-8", "replace")

    def text(self, process: str | None = None) -> str:
        """The log's text, of one process or of all."""
        return "\n".join(
            line.text for line in self.lines if process is None or line.process == process
        )

    def close(self) -> None:
        """Free the engines and the disks."""
        self.kernel.close()
        self.machine.close()


def boot_system(
    config: MachineConfig | None = None,
    *,
    image: Path | None = None,
    policy: str | None = None,
    seed: int = 0,
    events: EventLog | None = None,
    until: str | None = None,
    script: bytes | None = None,
) -> Booted:
    """Run a system to its end, or until its log or its console has `until`.

    `script` is typed at its console; without one, the tour is.
    """
    machine = Machine(config or MachineConfig(disks=(str(sample_disk()),)))
    arch = machine.config.arch
    system = read_image(image, arch) if image else our_image(arch)
    kernel = boot(machine, system, policy, seed)
    if events is not None:
        kernel.record(events)
    lines: list[LogLine] = []
    said = bytearray()
    kernel.on_log = lines.append
    machine.serial.on_output = said.extend
    machine.serial.source = Script(tour_script() if script is None else script)
    for _ in range(TURNS_MAX):
        if not kernel.advance(1):
            break
        if until is not None and (
            any(until in line.text for line in lines[-20:]) or until.encode() in said[-80:]
        ):
            break
    else:
        raise AssertionError("the run does not end")
    return Booted(kernel, lines, machine, said)
