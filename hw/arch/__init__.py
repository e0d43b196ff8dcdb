"""Processor architectures: all that differs between one and another.

Each has a Python file and a C file here (`arch.h` is their interface); nothing else
of the simulator names one. docs/porting.md says what a new one needs.
"""

from __future__ import annotations

from .architecture import AddressMap, Architecture, BoardFacts, PageBits
from .riscv64 import RISCV64
from .x86_64 import X86_64

__all__ = ["ARCHITECTURES", "DEFAULT", "MACHINE_NAMES", "AddressMap", "Architecture",
           "BoardFacts", "PageBits"]  # fmt: skip

ARCHITECTURES = {each.name: each for each in (X86_64, RISCV64)}
"""By name, as `--arch` takes it."""
DEFAULT = X86_64
MACHINE_NAMES = {each.elf_machine: each.name for each in ARCHITECTURES.values()} | {183: "aarch64"}
"""Of machine numbers in ELF headers; also of some that we have no CPU for."""
