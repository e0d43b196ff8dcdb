"""A RISC-V CPU alone: code that changes, its counters, and what is atomic."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from anos_sim.hw.arch import ARCHITECTURES
from anos_sim.hw.vcpu import (
    ACCESS_FETCH,
    NOW,
    Trap,
)
from support.bare_cpu import (
    CODE,
    CODE_FRAME,
    DATA,
    DATA_FRAME,
    PAGE,
    BareMachine,
)
from support.machine_code import (
    A0,
    CYCLE,
    FENCE_I,
    INSTRET,
    NOP,
    RISCV_CALL,
    S0,
    S1,
    T0,
    T1,
    T2,
    TIME,
    ZERO,
    add,
    addi,
    atomic,
    branch,
    jump,
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


# ---- code ----


def test_a_function_may_change_itself(machine: BareMachine) -> None:
    """With FENCE.I between store and use, as the architecture asks for."""
    stored = int.from_bytes(addi(S0, ZERO, 9), "little")
    code = li(T1, stored) + word(0x297) + store(2, T1, T0, 12) + FENCE_I  # auipc t0, 0
    trap, registers = machine.execute(code + addi(S0, ZERO, 5) + RISCV_CALL)
    assert trap is Trap.SYSCALL
    assert registers["s0"] == 9


def test_a_loop_that_changes_itself_sees_each_change(machine: BareMachine) -> None:
    """Adds to the immediate of an ADDI that it then runs, fifty times."""
    head = li(A0, 50) + li(T2, 1 << 20)
    body = [word(0x297), lw(T1, T0, 20), add(T1, T1, T2), store(2, T1, T0, 20), FENCE_I,
            addi(S1, ZERO, 0), add(S0, S0, S1), addi(A0, A0, -1)]  # fmt: skip
    loop = b"".join(body)
    code = head + loop + branch(1, A0, ZERO, -len(loop)) + RISCV_CALL
    trap, registers = machine.execute(code)
    assert trap is Trap.SYSCALL
    assert registers["s0"] == sum(range(1, 51))


@pytest.mark.parametrize("writer", ["same", "other", "host"])
def test_an_instruction_across_two_pages_follows_its_second_half(writer: str) -> None:
    """ADDI with its upper half, where the number is, on the next page."""
    alias = 0x0400_0000
    with BareMachine(cpus=2, architecture=ARCHITECTURE) as machine:
        machine.map(CODE + PAGE, CODE_FRAME + 5 * PAGE, "rx")
        machine.map(alias, CODE_FRAME + 5 * PAGE, "rw")
        machine.memory.write(CODE_FRAME + 5 * PAGE + 2, RISCV_CALL)
        for number in range(5):
            instruction = addi(S0, ZERO, number)
            if writer == "host" or not number:
                machine.memory.write(CODE_FRAME + PAGE - 2, instruction[:2])
                machine.memory.write(CODE_FRAME + 5 * PAGE, instruction[2:])
            else:
                half = int.from_bytes(instruction[2:], "little")
                machine.put(li(T0, alias) + li(T1, half) + store(1, T1, T0) + RISCV_CALL)
                assert machine.run(machine.thread(), int(writer == "other")) is Trap.SYSCALL
            thread = machine.thread(CODE + PAGE - 2)
            assert machine.run(thread) is Trap.SYSCALL
            assert thread.read()["s0"] == number


def test_an_instruction_whose_second_page_is_missing_faults_there(machine: BareMachine) -> None:
    machine.memory.write(CODE_FRAME + PAGE - 2, NOP[:2])
    assert machine.run(machine.thread(CODE + PAGE - 2)) is Trap.PAGE_FAULT
    assert machine.fault() == (CODE + PAGE, ACCESS_FETCH)


# ---- time ----


@pytest.mark.parametrize("at", [0, PAGE - 2])
@pytest.mark.parametrize(
    ("counter", "expected"), [(CYCLE, 3_000_002), (TIME, 30_000), (INSTRET, 2)]
)
def test_counters_show_virtual_time(
    machine: BareMachine, counter: int, expected: int, at: int
) -> None:
    """A cycle is 1 ns and a tick of `time` 100 ns; an instruction is taken for four bytes."""
    machine.map(CODE + PAGE, CODE_FRAME + PAGE, "rx")
    machine.memory.write(CODE_FRAME + at, read_csr(S0, counter) + NOP + RISCV_CALL)
    machine.cpus[0].state[NOW] = 3_000_001_250
    thread = machine.thread(CODE + at)
    assert machine.run(thread) is Trap.SYSCALL
    assert thread.read()["s0"] == (expected if counter != INSTRET else 1)
    assert machine.now_ps() == 3_000_001_250 + 16 * 250 + 200_000


def test_a_counter_is_the_same_in_every_run() -> None:
    def run() -> list[int]:
        with BareMachine(architecture=ARCHITECTURE) as machine:
            body = b"".join(read_csr(S0, counter) for counter in (CYCLE, INSTRET, TIME, CYCLE))
            machine.put(body + add(S1, S1, S0) + jump(-len(body) - 4))
            thread, found = machine.thread(), []
            for turn in range(1, 20):
                machine.run(thread, limit_ps=turn * 1_000_000)
                found.append(thread.read()["s1"])
            return found

    assert run() == run()


def test_a_counter_goes_nowhere_if_nobody_wants_it(machine: BareMachine) -> None:
    trap, registers = machine.execute(read_csr(ZERO, CYCLE) + addi(S0, ZERO, 3) + RISCV_CALL)
    assert trap is Trap.SYSCALL
    assert registers["s0"] == 3


@pytest.mark.parametrize("limit_ps", [1, 2_000, 999_999, 10_000_000])
def test_preemption_is_exact(machine: BareMachine, limit_ps: int) -> None:
    machine.put(addi(S0, S0, 1) + jump(-4))
    thread = machine.thread()
    for number in range(1, 6):
        assert machine.run(thread, limit_ps=number * limit_ps) is Trap.BUDGET
        assert number * limit_ps <= machine.now_ps() < number * limit_ps + 2000
        assert thread.read()["s0"] == machine.now_ps() // 2000
        assert machine.pc() == CODE


# ---- atomic operations ----


def test_an_atomic_operation_is_one_on_every_cpu() -> None:
    """Two CPUs count in one word, by AMOADD and by LR/SC, each stopped all the time."""
    add_one = atomic(0, ZERO, T0, T1)
    retry = atomic(2, T2, T0) + addi(T2, T2, 1) + atomic(3, A0, T0, T2) + branch(1, A0, ZERO, -12)
    head = li(T0, DATA) + li(T1, 1) + li(S0, 500)
    for body in (add_one, retry):
        with BareMachine(cpus=2, architecture=ARCHITECTURE) as machine:
            loop = body + addi(S0, S0, -1)
            machine.put(head + loop + branch(1, S0, ZERO, -len(loop)) + RISCV_CALL)
            threads = [machine.thread(), machine.thread()]
            running = {0, 1}
            for turn in range(100_000):
                cpu = turn % 2
                if cpu in running:
                    limit = machine.now_ps(cpu) + 4_000 + turn * 37 % 5_000
                    if machine.run(threads[cpu], cpu, limit) is Trap.SYSCALL:
                        running.discard(cpu)
            assert not running
            assert int.from_bytes(machine.memory.read(DATA_FRAME, 8), "little") == 1000


def test_a_reservation_ends_with_the_time_of_its_thread(machine: BareMachine) -> None:
    """Else a store that came and went between LR and SC would not be seen."""
    begin = li(T0, DATA) + atomic(2, T1, T0)
    code = begin + jump(4) + atomic(3, S0, T0, T1) + RISCV_CALL
    machine.put(code)
    undisturbed = machine.thread()
    assert machine.run(undisturbed) is Trap.SYSCALL
    assert undisturbed.read()["s0"] == 0
    stopped = machine.thread()
    assert machine.run(stopped, limit_ps=machine.now_ps() + 1) is Trap.BUDGET
    assert machine.pc() == CODE + len(begin) + 4
    assert machine.run(stopped) is Trap.SYSCALL
    assert stopped.read()["s0"] == 1


def test_another_address_breaks_a_store_conditional(machine: BareMachine) -> None:
    code = li(T0, DATA) + atomic(2, T1, T0) + addi(T0, T0, 8) + atomic(3, S0, T0, T1)
    assert machine.execute(code + RISCV_CALL)[1]["s0"] == 1
