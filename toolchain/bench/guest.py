"""Boot a measuring program of tests/guest and take the times between its lines.

It brackets each subject with `begin NAME COUNT` and `end NAME` in the log. What
counts is CPU time of the host: a run is one thread of computing, and so a host that
has other work at the same time says nearly the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import attrs

from anos_sim.hw.config import MachineConfig
from anos_sim.hw.machine import Machine
from anos_sim.stage3.abi import LAST_SYSNO
from anos_sim.stage3.boot import boot
from anos_sim.stage3.image import SystemImage, read_image
from anos_sim.stage3.kernel import Kernel
from anos_sim.stage3.log import LogLine
from anos_sim.toolchain.errors import UserError
from anos_sim.toolchain.options import elf_folder

TURNS = 1000


@attrs.frozen
class Timing:
    """How long a subject took: `count` is how often it was done, or how many bytes it moved."""

    seconds: float
    count: int

    @property
    def each_us(self) -> float:
        """Microseconds for one."""
        return self.seconds / self.count * 1e6

    @property
    def mega_per_second(self) -> float:
        """Millions in a second."""
        return self.count / self.seconds / 1e6


def program_path(name: str, arch: str) -> Path:
    """The file of a measuring program.

    Raises:
        UserError: it was not built.
    """
    path = elf_folder(arch) / "tests" / f"{name}.elf"
    if not path.exists():
        raise UserError(
            f"{path} is missing: run `anos-sim build --arch {arch}` in a checkout, or install again"
        )
    return path


def program_image(name: str, arch: str, own_calls: bool = True) -> SystemImage:
    """A measuring program in SYSTEM's place, with all calls or only the 26 of Anos."""
    image = read_image(program_path(name, arch), arch)
    return attrs.evolve(image, highest_call=int(LAST_SYSNO)) if own_calls else image


def run(
    image: SystemImage,
    config: MachineConfig,
    prepare: Callable[[Kernel], None] = lambda kernel: None,
    at_line: Callable[[Kernel, str], None] = lambda kernel, text: None,
) -> dict[str, Timing]:
    """Boot, run to the end, and return the times by subject; `at_line` hears each line first.

    Raises:
        UserError: the program did not get to its end.
    """
    begun: dict[str, tuple[float, int]] = {}
    timings: dict[str, Timing] = {}
    lines: list[str] = []

    def hear(line: LogLine) -> None:
        now = time.process_time()
        words = line.text.split()
        lines.append(line.text)
        if words[:1] == ["end"]:
            begin, count = begun[words[1]]
            timings[words[1]] = Timing(now - begin, count)
        at_line(kernel, line.text)
        if words[:1] == ["begin"]:
            begun[words[1]] = (time.process_time(), int(words[2]))

    machine = Machine(config)
    try:
        kernel = boot(machine, image, "derived")
        kernel.on_log = hear
        prepare(kernel)
        while kernel.advance(TURNS):
            pass
        kernel.close()
    finally:
        machine.close()
    if "bench done" not in lines:
        raise UserError(f"{image.name} did not get to its end; it said: {' / '.join(lines[-3:])}")
    return timings
