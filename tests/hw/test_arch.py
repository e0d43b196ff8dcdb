"""What differs between architectures is in hw/arch, and consistent there."""

from __future__ import annotations

import re
from functools import partial
from itertools import combinations, pairwise
from pathlib import Path

import pytest

from anos_sim.hw.arch import ARCHITECTURES, Architecture
from support.machine_code import MachineCode, languages

ROOT = Path(__file__).resolve().parents[2]
NAMES = re.compile(r"(?<![\da-f])x86|amd64|risc|rv64|rv32|sv48|\becall\b", re.IGNORECASE)
IN_QUOTES = re.compile(r"""(["'])(?:x86_64|riscv64)\1""")
CODE = (".py", ".c", ".h", ".json")
KNOWN = {
    "cc/compiler.py": "what clang calls the processors",
    "guest/vcpu.py": "hosts that the vCPU library is compiled on",
    "guest/zig.py": "what zig calls them",
    "inspect/capdl.py": "what capDL calls them",
    "bench/bare.py": "the bare CPU that calls are compared with",
    "conformance.py": "a program about int 0x69",
}
"""Tools that name an architecture, and what for."""

architectures = pytest.mark.parametrize("each", ARCHITECTURES.values(), ids=lambda each: each.name)


def sources() -> list[Path]:
    """Everything of the machine, the kernel, SYSTEM and the servers but hw/arch."""
    folders = ("hw", "stage3", "system", "servers")
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.*")]
    return [path for path in sorted(found) if path.suffix in CODE and path.parent.name != "arch"]


def test_nothing_else_names_an_architecture() -> None:
    assert len(sources()) > 80
    named = [
        f"{path.relative_to(ROOT)}:{number}: {line}"
        for path in sources()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if NAMES.search(line)
    ]
    assert named == []


def test_only_a_few_tools_name_one() -> None:
    named = {
        str(path.relative_to(ROOT / "toolchain"))
        for path in (ROOT / "toolchain").rglob("*.py")
        if IN_QUOTES.search(path.read_text())
    }
    assert named == set(KNOWN)


@architectures
def test_the_bits_of_an_entry_do_not_overlap(each: Architecture) -> None:
    bits = each.pages
    kinds = [bits.present, bits.write, bits.user, bits.accessed, bits.no_cache, bits.cow,
             bits.device, bits.shared, bits.execute_mask, bits.frame_mask]  # fmt: skip
    assert not any(first & second for first, second in combinations(kinds, 2))
    assert not bits.execute & ~bits.execute_mask
    assert bits.may_execute(bits.execute)
    assert not bits.may_execute(bits.no_execute)
    assert bits.present & bits.table, "a table is present as well"


@architectures
@pytest.mark.parametrize("frame", [0, 1, 0x8_0000, (1 << 28) - 1])
def test_an_entry_names_its_frame(each: Architecture, frame: int) -> None:
    bits = each.pages
    everything = bits.present | bits.write | bits.user | bits.cow | bits.shared | bits.device
    entry = frame << bits.frame_shift | everything | bits.accessed | bits.execute_mask
    assert bits.frame(entry) == frame
    assert entry < 1 << 64


@architectures
def test_names_of_registers_are_those_of_the_engine(each: Architecture) -> None:
    assert len(set(each.registers)) == len(each.registers)
    shown = {name for row in each.report for name in row}
    assert shown | {each.pc, each.stack_pointer, each.frame_pointer} <= set(each.registers)


@architectures
def test_nothing_of_a_board_overlaps(each: Architecture) -> None:
    where = each.addresses
    ranges = sorted(
        [
            (where.ram, where.ram + (32 << 20)),
            (where.pci, where.pci + where.pci_bytes),
            (where.pci_64, where.pci_64 + where.pci_64_bytes),
            (where.ecam, where.ecam + (8 << 20)),
            (where.framebuffer, where.framebuffer + (28 << 20)),
            (where.clock, where.clock + 0x1000),
            (where.interrupts, where.interrupts + 16 * 0x1000),
        ]
    )
    assert all(one[1] <= other[0] for one, other in pairwise(ranges))
    seen = sorted([*where.windows, (where.ram, where.ram + (3 << 30))])
    for begin, end in ranges:
        assert any(low <= begin and end <= high for low, high in seen), hex(begin)


def part(code: bytes, at: int, count: int) -> bytes:
    """How to read a program."""
    return code[at : at + count]


@languages
def test_a_jump_to_itself_is_known(code: MachineCode) -> None:
    each = code.architecture
    for program, stuck in [(code.jump_to_self, True), (code.call, False), (code.count, False)]:
        assert each.is_stuck(0, partial(part, program)) == stuck
    assert not each.is_stuck(0, lambda at, count: None)
