"""Capabilities as a graph: for `anos-sim caps`, and for notebooks (docs/capabilities.md).

`boot_and_snapshot("--for", "20ms")` boots a system and returns its `CapabilityGraph`.
"""

from .boot import boot_and_snapshot
from .diff import Difference, compare, diff_lines
from .graph import (
    CapabilityGraph,
    CapabilityNode,
    CarriedMessage,
    ObjectNode,
    ProcessNode,
    Traffic,
    Use,
)
from .names import find_capabilities, find_objects, find_processes
from .snapshot import snapshot
from .tree_text import tree_lines
from .watch import Watch
from .why import why_lines

__all__ = [
    "CapabilityGraph",
    "CapabilityNode",
    "CarriedMessage",
    "Difference",
    "ObjectNode",
    "ProcessNode",
    "Traffic",
    "Use",
    "Watch",
    "boot_and_snapshot",
    "compare",
    "diff_lines",
    "find_capabilities",
    "find_objects",
    "find_processes",
    "snapshot",
    "tree_lines",
    "why_lines",
]
