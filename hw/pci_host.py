"""The PCI hierarchy: the host bridge, buses and bridges, and who answers where.

Configuration accesses find their function by bus number, which bridges carry in
registers that software may change. Memory accesses find it by the BARs and the
windows of the bridges above, as they are now; the map of them is rebuilt when
one of these registers was written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import attrs

from .bus import Device
from .memory import Memory
from .pci import Function
from .pci_header import Bar, Header
from .register import U32, Reg32

FUNCTIONS_PER_BUS = 256


@attrs.define(eq=False)
class PciBus:
    """One bus. `bridge` leads up towards the CPUs; on the root bus it is None."""

    host: PciHost = attrs.field(repr=False)
    bridge: Bridge | None = None
    slots: dict[int, Function] = attrs.field(factory=dict)

    @property
    def number(self) -> int:
        """The number that software has given it."""
        return 0 if self.bridge is None else self.bridge.secondary

    def plug(self, function: Function) -> None:
        """Put `function` into the next free device number, as function 0."""
        number = len(self.slots) << 3
        assert number < FUNCTIONS_PER_BUS, "a bus has 32 devices"
        function.bus = self
        function.number = number
        self.slots[number] = function
        self.host.decoding_changed()


@attrs.frozen
class Route:
    """A range of memory addresses that leads to a BAR."""

    begin: int
    end: int
    device: Device


class BridgeHeader(Header):
    """Header type 1 (PCI-to-PCI bridge architecture 1.2, 3.2)."""

    BUSES = Reg32(0x18, rw=0x00FF_FFFF)  # primary, secondary, subordinate
    IO = Reg32(0x1C, rw=0xF0F0, w1c=0xF900_0000, reset=0x00F0)  # closed; secondary status
    MEMORY = Reg32(0x20, rw=0xFFF0_FFF0, reset=0x0000_FFF0)  # base, limit: MiB granules
    PREFETCHABLE = Reg32(0x24, rw=0xFFF0_FFF0, reset=0x0001_FFF1)  # 64-bit, closed
    PREFETCHABLE_BASE_UPPER = Reg32(0x28, rw=U32)
    PREFETCHABLE_LIMIT_UPPER = Reg32(0x2C, rw=U32)

    @BUSES.on_write
    @MEMORY.on_write
    @PREFETCHABLE.on_write
    @PREFETCHABLE_BASE_UPPER.on_write
    @PREFETCHABLE_LIMIT_UPPER.on_write
    def _window_written(self, before: int) -> None:
        self.function.decoding_changed()


class Bridge(Function):
    """A PCI-to-PCI bridge: what is behind it is on a bus of its own, `below`."""

    header_type = BridgeHeader
    header: BridgeHeader

    def __init__(self, name: str) -> None:
        super().__init__(name, vendor=0x1B36, device=0x0001, class_code=0x06_04_00)
        self.header.TYPE = 1 << 16
        self.below: PciBus

    @property
    def secondary(self) -> int:
        """Number of the bus below."""
        return self.header.BUSES >> 8 & 0xFF

    @property
    def subordinate(self) -> int:
        """Highest bus number below."""
        return self.header.BUSES >> 16 & 0xFF

    def forwards(self, begin: int, end: int) -> bool:
        """Whether all memory accesses in [begin, end) pass downwards."""
        base = (self.header.MEMORY & 0xFFF0) << 16
        limit = self.header.MEMORY & 0xFFF0_0000 | 0xF_FFFF
        if base <= begin and end - 1 <= limit:
            return True
        base = self.header.PREFETCHABLE_BASE_UPPER << 32
        base |= (self.header.PREFETCHABLE & 0xFFF0) << 16
        limit = self.header.PREFETCHABLE_LIMIT_UPPER << 32
        limit |= self.header.PREFETCHABLE & 0xFFF0_0000 | 0xF_FFFF
        return base <= begin and end - 1 <= limit

    def bus_master_lost(self) -> None:
        """Nothing below reaches memory any more."""
        for function in self.below.slots.values():
            function.bus_master_lost()


class PciHost:
    """The host bridge: the CPUs' way to all functions and the functions' way to memory.

    As a device on the bus it takes physical addresses. `on_msi(address, data)`
    hears every message-signalled interrupt; it must only take note of it.
    """

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.on_msi: Callable[[int, int], None] = ignore_msi
        self._routes: list[Route] | None = None
        self.root = PciBus(self)
        self.root.plug(Function("Host bridge", 0x1B36, 0x0008, 0x06_00_00))

    def add_bridge(self, bridge: Bridge, bus: PciBus) -> PciBus:
        """Plug `bridge` into `bus` and return the new bus below it."""
        bridge.below = PciBus(self, bridge)
        bus.plug(bridge)
        return bridge.below

    def functions(self) -> list[Function]:
        """All functions, each bridge followed by what is behind it."""
        return list(_walk(self.root))

    def find(self, bus_number: int, number: int) -> Function | None:
        """The function that a configuration access reaches, by the bridges' bus numbers."""
        bus = self.root
        while bus.number != bus_number:
            for function in bus.slots.values():
                if not isinstance(function, Bridge) or function.secondary == 0:
                    continue
                if function.secondary <= bus_number <= function.subordinate:
                    bus = function.below
                    break
            else:
                return None
        return bus.slots.get(number)

    def decoding_changed(self) -> None:
        """Forget the map of memory addresses."""
        self._routes = None

    def routes(self) -> list[Route]:
        """The map of memory addresses; where BARs overlap, the first entry answers."""
        if self._routes is None:
            self._routes = list(_decode(self.root))
        return self._routes

    def read(self, address: int, size: int) -> int:
        """Read from the BAR at a physical address."""
        for route in self.routes():
            if route.begin <= address < route.end:
                return route.device.read(address - route.begin, size)
        return (1 << 8 * size) - 1

    def write(self, address: int, size: int, value: int) -> None:
        """Write to the BAR at a physical address."""
        for route in self.routes():
            if route.begin <= address < route.end:
                route.device.write(address - route.begin, size, value)
                return


def ignore_msi(address: int, data: int) -> None:
    """Nobody listens to interrupts yet."""


def _walk(bus: PciBus) -> Iterator[Function]:
    for function in bus.slots.values():
        yield function
        if isinstance(function, Bridge):
            yield from _walk(function.below)


def _decode(bus: PciBus) -> Iterator[Route]:
    for function in bus.slots.values():
        if not function.memory_enabled:
            continue
        for bar in function.bars:
            if address := function.bar_address(bar):
                yield _route(bar, address)
        if isinstance(function, Bridge):
            for route in _decode(function.below):
                if function.forwards(route.begin, route.end):
                    yield route


def _route(bar: Bar, address: int) -> Route:
    return Route(address, address + bar.size_bytes, bar.device)
