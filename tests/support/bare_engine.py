"""Run one program on a bare Unicorn engine: no kernel, no page tables, a few calls.

Enough to test libanos and the C library by themselves. Calls answer at once
and memory is what `create_region` maps.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile
from unicorn import (
    UC_ARCH_RISCV,
    UC_ARCH_X86,
    UC_HOOK_INSN,
    UC_HOOK_INTR,
    UC_MODE_64,
    UC_MODE_RISCV64,
    UC_PROT_ALL,
    Uc,
    riscv_const,
    x86_const,
)

from anos_sim.stage3.abi import STACK_TOP, ObjectSlot, Status, Sysno

STACK_BYTES = 0x10_0000
ENVIRONMENT = 0x6000_0000
"""Where the environment is: a page with pointers, then strings."""
COOKIE = 0x1000
"""Cookie of call N: this plus N."""
INSTRUCTIONS_MAX = 400_000_000


@dataclass(frozen=True)
class Processor:
    """How a program of one architecture meets the kernel, in numbers of Unicorn."""

    kind: int
    mode: int
    stack_pointer: int
    cookie: int
    arguments: tuple[int, int]
    result: tuple[int, int]


X86_64 = Processor(
    UC_ARCH_X86,
    UC_MODE_64,
    x86_const.UC_X86_REG_RSP,
    x86_const.UC_X86_REG_R9,
    (x86_const.UC_X86_REG_RDI, x86_const.UC_X86_REG_RSI),
    (x86_const.UC_X86_REG_RAX, x86_const.UC_X86_REG_RDX),
)
RISCV64 = Processor(
    UC_ARCH_RISCV,
    UC_MODE_RISCV64,
    riscv_const.UC_RISCV_REG_SP,
    riscv_const.UC_RISCV_REG_A7,
    (riscv_const.UC_RISCV_REG_A0, riscv_const.UC_RISCV_REG_A1),
    (riscv_const.UC_RISCV_REG_A0, riscv_const.UC_RISCV_REG_A1),
)
FLOATS_ON = 3 << 13
"""The field FS of mstatus."""
USER_ECALL = 8


class BareEngine:
    """One program with the given calls and arguments, at its first instruction.

    `environment` is None for a program that is not told where one is.
    """

    def __init__(
        self,
        elf: Path,
        calls: list[Sysno],
        arguments: list[str],
        environment: list[str] | None = None,
    ) -> None:
        self.output = ""
        self.ended = False
        self.regions: dict[int, int] = {}
        self.calls: list[Sysno] = []
        with elf.open("rb") as file:
            image = ELFFile(file)
            self._processor = {"EM_X86_64": X86_64, "EM_RISCV": RISCV64}[image["e_machine"]]
            self._engine = Uc(self._processor.kind, self._processor.mode)
            self._hook_calls()
            self._entry = image["e_entry"]
            for segment in image.iter_segments("PT_LOAD"):
                size = (segment["p_memsz"] + 0xFFF) & ~0xFFF
                self._engine.mem_map(segment["p_vaddr"], size, UC_PROT_ALL)
                self._engine.mem_write(segment["p_vaddr"], segment.data())
        self._engine.mem_map(STACK_TOP - STACK_BYTES, STACK_BYTES, UC_PROT_ALL)
        pairs = [(int(call), COOKIE + call) for call in calls]
        if environment is not None:
            self._build_environment(environment)
            pairs.append((int(ObjectSlot.ENVIRONMENT), ENVIRONMENT))
        self._build_stack(pairs, arguments)

    def run(self) -> str:
        """Run to the end of the first thread and return what was printed."""
        self._engine.emu_start(self._entry, 0, count=INSTRUCTIONS_MAX)
        assert self.ended, "the program did not end"
        return self.output

    def _build_environment(self, environment: list[str]) -> None:
        """Pointers to the strings, ended by 0, and the strings behind them."""
        self._engine.mem_map(ENVIRONMENT, 0x1000, UC_PROT_ALL)
        pointers, strings = b"", b""
        strings_at = ENVIRONMENT + 8 * (len(environment) + 1)
        for text in environment:
            pointers += struct.pack("<Q", strings_at + len(strings))
            strings += text.encode() + b"\0"
        self._engine.mem_write(ENVIRONMENT, pointers + bytes(8) + strings)

    def _hook_calls(self) -> None:
        if self._processor is X86_64:
            hook, instruction = self._syscall, x86_const.UC_X86_INS_SYSCALL
            self._engine.hook_add(UC_HOOK_INSN, hook, aux1=instruction)
        else:
            self._engine.reg_write(riscv_const.UC_RISCV_REG_MSTATUS, FLOATS_ON)
            self._engine.hook_add(UC_HOOK_INTR, self._trap)

    def _build_stack(self, pairs: list[tuple[int, int]], arguments: list[str]) -> None:
        """Lay out the initial stack as anos-abi 3.5 has it."""
        texts = [argument.encode() + b"\0" for argument in arguments]
        string_bytes = sum(map(len, texts))
        words = (string_bytes + 7) // 8 + 2 * len(pairs) + len(texts) + 4
        stack_pointer = STACK_TOP - 8 * (words + words % 2)
        argv = stack_pointer + 32
        capv = argv + 8 * len(texts)
        string_at = stack_pointer + 8 * words - string_bytes
        image = struct.pack("<4Q", len(pairs), capv if pairs else 0, len(texts), argv)
        for text in texts:
            image += struct.pack("<Q", string_at)
            string_at += len(text)
        for pair in pairs:
            image += struct.pack("<2Q", *pair)
        image = image.ljust(8 * words - string_bytes, b"\0") + b"".join(texts)
        self._engine.mem_write(stack_pointer, image)
        self._engine.reg_write(self._processor.stack_pointer, stack_pointer)

    def _trap(self, engine: Uc, cause: int, user_data: object) -> None:
        assert cause == USER_ECALL, f"trap {cause}"
        self._syscall(engine, user_data)

    def _syscall(self, engine: Uc, user_data: object) -> None:
        call = Sysno(engine.reg_read(self._processor.cookie) - COOKIE)
        self.calls.append(call)
        first, second = (engine.reg_read(each) for each in self._processor.arguments)
        status, value = Status.OK, 0
        match call:
            case Sysno.DEBUG_PRINT:
                text = engine.mem_read(first, 1024)
                self.output += text[: text.index(0)].decode()
            case Sysno.CREATE_REGION:
                engine.mem_map(first, second - first, UC_PROT_ALL)
                self.regions[first] = second - first
            case Sysno.DESTROY_REGION:
                engine.mem_unmap(first, self.regions.pop(first))
            case Sysno.CLOCK:
                value = 1_500_000_000
            case Sysno.KILL_CURRENT_TASK:
                self.ended = True
                engine.emu_stop()
            case Sysno.KILL_PROCESS:
                status = Status.FAILURE
            case Sysno.UNMAP_VIRTUAL | Sysno.SLEEP:
                pass
            case _:
                raise AssertionError(f"the program called {call.name}")
        for register, word in zip(self._processor.result, (int(status), value), strict=True):
            engine.reg_write(register, word & 0xFFFF_FFFF_FFFF_FFFF)
