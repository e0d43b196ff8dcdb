"""Many processes: what a switch costs among them, and what each takes of the host's memory.

Each holds the 26 calls of Anos and three channels.

Runs in a process of its own, so that memory which Python has kept from earlier
work does not hide what this takes: `python -m anos_sim.toolchain.bench.ring x86_64`.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

from anos_sim.hw.config import MachineConfig
from anos_sim.hw.memory import FRAME_BYTES
from anos_sim.stage3.kernel import Kernel

from . import guest
from .rows import RING_SIZES

RAM_MIB = 512
FEW, MANY = RING_SIZES[1], RING_SIZES[-1]


def measure(arch: str) -> dict[str, float]:
    """The figures of a new host process."""
    command = [sys.executable, "-m", "anos_sim.toolchain.bench.ring", arch]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    figures: dict[str, float] = json.loads(output)
    return figures


def _own_bytes(kernel: Kernel) -> int:
    """Memory of this host process without the guest's pages and page tables."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    frames, tables = kernel.frames, kernel.physical.tables
    guest_bytes = (frames.total_count - frames.free_count - tables.free_count) * FRAME_BYTES
    return pages * resource.getpagesize() - guest_bytes


def _measure_here(arch: str) -> dict[str, float]:
    memory: dict[str, int] = {}

    def hear(kernel: Kernel, text: str) -> None:
        if text.startswith("begin "):
            memory[text.split()[1]] = _own_bytes(kernel)

    config = MachineConfig(cpus=1, ram_mib=RAM_MIB, arch=arch)
    image = guest.program_image("bench_ring", arch, own_calls=False)
    timings = guest.run(image, config, at_line=hear)
    figures = {name: timing.each_us for name, timing in timings.items()}
    grown = memory[f"ring-{MANY}"] - memory[f"ring-{FEW}"]
    return {**figures, "memory": grown / (MANY - FEW) / 1024}


if __name__ == "__main__":
    print(json.dumps(_measure_here(sys.argv[1])))
