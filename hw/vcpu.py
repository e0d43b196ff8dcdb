"""Virtual CPUs: run user code until it traps, and say why it stopped.

A CPU is a few Unicorn engines over the board's RAM, driven by `vcpu.c` and the C
files beside it; only one of a board runs at a time. A trap costs one foreign
call: both sides read and write one structure of 64-bit words, which Python sees
as a memoryview (`Vcpu.state`, indexed by the constants below).

What a CPU knows of a thread is a `Registers`; it can run on any CPU of its board.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from .arch import DEFAULT, Architecture
from .arch.trap import Trap as Trap
from .memory import FRAME_SHIFT, Memory

# Slots of `Vcpu.state`: struct vcpu in vcpu.h.
THREAD, RESULT_TYPE, RESULT_VALUE = 2, 3, 4
ROOTS, FLUSH = 5, 9
"""By engine of the CPU: the root of what its TLB holds, and what of that must go."""
CALLS, CODE = 13, 14
NOW, LIMIT, PS_PER_BYTE, PS_PER_MMIO, PS_PER_TRAP = 15, 16, 17, 18, 19
TRAP, NUMBER, FAULT_PAGE, FAULT_ACCESS, ERROR = 20, 21, 22, 23, 24
COOKIE, ARGUMENT0, PC, SP = 25, 26, 31, 32
TURNED, TURN_COUNT = 33, 34
"""Set to 1: the CPU has turned to its thread since it ran last. And how often it did."""
BLOCKED, RAN = 35, 36
"""Set while events are recorded: why the thread waits that ran last. And the id of that one."""
STATE_WORDS = 383
ENGINES_MAX, ENGINES_PER_CPU_MAX = 16, 4

# Slots of `Registers.words`: struct thread in vcpu.h.
LOADED_ON, FRESH, ENTRY, STACK_POINTER, THREAD_ROOT = 1, 2, 3, 4, 5
THREAD_RESULT_SET, THREAD_RESULT_TYPE, THREAD_RESULT_VALUE = 6, 7, 8
TIME, CALL_COUNT, THREAD_ID, HISTORY = 9, 11, 12, 13
HISTORY_MAX, HISTORY_RECORD_WORDS = 16, 8
NO_RESULT = 1
"""In a record of the history: the call has not returned."""
_WALKED_WORDS = 2 * 8
THREAD_WORDS = HISTORY + HISTORY_MAX * HISTORY_RECORD_WORDS + 1 + _WALKED_WORDS

# Slots of struct board.
_RAM, _RAM_END, _FRAME_COUNT, _FRAMES, _ENGINES_PER_CPU = 0, 1, 2, 3, 4
_MMIO_READ, _MMIO_WRITE = 22, 23
_FLIPS, _INVALIDATIONS, _SLOW_FRAMES, _SUSPECTS, SLOW_VALUE = 24, 25, 26, 27, 28
EVENTS = 29
"""Where the events go; 0: nowhere."""
_FLUSH_ROOT, _RAM_BEGIN, _ARCHITECTURE, _FLUSH_PAGE = 30, 31, 32, 33
_BOARD_WORDS = 34

EVERY_PAGE = 1
"""In place of a page's address: all of them."""

MAY_RUN = 0xFFFF_0000
"""In `Board.uses`: some engine may run the frame, so a store must be told of."""

CPUS_MAX = 16
ACCESS_READ, ACCESS_WRITE, ACCESS_FETCH = 16, 17, 18
"""Unicorn's access kinds, as they stand in `FAULT_ACCESS`."""


class DeviceBus(Protocol):
    """Where the CPUs' accesses to device windows go."""

    def read(self, address: int, size: int) -> int:
        """Return 1, 2 or 4 bytes at a physical address."""

    def write(self, address: int, size: int, value: int) -> None:
        """Store 1, 2 or 4 bytes at a physical address."""


class EngineError(Exception):
    """The engine could not be set up: a broken installation, not a program's doing."""


_MmioRead = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint64)
_MmioWrite = ctypes.CFUNCTYPE(
    None, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint64
)


