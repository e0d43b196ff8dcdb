"""A RISC-V CPU alone: its calls, its traps, its memory."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import partial

import pytest

from anos_sim.hw.arch import ARCHITECTURES
from anos_sim.hw.vcpu import (
    ACCESS_FETCH,
    ACCESS_READ,
    ACCESS_WRITE,
    ARGUMENT0,
    RESULT_TYPE,
    RESULT_VALUE,
    SP,
    Trap,
)
from support.bare_cpu import (
    CODE,
    CODE_FRAME,
    DATA,
    DATA_FRAME,
    DEVICES,
    PAGE,
    STACK,
    BareMachine,
)
from support.machine_code import (
    A0,
    A7,
    C_NOP,
    EBREAK,
    ECALL,
    GP,
    NOP,
    RISCV_CALL,
    S0,
    S1,
    T0,
    T1,
    T2,
    TP,
    ZERO,
    add,
    addi,
    atomic,
    jump,
    ld,
    li,
    lw,
    read_csr,
    store,
    word,
)

ARCHITECTURE = ARCHITECTURES["riscv64"]


@pytest.fixture
def machine() -> Iterator[BareMachine]:
    """One CPU."""
    with BareMachine(architecture=ARCHITECTURE) as made:
        yield made


# ---- calls ----


def test_a_call_has_cookie_and_arguments_and_goes_on_behind_it(machine: BareMachine) -> None:
    code = b"".join(addi(A0 + number, ZERO, number + 1) for number in range(5))
    trap, registers = machine.execute(code + RISCV_CALL)
    assert trap is Trap.SYSCALL
    assert machine.cookie() == 7
    assert machine.cpus[0].state[ARGUMENT0 : ARGUMENT0 + 5].tolist() == [1, 2, 3, 4, 5]
    assert machine.pc() == registers["pc"] == CODE + 28
    assert machine.cpus[0].state[SP] == STACK - 0x100


@pytest.mark.parametrize("blocked", [False, True])
def test_a_call_changes_a0_and_a1_and_nothing_else(machine: BareMachine, blocked: bool) -> None:
    """anos-abi 1.3: also gp and tp are the program's own."""
    registers = {number: 0x1_0000_0000 * number + number for number in range(1, 32)}
    code = b"".join(li(number, value) for number, value in registers.items())
    machine.put(code + ECALL + EBREAK)
    thread = machine.thread()
    assert machine.run(thread) is Trap.SYSCALL
    before = thread.read()
    if blocked:
        thread.set_result(-4, 9)
    else:
        machine.cpus[0].state[RESULT_TYPE] = (1 << 64) - 4
        machine.cpus[0].state[RESULT_VALUE] = 9
    assert machine.run(thread) is Trap.EXCEPTION
    after = thread.read()
    assert (after["a0"], after["a1"]) == ((1 << 64) - 4, 9)
    assert list(before.values())[:31] == list(registers.values())
    unchanged = before.keys() - {"a0", "a1"}
    assert {name: after[name] for name in unchanged} == {name: before[name] for name in unchanged}


def test_floating_point_and_tp_belong_to_the_thread(machine: BareMachine) -> None:
    """fcvt.d.l fa0, s0; csrrwi fcsr, 3; call; fcvt.l.d s1, fa0; csrr t1, fcsr; call"""
    body = word(0xD2240553) + word(0x0031D073) + RISCV_CALL
    body += word(0xC22514D3) + read_csr(T1, 3) + ld(T2, TP) + RISCV_CALL
    machine.put(li(S0, 41) + body)
    machine.put(li(S0, 42) + word(0xD2240553) + body[8:], CODE_FRAME + 0x800)
    threads = [machine.thread(), machine.thread(CODE + 0x800)]
    for number, thread in enumerate(threads, 1):
        machine.memory.write(DATA_FRAME + 0x100 * number, bytes([number]))
        assert machine.run(thread) is Trap.SYSCALL
        machine.cpus[0].set_thread_pointer(DATA + 0x100 * number)
    for number, thread in enumerate(threads, 1):
        assert machine.run(thread) is Trap.SYSCALL
        found = thread.read()
        assert (found["s1"], found["t1"], found["t2"]) == (40 + number, 3 * (number == 1), number)


def test_a_new_thread_starts_clean(machine: BareMachine) -> None:
    dirty = b"".join(li(number, -1) for number in (1, *range(3, 32)))
    machine.execute(dirty + word(0xF2000553) + word(0x003FD073) + RISCV_CALL)  # fmv.d.x, fcsr
    machine.put(word(0xE2050553) + read_csr(A0 + 1, 3) + RISCV_CALL)  # fmv.x.d a0, fa0
    thread = machine.thread()
    assert machine.run(thread) is Trap.SYSCALL
    registers = thread.read()
    assert registers.pop("sp") == STACK - 0x100
    assert registers.pop("a7") == 7
    assert registers.pop("pc") == CODE + 16
    assert set(registers.values()) == {0}


# ---- what no program may do ----

