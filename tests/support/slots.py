"""struct anos_transfer in a puppet's memory: capabilities in a message, a limit, a badge."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import attrs

from anos_sim.stage3.abi import SlotFlags

from .theatre import Puppet, Theatre

_HEAD, _SLOT = struct.Struct("<QQII"), struct.Struct("<QII")


@attrs.frozen
class Passed:
    """A capability to pass on: by this number, with at most these rights, given away or shared."""

    number: int
    rights: int
    moves: bool


def write_transfer(
    theatre: Theatre, puppet: Puppet, slots: Sequence[Passed], timeout_ns: int = 0
) -> None:
    """Fill in the structure in a puppet's page for arguments."""
    flags = int(SlotFlags.MOVE)
    data = [_SLOT.pack(each.number, each.rights, each.moves * flags) for each in slots]
    head = _HEAD.pack(timeout_ns, 0, len(slots), 0)
    theatre.write(puppet.process, puppet.arguments, head + b"".join(data))


def read_transfer(theatre: Theatre, puppet: Puppet) -> tuple[int, list[tuple[int, int]]]:
    """What arrived: the badge, and (cookie, rights) of each capability."""
    data = theatre.read(puppet.process, puppet.arguments, _HEAD.size + 8 * _SLOT.size)
    _, badge, count, _ = _HEAD.unpack_from(data)
    slots = [_SLOT.unpack_from(data, _HEAD.size + index * _SLOT.size) for index in range(count)]
    return badge, [(cookie, rights) for cookie, rights, _ in slots]