@cache
def library() -> ctypes.PyDLL:
    """Load Unicorn and our C library once, and install the signal guard."""
    unicorn = find_spec("unicorn")
    if unicorn is None or unicorn.origin is None:
        raise EngineError("the unicorn package is not installed: pip install unicorn==2.1.4")
    ctypes.CDLL(str(Path(unicorn.origin).parent / "lib" / "libunicorn.so.2"), ctypes.RTLD_GLOBAL)
    ours = Path(__file__).with_name("libvcpu.so")
    if not ours.exists():
        raise EngineError(f"{ours} is missing: run `anos-sim build`, or install the package again")
    loaded = ctypes.PyDLL(str(ours))
    pointer, word = ctypes.c_void_p, ctypes.c_uint64
    signatures: dict[str, tuple[type | None, list[type]]] = {
        "vcpu_install_guard": (None, []),
        "vcpu_open": (ctypes.c_int, [pointer]),
        "vcpu_replace": (ctypes.c_int, [pointer]),
        "vcpu_close": (None, [pointer]),
        "vcpu_run": (None, [pointer]),
        "vcpu_lower_limit": (None, [pointer, word]),
        "vcpu_forget": (None, [pointer]),
        "vcpu_set_thread_pointer": (None, [pointer, word]),
        "vcpu_registers": (ctypes.c_int, [pointer, word, pointer]),
        "vcpu_flip": (ctypes.c_int, [pointer, word, word, word]),
        "vcpu_map": (ctypes.c_int, [pointer, word, word, pointer]),
        "events_open": (pointer, [ctypes.c_char_p]),
        "events_close": (None, [pointer]),
        "events_out": (pointer, [pointer]),
        "events_attach": (None, [pointer, ctypes.py_object, pointer]),
        "events_pack": (ctypes.c_int64, [pointer]),
        "events_clear": (None, [pointer]),
        "events_unpack": (ctypes.c_int64, [pointer, ctypes.c_char_p, word]),
        "board_stored": (None, [pointer, word, word]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(loaded, name)
        function.restype, function.argtypes = result, arguments
    loaded.vcpu_install_guard()
    return loaded


class Board:
    """What all engines of a machine share: RAM, the use of each frame, the devices.

    Each CPU has up to `engines_per_cpu` engines, opened as address spaces come;
    all CPUs together have at most 16. `before_device` is called before a device
    sees an access: the kernel sets the clock there. An exception in a device
    model would be swallowed by the engine, so it is kept in `failure`; the
    caller of `Vcpu.run` raises it.
    """

    def __init__(
        self,
        memory: Memory,
        bus: DeviceBus,
        engines_per_cpu: int = 1,
        architecture: Architecture = DEFAULT,
    ) -> None:
        self.memory = memory
        self.architecture = architecture
        self.engines_per_cpu = engines_per_cpu
        self.bus = bus
        self.failure: BaseException | None = None
        self.before_device: Callable[[Vcpu], None] = lambda cpu: None
        self.on_access: Callable[[bool, int, int, int], None] | None = None
        """Hears (is it a write, address, bytes, value) of every access to a device."""
        self.cpus: list[Vcpu] = []
        frame_count = memory.kernel_begin >> FRAME_SHIFT
        self._uses = (ctypes.c_uint64 * frame_count)()
        self.uses = memoryview(self._uses).cast("B").cast("Q")
        self._words = (ctypes.c_uint64 * _BOARD_WORDS)()
        self.words = memoryview(self._words).cast("B").cast("Q")
        self.address = ctypes.addressof(self._words)
        self._read = _MmioRead(self._device_read)
        self._write = _MmioWrite(self._device_write)
        self.words[_RAM] = memory.host_address
        self.words[_RAM_BEGIN] = memory.begin
        self.words[_RAM_END] = memory.kernel_begin
        self.words[_ARCHITECTURE] = architecture.number
        self.words[_FRAME_COUNT] = frame_count
        self.words[_ENGINES_PER_CPU] = engines_per_cpu
        self.words[_FRAMES] = ctypes.addressof(self._uses)
        self.words[_MMIO_READ] = ctypes.cast(self._read, ctypes.c_void_p).value or 0
        self.words[_MMIO_WRITE] = ctypes.cast(self._write, ctypes.c_void_p).value or 0
        self._stored = library().board_stored
        self._flush = partial(library()["board_flush"], ctypes.byref(self._words))
        self._flush.func.restype = None  # type: ignore[attr-defined]
        memory.on_store = self.stored

    def stored(self, first_frame: int, count: int) -> None:
        """Make the engines forget translations of frames that were stored into."""
        if count == 1:
            if first_frame < len(self.uses) and self.uses[first_frame] & MAY_RUN:
                self._stored(self.address, first_frame, 1)
        else:
            self._stored(self.address, first_frame, count)

    def check(self) -> None:
        """Raise what a device model raised."""
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure

    def _fail(self, cpu: int, error: BaseException) -> None:
        self.failure = error
        self.cpus[cpu].lower_limit(0)

    def flush(self, root: int, page: int = EVERY_PAGE) -> None:
        """A page of the address space with this root changed: no CPU goes on with old entries."""
        words = self.words
        words[_FLUSH_ROOT], words[_FLUSH_PAGE] = root, page
        self._flush()

    def statistics(self) -> dict[str, int]:
        """Counters of the code-or-data rule (docs/memory-map.md)."""
        return {
            "flips": self.words[_FLIPS],
            "invalidations": self.words[_INVALIDATIONS],
            "slow_frames": self.words[_SLOW_FRAMES],
            "suspects": self.words[_SUSPECTS],
        }

    def _device_read(self, cpu: int, address: int, size: int) -> int:
        try:
            self.before_device(self.cpus[cpu])
            value = self.bus.read(address, size)
            if self.on_access is not None:
                self.on_access(False, address, size, value)
            return value
        except BaseException as error:
            self._fail(cpu, error)
            return 0

    def _device_write(self, cpu: int, address: int, size: int, value: int) -> None:
        try:
            self.before_device(self.cpus[cpu])
            if self.on_access is not None:
                self.on_access(True, address, size, value)
            self.bus.write(address, size, value)
        except BaseException as error:
            self._fail(cpu, error)


class Registers:
    """A thread as the CPUs see it: registers, root of its page tables, its calls' results.

    `words` is struct thread of vcpu.h, shared with the C side.
    """

    def __init__(
        self, root: int, entry: int, stack_pointer: int, architecture: Architecture = DEFAULT
    ) -> None:
        self.architecture = architecture
        self._words = (ctypes.c_uint64 * THREAD_WORDS)()
        self.words = memoryview(self._words).cast("B").cast("Q")
        self.address = ctypes.addressof(self._words)
        words = self.words
        words[FRESH], words[ENTRY], words[STACK_POINTER] = 1, entry, stack_pointer
        words[THREAD_ROOT] = root

    def set_result(self, status: int, value: int) -> None:
        """The result of the call it made: it gets it when it runs next."""
        words = self.words
        words[THREAD_RESULT_SET] = 1
        words[THREAD_RESULT_VALUE] = value
        if status:
            words[THREAD_RESULT_TYPE] = status & 0xFFFF_FFFF_FFFF_FFFF

    def read(self) -> dict[str, int]:
        """The general registers by name; {} if it never ran."""
        names = self.architecture.registers
        values = (ctypes.c_uint64 * len(names))()
        number = self.architecture.number
        if library().vcpu_registers(self.address, number, ctypes.addressof(values)):
            return {}
        return dict(zip(names, values, strict=True))

    def flip(self, name: str, bit: int) -> bool:
        """Flip a bit of a general register, as a fault would; False if it never ran."""
        names = self.architecture
        place = names.registers.index(name)
        return not library().vcpu_flip(self.address, names.number, place, bit)

    def register(self, name: str) -> int:
        """One general register; 0 if it never ran."""
        names = self.architecture
        values = (ctypes.c_uint64 * len(names.registers))()
        if library().vcpu_registers(self.address, names.number, ctypes.addressof(values)):
            return 0
        return values[names.registers.index(name)]

    def call_site(self) -> tuple[int, int]:
        """Program counter and stack pointer; zeros if it never ran."""
        registers = self.read()
        names = self.architecture
        return registers.get(names.pc, 0), registers.get(names.stack_pointer, 0)

    def last_calls(self) -> list[tuple[int, tuple[int, ...], int, int | None]]:
        """The last system calls, newest first: (cookie, arguments, pc, status or None)."""
        count = self.words[CALL_COUNT]
        calls = []
        for number in range(count - 1, max(-1, count - 1 - HISTORY_MAX), -1):
            at = HISTORY + number % HISTORY_MAX * HISTORY_RECORD_WORDS
            record = self.words[at : at + HISTORY_RECORD_WORDS].tolist()
            status = None if record[7] == NO_RESULT else ctypes.c_int64(record[7]).value
            calls.append((record[0], tuple(record[1:6]), record[6], status))
        return calls

    def forget(self) -> None:
        """The thread has ended: free what the engines keep of it."""
        library().vcpu_forget(self.address)


class Vcpu:
    """One CPU. Fill `state`, call `run`, read `state`; times are in picoseconds."""

    def __init__(self, board: Board, index: int) -> None:
        self.board = board
        self.index = index
        self._library = library()
        self._words = (ctypes.c_uint64 * STATE_WORDS)()
        self.state = memoryview(self._words).cast("B").cast("Q")
        self.address = ctypes.addressof(self._words)
        self.enter: Callable[[], None] = partial(
            self._library["vcpu_run"], ctypes.byref(self._words)
        )
        self.enter.func.restype = None  # type: ignore[attr-defined]
        """`run` without the check of `Board.failure`: the kernel's fast path.

        A function object of its own, without argument types: the cheapest call there is.
        """
        self.state[0] = board.address
        self.state[1] = index
        board.cpus.append(self)
        self._check_step(self._library.vcpu_open(self.address))

    def _check_step(self, step: int) -> None:
        if step:
            raise EngineError(f"CPU {self.index}: the engine refused step {step} of its set-up")

    def map_memory(self, base: int, size_bytes: int, host_address: int) -> None:
        """Make host memory appear at a physical address, as data only."""
        if self._library.vcpu_map(self.address, base, size_bytes, host_address):
            raise EngineError(f"CPU {self.index}: cannot map memory at {base:#x}+{size_bytes:#x}")

    def map_devices(self, base: int, size_bytes: int) -> None:
        """Route a physical range to the board's bus."""
        if self._library.vcpu_map(self.address, base, size_bytes, None):
            raise EngineError(f"CPU {self.index}: cannot map devices at {base:#x}+{size_bytes:#x}")

    def run(self) -> None:
        """Run until a trap; a device model's exception comes out here."""
        self.enter()
        self.board.check()

    def lower_limit(self, limit_ps: int) -> None:
        """Stop a burst earlier than planned; safe while the engine runs."""
        self._library.vcpu_lower_limit(self.address, limit_ps)

    def replace(self) -> None:
        """Put a new engine in the place of one that crashed; the registers in it are lost."""
        self._check_step(self._library.vcpu_replace(self.address))

    def leave(self, root: int) -> None:
        """An address space ends: its tables will be someone else's."""
        state = self.state
        for slot in range(self.board.engines_per_cpu):
            if state[ROOTS + slot] == root:
                state[ROOTS + slot] = 0
                state[FLUSH + slot] = EVERY_PAGE

    def code_bytes(self) -> int:
        """Bytes of code executed so far, counted by blocks."""
        return self.state[CODE] // self.state[PS_PER_BYTE]

    def set_thread_pointer(self, address: int) -> None:
        """Set the thread pointer of the thread whose registers the engine has."""
        self._library.vcpu_set_thread_pointer(self.address, address)

    def close(self) -> None:
        """Free its engines."""
        self._library.vcpu_close(self.address)