TRAPS = {
    "ones": (b"\xff\xff\xff\xff", Trap.ILLEGAL, 2),
    "zeros": (bytes(4), Trap.ILLEGAL, 2),
    "ebreak": (EBREAK, Trap.EXCEPTION, 3),
    "c.ebreak": (b"\x02\x90", Trap.EXCEPTION, 3),
    "mret": (word(0x30200073), Trap.ILLEGAL, 2),
    "sret": (word(0x10200073), Trap.ILLEGAL, 2),
    "sfence.vma": (word(0x12000073), Trap.ILLEGAL, 2),
    "read mhartid": (read_csr(T0, 0xF14), Trap.ILLEGAL, 2),
    "read sstatus": (read_csr(T0, 0x100), Trap.ILLEGAL, 2),
    "write satp": (word(0x18001073), Trap.ILLEGAL, 2),
    "write cycle": (word(0xC0001073), Trap.ILLEGAL, 2),
    "set bits of time": (word(0xC010E073), Trap.ILLEGAL, 2),
    "read hpmcounter3": (read_csr(T0, 0xC03), Trap.ILLEGAL, 2),
    "vsetvli": (word(0x0D007057), Trap.ILLEGAL, 2),
    "unaligned amoadd": (li(T0, DATA + 1) + atomic(0, T1, T0), Trap.EXCEPTION, None),
}


@pytest.mark.parametrize("before", [b"", NOP, C_NOP], ids=["first", "second", "odd"])
@pytest.mark.parametrize(("code", "trap", "number"), TRAPS.values(), ids=TRAPS.keys())
def test_what_a_program_may_not_do_traps(
    machine: BareMachine, code: bytes, trap: Trap, number: int | None, before: bytes
) -> None:
    """There is no page before the first instruction: the engine must not stumble over that."""
    assert machine.execute(RISCV_CALL)[0] is Trap.SYSCALL
    assert machine.execute(before + code + RISCV_CALL)[0] is trap
    if number is not None:
        assert machine.number() == number
    assert machine.pc() == CODE + len(before) + len(code) - (4 if len(code) >= 4 else 2)
    assert machine.cookie() == 0, "it must not be taken for a call"
    assert machine.execute(RISCV_CALL)[0] is Trap.SYSCALL


def test_wait_for_interrupt_is_a_pause_that_ends(machine: BareMachine) -> None:
    machine.put(addi(S0, S0, 1) + word(0x10500073) + jump(-8))
    thread = machine.thread()
    for _ in range(2000):
        if machine.run(thread, limit_ps=1_000_000) is Trap.BUDGET:
            break
    assert machine.now_ps() >= 1_000_000
    assert thread.read()["s0"] == pytest.approx(machine.now_ps() / 3000, abs=2)


# ---- memory ----

FAULTS = {
    "load of nothing": (ld(T1, T0, -5), 0x5000_0123, (0x5000_0000, ACCESS_READ), 0x5000_011E),
    "store to nothing": (store(3, T1, T0, 9), 0x5000_0120, (0x5000_0000, ACCESS_WRITE), 0x50000129),
    "store to code": (store(2, T1, T0), CODE + PAGE, (CODE + PAGE, ACCESS_WRITE), CODE + PAGE),
    "amoadd": (atomic(0, T1, T0), 0x5000_0120, (0x5000_0000, ACCESS_READ), 0x5000_0120),
    "amoadd to code": (atomic(0, T1, T0), CODE + PAGE, (CODE + PAGE, ACCESS_WRITE), CODE + PAGE),
    "lr": (atomic(2, T1, T0), 0x5000_0120, (0x5000_0000, ACCESS_READ), 0x5000_0120),
    "fld": (word(0x0082B507), 0x5000_0120, (0x5000_0000, ACCESS_READ), 0x5000_0128),
    "fsd": (word(0x00A2B427), 0x5000_0120, (0x5000_0000, ACCESS_WRITE), 0x5000_0128),
    "kernel space": (lw(T1, T0), -(1 << 47), (0xFFFF_8000_0000_0000, ACCESS_READ), 0xFFFF8 << 44),
    "non-canonical": (lw(T1, T0), 1 << 47, (1 << 47, ACCESS_READ), 1 << 47),
    "c.ld": (struct.pack("<H", 0x6510), 0x5000_0100, (0x5000_0000, ACCESS_READ), 0x5000_0108),
    "c.sw": (struct.pack("<H", 0xC150), 0x5000_0100, (0x5000_0000, ACCESS_WRITE), 0x5000_0104),
    "c.ldsp": (struct.pack("<H", 0x6522), 0x5000_0100, (0x5000_0000, ACCESS_READ), 0x5000_0108),
    "c.sdsp": (struct.pack("<H", 0xE42A), 0x5000_0100, (0x5000_0000, ACCESS_WRITE), 0x5000_0108),
}


@pytest.mark.parametrize(("code", "address", "fault", "exact"), FAULTS.values(), ids=FAULTS.keys())
def test_a_page_fault_names_page_access_and_address(
    machine: BareMachine, code: bytes, address: int, fault: tuple[int, int], exact: int
) -> None:
    machine.map(CODE + PAGE, CODE_FRAME + PAGE, "rx")
    begin = li(T0, address) + li(A0, address) + li(2, address)
    trap, registers = machine.execute(begin + code)
    assert trap is Trap.PAGE_FAULT
    assert machine.fault() == fault
    assert machine.pc() == CODE + len(begin)
    content = machine.memory.read(CODE_FRAME, PAGE)

    def load(at: int, count: int) -> bytes:
        return content[at - CODE : at - CODE + count]

    assert ARCHITECTURE.operand(machine.pc(), registers, load) == exact


