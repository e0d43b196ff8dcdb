"""RISC-V, RV64GC: the privileged specification, 4.1 (causes) and 12.5 (Sv48)."""

from __future__ import annotations

from collections.abc import Mapping

from .architecture import AddressMap, Architecture, BoardFacts, Load, PageBits
from .riscv64_acpi import madt, rhct
from .trap import Trap

MASK64 = 0xFFFF_FFFF_FFFF_FFFF
NAMES = (
    "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5", "a6",
    "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
)  # fmt: skip
"""x1 to x31."""
_EXCEPTIONS = {
    0: "instruction address misaligned",
    1: "instruction access fault",
    2: "illegal instruction",
    3: "breakpoint",
    4: "load address misaligned",
    5: "load access fault",
    6: "store or AMO address misaligned",
    7: "store or AMO access fault",
    9: "environment call from a mode that is not the user's",
}
_LOAD, _LOAD_FP, _STORE, _STORE_FP, _AMO = 0x03, 0x07, 0x23, 0x27, 0x2F


def _describe(trap: Trap, number: int, pc: int, load: Load) -> str:
    return _EXCEPTIONS.get(number, f"exception {number}")


def _operand(pc: int, registers: Mapping[str, int], load: Load) -> int | None:
    """The address of a load, a store or an atomic operation: a register, plus what it says."""
    half = load(pc, 2)
    if half is None:
        return None
    if half[0] & 3 != 3:
        base, offset = _compressed(int.from_bytes(half, "little"))
    else:
        base, offset = _full(int.from_bytes(load(pc, 4) or b"", "little"))
    if base < 0:
        return None
    return (registers.get(NAMES[base - 1], 0) if base else 0) + offset & MASK64


def _full(code: int) -> tuple[int, int]:
    """Base register and offset of a 32-bit instruction; the register is -1 if it has none."""
    opcode, base = code & 0x7F, code >> 15 & 31
    if opcode in (_LOAD, _LOAD_FP):
        offset = code >> 20
    elif opcode in (_STORE, _STORE_FP):
        offset = code >> 25 << 5 | code >> 7 & 31
    elif opcode == _AMO:
        return base, 0
    else:
        return -1, 0
    return base, offset - (offset >> 11 << 12)


def _compressed(code: int) -> tuple[int, int]:
    """The same of a 16-bit instruction."""
    quadrant, function = code & 3, code >> 13
    is_word = function in (2, 6)
    if quadrant == 0 and function in (1, 2, 3, 5, 6, 7):
        offset = code >> 10 << 3 & 0x38
        offset |= (code >> 6 & 1) << 2 | (code >> 5 & 1) << 6 if is_word else (code >> 5 & 3) << 6
        return 8 + (code >> 7 & 7), offset
    if quadrant == 2 and function in (1, 2, 3):
        offset = (code >> 12 & 1) << 5
        if is_word:
            return 2, offset | (code >> 4 & 7) << 2 | (code >> 2 & 3) << 6
        return 2, offset | (code >> 5 & 3) << 3 | (code >> 2 & 7) << 6
    if quadrant == 2 and function in (5, 6, 7):
        if is_word:
            return 2, (code >> 9 & 15) << 2 | (code >> 7 & 3) << 6
        return 2, (code >> 10 & 7) << 3 | (code >> 7 & 7) << 6
    return -1, 0


def _device_tree(addresses: AddressMap, board: BoardFacts) -> bytes:
    from .riscv64_tree import device_tree  # whose library takes a third of a boot to load

    return device_tree(addresses, board)


RISCV64 = Architecture(
    name="riscv64",
    number=1,
    elf_machine=243,
    pages=PageBits(
        present=0b11,  # V and R: W alone is reserved
        write=1 << 2 | 1 << 7,  # W and D: nobody wants to know which pages are dirty
        execute_mask=1 << 3,
        execute=1 << 3,
        user=1 << 4,
        accessed=1 << 6,
        no_cache=0,
        cow=1 << 8,  # RSW
        shared=1 << 9,
        device=1 << 60,  # reserved in Sv48; our MMU ignores it
        frame_mask=0x003F_FFFF_FFFF_FC00,
        frame_shift=10,
        table=1,
    ),
    addresses=AddressMap(
        clock=0x0010_1000,
        framebuffer=0x1800_0000,
        interrupts=0x2800_0000,
        ecam=0x3000_0000,
        pci=0x4000_0000,
        pci_bytes=0x4000_0000,
        ram=0x8000_0000,
        pci_64=0x10_0000_0000,
        pci_64_bytes=16 << 30,
        windows=((0x0010_0000, 0x8000_0000), (0x10_0000_0000, 0x14_0000_0000)),
    ),
    registers=(*NAMES, "pc"),
    report=tuple(NAMES[at : at + 4] for at in range(0, len(NAMES), 4)),
    pc="pc",
    stack_pointer="sp",
    frame_pointer="s0",
    frame_record=-16,
    return_register="ra",
    devices_on_stage3=False,
    jumps_to_self=(b"\x01\xa0", b"\x6f\x00\x00\x00"),
    causes={
        Trap.ESCAPE: "illegal instruction: it left user mode",
        Trap.CRASH: "illegal instruction: no CPU would run this code",
    },
    describe=_describe,
    operand=_operand,
    madt=madt,
    cpu_tables={b"RHCT": rhct},
    device_tree=_device_tree,
)
