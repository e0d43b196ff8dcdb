"""A CPU alone: why it stops, what time it is then, and that stored code is run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from anos_sim.hw.vcpu import (
    ACCESS_FETCH,
    ACCESS_READ,
    ACCESS_WRITE,
    ARGUMENT0,
    NOW,
    RESULT_TYPE,
    RESULT_VALUE,
    SLOW_VALUE,
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

SYSCALL = "41b9 07000000 0f05"  # mov r9d, 7; syscall
SLOW = "41b9 07000000 cd69"
LOCKED_BIT_TEST = "f0 0f ab e3"
"""lock bts ebx, esp: aborts the translator of Unicorn 2.1."""


@pytest.fixture
def machine() -> Iterator[BareMachine]:
    """One CPU."""
    with BareMachine() as made:
        yield made


def load_rdi(address: int) -> str:
    """mov rdi, address"""
    return "48bf" + address.to_bytes(8, "little").hex()


# ---- calls ----


@pytest.mark.parametrize("code", [SYSCALL, SLOW])
def test_a_call_shows_its_cookie_and_arguments(machine: BareMachine, code: str) -> None:
    arguments = "bf01000000 be02000000 ba03000000 41ba04000000 41b805000000"
    trap, _ = machine.execute(arguments + code)
    assert trap is Trap.SYSCALL
    assert machine.cookie() == 7
    assert machine.cpus[0].state[ARGUMENT0 : ARGUMENT0 + 5].tolist() == [1, 2, 3, 4, 5]
    assert machine.pc() == CODE + 35


def result_of(machine: BareMachine, code: str, blocked: bool) -> tuple[int, int]:
    """rax and rdx after a call that answers (-4, 9), to a caller whose rdx was 3."""
    machine.put("ba03000000" + code + "f4")
    thread = machine.thread()
    assert machine.run(thread) is Trap.SYSCALL
    if blocked:
        thread.set_result(-4, 9)
    else:
        machine.cpus[0].state[RESULT_TYPE] = (1 << 64) - 4
        machine.cpus[0].state[RESULT_VALUE] = 9
    assert machine.run(thread) is Trap.EXCEPTION
    registers = thread.read()
    return registers["rax"], registers["rdx"]


@pytest.mark.parametrize("blocked", [False, True])
def test_the_result_is_in_rax_and_rdx(machine: BareMachine, blocked: bool) -> None:
    assert result_of(machine, SYSCALL, blocked) == ((1 << 64) - 4, 9)


@pytest.mark.parametrize("blocked", [False, True])
def test_the_slow_path_loses_the_value_unless_told(machine: BareMachine, blocked: bool) -> None:
    """anos-abi 1.2."""
    assert result_of(machine, SLOW, blocked) == ((1 << 64) - 4, 3)
    machine.board.words[SLOW_VALUE] = 1
    assert result_of(machine, SLOW, blocked) == ((1 << 64) - 4, 9)


def test_the_last_calls_are_remembered(machine: BareMachine) -> None:
    machine.put("ffc7 41b907000000 0f05 ebf4")  # inc edi; call; again
    thread = machine.thread()
    for number in range(20):
        machine.run(thread)
        machine.cpus[0].state[RESULT_TYPE] = number
    calls = thread.last_calls()
    assert [arguments[0] for _, arguments, _, _ in calls] == list(range(20, 4, -1))
    assert {cookie for cookie, *_ in calls} == {7}
    assert calls[0][3] is None
    assert [status for *_, status in calls[1:]] == list(range(18, 3, -1))


# ---- what no program may do ----

TRAPS = {
    "ud2": ("0f0b", Trap.ILLEGAL, 6),
    "divide by zero": ("31c9 f7f1", Trap.EXCEPTION, 0),
    "int3": ("cc", Trap.EXCEPTION, 3),
    "int 0x80": ("cd80", Trap.EXCEPTION, None),
    "int 0x30": ("cd30", Trap.EXCEPTION, None),
    "hlt": ("f4", Trap.EXCEPTION, 13),
    "cli": ("fa", Trap.EXCEPTION, 13),
    "sti": ("fb", Trap.EXCEPTION, 13),
    "mov cr3, rax": ("0f22d8", Trap.EXCEPTION, 13),
    "mov rax, cr0": ("0f20c0", Trap.EXCEPTION, 13),
    "wrmsr": ("0f30", Trap.EXCEPTION, 13),
    "rdmsr": ("0f32", Trap.EXCEPTION, 13),
    "lgdt": ("0f0117", Trap.EXCEPTION, 13),
    "lidt": ("0f011f", Trap.EXCEPTION, 13),
    "invlpg": ("0f013f", Trap.EXCEPTION, 13),
    "swapgs": ("0f01f8", Trap.EXCEPTION, 13),
    "sysretq": ("480f07", Trap.EXCEPTION, None),
    "mov ds, ax": ("b810000000 8ed8", Trap.EXCEPTION, 13),
    "in al, 0x60": ("e460", Trap.PORT_IO, 0x60),
    "out 0x61, al": ("e661", Trap.PORT_IO, 0x61),
    "insb": ("66ba6200 bf00000040 6c", Trap.PORT_IO, 0x62),
    "lock bts": ("90" + LOCKED_BIT_TEST, Trap.ILLEGAL, 6),
    "lock btr with prefixes": ("90 66 f0 48 0f b3 c0", Trap.ILLEGAL, 6),
    "lock btc by number": ("90 f0 0f ba f8 01", Trap.ILLEGAL, 6),
    "trap flag": ("9c 48810c2400010000 9d 90", Trap.EXCEPTION, 1),
    "VM86": (
        "4883ec40 c7042400010000 c744240400000000 c744240802020200"
        " c744240c00010000 c744241000000000 cf",
        Trap.ESCAPE,
        None,
    ),
}


@pytest.mark.parametrize(("code", "trap", "number"), TRAPS.values(), ids=TRAPS.keys())
def test_what_a_program_may_not_do_traps(
    machine: BareMachine, code: str, trap: Trap, number: int | None
) -> None:
    before, _ = machine.execute(SYSCALL)
    assert before is Trap.SYSCALL
    stopped, _ = machine.execute(code)
    assert stopped is trap
    if number is not None:
        assert machine.number() == number
    assert machine.cookie() == 0, "it must not be taken for a call"
    assert machine.execute(SYSCALL)[0] is Trap.SYSCALL


def test_a_locked_bit_test_that_is_not_run_does_no_harm(machine: BareMachine) -> None:
    assert machine.execute("eb04" + LOCKED_BIT_TEST + SYSCALL)[0] is Trap.SYSCALL
    assert machine.execute("b8" + LOCKED_BIT_TEST + SYSCALL)[0] is Trap.SYSCALL


@pytest.mark.parametrize("offset", [-3, -2, -1, 0])
def test_what_crashes_the_engine_costs_the_engine_only(machine: BareMachine, offset: int) -> None:
    """At a page's first byte or across two pages it escapes the search; the guard catches it."""
    machine.map(CODE + PAGE, CODE_FRAME + PAGE, "rx")
    machine.memory.write(CODE_FRAME + PAGE + offset, bytes.fromhex(LOCKED_BIT_TEST))
    survivor = machine.thread()
    machine.put("bb2a000000" + SYSCALL + "89d8" + SYSCALL)
    assert machine.run(survivor) is Trap.SYSCALL
    time_before = machine.now_ps()
    assert machine.run(machine.thread(CODE + PAGE + offset)) is Trap.CRASH
    assert machine.cookie() == 0, "it must not be taken for a call"
    machine.cpus[0].replace()
    assert machine.now_ps() >= time_before
    assert machine.run(survivor) is Trap.SYSCALL
    assert survivor.read()["rax"] == 42
    machine.map(0x5000_0000, DEVICES, "r")
    assert machine.execute(load_rdi(0x5000_0000) + "8b07" + SYSCALL)[0] is Trap.SYSCALL
    assert machine.bus.accesses == [("read", DEVICES, 4, 0)]


