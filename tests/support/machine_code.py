"""The same small programs for each architecture, and a few RISC-V instructions as bytes."""

from __future__ import annotations

import struct
from collections.abc import Callable

import attrs
import pytest

from anos_sim.hw.arch import ARCHITECTURES, Architecture

# ---- RISC-V ----

ZERO, RA, SP, GP, TP, T0, T1, T2, S0, S1, A0, A7 = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 17
"""Numbers of registers."""
ECALL, EBREAK, FENCE_I = b"\x73\0\0\0", b"\x73\0\x10\0", b"\x0f\x10\0\0"


def word(value: int) -> bytes:
    """An instruction of 32 bits."""
    return struct.pack("<I", value & 0xFFFF_FFFF)


def immediate(opcode: int, function: int, target: int, source: int, value: int) -> bytes:
    """An I-type instruction."""
    return word((value & 0xFFF) << 20 | source << 15 | function << 12 | target << 7 | opcode)


def addi(target: int, source: int, value: int) -> bytes:
    """Add a number of twelve bits."""
    return immediate(0x13, 0, target, source, value)


def lw(target: int, base: int, offset: int = 0) -> bytes:
    """Load 32 bits."""
    return immediate(0x03, 2, target, base, offset)


def ld(target: int, base: int, offset: int = 0) -> bytes:
    """Load 64 bits."""
    return immediate(0x03, 3, target, base, offset)


def store(function: int, source: int, base: int, offset: int = 0) -> bytes:
    """Store 2 to the power of `function` bytes."""
    high, low = (offset >> 5 & 0x7F) << 25, (offset & 31) << 7
    return word(high | source << 20 | base << 15 | function << 12 | low | 0x23)


def jump(offset: int, link: int = ZERO) -> bytes:
    """Jump so many bytes on."""
    bits = (offset >> 20 & 1) << 31 | (offset >> 1 & 0x3FF) << 21 | (offset >> 11 & 1) << 20
    return word(bits | (offset >> 12 & 0xFF) << 12 | link << 7 | 0x6F)


def branch(function: int, first: int, second: int, offset: int) -> bytes:
    """Branch: function 0 if they are equal, 1 if not."""
    bits = (offset >> 12 & 1) << 31 | (offset >> 5 & 0x3F) << 25 | second << 20 | first << 15
    return word(bits | function << 12 | (offset >> 1 & 15) << 8 | (offset >> 11 & 1) << 7 | 0x63)


def add(target: int, first: int, second: int) -> bytes:
    """Add two registers."""
    return word(second << 20 | first << 15 | target << 7 | 0x33)


def atomic(function: int, target: int, base: int, source: int = ZERO) -> bytes:
    """An operation of 64 bits on memory: 0 AMOADD, 2 LR, 3 SC."""
    return word(function << 27 | source << 20 | base << 15 | 3 << 12 | target << 7 | 0x2F)


def read_csr(target: int, number: int) -> bytes:
    """CSRRS target, number, x0."""
    return immediate(0x73, 2, target, ZERO, number)


def li(target: int, value: int) -> bytes:
    """Load a number of 64 bits: some instructions."""
    value = (value & (1 << 64) - 1) - (value >> 63 << 64)
    low = (value & 0xFFF) - (value >> 11 << 12 & 0x1000)
    if -0x800 <= value < 0x800:
        return addi(target, ZERO, value)
    if -(1 << 31) <= value < (1 << 31) - 0x800:
        upper = word((value - low & 0xFFFF_F000) | target << 7 | 0x37)
        return upper + immediate(0x1B, 0, target, target, low)  # LUI, ADDIW
    shifted = immediate(0x13, 1, target, target, 12)
    return li(target, value - low >> 12) + shifted + addi(target, target, low)


RISCV_CALL = addi(A7, ZERO, 7) + ECALL
NOP, C_NOP = addi(ZERO, ZERO, 0), b"\x01\0"
CYCLE, TIME, INSTRET = 0xC00, 0xC01, 0xC02
"""Counters, by their numbers as CSRs."""

# ---- the same programs on each ----


@attrs.frozen
class MachineCode:
    """Programs in one machine language; call 7 ends them, and what they found is in `result`."""

    architecture: Architecture = attrs.field(repr=False)
    result: str
    call: bytes
    answer: Callable[[int], bytes]
    """Find a number below 2048, and call."""
    number: Callable[[int], tuple[int, bytes]]
    """Of `answer`: where the number is, and the four bytes there for another number."""
    store: bytes
    """Store the four bytes at [sp + 8] where [sp] points to, and call."""
    count: bytes
    """Count for ever in `result`: a loop of one block."""
    bump: Callable[[int], bytes]
    """Count one up in memory, and find what is there then."""
    load: Callable[[int], bytes]
    """Find 32 bits of memory."""
    wait: Callable[[int], bytes]
    """Read 32 bits; in another block, jump to itself."""
    keep: bytes
    """Call, and call again with 42 that was in a register all the time."""
    jump_to_self: bytes
    healthy: bytes
    """Add one to what the last call answered, and call, for ever."""
    answered: str
    """The register where that is."""


def _x86(text: str) -> bytes:
    return bytes.fromhex(text)


def _rdi(address: int) -> bytes:
    return _x86("48bf") + address.to_bytes(8, "little")


_CALL = _x86("41b9 07000000 0f05")
X86_64 = MachineCode(
    architecture=ARCHITECTURES["x86_64"],
    result="rax",
    call=_CALL,
    answer=lambda number: b"\xb8" + number.to_bytes(4, "little") + _CALL,
    number=lambda number: (1, number.to_bytes(4, "little")),
    store=_x86("488b0424 8b4c2408 8908") + _CALL,
    count=_x86("48ffc0 ebfb"),
    bump=lambda address: _rdi(address) + _x86("ff07 8b07") + _CALL,
    load=lambda address: _rdi(address) + _x86("8b07") + _CALL,
    wait=lambda address: _rdi(address) + _x86("8b07 eb00 ebfe"),
    keep=_x86("bb2a000000") + _CALL + _x86("89d8") + _CALL,
    jump_to_self=_x86("ebfe"),
    healthy=_x86("48ffc0") + _CALL + _x86("ebf3"),
    answered="rax",
)
RISCV64 = MachineCode(
    architecture=ARCHITECTURES["riscv64"],
    result="s0",
    call=RISCV_CALL,
    answer=lambda number: addi(S0, ZERO, number) + RISCV_CALL,
    number=lambda number: (0, addi(S0, ZERO, number)),
    store=ld(T0, SP) + lw(T1, SP, 8) + store(2, T1, T0) + RISCV_CALL,
    count=addi(S0, S0, 1) + jump(-4),
    bump=lambda address: b"".join(
        [li(T0, address), lw(S0, T0), addi(S0, S0, 1), store(2, S0, T0), RISCV_CALL]
    ),
    load=lambda address: li(T0, address) + lw(S0, T0) + RISCV_CALL,
    wait=lambda address: li(T0, address) + lw(S0, T0) + jump(4) + jump(0),
    keep=addi(S1, ZERO, 42) + RISCV_CALL + addi(S0, S1, 0) + RISCV_CALL,
    jump_to_self=jump(0),
    healthy=addi(A0, A0, 1) + RISCV_CALL + jump(-12),
    answered="a0",
)
LANGUAGES = [X86_64, RISCV64]
languages = pytest.mark.parametrize("code", LANGUAGES, ids=lambda code: code.architecture.name)
