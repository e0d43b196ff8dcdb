"""PCI functions: BARs, capabilities, command register, bridges."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anos_sim.hw.memory import BusError, Memory
from anos_sim.hw.msi import Msi
from anos_sim.hw.pci import Function
from anos_sim.hw.pci_header import BUS_MASTER, MEMORY_SPACE, Bar
from anos_sim.hw.pci_host import Bridge, PciBus, PciHost
from anos_sim.hw.register import Reg32, RegisterBlock


class Registers(RegisterBlock):
    MARK = Reg32(0x00, reset=0xCAFE_F00D)


MEMORY = Memory(32 << 20)


def plugged(bus: PciBus, *bars: Bar) -> Function:
    function = Function("sample", vendor=0x1234, device=0x5678, class_code=0xFF_00_00)
    for bar in bars:
        function.add_bar(bar)
    bus.plug(function)
    return function


@st.composite
def bars(draw: st.DrawFn) -> Bar:
    wide = draw(st.booleans())
    return Bar(
        index=draw(st.integers(0, 4 if wide else 5)),
        size_bytes=1 << draw(st.integers(4, 34 if wide else 31)),
        device=Registers(),
        is_64bit=wide,
        prefetchable=draw(st.booleans()),
    )


@given(bars(), st.integers(0, (1 << 64) - 1))
def test_sizing_a_bar_tells_its_size_and_kind(bar: Bar, address: int) -> None:
    """Write all ones, read back, invert and add one (PCI 3.0, 6.2.5.1)."""
    function = plugged(PciHost(MEMORY).root, bar)
    low, high = 0x10 + 4 * bar.index, 0x14 + 4 * bar.index
    function.config_write(low, 4, 0xFFFF_FFFF)
    found = function.config_read(low, 4)
    assert found & 1 == 0
    assert bool(found & 8) == bar.prefetchable
    assert found >> 1 & 3 == (2 if bar.is_64bit else 0)
    mask = found & ~0xF
    if bar.is_64bit:
        function.config_write(high, 4, 0xFFFF_FFFF)
        mask |= function.config_read(high, 4) << 32
        assert (1 << 64) - mask == bar.size_bytes
    else:
        assert (1 << 32) - mask == bar.size_bytes
    address &= mask
    function.set_bar_address(bar, address)
    assert function.bar_address(bar) == address


def test_bars_that_are_not_there_read_zero() -> None:
    function = plugged(PciHost(MEMORY).root, Bar(5, 0x1000, Registers()))
    for index in range(5):
        function.config_write(0x10 + 4 * index, 4, 0xFFFF_FFFF)
        assert function.config_read(0x10 + 4 * index, 4) == 0


def test_registers_follow_their_bar() -> None:
    host = PciHost(MEMORY)
    bar = Bar(0, 0x1000, Registers())
    function = plugged(host.root, bar)
    function.set_bar_address(bar, 0xC000_0000)
    assert host.read(0xC000_0000, 4) == 0xFFFF_FFFF, "memory space is off"
    function.config_write(4, 2, MEMORY_SPACE)
    assert host.read(0xC000_0000, 4) == 0xCAFE_F00D
    function.set_bar_address(bar, 0xC800_0000)
    assert host.read(0xC000_0000, 4) == 0xFFFF_FFFF
    assert host.read(0xC800_0000, 4) == 0xCAFE_F00D
    function.config_write(4, 2, 0)
    assert host.read(0xC800_0000, 4) == 0xFFFF_FFFF


def test_a_64_bit_bar_may_be_above_4_gib() -> None:
    host = PciHost(MEMORY)
    bar = Bar(2, 0x1000, Registers(), is_64bit=True)
    function = plugged(host.root, bar)
    function.set_bar_address(bar, 0x10_0000_2000)
    function.config_write(4, 2, MEMORY_SPACE)
    assert host.read(0x10_0000_2000, 4) == 0xCAFE_F00D


def test_ids_class_and_read_only_fields() -> None:
    function = plugged(PciHost(MEMORY).root)
    for offset in (0x00, 0x08, 0x2C, 0x34):
        before = function.config_read(offset, 4)
        function.config_write(offset, 4, 0xFFFF_FFFF)
        assert function.config_read(offset, 4) == before
    assert (function.vendor, function.device, function.class_code) == (0x1234, 0x5678, 0xFF_00_00)
    assert function.config_read(0x0B, 1) == 0xFF


def test_command_keeps_what_it_implements_and_status_clears_by_ones() -> None:
    function = plugged(PciHost(MEMORY).root)
    function.header.COMMAND |= 0x3000_0000
    function.config_write(4, 4, 0x1000_FFFF)
    assert function.config_read(4, 4) == 0x2000_0546


def test_the_capability_list_is_linked() -> None:
    function = plugged(PciHost(MEMORY).root)
    assert not function.config_read(6, 2) & 0x10
    function.add_capability(Msi(function))
    function.add_capability(Msi(function))
    assert function.config_read(6, 2) & 0x10
    assert function.config_read(0x34, 1) == 0x40
    assert (function.config_read(0x40, 1), function.config_read(0x41, 1)) == (0x05, 0x50)
    assert (function.config_read(0x50, 1), function.config_read(0x51, 1)) == (0x05, 0x00)


def test_the_rest_of_configuration_space_reads_zero() -> None:
    function = plugged(PciHost(MEMORY).root)
    for offset in (0x40, 0xFC, 0x100, 0xFFC):
        function.config_write(offset, 4, 0xFFFF_FFFF)
        assert function.config_read(offset, 4) == 0


def test_dma_needs_bus_mastering() -> None:
    function = plugged(PciHost(MEMORY).root)
    with pytest.raises(BusError):
        function.dma_read(0x1000, 4)
    function.set_bus_master(True)
    function.dma_write(0x1000, b"dma!")
    assert function.dma_read(0x1000, 4) == b"dma!"
    assert function.config_read(4, 2) & BUS_MASTER
    with pytest.raises(BusError):
        function.dma_read(MEMORY.kernel_begin, 4)


def behind_a_bridge() -> tuple[PciHost, Bridge, Function]:
    host = PciHost(MEMORY)
    bridge = Bridge("bridge")
    bar = Bar(0, 0x1000, Registers())
    function = plugged(host.add_bridge(bridge, host.root), bar)
    function.set_bar_address(bar, 0xC010_0000)
    function.config_write(4, 2, MEMORY_SPACE | BUS_MASTER)
    bridge.config_write(0x18, 4, 0x00_03_03_00)
    bridge.config_write(0x20, 4, 0xC010_C010)
    bridge.config_write(4, 2, MEMORY_SPACE | BUS_MASTER)
    return host, bridge, function


def test_a_bridge_forwards_what_is_in_its_window() -> None:
    host, bridge, _ = behind_a_bridge()
    assert host.read(0xC010_0000, 4) == 0xCAFE_F00D
    bridge.config_write(0x20, 4, 0xC020_C020)
    assert host.read(0xC010_0000, 4) == 0xFFFF_FFFF
    bridge.config_write(0x24, 4, 0xC010_C010)
    assert host.read(0xC010_0000, 4) == 0xCAFE_F00D
    bridge.config_write(4, 2, BUS_MASTER)
    assert host.read(0xC010_0000, 4) == 0xFFFF_FFFF


def test_configuration_follows_the_bus_numbers() -> None:
    host, bridge, function = behind_a_bridge()
    assert host.find(3, 0) is function
    assert function.bdf == "03:00.0"
    bridge.config_write(0x18, 4, 0x00_05_05_00)
    assert host.find(3, 0) is None
    assert host.find(5, 0) is function
    assert host.find(5, 8) is None


def test_a_bridge_without_a_number_hides_nothing() -> None:
    host = PciHost(MEMORY)
    half, whole = Bridge("half set up"), Bridge("set up")
    host.add_bridge(half, host.root)
    function = plugged(host.add_bridge(whole, host.root))
    half.config_write(0x18, 4, 0x00_FF_00_00)
    whole.config_write(0x18, 4, 0x00_03_03_00)
    assert host.find(3, 0) is function


def test_a_bridge_without_bus_mastering_stops_all_below() -> None:
    _, bridge, function = behind_a_bridge()
    function.dma_write(0x1000, b"x")
    bridge.set_bus_master(False)
    with pytest.raises(BusError):
        function.dma_write(0x1000, b"x")


def test_a_bridge_is_closed_at_reset() -> None:
    bridge = Bridge("bridge")
    assert not bridge.forwards(0, 0x1000)
    assert not bridge.forwards(0xFFF0_0000, 0xFFF0_1000)
