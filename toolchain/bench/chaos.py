"""What a run of a campaign costs: a fault that is not armed must cost nothing."""

from __future__ import annotations

import resource
import time
from typing import Any

from anos_sim.stage3.event_log import EventLog
from anos_sim.toolchain.chaos.batch import Ground
from anos_sim.toolchain.chaos.branch import branch
from anos_sim.toolchain.chaos.fault import Plan
from anos_sim.toolchain.chaos.inject import Injector

TIMES = 15
TURNS = 100


def measure(arch: str) -> dict[str, float]:
    """Seconds of the host's CPU, the least of some: with and without an injector, and in all."""
    ground = Ground("files")
    try:
        plain: list[float] = []
        unarmed: list[float] = []
        whole: list[float] = []
        for number in range(TIMES):
            for injector in (False, True) if number % 2 else (True, False):  # fair to both
                (unarmed if injector else plain).append(_go(ground, injector))
            whole.append(_branched(ground))
    finally:
        ground.base.close()
    return {"chaos-plain": min(plain), "chaos-unarmed": min(unarmed), "chaos-run": min(whole)}


def _go(ground: Ground, injector: bool) -> float:
    """The workload from the branch to its end."""

    def work() -> dict[str, Any]:
        base, done = ground.base, []
        kernel = base.kernel
        base.on_line = lambda line: done.append(base.scenario.is_done(line.text))
        kernel.record(EventLog(keep=False))
        if injector:
            Injector(kernel, Plan("none"))
        begin = time.process_time()
        while not (done and done[-1]) and kernel.advance(TURNS):
            pass
        return {"seconds": time.process_time() - begin}

    return float(branch(work)["seconds"])


def _branched(ground: Ground) -> float:
    before = _children_seconds()
    ground.run(Plan("none"))
    return _children_seconds() - before


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
