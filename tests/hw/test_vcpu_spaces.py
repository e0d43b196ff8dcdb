"""A CPU turns from one address space to another: registers and memory are each thread's own."""

from __future__ import annotations

import pytest

from anos_sim.hw.vcpu import Trap
from support.bare_cpu import CODE_FRAME, DATA, DATA_FRAME, PAGE, BareMachine
from support.machine_code import X86_64, MachineCode, languages

SPACES = 9
CALL = X86_64.call.hex()


@languages
@pytest.mark.parametrize("engines", [1, 2, 4])
@pytest.mark.parametrize("cpus", [1, 3])
def test_threads_of_many_address_spaces_take_turns(
    code: MachineCode, cpus: int, engines: int
) -> None:
    with BareMachine(cpus, engines, code.architecture) as machine:
        for _ in range(SPACES - 1):
            machine.add_space()
        machine.put(code.count)
        threads = [machine.thread(space=space) for space in range(SPACES) for _ in range(2)]
        for turn in range(10 * len(threads)):
            thread, cpu = threads[turn * 7 % len(threads)], turn % cpus
            limit = machine.now_ps(cpu) + 50_000
            assert machine.run(thread, cpu, limit) is Trap.BUDGET
        blocks = -(-50_000 // (250 * len(code.count)))
        counts = [thread.read()[code.result] for thread in threads]
        assert counts == [10 * blocks] * len(threads)


@languages
@pytest.mark.parametrize("engines", [1, 2, 4])
def test_each_space_has_its_own_memory_at_one_address(code: MachineCode, engines: int) -> None:
    """Private page tables: nine spaces count in nine frames, all at the address DATA."""
    with BareMachine(1, engines, code.architecture) as machine:
        machine.put(code.bump(DATA))
        roots = []
        for space in range(SPACES):
            machine.root = machine.new_root()
            machine.map_all()
            machine.map(DATA, DATA_FRAME + space * PAGE, "rw")
            roots.append(machine.root)
        machine.roots = roots
        for turn in range(1, 6):
            for space in range(SPACES):
                thread = machine.thread(space=space)
                assert machine.run(thread) is Trap.SYSCALL
                assert thread.read()[code.result] == turn
        counts = [machine.memory.view[DATA_FRAME + space * PAGE] for space in range(SPACES)]
        assert counts == [5] * SPACES


@languages
def test_a_flush_concerns_the_space_that_it_names(code: MachineCode) -> None:
    with BareMachine(1, 2, code.architecture) as machine:
        machine.put(code.load(DATA))
        machine.add_space()
        for space in (0, 1):
            assert machine.run(machine.thread(space=space)) is Trap.SYSCALL
        machine.memory.write(DATA_FRAME + PAGE, bytes([9]))
        machine.map(DATA, DATA_FRAME + PAGE, "rw")
        for root in machine.roots:
            machine.board.flush(root)
        for space in (0, 1):
            thread = machine.thread(space=space)
            assert machine.run(thread) is Trap.SYSCALL
            assert thread.read()[code.result] == 9


@languages
@pytest.mark.parametrize("changed", [1, 2])
def test_a_flush_of_a_page_leaves_the_others_in_the_tlb(code: MachineCode, changed: int) -> None:
    """Until two pages must go: then all does."""
    pages = [DATA, DATA + PAGE, DATA + 2 * PAGE]
    with BareMachine(architecture=code.architecture) as machine:
        for number, page in enumerate(pages):
            machine.map(page, DATA_FRAME + number * PAGE, "rw")
        machine.put(b"".join(code.load(page) for page in pages))

        def seen() -> list[int]:
            thread, values = machine.thread(), []
            for _ in pages:
                assert machine.run(thread) is Trap.SYSCALL
                values.append(thread.read()[code.result])
            return values

        assert seen() == [0, 0, 0]
        machine.memory.write(DATA_FRAME + 3 * PAGE, bytes([9]))
        for page in pages:
            machine.map(page, DATA_FRAME + 3 * PAGE, "rw")
        for page in pages[:changed]:
            machine.board.flush(machine.root, page)
        assert seen() == ([9, 0, 0] if changed == 1 else [9, 9, 9])


@pytest.mark.parametrize("engines", [1, 2])
def test_a_crash_costs_only_the_thread_that_crashed(engines: int) -> None:
    with BareMachine(1, engines) as machine:
        machine.add_space()
        machine.put("bb2a000000" + CALL + "89d8" + CALL)
        survivors = [machine.thread(space=space) for space in (0, 1)]
        for survivor in survivors:
            assert machine.run(survivor) is Trap.SYSCALL
        machine.memory.write(CODE_FRAME + 0x800, bytes.fromhex("90 f0 0f ab e3"))
        machine.memory.write(CODE_FRAME + 0xFFC, bytes.fromhex("90 90 f0 0f"))
        machine.map(0x100_1000, CODE_FRAME + PAGE, "rx")
        machine.memory.write(CODE_FRAME + PAGE, bytes.fromhex("ab e3"))
        assert machine.run(machine.thread(0x100_0FFC, space=1)) is Trap.CRASH
        machine.cpus[0].replace()
        for survivor in survivors:
            assert machine.run(survivor) is Trap.SYSCALL
            assert survivor.read()["rax"] == 42
