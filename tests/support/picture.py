"""All that capabilities are about, as plain data: two pictures are equal if nothing changed."""

from __future__ import annotations

from anos_sim.stage3.capability import Capability
from anos_sim.stage3.kernel import Kernel
from anos_sim.stage3.process import Process


def picture(kernel: Kernel) -> dict[str, object]:
    """Tables, tree, names, vectors, pages that are there by a right, messages, who waits."""
    processes = kernel.all_processes()
    return {
        "capabilities": [picture_of(process) for process in processes],
        "count": kernel.tree.count,
        "roots": [root.cookie for root in kernel.tree.roots],
        "names": kernel.names.all(),
        "vectors": [(each.number, each.owner.pid) for each in kernel.vectors.all()],
        "pages": [
            (address, entry & ~process.space.bits.accessed)
            for process in processes
            for address, entry in process.space.mappings()
            if entry & process.space.bits.by_right
        ],
        "messages": [[m.number for m in process.messages.values()] for process in processes],
        "threads": [[str(thread.state) for thread in process.threads if thread.blocked_on]
                    for process in processes],
        "frames of devices": [list(process.dma_runs) for process in processes],
        "processes": [(process.pid, process.state) for process in processes],
        "channels": kernel.next_channel,
        "objects": kernel.next_object,
    }  # fmt: skip


def picture_of(process: Process) -> list[tuple[object, ...]]:
    """One table: what each cookie stands for, and where it came from."""
    return [
        (cookie, held.target.identity, held.target.extent, held.rights, held.badge, above(held))
        for cookie, held in process.capabilities.items()
    ]


def above(held: Capability) -> tuple[int, int] | None:
    """Holder and cookie of the nearest living ancestor."""
    parent = held.living_parent()
    return (id(parent.holder), parent.cookie) if parent else None
