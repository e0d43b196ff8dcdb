"""x86-64: SDM volume 3A, 4.5 (paging) and 6.15 (exceptions)."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from .architecture import AddressMap, Architecture, Load, PageBits
from .trap import Trap

INT, INVALID_INSTRUCTION = 0xCD, 6
ANYBODYS_VECTORS = (3, 4)
"""What a program may raise with INT itself; any other vector is a general protection fault."""
MASK64 = 0xFFFF_FFFF_FFFF_FFFF
_EXCEPTIONS = {
    0: "#DE divide error",
    1: "#DB debug exception",
    3: "#BP breakpoint",
    4: "#OF overflow",
    5: "#BR bound range exceeded",
    6: "#UD invalid instruction",
    12: "#SS stack fault",
    13: "#GP general protection",
    16: "#MF x87 floating-point error",
    17: "#AC alignment check",
    19: "#XM SIMD floating-point error",
}


def _describe(trap: Trap, number: int, pc: int, load: Load) -> str:
    if trap is Trap.PORT_IO:
        return f"#GP general protection: I/O port {number:#x}"
    cause = _EXCEPTIONS.get(number, "")
    if not cause or (number not in ANYBODYS_VECTORS and _is_by_int(number, pc, load)):
        cause = f"#GP general protection: int {number:#x}"
    return cause


def _is_by_int(number: int, pc: int, load: Load) -> bool:
    """Was it INT that raised this vector? The engine stops after it, for vector 6 before it."""
    at = pc if number == INVALID_INSTRUCTION else pc - 2 & MASK64
    return load(at, 2) == bytes([INT, number])


def _operand(pc: int, registers: Mapping[str, int], load: Load) -> int | None:
    """Not told: the page has to do."""
    return None


def _madt(cpu_count: int, addresses: AddressMap) -> bytes:
    """One local APIC per CPU, all enabled, ids from 0 (ACPI 6.0, 5.2.12); there is no 8259."""
    cpus = [struct.pack("<BBBBI", 0, 8, cpu, cpu, 1) for cpu in range(cpu_count)]
    return struct.pack("<II", addresses.interrupts, 0) + b"".join(cpus)


X86_64 = Architecture(
    name="x86_64",
    number=0,
    elf_machine=62,
    pages=PageBits(
        present=1 << 0,
        write=1 << 1,
        user=1 << 2,
        no_cache=1 << 4,
        accessed=1 << 5,
        cow=1 << 9,
        device=1 << 10,
        shared=1 << 11,
        execute_mask=1 << 63,  # NX
        execute=0,
        frame_mask=0x000F_FFFF_FFFF_F000,
        frame_shift=12,
        table=0b111,
    ),
    addresses=AddressMap(
        ram=0,
        pci=0xC000_0000,
        pci_bytes=0x2000_0000,
        ecam=0xE000_0000,
        framebuffer=0xFD00_0000,
        clock=0xFED0_0000,
        interrupts=0xFEE0_0000,
        pci_64=0x10_0000_0000,
        pci_64_bytes=16 << 30,
        windows=((0, 1 << 32), (0x10_0000_0000, 0x14_0000_0000)),
    ),
    registers=(
        "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11",
        "r12", "r13", "r14", "r15", "rip", "rflags", "fs_base",
    ),
    report=(
        ("rax", "rbx", "rcx", "rdx"),
        ("rsi", "rdi", "rbp", "rsp"),
        ("r8", "r9", "r10", "r11"),
        ("r12", "r13", "r14", "r15"),
    ),
    pc="rip",
    stack_pointer="rsp",
    frame_pointer="rbp",
    frame_record=0,
    devices_on_stage3=True,
    jumps_to_self=(b"\xeb\xfe",),
    causes={
        Trap.ESCAPE: "#GP general protection: it left 64-bit user mode",
        Trap.CRASH: "#UD invalid instruction: no CPU would run this code",
    },
    describe=_describe,
    operand=_operand,
    madt=_madt,
)  # fmt: skip
