"""Processor architectures: all that differs between one and another.

Each has a Python file and a C file here (`arch.h` is their interface); nothing else
of the simulator names one. docs/porting.md says what a new one needs.
"""

from __future__ import annotations

import os

from .architecture import AddressMap, Architecture, BoardFacts, PageBits
from .riscv64 import RISCV64
from .x86_64 import X86_64

__all__ = ["ARCHITECTURES", "ARCH_VARIABLE", "DEFAULT", "MACHINE_NAMES", "AddressMap",
           "Architecture", "BoardFacts", "PageBits", "default_arch"]  # fmt: skip

ARCHITECTURES = {each.name: each for each in (X86_64, RISCV64)}
"""By name, as `--arch` takes it."""
DEFAULT = X86_64
"""Where nobody has chosen another."""
ARCH_VARIABLE = "ANOS_SIM_ARCH"
"""The environment variable that chooses one for all runs that name none."""
MACHINE_NAMES = {each.elf_machine: each.name for each in ARCHITECTURES.values()} | {183: "aarch64"}
"""Of machine numbers in ELF headers; also of some that we have no CPU for."""


def default_arch() -> str:
    """The name of the architecture of what names none. It is not checked: a machine does that."""
    return os.environ.get(ARCH_VARIABLE) or DEFAULT.name
