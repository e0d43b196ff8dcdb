"""A frame is code or data: whoever stores, and through whatever mapping, new code is what runs."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anos_sim.hw.vcpu import ACCESS_FETCH, Trap
from support.bare_cpu import CODE, CODE_FRAME, DATA, DATA_FRAME, PAGE, STACK, BareMachine
from support.machine_code import X86_64, MachineCode, languages

CALL = "41b9 07000000 0f05"
ANSWER = 0x0300_0000
"""Where the code under test is: mov eax, N; call."""
ALIAS, ALIAS_RWX = 0x0400_0000, 0x0500_0000
FRAMES = 3
ANSWER_FRAME = 0x30_0000


class Codes(BareMachine):
    """Some frames of code, each mapped to run, to write, and to do both."""

    def __init__(self, code: MachineCode, cpus: int = 2) -> None:
        super().__init__(cpus, architecture=code.architecture)
        self.code = code
        self.put(code.store)
        for frame in range(FRAMES):
            physical = ANSWER_FRAME + frame * PAGE
            self.map(ANSWER + frame * PAGE, physical, "rx")
            self.map(ALIAS + frame * PAGE, physical, "rw")
            self.map(ALIAS_RWX + frame * PAGE, physical, "rwx")
            self.memory.write(physical, code.answer(0))

    def call(self, cpu: int, frame: int, base: int = ANSWER, space: int = 0) -> int:
        """Run a frame's code and return what it says."""
        thread = self.thread(base + frame * PAGE, space=space)
        assert self.run(thread, cpu) is Trap.SYSCALL
        return thread.read()[self.code.result]

    def store(self, cpu: int, frame: int, number: int, base: int = ALIAS, space: int = 0) -> None:
        """Let a CPU change what a frame's code says."""
        offset, content = self.code.number(number)
        words = (base + frame * PAGE + offset).to_bytes(8, "little") + content
        self.memory.write(0x22_0000 + PAGE - 0x100, words)
        assert self.run(self.thread(CODE, STACK - 0x100, space), cpu) is Trap.SYSCALL

    def host_store(self, frame: int, number: int) -> None:
        """Change it as the kernel does."""
        self.memory.write(ANSWER_FRAME + frame * PAGE, self.code.answer(number))

    def dma_store(self, frame: int, number: int) -> None:
        """Change it as a device does."""
        self.memory.dma_write(ANSWER_FRAME + frame * PAGE, self.code.answer(number))


@languages
@pytest.mark.parametrize("base", [ALIAS, ALIAS_RWX])
@pytest.mark.parametrize(("writer", "runner"), [(0, 0), (0, 1), (1, 0)])
def test_code_that_a_cpu_stored_is_run(
    code: MachineCode, writer: int, runner: int, base: int
) -> None:
    with Codes(code) as machine:
        for number in range(1, 6):
            machine.store(writer, 0, number, base)
            assert machine.call(runner, 0) == number
            assert machine.call(writer, 0, base=ALIAS_RWX) == number


@languages
@pytest.mark.parametrize("by", ["host", "dma"])
def test_code_that_arrived_otherwise_is_run(code: MachineCode, by: str) -> None:
    with Codes(code) as machine:
        for number in range(1, 6):
            (machine.host_store if by == "host" else machine.dma_store)(0, number)
            assert [machine.call(cpu, 0) for cpu in (0, 1)] == [number, number]


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["call", "call", "call rwx", "store", "store rwx", "host", "dma"]),
        st.integers(0, 2),
        st.integers(0, FRAMES - 1),
        st.integers(0, 5),
    ),
    max_size=40,
)


@languages
@settings(max_examples=60)
@given(actions=ACTIONS)
def test_what_was_stored_last_is_what_runs(
    code: MachineCode, actions: list[tuple[str, int, int, int]]
) -> None:
    """By three CPUs, in six address spaces: more than a CPU has engines."""
    said = [0] * FRAMES
    with Codes(code, cpus=3) as machine:
        assert machine.board.engines_per_cpu < 6
        for _ in range(5):
            machine.add_space()
        for number, (what, cpu, frame, space) in enumerate(actions, 1):
            match what:
                case "call":
                    assert machine.call(cpu, frame, ANSWER, space) == said[frame]
                case "call rwx":
                    assert machine.call(cpu, frame, ALIAS_RWX, space) == said[frame]
                case "store":
                    machine.store(cpu, frame, number, ALIAS, space)
                case "store rwx":
                    machine.store(cpu, frame, number, ALIAS_RWX, space)
                case "host":
                    machine.host_store(frame, number)
                case "dma":
                    machine.dma_store(frame, number)
            if not what.startswith("call"):
                said[frame] = number