# ---- memory ----

FAULTS = {
    "read of nothing": ("8b07", 0x5000_0123, (0x5000_0000, ACCESS_READ)),
    "write to nothing": ("8907", 0x5000_0123, (0x5000_0000, ACCESS_WRITE)),
    "jump to nothing": ("ffe7", 0x5000_0123, (0x5000_0000, ACCESS_FETCH)),
    "jump to data": ("ffe7", DATA, (DATA, ACCESS_FETCH)),
    "write to code": ("8907", CODE + PAGE, (CODE + PAGE, ACCESS_WRITE)),
    "read of kernel space": ("8b07", 0xFFFF_8000_0000_0000, (0xFFFF_8000_0000_0000, ACCESS_READ)),
    "jump to kernel space": ("ffe7", 0xFFFF_FFFF_FFFF_F000, (0xFFFF_FFFF_FFFF_F000, ACCESS_FETCH)),
    "jump to address 0": ("ffe7", 0, (0, ACCESS_FETCH)),
}


@pytest.mark.parametrize(("code", "address", "fault"), FAULTS.values(), ids=FAULTS.keys())
def test_a_page_fault_names_page_and_access(
    machine: BareMachine, code: str, address: int, fault: tuple[int, int]
) -> None:
    machine.map(CODE + PAGE, CODE_FRAME + PAGE, "rx")
    machine.map(DATA, DATA_FRAME, "rw")
    trap, _ = machine.execute(load_rdi(address) + code)
    assert trap is Trap.PAGE_FAULT
    assert machine.fault() == fault
    jumped = fault[1] == ACCESS_FETCH
    assert machine.pc() == (address if jumped else CODE + 10)


