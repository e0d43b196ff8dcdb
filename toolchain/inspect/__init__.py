"""Capabilities as a graph: for `anos-sim caps`, and for notebooks (docs/capabilities.md).

`boot_and_snapshot("--for", "20ms")` boots a system and returns its `CapabilityGraph`.
"""

from .boot import boot_and_snapshot
from .graph import (
    CapabilityGraph,
    CapabilityNode,
    CarriedMessage,
    ObjectNode,
    ProcessNode,
    Traffic,
    Use,
)
from .snapshot import snapshot
from .watch import Watch

__all__ = [
    "CapabilityGraph",
    "CapabilityNode",
    "CarriedMessage",
    "ObjectNode",
    "ProcessNode",
    "Traffic",
    "Use",
    "Watch",
    "boot_and_snapshot",
    "snapshot",
]
