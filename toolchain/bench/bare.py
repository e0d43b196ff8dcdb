"""The yardstick: Unicorn by itself, driven as its own Python binding does it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import attrs

TRAPS = 20_000
ENGINES = 4
"""How many run each loop; the fastest counts. How fast a short one is depends on where the
engine's translation happens to lie in the host's memory."""
SHORT_BLOCKS, LONG_BLOCKS = 10_000_000, 2_000_000
CODE = 0x1000


@attrs.frozen(kw_only=True)
class BareCpu:
    """One architecture: code, and what its binding calls things. Loops are those of loops.h."""

    make: Callable[[], Any]
    trap: bytes
    """A call of the system, and a jump back to it."""
    short_loop: bytes
    """Two instructions, counting down."""
    long_loop: bytes
    trap_bytes: int
    """Of the system call that ends each piece of code."""
    set_count: Callable[[Any, int], None]
    on_trap: Callable[[Any, Callable[[Any], None]], None]
    pc: Callable[[Any], int]
    """Where to go on after a trap."""


def _x86_64() -> BareCpu:
    from unicorn import UC_ARCH_X86, UC_HOOK_INSN, UC_MODE_64, Uc
    from unicorn import x86_const as registers

    def set_count(engine: Any, count: int) -> None:
        engine.reg_write(registers.UC_X86_REG_RCX, count)
        engine.reg_write(registers.UC_X86_REG_RDI, count)

    def on_trap(engine: Any, hear: Callable[[Any], None]) -> None:
        number = registers.UC_X86_INS_SYSCALL
        engine.hook_add(UC_HOOK_INSN, lambda uc, data: hear(uc), None, 1, 0, number)

    return BareCpu(
        make=lambda: Uc(UC_ARCH_X86, UC_MODE_64),
        trap=bytes.fromhex("0f05 ebfc"),
        short_loop=bytes.fromhex("48ffc9 75fb 0f05"),
        long_loop=bytes.fromhex(
            "4883c001 4831c2 4883c103 4831ce 4801d0 4801f1 48c1c003 4883c205 4831d6 4801c2 4883c607"
            "48ffcf 75d6 0f05"
        ),
        trap_bytes=2,
        set_count=set_count,
        on_trap=on_trap,
        pc=lambda engine: int(engine.reg_read(registers.UC_X86_REG_RIP)),
    )


def _riscv64() -> BareCpu:
    from unicorn import UC_ARCH_RISCV, UC_HOOK_INTR, UC_MODE_RISCV64, Uc
    from unicorn import riscv_const as registers

    def set_count(engine: Any, count: int) -> None:
        engine.reg_write(registers.UC_RISCV_REG_A0, count)

    def on_trap(engine: Any, hear: Callable[[Any], None]) -> None:
        engine.hook_add(UC_HOOK_INTR, lambda uc, number, data: hear(uc))

    return BareCpu(
        make=lambda: Uc(UC_ARCH_RISCV, UC_MODE_RISCV64),
        trap=bytes.fromhex("73000000 f5bf"),
        short_loop=bytes.fromhex("7d15 7dfd 73000000"),
        long_loop=bytes.fromhex(
            "8505 2d8e 8d06 358f b295 ba96 8e05 1506 318f 2e96 1d07 7d15 65f5 73000000"
        ),
        trap_bytes=4,
        set_count=set_count,
        on_trap=on_trap,
        pc=lambda engine: int(engine.reg_read(registers.UC_RISCV_REG_PC)),
    )


CPUS: Mapping[str, Callable[[], BareCpu]] = {"x86_64": _x86_64, "riscv64": _riscv64}


def trap_seconds(arch: str) -> float:
    """One trap: hook, emu_stop, emu_start."""
    cpu = CPUS[arch]()
    engine = cpu.make()
    engine.mem_map(CODE, 0x1000)
    engine.mem_write(CODE, cpu.trap)
    cpu.on_trap(engine, lambda uc: uc.emu_stop())
    begin = time.process_time()
    address = CODE
    for _ in range(TRAPS):
        engine.emu_start(address, 0)
        address = cpu.pc(engine)
    return (time.process_time() - begin) / TRAPS


def short_loop_seconds(arch: str) -> float:
    """One turn of a loop of one short block, with no hook in the way."""
    cpu = CPUS[arch]()
    return min(_loop_seconds(cpu, cpu.short_loop, SHORT_BLOCKS) for _ in range(ENGINES))


def long_loop_seconds(arch: str) -> float:
    """The same of a longer block."""
    cpu = CPUS[arch]()
    return min(_loop_seconds(cpu, cpu.long_loop, LONG_BLOCKS) for _ in range(ENGINES))


def _loop_seconds(cpu: BareCpu, code: bytes, blocks: int) -> float:
    engine = cpu.make()
    engine.mem_map(CODE, 0x1000)
    engine.mem_write(CODE, code)
    cpu.set_count(engine, blocks)
    begin = time.process_time()
    engine.emu_start(CODE, CODE + len(code) - cpu.trap_bytes)
    return (time.process_time() - begin) / blocks
