"""Why a process holds a capability: the way from the root, with the messages that carried it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from anos_sim.hw.clock import PS_PER_NS
from anos_sim.stage3.abi import ObjectKind
from anos_sim.stage3.capability import Site

from .graph import CapabilityGraph, CapabilityNode
from .words import holder_text, object_text, place_text, rights_list, rights_text, when_text


def why_lines(node: CapabilityNode) -> Iterator[str]:
    """The path from the root, one step a paragraph."""
    graph = node.graph
    yield (
        f"{node.holder} holds {object_text(node.object)}: {rights_text(node.rights)} "
        f"(cookie {node.cookie:#x})"
    )
    for number, step in enumerate(node.path(), start=1):
        yield ""
        what = object_text(step.object)
        badge = f", badge {step.badge:#x}" if step.badge else ""
        yield f"{number:>2}  {holder_text(step)}: {what}, {rights_text(step.rights)}{badge}"
        yield from (f"    {line}" for line in _step(graph, step))


def _step(graph: CapabilityGraph, step: CapabilityNode) -> Iterator[str]:
    origin = step.origin
    actor = origin.actor
    if actor is None:
        yield f"the kernel, at {when_text(step)}: {origin.how}"
        return
    yield f"{origin.how} at {when_text(step)} {_by(graph, actor)}"
    if origin.message:
        yield f"{_message(graph, step)} {_by(graph, origin.sender)}".rstrip()


def _by(graph: CapabilityGraph, site: Site | None) -> str:
    if site is None:
        return ""
    return f"by {site.process}[{site.pid}], {place_text(graph, site)}"


def _message(graph: CapabilityGraph, step: CapabilityNode) -> str:
    """The message it came in; over which channel only if events were recorded."""
    number = step.origin.message
    carried = step.carried_by
    if carried is None:
        return f"in message {number}, sent"
    channel = graph.object(ObjectKind.CHANNEL, carried.channel)
    where = channel if channel is not None else f"channel {carried.channel}"
    return f"in message {number} over {where}, tag {carried.tag:#x}, sent"


def why_data(node: CapabilityNode) -> list[dict[str, Any]]:
    """The path as plain data, root first."""
    graph = node.graph
    return [
        {
            "holder": str(step.holder),
            "alive": step.alive,
            "object": str(step.object),
            "rights": rights_list(step.rights),
            "cookie": f"{step.cookie:#x}",
            "how": step.origin.how,
            "time_ns": step.origin.time_ps // PS_PER_NS,
            "actor": site_data(graph, step.origin.actor),
            "message": message_data(step),
        }
        for step in node.path()
    ]


def site_data(graph: CapabilityGraph, site: Site | None) -> dict[str, Any] | None:
    """A site as plain data."""
    if site is None:
        return None
    return {
        "pid": site.pid,
        "process": site.process,
        "tid": site.tid,
        "address": f"{site.caller:#x}",
        "place": place_text(graph, site),
    }


def message_data(node: CapabilityNode) -> dict[str, Any] | None:
    """The message that carried a capability, as plain data."""
    origin = node.origin
    if not origin.message:
        return None
    carried = node.carried_by
    return {
        "number": origin.message,
        "channel": carried.channel if carried is not None else None,
        "tag": carried.tag if carried is not None else None,
        "sender": site_data(node.graph, origin.sender),
    }
