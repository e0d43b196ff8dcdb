"""The device tree: the board as RISC-V software expects to be told of it.

A flattened tree (Devicetree Specification 0.4, 5), written by the library `fdt`.
Bindings are those of the RISC-V "virt" kind of board that other simulators have:
CPUs, memory, an IMSIC for message-signalled interrupts, PCIe by ECAM, the clock
and the framebuffer as the firmware left it.
"""

from __future__ import annotations

import fdt

from .architecture import AddressMap, BoardFacts
from .riscv64_acpi import INTERRUPT_IDENTITIES, ISA, TIMEBASE_HZ

PAGE_BYTES = 0x1000
BUS_BYTES = 1 << 20
ISA_EXTENSIONS = ("i", "m", "a", "f", "d", "c", "zicntr", "zicsr", "zifencei")
EXTERNAL_INTERRUPT = 9
"""A supervisor's, in the numbering of a hart (privileged specification, 3.1.15)."""
IMSIC_HANDLE = 0x100
MEMORY_32, MEMORY_64 = 0x0200_0000, 0x0300_0000
"""The first cell of a PCI address: which space it is in (PCI bus binding, 2.2.1.1)."""


def device_tree(addresses: AddressMap, board: BoardFacts) -> bytes:
    """The whole tree as a blob of version 17."""
    tree = fdt.FDT()
    tree.header.version = 17
    tree.header.last_comp_version = 16
    root = tree.root
    _strings(root, "compatible", "anos-sim,virt", "riscv-virtio")
    _strings(root, "model", "anos-sim")
    _cells(root, "#address-cells", 2)
    _cells(root, "#size-cells", 2)
    root.append(_cpus(board.cpu_count))
    root.append(_memory(addresses, board.ram_bytes))
    soc = _node(root, "soc")
    _strings(soc, "compatible", "simple-bus")
    _cells(soc, "#address-cells", 2)
    _cells(soc, "#size-cells", 2)
    soc.append(fdt.Property("ranges"))
    soc.append(_imsic(addresses, board.cpu_count))
    soc.append(_pcie(addresses, board.bus_count))
    soc.append(_clock(addresses))
    chosen = _node(root, "chosen")
    _cells(chosen, "#address-cells", 2)
    _cells(chosen, "#size-cells", 2)
    chosen.append(fdt.Property("ranges"))
    chosen.append(_framebuffer(addresses, board))
    blob: bytes = tree.to_dtb()
    return blob


def _cpus(count: int) -> fdt.Node:
    cpus = fdt.Node("cpus")
    _cells(cpus, "#address-cells", 1)
    _cells(cpus, "#size-cells", 0)
    _cells(cpus, "timebase-frequency", TIMEBASE_HZ)
    for hart in range(count):
        cpu = _node(cpus, f"cpu@{hart:x}")
        _strings(cpu, "device_type", "cpu")
        _cells(cpu, "reg", hart)
        _strings(cpu, "compatible", "riscv")
        _strings(cpu, "riscv,isa", ISA)
        _strings(cpu, "riscv,isa-base", "rv64i")
        _strings(cpu, "riscv,isa-extensions", *ISA_EXTENSIONS)
        _strings(cpu, "mmu-type", "riscv,sv48")
        _strings(cpu, "status", "okay")
        controller = _node(cpu, "interrupt-controller")
        _strings(controller, "compatible", "riscv,cpu-intc")
        _cells(controller, "#address-cells", 0)
        _cells(controller, "#interrupt-cells", 1)
        controller.append(fdt.Property("interrupt-controller"))
        _cells(controller, "phandle", _handle(hart))
    return cpus


def _handle(hart: int) -> int:
    """The phandle of a hart's own interrupt controller."""
    return hart + 1


def _memory(addresses: AddressMap, size_bytes: int) -> fdt.Node:
    node = fdt.Node(f"memory@{addresses.ram:x}")
    _strings(node, "device_type", "memory")
    _quads(node, "reg", addresses.ram, size_bytes)
    return node


def _imsic(addresses: AddressMap, cpu_count: int) -> fdt.Node:
    """An interrupt file a hart, each a page: a word written there is an interrupt."""
    node = fdt.Node(f"imsics@{addresses.interrupts:x}")
    _strings(node, "compatible", "riscv,imsics")
    _quads(node, "reg", addresses.interrupts, cpu_count * PAGE_BYTES)
    node.append(fdt.Property("interrupt-controller"))
    _cells(node, "#address-cells", 0)
    _cells(node, "#interrupt-cells", 0)
    node.append(fdt.Property("msi-controller"))
    _cells(node, "#msi-cells", 0)
    harts = [(_handle(hart), EXTERNAL_INTERRUPT) for hart in range(cpu_count)]
    _cells(node, "interrupts-extended", *(cell for pair in harts for cell in pair))
    _cells(node, "riscv,num-ids", INTERRUPT_IDENTITIES)
    _cells(node, "phandle", IMSIC_HANDLE)
    return node


def _pcie(addresses: AddressMap, bus_count: int) -> fdt.Node:
    """The host bridge, whose windows are at the same addresses on both sides."""
    node = fdt.Node(f"pci@{addresses.ecam:x}")
    _strings(node, "compatible", "pci-host-ecam-generic")
    _strings(node, "device_type", "pci")
    _quads(node, "reg", addresses.ecam, bus_count * BUS_BYTES)
    _cells(node, "#address-cells", 3)
    _cells(node, "#size-cells", 2)
    _cells(node, "bus-range", 0, bus_count - 1)
    _cells(node, "linux,pci-domain", 0)
    windows = (
        (MEMORY_32, addresses.pci, addresses.pci_bytes),
        (MEMORY_64, addresses.pci_64, addresses.pci_64_bytes),
    )
    cells: list[int] = []
    for space, begin, size_bytes in windows:
        cells += [space, *_halves(begin), *_halves(begin), *_halves(size_bytes)]
    _cells(node, "ranges", *cells)
    node.append(fdt.Property("dma-coherent"))
    _cells(node, "msi-parent", IMSIC_HANDLE)
    return node


def _clock(addresses: AddressMap) -> fdt.Node:
    node = fdt.Node(f"rtc@{addresses.clock:x}")
    _strings(node, "compatible", "google,goldfish-rtc")
    _quads(node, "reg", addresses.clock, PAGE_BYTES)
    return node


def _framebuffer(addresses: AddressMap, board: BoardFacts) -> fdt.Node:
    node = fdt.Node(f"framebuffer@{addresses.framebuffer:x}")
    _strings(node, "compatible", "simple-framebuffer")
    _quads(node, "reg", addresses.framebuffer, board.pitch * board.height)
    _cells(node, "width", board.width)
    _cells(node, "height", board.height)
    _cells(node, "stride", board.pitch)
    _strings(node, "format", "x8r8g8b8")
    return node


def _node(parent: fdt.Node, name: str) -> fdt.Node:
    node = fdt.Node(name)
    parent.append(node)
    return node


def _strings(node: fdt.Node, name: str, *values: str) -> None:
    node.append(fdt.PropStrings(name, *values))


def _cells(node: fdt.Node, name: str, *values: int) -> None:
    node.append(fdt.PropWords(name, *values))


def _quads(node: fdt.Node, name: str, *values: int) -> None:
    """Numbers of 64 bits, two cells each."""
    _cells(node, name, *(cell for value in values for cell in _halves(value)))


def _halves(value: int) -> tuple[int, int]:
    return value >> 32, value & 0xFFFF_FFFF