@pytest.mark.parametrize("code", ["8b07", "8907", "ffe7"])
def test_a_non_canonical_address_is_a_fault(machine: BareMachine, code: str) -> None:
    trap, _ = machine.execute(load_rdi(0x8000_0000_0000) + code)
    assert trap in (Trap.PAGE_FAULT, Trap.EXCEPTION)


def test_a_fault_can_be_served_and_the_instruction_repeats(machine: BareMachine) -> None:
    machine.put(load_rdi(0x5000_0000) + "c70755000000" + "8b07" + SYSCALL)
    thread = machine.thread()
    assert machine.run(thread) is Trap.PAGE_FAULT
    machine.map(0x5000_0000, DATA_FRAME + PAGE, "rw")
    assert machine.run(thread) is Trap.SYSCALL
    assert thread.read()["rax"] == 0x55


def test_an_access_across_two_pages_faults_on_the_missing_one(machine: BareMachine) -> None:
    trap, _ = machine.execute(load_rdi(DATA + PAGE - 2) + "8907")
    assert trap is Trap.PAGE_FAULT
    assert machine.fault() == (DATA + PAGE, ACCESS_WRITE)


def test_kernel_memory_is_no_memory_even_if_it_is_mapped(machine: BareMachine) -> None:
    machine.map(0x5000_0000, machine.memory.kernel_begin, "rw")
    trap, _ = machine.execute(load_rdi(0x5000_0000) + "8b07" + SYSCALL)
    assert trap is Trap.BUS_ERROR


# ---- devices ----


def test_eight_bytes_to_a_device_are_two_accesses_low_first(machine: BareMachine) -> None:
    machine.map(0x5000_0000, DEVICES, "rw")
    trap, registers = machine.execute(
        load_rdi(0x5000_0010) + "488b07" + "48b9 8877665544332211 48890f" + SYSCALL
    )
    assert trap is Trap.SYSCALL
    assert registers["rax"] == 0x1414141410101010
    assert machine.bus.accesses == [
        ("read", DEVICES + 0x10, 4, 0),
        ("read", DEVICES + 0x14, 4, 0),
        ("write", DEVICES + 0x10, 4, 0x55667788),
        ("write", DEVICES + 0x14, 4, 0x11223344),
    ]


@pytest.mark.parametrize(("code", "size"), [("8a07", 1), ("668b07", 2), ("8b07", 4)])
def test_smaller_accesses_arrive_as_they_are(machine: BareMachine, code: str, size: int) -> None:
    machine.map(0x5000_0000, DEVICES, "rw")
    machine.execute(load_rdi(0x5000_0004) + code + SYSCALL)
    assert machine.bus.accesses == [("read", DEVICES + 4, size, 0)]


def test_a_device_access_costs_time(machine: BareMachine) -> None:
    machine.map(0x5000_0000, DEVICES, "rw")
    machine.map(0x5000_1000, DATA_FRAME, "rw")
    costs = []
    for address in (0x5000_0000, 0x5000_1000):
        before = machine.now_ps()
        machine.execute(load_rdi(address) + "8b07" + SYSCALL)
        costs.append(machine.now_ps() - before)
    assert costs[0] - costs[1] == 100_000


def test_device_registers_are_no_code(machine: BareMachine) -> None:
    machine.map(0x5000_0000, DEVICES, "rwx")
    assert machine.execute(load_rdi(0x5000_0000) + "ffe7")[0] is Trap.PAGE_FAULT


def test_a_device_models_exception_comes_out_of_run(machine: BareMachine) -> None:
    machine.map(0x5000_0000, DEVICES, "rw")
    machine.bus.failure = RuntimeError("a bug in a device")
    machine.put(load_rdi(0x5000_0000) + "8b07 ebfe")
    with pytest.raises(RuntimeError, match="a bug in a device"):
        machine.run(machine.thread())


# ---- time ----


def test_code_costs_a_quarter_of_a_nanosecond_a_byte(machine: BareMachine) -> None:
    machine.execute("9090909090" + SYSCALL)
    assert machine.now_ps() == 13 * 250 + 200_000
    assert machine.cpus[0].code_bytes() == 13


