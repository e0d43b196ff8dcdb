"""vCPUs over page tables made by hand: no kernel, so a test sees exactly what a CPU does."""

from __future__ import annotations

from typing import Self

from anos_sim.hw.arch import DEFAULT, Architecture
from anos_sim.hw.memory import Memory
from anos_sim.hw.vcpu import (
    COOKIE,
    FAULT_ACCESS,
    FAULT_PAGE,
    LIMIT,
    NOW,
    NUMBER,
    PC,
    PS_PER_BYTE,
    PS_PER_MMIO,
    PS_PER_TRAP,
    THREAD,
    TRAP,
    Board,
    Registers,
    Trap,
    Vcpu,
)

RAM_BYTES = 32 << 20
PAGE = 0x1000
CODE, DATA, STACK = 0x100_0000, 0x4000_0000, 0x4400_0000
"""Where a bare machine has code (one frame), data and a stack (one page below it)."""
CODE_FRAME, DATA_FRAME, STACK_FRAME = 0x20_0000, 0x21_0000, 0x22_0000
DEVICES, DEVICES_BYTES = 0xE000_0000, 0x10_0000
FOREVER = 1 << 60


class RecordingBus:
    """Answers reads with their address and remembers every access."""

    def __init__(self) -> None:
        self.accesses: list[tuple[str, int, int, int]] = []
        self.failure: Exception | None = None

    def read(self, address: int, size: int) -> int:
        """All bytes of the answer are the low byte of the address."""
        if self.failure is not None:
            raise self.failure
        self.accesses.append(("read", address, size, 0))
        return int.from_bytes(bytes([address & 0xFF]) * size, "little")

    def write(self, address: int, size: int, value: int) -> None:
        """Remember what was stored."""
        self.accesses.append(("write", address, size, value))


class BareMachine:
    """Some CPUs, RAM, and one address space with code, data and a stack.

    Each CPU has up to `engines` engines, for as many address spaces. RAM begins at 0.
    """

    def __init__(
        self, cpus: int = 1, engines: int = 2, architecture: Architecture = DEFAULT
    ) -> None:
        self.architecture, self.bits = architecture, architecture.pages
        self.memory = Memory(RAM_BYTES)
        self.bus = RecordingBus()
        self.board = Board(self.memory, self.bus, engines, architecture)
        self.cpus = [Vcpu(self.board, index) for index in range(cpus)]
        for cpu in self.cpus:
            cpu.state[PS_PER_BYTE], cpu.state[PS_PER_MMIO] = 250, 100_000
            cpu.state[PS_PER_TRAP] = 200_000
            cpu.map_devices(DEVICES, DEVICES_BYTES)
        self._threads: list[Registers] = []
        self._tables = self.memory.kernel_begin
        self.root = self.new_root()
        self.roots = [self.root]
        self.map_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for thread in self._threads:
            thread.forget()
        for cpu in self.cpus:
            cpu.close()

    def map_all(self) -> None:
        """Map code, data and stack below `root`."""
        self.map(CODE, CODE_FRAME, "rwx")
        self.map(DATA, DATA_FRAME, "rw")
        self.map(STACK - PAGE, STACK_FRAME, "rw")

    def new_root(self) -> int:
        """An empty top table."""
        return self._new_table()

    def _new_table(self) -> int:
        self._tables += PAGE
        return self._tables - PAGE

    def map(self, address: int, physical: int, rights: str) -> None:
        """Map one page; `rights` has some of r, w, x. Nothing is flushed."""
        words, table, bits = self.memory.words, self.root, self.bits
        for shift in (39, 30, 21):
            slot = (table >> 3) + (address >> shift & 511)
            if not words[slot]:
                words[slot] = self._new_table() >> 12 << bits.frame_shift | bits.table
            table = bits.frame(words[slot]) << 12
        entry = physical >> 12 << bits.frame_shift | bits.present | bits.user
        entry |= bits.write if "w" in rights else 0
        entry |= bits.execute if "x" in rights else bits.no_execute
        words[(table >> 3) + (address >> 12 & 511)] = entry

    def add_space(self) -> None:
        """One more address space, with the same memory: as another process would have it."""
        root = self._new_table()
        self.memory.write(root, self.memory.read(self.root, PAGE))
        self.roots.append(root)

    def thread(
        self, entry: int = CODE, stack_pointer: int = STACK - 0x100, space: int = 0
    ) -> Registers:
        """A thread that has not run yet. It lives as long as the machine: a CPU may know it."""
        root = self.roots[space % len(self.roots)]
        made = Registers(root, entry, stack_pointer, self.architecture)
        self._threads.append(made)
        return made

    def put(self, code: str | bytes, physical: int = CODE_FRAME) -> None:
        """Store code, in hex or as it is."""
        self.memory.write(physical, bytes.fromhex(code) if isinstance(code, str) else code)

    def run(self, thread: Registers, cpu: int = 0, limit_ps: int = FOREVER) -> Trap:
        """Run a thread on a CPU until it traps; says why."""
        vcpu = self.cpus[cpu]
        vcpu.state[THREAD], vcpu.state[LIMIT] = thread.address, limit_ps
        vcpu.run()
        return Trap(vcpu.state[TRAP])

    def execute(self, code: str | bytes, cpu: int = 0) -> tuple[Trap, dict[str, int]]:
        """Store code, run a new thread in it, return the trap and the registers."""
        self.put(code)
        thread = self.thread()
        trap = self.run(thread, cpu)
        return trap, thread.read()

    def now_ps(self, cpu: int = 0) -> int:
        """A CPU's time."""
        return self.cpus[cpu].state[NOW]

    def pc(self, cpu: int = 0) -> int:
        """Where the last run of a CPU stopped."""
        return self.cpus[cpu].state[PC]

    def cookie(self, cpu: int = 0) -> int:
        """The call that the last run ended with, 0 if it ended otherwise."""
        return self.cpus[cpu].state[COOKIE]

    def number(self, cpu: int = 0) -> int:
        """The vector or port of the last trap."""
        return self.cpus[cpu].state[NUMBER]

    def fault(self, cpu: int = 0) -> tuple[int, int]:
        """Page and access of the last page fault."""
        return self.cpus[cpu].state[FAULT_PAGE], self.cpus[cpu].state[FAULT_ACCESS]