def part(code: bytes, at: int, count: int) -> bytes:
    """How to read a program."""
    return code[at : at + count]


def test_what_is_no_memory_access_has_no_operand() -> None:
    for code in (NOP, C_NOP, ECALL, jump(8), RISCV_CALL):
        load = partial(part, code)
        assert ARCHITECTURE.operand(0, {}, load) is None


@pytest.mark.parametrize("address", [0x5000_0120, DATA, 0, -0x1000])
def test_a_jump_to_what_is_no_code_faults_there(machine: BareMachine, address: int) -> None:
    trap, _ = machine.execute(li(T0, address) + word(T0 << 15 | 0x67))
    assert trap is Trap.PAGE_FAULT
    target = address & (1 << 64) - 1
    assert machine.fault() == (target & ~0xFFF, ACCESS_FETCH)
    assert machine.pc() == target


def test_an_access_across_two_pages_faults_on_the_missing_one(machine: BareMachine) -> None:
    trap, _ = machine.execute(li(T0, DATA + PAGE - 2) + store(2, T1, T0))
    assert trap is Trap.PAGE_FAULT
    assert machine.fault() == (DATA + PAGE, ACCESS_WRITE)


def test_a_fault_in_a_block_is_charged_as_far_as_it_came(machine: BareMachine) -> None:
    begin = li(T0, 0x5000_0000)
    machine.execute(begin + NOP + lw(T1, T0) + 100 * NOP)
    assert machine.now_ps() == (len(begin) + 4) * 250 + 200_000


def test_kernel_memory_is_no_memory_even_if_it_is_mapped(machine: BareMachine) -> None:
    machine.map(0x5000_0000, machine.memory.kernel_begin, "rw")
    assert machine.execute(li(T0, 0x5000_0000) + lw(T1, T0))[0] is Trap.BUS_ERROR


def test_reserved_entries_are_no_pages(machine: BareMachine) -> None:
    """W without R, a leaf above the lowest level, an entry of the supervisor."""
    slots = machine.memory.words
    machine.map(0x5000_0000, DATA_FRAME, "rw")
    table, path = machine.root, []
    for shift in (39, 30, 21, 12):
        path.append((table >> 3) + (0x5000_0000 >> shift & 511))
        table = machine.bits.frame(slots[path[-1]]) << 12
    read = li(T0, 0x5000_0000) + lw(T1, T0) + RISCV_CALL
    assert machine.execute(read)[0] is Trap.SYSCALL
    for slot, entry in [
        (path[3], slots[path[3]] & ~2),
        (path[3], slots[path[3]] & ~16),
        (path[3], slots[path[3]] & ~1),
        (path[2], slots[path[2]] | 0b1110 | 16),
    ]:
        kept, slots[slot] = slots[slot], entry
        machine.board.flush(machine.root)
        assert machine.execute(read)[0] is Trap.PAGE_FAULT
        slots[slot] = kept
    machine.board.flush(machine.root)
    assert machine.execute(read)[0] is Trap.SYSCALL


def test_the_mmu_marks_an_entry_that_it_takes(machine: BareMachine) -> None:
    slots, bits = machine.memory.words, machine.bits
    table = machine.root
    for shift in (39, 30, 21):
        table = bits.frame(slots[(table >> 3) + (DATA >> shift & 511)]) << 12
    slot = (table >> 3) + (DATA >> 12 & 511)
    assert not slots[slot] & bits.accessed
    machine.execute(li(T0, DATA) + lw(T1, T0) + RISCV_CALL)
    assert slots[slot] & bits.accessed


def test_registers_of_devices_are_read_as_they_are(machine: BareMachine) -> None:
    machine.map(0x5000_0000, DEVICES, "rw")
    code = li(T0, 0x5000_0010) + lw(S0, T0) + store(2, S0, T0, 4) + ld(S1, T0)
    trap, registers = machine.execute(code + RISCV_CALL)
    assert trap is Trap.SYSCALL
    assert registers["s1"] == 0x1414141410101010
    assert [access[:3] for access in machine.bus.accesses] == [
        ("read", DEVICES + 0x10, 4),
        ("write", DEVICES + 0x14, 4),
        ("read", DEVICES + 0x10, 4),
        ("read", DEVICES + 0x14, 4),
    ]


def test_gp_and_tp_are_registers_like_others(machine: BareMachine) -> None:
    machine.put(li(GP, -1) + li(TP, -2) + addi(A7, ZERO, 7) + ECALL + add(S0, GP, TP) + ECALL)
    thread = machine.thread()
    assert machine.run(thread) is Trap.SYSCALL
    assert machine.run(thread) is Trap.SYSCALL
    assert thread.read()["s0"] == (1 << 64) - 3
