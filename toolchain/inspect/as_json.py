"""The graph as JSON, a capability a line, so that a million of them need no memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from anos_sim.hw.clock import PS_PER_NS

from .graph import CapabilityGraph, CapabilityNode, ObjectNode, ProcessNode
from .why import message_data, site_data
from .words import rights_list


def json_lines(graph: CapabilityGraph) -> Iterator[str]:
    """The whole graph; `parent` and `living_parent` are positions in `capabilities`."""
    yield "{"
    yield f'"time_ns": {graph.time_ps // PS_PER_NS},'
    yield f'"policy": {json.dumps(graph.policy)},'
    yield f'"recorded": {json.dumps(graph.recorded)},'
    yield from _array("processes", map(process_data, graph.processes))
    yield from _array("objects", map(object_data, graph.objects))
    yield from _array("capabilities", map(capability_data, graph.capabilities))
    traffic = (
        {
            "sender": each.sender,
            "receiver": each.receiver,
            "channel": each.channel,
            "messages": each.count,
        }
        for each in graph.traffic
    )
    yield from _array("traffic", traffic, last=True)
    yield "}"


def _array(name: str, items: Iterator[dict[str, Any]], last: bool = False) -> Iterator[str]:
    yield f'"{name}": ['
    line = None
    for item in items:
        if line is not None:
            yield f"{line},"
        line = f"  {json.dumps(item)}"
    if line is not None:
        yield line
    yield "]" if last else "],"


def process_data(process: ProcessNode) -> dict[str, Any]:
    """A process as plain data."""
    return {
        "pid": process.pid,
        "name": process.name,
        "path": process.path,
        "state": process.state,
    }


def object_data(target: ObjectNode) -> dict[str, Any]:
    """An object as plain data."""
    data: dict[str, Any] = {
        "kind": target.kind.name.lower(),
        "number": target.number,
        "text": target.text,
        "names": list(target.names),
    }
    if target.size:
        data |= {"start": target.start, "size": target.size}
    return data


def capability_data(node: CapabilityNode) -> dict[str, Any]:
    """A capability as plain data. Cookies are text: they are too big for some readers."""
    columns, row = node.graph.columns, node.index
    living = node.living_parent
    origin = node.origin
    return {
        "cookie": f"{node.cookie:#x}",
        "holder": str(node.holder),
        "object": node.object.text,
        "rights": rights_list(columns.rights[row]),
        "used": rights_list(columns.used[row]),
        "badge": node.badge,
        "alive": node.alive,
        "parent": columns.parent[row] if columns.parent[row] >= 0 else None,
        "living_parent": living.index if living is not None else None,
        "how": origin.how,
        "time_ns": origin.time_ps // PS_PER_NS,
        "actor": site_data(node.graph, origin.actor),
        "message": message_data(node),
    }
