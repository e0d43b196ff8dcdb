"""The yardstick: Unicorn by itself, driven as its own Python binding does it."""

from __future__ import annotations

import time

TRAPS = 20_000
ENGINES = 4
"""How many run each loop; the fastest counts. How fast a short one is depends on where the
engine's translation happens to lie in the host's memory."""
SHORT_LOOP = bytes.fromhex("48ffc9 75fb 0f05")
"""dec rcx; jnz -5; syscall. Loops are those of tests/guest/bench.c."""
LONG_LOOP = bytes.fromhex(
    "4883c001 4831c2 4883c103 4831ce 4801d0 4801f1 48c1c003 4883c205 4831d6 4801c2 4883c607"
    "48ffcf 75d6 0f05"
)
SHORT_BLOCKS, LONG_BLOCKS = 10_000_000, 2_000_000
CODE = 0x1000


def trap_seconds() -> float:
    """One trap: hook, emu_stop, emu_start."""
    from unicorn import UC_ARCH_X86, UC_HOOK_INSN, UC_MODE_64, Uc
    from unicorn.x86_const import UC_X86_INS_SYSCALL, UC_X86_REG_RIP

    engine = Uc(UC_ARCH_X86, UC_MODE_64)
    engine.mem_map(CODE, 0x1000)
    engine.mem_write(CODE, b"\x0f\x05\xeb\xfc")
    engine.hook_add(UC_HOOK_INSN, lambda uc, data: uc.emu_stop(), None, 1, 0, UC_X86_INS_SYSCALL)
    begin = time.process_time()
    address = CODE
    for _ in range(TRAPS):
        engine.emu_start(address, 0)
        address = engine.reg_read(UC_X86_REG_RIP)
    return (time.process_time() - begin) / TRAPS


def loop_seconds(code: bytes, blocks: int) -> float:
    """One turn of a loop of one block, with no hook in the way."""
    return min(_loop_seconds(code, blocks) for _ in range(ENGINES))


def _loop_seconds(code: bytes, blocks: int) -> float:
    from unicorn import UC_ARCH_X86, UC_MODE_64, Uc
    from unicorn.x86_const import UC_X86_REG_RCX, UC_X86_REG_RDI

    engine = Uc(UC_ARCH_X86, UC_MODE_64)
    engine.mem_map(CODE, 0x1000)
    engine.mem_write(CODE, code)
    engine.reg_write(UC_X86_REG_RCX, blocks)
    engine.reg_write(UC_X86_REG_RDI, blocks)
    begin = time.process_time()
    engine.emu_start(CODE, CODE + len(code) - 2)
    return (time.process_time() - begin) / blocks
