"""Run tests/guest/leak.c and print, as JSON, what is there after each of its batches.

A program of its own, because it is the host process that must not grow:
`python leaks.py POLICY CPUS BATCHES`.
"""

from __future__ import annotations

import gc
import json
import sys
from collections import Counter
from pathlib import Path

from anos_sim.stage3.capability import Capability
from anos_sim.stage3.channel import Channel, Message
from anos_sim.stage3.kernel import Kernel
from anos_sim.stage3.process import Process
from anos_sim.stage3.thread import Thread

PAGE_KIB = 4


def rss_kib() -> int:
    """Resident memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_KIB


def things(kernel: Kernel) -> dict[str, int]:
    """How many there are of all that a system makes; the host's memory in KiB."""
    gc.collect()
    kinds = Counter(type(each) for each in gc.get_objects())
    objects = {kind.__name__: kinds[kind] for kind in (Capability, Channel, Message, Process)}
    return {
        **objects,
        "Thread": kinds[Thread],
        "free frames": kernel.frames.free_count,
        "free tables": kernel.physical.tables.free_count,
        "capabilities": kernel.tree.count,
        "names": len(kernel.names),
        "vectors": len(kernel.vectors.all()),
        "events due": len(kernel.clock.pending()),
        "host KiB": rss_kib(),
    }


def run(policy: str, cpus: int, batches: int) -> list[dict[str, int]]:
    """What there is after each batch."""
    from support.kernel import boot_image, program_image

    kernel = boot_image(program_image("leak", own_calls=True), policy, cpus)
    found: list[dict[str, int]] = []
    heard: list[str] = []
    kernel.on_log = lambda line: heard.append(line.text)
    while len(found) < batches and kernel.advance(1):
        while heard:
            assert heard.pop(0).startswith("batch"), heard
            found.append(things(kernel))
    assert len(found) >= batches, kernel.outcome
    print(
        f"{kernel.ended_processes} processes, {kernel.statistics.messages} messages",
        file=sys.stderr,
    )
    return found


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