def test_a_function_may_change_itself_while_it_runs() -> None:
    """mov byte [rip + 1], 9; mov eax, 5: the very next instruction."""
    with BareMachine() as machine:
        trap, registers = machine.execute("c6050100000009 b805000000" + CALL)
        assert trap is Trap.SYSCALL
        assert registers["rax"] == 9


def test_a_loop_that_changes_itself_sees_each_change() -> None:
    """inc byte [the number]; mov eax, number; loop 50 times, adding up."""
    with BareMachine() as machine:
        trap, registers = machine.execute(
            "b932000000 31db"  # mov ecx, 50; xor ebx, ebx
            "fe0501000000 b800000000 01c3 ffc9 75ef" + CALL
        )
        assert trap is Trap.SYSCALL
        assert registers["rbx"] == sum(range(1, 51))
        assert machine.board.statistics()["flips"] < 200


def test_a_program_that_writes_its_own_frame_through_a_data_alias_gets_on() -> None:
    """The store and its target are in one frame: it may be slow but must end."""
    with BareMachine() as machine:
        machine.map(ALIAS, CODE_FRAME, "rw")
        count = "b964000000"  # mov ecx, 100
        load = "48bf" + (ALIAS + 0x800).to_bytes(8, "little").hex()
        trap, _ = machine.execute(count + load + "ff07 ffc9 75fa" + CALL)
        assert trap is Trap.SYSCALL
        assert machine.memory.read(CODE_FRAME + 0x800, 4) == (100).to_bytes(4, "little")


@languages
def test_an_alias_without_exec_never_becomes_executable(code: MachineCode) -> None:
    with Codes(code) as machine:
        machine.call(0, 0)
        machine.store(0, 0, 1)
        assert machine.run(machine.thread(ALIAS)) is Trap.PAGE_FAULT
        assert machine.fault() == (ALIAS, ACCESS_FETCH)


@pytest.mark.parametrize("split", range(1, 5))
@pytest.mark.parametrize("writer", ["same", "other", "host"])
def test_an_instruction_across_two_pages_follows_its_second_half(split: int, writer: str) -> None:
    """mov eax, imm32 with its last bytes on the next page, in another frame."""
    with BareMachine(cpus=2) as machine:
        machine.map(CODE + PAGE, CODE_FRAME + 5 * PAGE, "rx")
        machine.map(ALIAS, CODE_FRAME + 5 * PAGE, "rw")
        code = X86_64.answer(0x11111111)
        start = PAGE - 5 + split
        machine.memory.write(CODE_FRAME + start, code[: 5 - split])
        rest = code[5 - split :]
        machine.memory.write(CODE_FRAME + 5 * PAGE, rest)
        for number in range(1, 5):
            thread = machine.thread(CODE + start)
            assert machine.run(thread) is Trap.SYSCALL
            expected = int.from_bytes((code[: 5 - split] + rest)[1:5], "little")
            assert thread.read()["rax"] == expected
            rest = bytes([number]) * split + rest[split:]
            if writer == "host":
                machine.memory.write(CODE_FRAME + 5 * PAGE, rest)
            else:
                machine.memory.write(DATA_FRAME, rest[:split])
                for at in range(split):  # mov al, [DATA + at]; mov [ALIAS + at], al
                    machine.put(
                        f"a0{(DATA + at).to_bytes(8, 'little').hex()}"
                        f"a2{(ALIAS + at).to_bytes(8, 'little').hex()}" + CALL
                    )
                    cpu = 0 if writer == "same" else 1
                    assert machine.run(machine.thread(), cpu) is Trap.SYSCALL


def test_an_instruction_whose_second_page_is_missing_faults_there() -> None:
    with BareMachine() as machine:
        machine.memory.write(CODE_FRAME + PAGE - 2, b"\xb8\x01")
        assert machine.run(machine.thread(CODE + PAGE - 2)) is Trap.PAGE_FAULT
        assert machine.fault() == (CODE + PAGE, ACCESS_FETCH)


@languages
def test_a_store_by_a_device_stops_code_that_is_running(code: MachineCode) -> None:
    """DMA into the frame that runs, from inside the access that started it."""
    with BareMachine(architecture=code.architecture) as machine:
        machine.map(ALIAS, 0xE000_0000, "rw")
        loop, escape = code.wait(ALIAS), code.call
        machine.memory.write(CODE_FRAME, loop)
        at = CODE_FRAME + len(loop) - len(code.jump_to_self)
        machine.board.before_device = lambda cpu: machine.memory.dma_write(at, escape)
        assert machine.run(machine.thread(), limit_ps=10_000_000) is Trap.SYSCALL
