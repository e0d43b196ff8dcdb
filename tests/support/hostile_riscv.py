"""RISC-V code that no compiler would make, for the fuzzer of hostile programs."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from random import Random

from .hostile_code import CODE_BYTES_MAX
from .machine_code import ECALL, FENCE_I, RISCV_CALL, jump, li, word

OPCODES = (0x03, 0x07, 0x0F, 0x13, 0x17, 0x1B, 0x23, 0x27, 0x2F, 0x33, 0x37, 0x3B, 0x43, 0x47,
           0x4B, 0x4F, 0x53, 0x57, 0x63, 0x67, 0x6F, 0x73, 0x77)  # fmt: skip
CSRS = (0, 1, 2, 3, 4, 5, 0x100, 0x104, 0x105, 0x106, 0x140, 0x141, 0x142, 0x143, 0x144, 0x180,
        0x300, 0x301, 0x302, 0x303, 0x304, 0x305, 0x306, 0x320, 0x340, 0x341, 0x342, 0x343, 0x344,
        0x3A0, 0x3B0, 0x600, 0x680, 0x7A0, 0x7B0, 0xB00, 0xB02, 0xC00, 0xC01, 0xC02, 0xC03, 0xC1F,
        0xC80, 0xF11, 0xF14)  # fmt: skip
PRIVILEGED = (0x30200073, 0x10200073, 0x00200073, 0x7B200073, 0x10500073, 0x12000073, 0x22000073,
              0x00100073, 0x0000100F, 0x0000000F)  # fmt: skip


def _full(random: Random) -> bytes:
    return word(random.getrandbits(32) & ~0x7F | random.choice(OPCODES))


def _compressed(random: Random) -> bytes:
    return struct.pack("<H", random.getrandbits(16))


def _csr(random: Random) -> bytes:
    return word(random.choice(CSRS) << 20 | random.getrandbits(13) << 7 | 0x73)


def _privileged(random: Random) -> bytes:
    return word(random.choice(PRIVILEGED) | random.choice((0, 0, random.getrandbits(5) << 7)))


def _atomic(random: Random) -> bytes:
    return word(random.getrandbits(32) & ~0x707F | random.choice((2, 3)) << 12 | 0x2F)


def _call(random: Random) -> bytes:
    return random.choice((ECALL, RISCV_CALL, FENCE_I))


def _hop(random: Random) -> bytes:
    return jump(random.randrange(-32, 64, 2))


def hostile_riscv_code(random: Random, addresses: Sequence[int]) -> bytes:
    """A program: some registers point to what is there, then anything."""
    parts = [li(register, random.choice(addresses) + random.choice((0, 0, 1, 4, 0xFFC, 0xFFE)))
             for register in random.sample(range(1, 32), 5)]  # fmt: skip
    makers = (_full, _full, _compressed, _csr, _privileged, _atomic, _call, _hop)
    for _ in range(random.randrange(1, 60)):
        parts.append(random.choice(makers)(random))
    return b"".join(parts)[:CODE_BYTES_MAX]