def test_the_time_stamp_counter_is_virtual_time(machine: BareMachine) -> None:
    """1 GHz: nanoseconds."""
    machine.put("0f31" + SYSCALL)
    thread = machine.thread()
    machine.run(thread)
    early = thread.read()
    later = machine.thread()
    machine.cpus[0].state[NOW] = (5 << 32) * 1000 + 7_000
    machine.run(later)
    assert (early["rax"], early["rdx"]) == (2, 0)  # ten bytes have been charged
    assert (later.read()["rax"], later.read()["rdx"]) == (7 + 2, 5)


def preempted_counts(limit_ps: int, rounds: int) -> list[tuple[int, int, int]]:
    """A counting loop stopped `rounds` times: its register, place and time each time."""
    with BareMachine() as machine:
        machine.put("48ffc0 4839c8 ebf8")  # inc rax; cmp; jmp
        thread = machine.thread()
        found = []
        for number in range(1, rounds + 1):
            assert machine.run(thread, limit_ps=number * limit_ps) is Trap.BUDGET
            found.append((thread.read()["rax"], machine.pc(), machine.now_ps()))
        return found


@pytest.mark.parametrize("limit_ps", [1, 2_000, 999_999, 10_000_000])
def test_preemption_is_exact_and_repeats(limit_ps: int) -> None:
    found = preempted_counts(limit_ps, 5)
    assert found == preempted_counts(limit_ps, 5)
    block_ps = 8 * 250
    for number, (count, pc, now_ps) in enumerate(found, 1):
        assert number * limit_ps <= now_ps < number * limit_ps + block_ps
        assert count == now_ps // block_ps
        assert pc == CODE


def test_a_lowered_limit_stops_a_burst(machine: BareMachine) -> None:
    machine.map(0x5000_0000, DEVICES, "rw")
    machine.board.before_device = lambda cpu: cpu.lower_limit(machine.now_ps() + 1_000_000)
    trap, _ = machine.execute(load_rdi(0x5000_0000) + "8b07 48ffc0 ebfb")
    assert trap is Trap.BUDGET
    assert machine.now_ps() < 3_000_000


# ---- threads ----


def test_a_thread_goes_on_where_it_was_on_any_cpu() -> None:
    with BareMachine(cpus=3) as machine:
        machine.put("48ffc0 ebfb")
        threads = [machine.thread() for _ in range(2)]
        for turn in range(30):
            cpu = turn % 3
            limit = machine.now_ps(cpu) + 50_000
            assert machine.run(threads[turn % 2], cpu, limit) is Trap.BUDGET
        # 40 turns of a block of 5 bytes a run, and never one lost
        assert [thread.read()["rax"] for thread in threads] == [15 * 40, 15 * 40]


def test_vector_registers_and_fs_belong_to_the_thread(machine: BareMachine) -> None:
    """movq xmm0, rbx; call; movq rax, xmm0; mov rbx, fs:[0]; call"""
    code = "66480f6ec3" + SYSCALL + "66480f7ec0 64488b1c2500000000" + SYSCALL
    machine.put("48c7c301000000" + code)
    machine.put("48c7c302000000" + code, CODE_FRAME + 0x800)
    first, second = machine.thread(), machine.thread(CODE + 0x800)
    for number, thread in enumerate((first, second), 1):
        machine.memory.write(DATA_FRAME + 0x100 * number, bytes([number]))
        machine.run(thread)
        machine.cpus[0].set_thread_pointer(DATA + 0x100 * number)
    for number, thread in enumerate((first, second), 1):
        assert machine.run(thread) is Trap.SYSCALL
        assert thread.read()["rax"] == number
        assert thread.read()["rbx"] == number
        assert thread.read()["fs_base"] == DATA + 0x100 * number


def test_a_new_thread_starts_clean(machine: BareMachine) -> None:
    """anos-abi 3.6: sane floating-point control words, and nothing of anybody else."""
    machine.execute("48c7c0ffffffff 4889c3 4989c7 0fae1424 " + SYSCALL)
    machine.put("0fae1c24 d97c2408" + SYSCALL)  # stmxcsr, fnstcw
    thread = machine.thread(stack_pointer=STACK - 0x100)
    before = machine.thread().read()
    assert before == {}
    assert machine.run(thread) is Trap.SYSCALL
    registers = thread.read()
    stack = machine.memory.read(0x22_0000 + PAGE - 0x100, 10)
    assert int.from_bytes(stack[:4], "little") == 0x1F80
    assert int.from_bytes(stack[8:], "little") == 0x37F
    assert registers["rbx"] == registers["r15"] == registers["rax"] == 0
    assert registers["rsp"] == STACK - 0x100
    assert registers["rflags"] & 0x200


def test_an_ended_thread_is_forgotten(machine: BareMachine) -> None:
    machine.put(SYSCALL)
    thread = machine.thread()
    machine.run(thread)
    thread.forget()
    assert thread.read() == {}
    assert machine.execute(SYSCALL)[0] is Trap.SYSCALL
