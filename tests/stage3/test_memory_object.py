"""Memory objects: counted once, mapped by right, handed on by nothing else."""

from __future__ import annotations

import struct

import pytest

from anos_sim.stage3.abi import PAGE_BYTES, Rights, Sysno
from anos_sim.stage3.process import Process
from support.direct import DirectKernel
from support.invariants import check_kernel
from support.kernel import SCRATCH

AT = 0x5000_0000
RW = 3


def test_its_frames_are_zeroed_and_come_back_with_the_last_right() -> None:
    with DirectKernel() as direct:
        free = direct.kernel.frames.free_count
        memory = direct.value(Sysno.CREATE_MEMORY, 3 * PAGE_BYTES)
        assert direct.kernel.frames.free_count == free - 3
        direct.value(Sysno.MAP_MEMORY, memory, AT, 0, 3 * PAGE_BYTES, RW)
        assert direct.system.space.load(AT, 3 * PAGE_BYTES) == bytes(3 * PAGE_BYTES)
        cookie, process, (theirs,) = direct.child(memory)
        direct.call(process.threads[0], Sysno.MAP_MEMORY, theirs, AT, 0, PAGE_BYTES, RW)
        direct.system.space.store(AT, b"seen")
        assert process.space.load(AT, 4) == b"seen"
        direct.value(Sysno.DROP, memory)
        assert direct.system.space.load(AT, 4) is None
        assert process.space.load(AT, 4) == b"seen"
        check_kernel(direct.kernel)
        direct.value(Sysno.KILL_PROCESS, cookie)
        assert direct.kernel.physical.memory_objects == {}


def test_a_process_that_is_being_built_keeps_it_alive() -> None:
    with DirectKernel() as direct:
        memory = direct.value(Sysno.CREATE_MEMORY, PAGE_BYTES)
        built = direct.value(Sysno.BUILD_PROCESS, 1)
        direct.value(Sysno.GIVE, built, memory, 0)
        direct.value(Sysno.DROP, memory)
        assert len(direct.kernel.physical.memory_objects) == 1
        direct.value(Sysno.KILL_PROCESS, built)
        assert direct.kernel.physical.memory_objects == {}


def test_losing_write_takes_writable_pages_and_leaves_the_others() -> None:
    with DirectKernel() as direct:
        memory = direct.value(Sysno.CREATE_MEMORY, 2 * PAGE_BYTES)
        reader = direct.value(Sysno.MINT, memory, Rights.READ | Rights.GRANT, 0)
        _, process, (writes, reads) = direct.child(memory, reader)
        thread = process.threads[0]
        direct.call(thread, Sysno.MAP_MEMORY, writes, AT, 0, PAGE_BYTES, RW)
        direct.call(thread, Sysno.MAP_MEMORY, writes, AT + PAGE_BYTES, PAGE_BYTES, PAGE_BYTES, 1)
        direct.call(thread, Sysno.DROP, writes)
        assert process.space.load(AT, 1) is None
        assert process.space.load(AT + PAGE_BYTES, 1) == b"\0"
        assert direct.status(thread, Sysno.PROTECT, PAGE_BYTES, AT + PAGE_BYTES, RW) == "FAILURE"
        direct.call(thread, Sysno.DROP, reads)
        assert process.space.load(AT + PAGE_BYTES, 1) is None


@pytest.mark.parametrize(("policy", "inherits"), [("derived", False), ("bearer", True)])
def test_create_process_hands_it_on_only_under_bearer(policy: str, inherits: bool) -> None:
    with DirectKernel(policy) as direct:
        memory = direct.value(Sysno.CREATE_MEMORY, PAGE_BYTES)
        direct.value(Sysno.MAP_MEMORY, memory, AT, 0, PAGE_BYTES, RW)
        child = _create_process(direct)
        assert bool(child.space.entry(AT)) == inherits
        bits = direct.system.space.bits
        assert direct.system.space.entry(AT) & (bits.shared | bits.cow) == bits.shared
        check_kernel(direct.kernel)


def _create_process(direct: DirectKernel) -> Process:
    """A child that would inherit the page at AT."""
    block = struct.pack(
        "<QQQBB6xQH6xQ8x", SCRATCH, 0x6000_0000, 4 * PAGE_BYTES, 1, 1, SCRATCH + 0x100, 0, 0
    )
    direct.system.space.store(SCRATCH, block)
    direct.system.space.store(SCRATCH + 0x100, struct.pack("<QQ", AT, PAGE_BYTES))
    return direct.kernel.processes[direct.value(Sysno.CREATE_PROCESS, SCRATCH)]


def test_a_page_that_a_message_brought_is_not_handed_on_either() -> None:
    with DirectKernel() as direct:
        memory = direct.value(Sysno.CREATE_MEMORY, PAGE_BYTES)
        line = direct.value(Sysno.CREATE_CHANNEL)
        cookie, process, (send, theirs) = direct.child(line, memory)
        thread = process.threads[0]
        direct.call(thread, Sysno.MAP_MEMORY, theirs, AT, 0, PAGE_BYTES, RW)
        direct.call(thread, Sysno.SEND_MESSAGE, send, 1, 8, AT)
        message = direct.value(Sysno.RECV_MESSAGE, line, 0, 0, AT)
        frame = direct.system.space.bits.frame(direct.system.space.entry(AT))
        assert frame == process.space.bits.frame(process.space.entry(AT))
        assert _create_process(direct).space.entry(AT) == 0
        direct.value(Sysno.DROP, memory)
        assert direct.system.space.store(AT, b"answer")
        assert direct.value(Sysno.REPLY_MESSAGE, message, 1) == message
        assert direct.system.space.entry(AT) == 0
        direct.value(Sysno.KILL_PROCESS, cookie)


def test_without_memory_nothing_is_left_behind() -> None:
    with DirectKernel() as direct:
        free = direct.kernel.frames.free_count
        too_much = (free + 1) * PAGE_BYTES
        assert direct.status(direct.main, Sysno.CREATE_MEMORY, too_much) == "FAILURE"
        assert direct.kernel.frames.free_count == free
