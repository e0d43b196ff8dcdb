"""How rights, sites and origins are written, the same in every view."""

from __future__ import annotations

from anos_sim.stage3.abi import ObjectKind, Rights
from anos_sim.stage3.capability import Site
from anos_sim.toolchain.duration import show_time

from .graph import CapabilityGraph, CapabilityNode, ObjectNode

WORDS = [(int(right), right.name.lower()) for right in Rights if right is not Rights.GRANT]  # type: ignore[union-attr]
WORDS.append((int(Rights.GRANT), "grant"))
SEEN = "seen"
"""How a process comes to a capability under `bearer` if nobody gave it: it was seen using it."""
_PLURALS = {"capability": "capabilities", "process": "processes"}
_KNOWN: dict[int, str] = {}


def rights_text(rights: int) -> str:
    """`send receive grant`, always in one order; `none` for none."""
    text = _KNOWN.get(rights)
    if text is None:
        text = " ".join(rights_list(rights)) or "none"
        _KNOWN[rights] = text
    return text


def rights_list(rights: int) -> list[str]:
    """The words for some rights."""
    bits = int(rights)
    return [word for right, word in WORDS if bits & right]


def object_text(target: ObjectNode) -> str:
    """What it is; of a process also that it is one."""
    return f"process {target}" if target.kind == ObjectKind.PROCESS else str(target)


def holder_text(node: CapabilityNode) -> str:
    """Who has it; of a tombstone also why it is one."""
    holder = node.holder
    if holder.state == "ended":
        return f"{holder} (ended)"
    return str(holder) if node.alive else f"{holder} (dropped)"


def allowed_text(node: CapabilityNode) -> str:
    """Its rights; under `bearer` those that somebody was seen using, if it was given none."""
    columns = node.graph.columns
    seen = columns.origin[node.index].how == SEEN
    return rights_text((columns.used if seen else columns.rights)[node.index])


def origin_text(node: CapabilityNode) -> str:
    """By which call it came, and who made that if it was neither holder nor giver."""
    origin = node.origin
    actor = origin.actor
    if actor is None or actor.pid == node.holder.pid:
        return origin.how
    parent = node.parent
    if parent is not None and parent.holder.pid == actor.pid:
        return origin.how
    return f"{origin.how} by {actor.process}[{actor.pid}]"


def when_text(node: CapabilityNode) -> str:
    """When it came, in virtual time."""
    return show_time(node.origin.time_ps)


def place_text(graph: CapabilityGraph, site: Site) -> str:
    """Where in its program a site is: who called the stub; function and line if known."""
    if graph.places is None:
        return f"{site.caller:#x}"
    return graph.places.describe(site.process, site.caller, is_return=True)


def plural(count: int, noun: str) -> str:
    """`1 call`, `23 calls`, `2 capabilities`."""
    if count != 1:
        noun = _PLURALS.get(noun, f"{noun}s")
    return f"{count:,} {noun}"


def title(graph: CapabilityGraph) -> str:
    """One line about a whole graph."""
    holders = sum(1 for each in graph.processes if each.state != "ended")
    return (
        f"{plural(graph.living_count, 'capability')} of {plural(holders, 'process')} at "
        f"{show_time(graph.time_ps)}, {graph.policy}"
    )
