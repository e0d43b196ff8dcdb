"""Drives tests/guest/fuzz.c: makes one call from ring 3, and sees what it changed."""

from __future__ import annotations

import hashlib
from typing import Self

import attrs

from anos_sim.hw.memory import FRAME_SHIFT
from anos_sim.stage3.abi import PAGE_BYTES, STACK_TOP, USER_END, Sysno
from anos_sim.stage3.kernel import Kernel
from anos_sim.stage3.objects import SystemCall
from anos_sim.stage3.process import Process
from anos_sim.stage3.thread import ThreadState

from .invariants import check_kernel
from .kernel import boot_image, end_everything, program_image

AREA, CONTROL = 0x5_0000_0000, 0x6_0000_0000
PAGES = [AREA + index * PAGE_BYTES for index in range(13)]
"""One of each kind, as fuzz.c maps them."""
BLOCK_BYTES, WORKERS = 88, 6
ZERO = bytes(PAGE_BYTES)
TABLES_MAX = 64
"""More page tables than that take too long to look at after each call."""
READY, GO, SLOW, COOKIE, ARGUMENT0, TYPE, VALUE = 0, 1, 2, 3, 4, 9, 10
TURNS_TO_START, TURNS_A_CALL = 2000, 60
WAITING = (ThreadState.SENDING, ThreadState.RECEIVING, ThreadState.INTERRUPT, ThreadState.LOG)


@attrs.frozen
class Held:
    """An argument that is a cookie the program holds: the index-th of them."""

    index: int


@attrs.frozen
class Request:
    """A call to make. `number` 0 is a cookie that nobody holds."""

    number: int
    arguments: tuple[int | Held, ...]
    slow: bool = False


@attrs.frozen
class Answer:
    """What a call came back with."""

    type: int
    value: int


class Caller:
    """The program, booted and ready; `close` it."""

    def __init__(self, policy: str, cpus: int) -> None:
        self.kernel = boot_image(program_image("fuzz", own_calls=True), policy, cpus)
        self.process: Process = self.kernel.processes[1]
        for _ in range(TURNS_TO_START):
            self.kernel.advance(1)
            if all(self._word(worker, READY) for worker in range(WORKERS)):
                break
        else:
            raise AssertionError("the program does not get ready")
        self.tables_free = self.kernel.physical.tables.free_count

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kernel.close()
        self.kernel.machine.close()

    def _slot(self, worker: int, field: int) -> int:
        """Where a word of a worker's block is in RAM; -1 if the page is gone."""
        entry, bits = self.process.space.entry(CONTROL), self.process.space.bits
        if not entry & bits.present or entry & bits.cow:
            return -1
        return (bits.frame(entry) << FRAME_SHIFT) + worker * BLOCK_BYTES + field * 8 >> 3

    def _word(self, worker: int, field: int) -> int:
        slot = self._slot(worker, field)
        return self.kernel.memory.words[slot] if slot >= 0 else 0

    def is_over(self) -> bool:
        """Has the program, or the run, ended?"""
        return self.kernel.outcome is not None or self.process.pid not in self.kernel.processes

    def idle_worker(self) -> int | None:
        """A worker that can make a call, unless it is time to end."""
        if self.is_over() or self._slot(0, GO) < 0:
            return None
        if self.tables_free - self.kernel.physical.tables.free_count > TABLES_MAX:
            return None
        free = [w for w in range(WORKERS) if self._word(w, READY) == 1 and not self._word(w, GO)]
        return free[0] if free else None

    def cookie_of(self, number: int) -> int:
        """The cookie of a call, 12345 if there is none."""
        for cookie, capability in self.process.capabilities.items():
            target = capability.target
            if isinstance(target, SystemCall) and target.number == number:
                return cookie
        return 12345

    def value_of(self, argument: int | Held) -> int:
        """What stands in the register."""
        if isinstance(argument, int):
            return argument
        held = [*reversed(self.process.capabilities), *self.process.messages]
        return held[argument.index % len(held)]

    def make(self, worker: int, request: Request) -> Answer | None:
        """Let a worker make a call; None if it has not come back at once."""
        words = self.kernel.memory.words
        slot = self._slot(worker, 0)
        values = [self.value_of(argument) for argument in request.arguments]
        words[slot + SLOW] = int(request.slow)
        words[slot + COOKIE] = self.cookie_of(request.number)
        for index, value in enumerate(values):
            words[slot + ARGUMENT0 + index] = value
        words[slot + GO] = 1
        for _ in range(TURNS_A_CALL):
            if not self.kernel.advance(1):
                return None
            if not self._word(worker, GO) and self._slot(worker, GO) >= 0:
                return Answer(self._word(worker, TYPE), self._word(worker, VALUE))
        return None

    def finish(self) -> None:
        """End everything; nothing may be lost."""
        self.kernel.outcome = None
        end_everything(self.kernel)


def digest(kernel: Kernel, process: Process) -> dict[str, object]:
    """All that a program could see of itself, by name; its own stacks and data count by place.

    A zero page that appears in an AUTOMAP region is no change, nor is a private copy.
    """
    memory, bits = kernel.memory, process.space.bits
    pages = {}
    for address, entry in process.space.mappings():
        own = address < STACK_TOP + (256 << 20) or address == CONTROL
        frame = bits.frame(entry) << FRAME_SHIFT
        if entry & bits.device:
            content = f"device {frame:#x}"
        elif own:
            content = "own"
        else:
            data = bytes(memory.view[frame : frame + PAGE_BYTES])
            content = "zero" if data == ZERO else hashlib.sha1(data).hexdigest()
        if content in ("zero", "own") and process.space.regions.automap(address):
            continue
        pages[address] = (content, bool(entry & (bits.write | bits.cow)), bits.may_execute(entry))
    capabilities = {
        cookie: (str(held.target), int(held.rights))
        for cookie, held in process.capabilities.items()
    }
    return {
        "pages": pages,
        "regions": [(region.start, region.end) for region in process.space.regions.all()],
        "capabilities": capabilities,
        "messages": {cookie: message.number for cookie, message in process.messages.items()},
        "dma": list(process.dma_runs),
        "vectors": [vector.number for vector in process.vectors],
        "threads": len(process.threads),
        "next pid": kernel.next_pid,
        "processes being built": len(kernel.building),
        "log": bytes(kernel.log.peek(1 << 20)),
        "windows": {page: entry & ~bits.accessed for page, entry in process.space.windows.items()},
        "firmware": kernel.firmware_tables_taken,
    }


def check_after(kernel: Kernel) -> None:
    """Between two calls: the invariants."""
    if kernel.outcome is None or not kernel.outcome.panic:
        check_kernel(kernel)


CALLS = [*sorted(int(number) for number in Sysno), 0]
BOUNDARIES = [0, 1, 2, 3, 8, 0xFFF, PAGE_BYTES, PAGE_BYTES + 1, 2 * PAGE_BYTES, 1 << 21, 1 << 30,
              USER_END - 1, USER_END, USER_END + 1, 1 << 62, 1 << 63, (1 << 64) - PAGE_BYTES,
              (1 << 64) - 1, 0xFFFF_8000_0000_0000, 1 << 39, 0xE000_0000, 0x10_0000]  # fmt: skip
ADDRESSES = [*PAGES, *(page + 8 for page in PAGES[1:5]), *(page + 0xFFC for page in PAGES),
             USER_END - PAGE_BYTES, USER_END - 2 * PAGE_BYTES, USER_END - 8,
             CONTROL + PAGE_BYTES]  # fmt: skip
