"""What a capability graph knows besides capabilities: processes, objects, and who did what."""

from __future__ import annotations

from functools import cached_property

import attrs

from anos_sim.stage3.abi import ObjectKind


@attrs.frozen(slots=False)
class ProcessNode:
    """A process, also one that has ended if something of it is left in the tree.

    `index` is its place in `CapabilityGraph.processes`; `state` is building, alive or
    ended. A process that is being built has pid 0.
    """

    index: int
    pid: int
    name: str
    path: str
    state: str

    @cached_property
    def text(self) -> str:
        """`name[pid]`."""
        return f"{self.name}[{self.pid}]"

    def __str__(self) -> str:
        return self.text


@attrs.frozen
class ObjectNode:
    """What capabilities are rights to.

    `index` is its place in `CapabilityGraph.objects`, `number` counts among its kind
    (channel, call id, pid, vector; the first page of memory). `text` is what the
    kernel calls it, `names` what people do: registered names of a channel, devices
    in a range. `start` and `size` are 0 unless it is a range (bytes; vectors).
    `process` is the index of the process that it is, if it is one.
    """

    index: int
    kind: ObjectKind
    number: int
    text: str
    start: int = 0
    size: int = 0
    names: tuple[str, ...] = ()
    process: int | None = None

    def __str__(self) -> str:
        return f"{self.text} {', '.join(self.names)}" if self.names else self.text


@attrs.frozen
class CarriedMessage:
    """A message that carried capabilities: the channel (its number) it went over, its tag.

    `sender` is a pid.
    """

    number: int
    channel: int
    tag: int
    sender: int


@attrs.frozen
class Traffic:
    """Messages that a process (its pid) sent to another over one channel (its number)."""

    sender: int
    receiver: int
    channel: int
    count: int


@attrs.frozen
class Use:
    """A process (its pid) was seen using the capability with this cookie.

    `count`: calls and sends; of other rights events tell the first use only.
    """

    pid: int
    cookie: int
    count: int
