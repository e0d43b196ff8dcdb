"""Many capabilities: how much memory they take, and how long revoking them does.

    PYTHONPATH=tests .venv/bin/python -m support.scale COUNT [wide|deep|bushy]

Makes so many descendants of one channel's capability as `mint` and `give` do, each
with its origin, in a process of its own, because it is the host's memory that counts.
Then a program revokes them all by one call. Prints JSON; times are CPU time.
"""

from __future__ import annotations

import json
import resource
import sys
import time

from anos_sim.stage3.abi import ALL_RIGHTS, Sysno
from anos_sim.stage3.capability import Capability, Origin

from .puppets import Programs
from .theatre import Puppet

CHILDREN = 10
KIB = 1024


def grow(theatre: Programs, root: Capability, count: int, shape: str) -> None:
    """Derive that many: from one, each from the one before, or ten from each."""
    kernel, system = theatre.kernel, theatre.puppets[0]
    policy, tree, holders = kernel.policy, kernel.tree, list(kernel.processes.values())
    made = [root]
    first = policy.origin("give", system.thread)
    for index in range(count):
        parent = {"wide": 0, "deep": -1, "bushy": index // CHILDREN}[shape]
        origin = Origin(index << 40, first.how, first.actor, index << 20, first.actor)
        holder = holders[index % len(holders)]
        child = tree.mint(made[parent], holder, ALL_RIGHTS, origin)
        made.append(child) if shape != "wide" else None


def measure(count: int, shape: str) -> dict[str, float]:
    """Make them, then revoke them; counts, MiB, seconds."""
    with Programs() as theatre:
        system = theatre.puppets[0]
        for _ in range(4):
            child = theatre.create_process(system, [])
            assert isinstance(child, Puppet)
        created = theatre.call(system, Sysno.CREATE_CHANNEL)
        assert created is not None
        root = system.process.capabilities[created.value]
        kernel = theatre.kernel
        before_count, before_kib = kernel.tree.count, peak_kib()
        start = time.process_time()
        grow(theatre, root, count, shape)
        making = time.process_time() - start
        grown_kib = peak_kib() - before_kib
        assert kernel.tree.count == before_count + count
        start = time.process_time()
        answer = theatre.call(system, Sysno.REVOKE, created.value, 0)
        revoking = time.process_time() - start
        assert answer is not None
        assert answer.value == count
        assert kernel.tree.count == before_count
        assert root.alive
    return {
        "count": count,
        "MiB": grown_kib / KIB,
        "bytes each": grown_kib * KIB / count,
        "making, s": making,
        "revoking, s": revoking,
    }


def peak_kib() -> int:
    """The most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "bushy")))
