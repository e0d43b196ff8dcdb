"""What must hold for a kernel between any two steps; campaigns check it as well."""

from anos_sim.toolchain.chaos.invariants import (
    channels,
    check_capabilities,
    check_edges,
    check_entry,
    check_kernel,
    check_memory,
    check_messages,
    check_spaces,
    check_table,
    check_threads,
    is_waiting,
    messages,
    nodes,
    walk,
)

__all__ = [
    "channels",
    "check_capabilities",
    "check_edges",
    "check_entry",
    "check_kernel",
    "check_memory",
    "check_messages",
    "check_spaces",
    "check_table",
    "check_threads",
    "is_waiting",
    "messages",
    "nodes",
    "walk",
]
