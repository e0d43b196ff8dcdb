"""Calls 1, 2, 20 and 23 to 26: the log, firmware tables, interrupts, the framebuffer."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from anos_sim.hw.acpi import TABLES_BEGIN, TABLES_END

from . import console
from .abi import LOG_BYTES, PAGE_BYTES, Rights, Status, Sysno
from .errors import SyscallError
from .log import LogRead
from .objects import DEVICE_RIGHTS, PhysicalRange
from .syscall import is_user, require_user, syscall
from .thread import ThreadState

"""Where a PC's firmware leaves its tables."""

if TYPE_CHECKING:
    from .kernel import Kernel
    from .thread import Thread


@syscall(Sysno.DEBUG_PRINT)
def kprint(kernel: Kernel, caller: Thread, text_pointer: int) -> int:
    """Append a text to the log; always OK, even if it is out of reach."""
    if is_user(text_pointer):
        text = caller.process.space.load_text(text_pointer, LOG_BYTES)
        if text:
            kernel.log.write(text)
            console.write(kernel, caller.process, text)
            feed_log_readers(kernel)
    return 0


@syscall(Sysno.DEBUG_CHAR)
def kputchar(kernel: Kernel, caller: Thread, character: int) -> int:
    """Show one character on the host's console, not in the ring; 0 is nothing."""
    if character & 0xFF:
        console.write(kernel, caller.process, bytes([character & 0xFF]))
    return 0


@syscall(Sysno.READ_KERNEL_LOG)
def read_kernel_log(
    kernel: Kernel, caller: Thread, buffer: int, size_bytes: int, flags: int
) -> int | None:
    """Take what is in the log, or wait until there is something.

    Raises:
        SyscallError(BADARGS): no room, or a buffer the caller may not write.
    """
    if not is_user(buffer) or not size_bytes:
        raise SyscallError(Status.BADARGS)
    log = kernel.log
    if not len(log):
        read = LogRead(caller, buffer, size_bytes)
        if not caller.process.space.writable(buffer, 1):
            raise SyscallError(Status.BADARGS)
        log.waiting.append(read)
        kernel.block(caller, ThreadState.LOG, read)
        return None
    data = log.peek(size_bytes)
    if not caller.process.space.store(buffer, data):
        raise SyscallError(Status.BADARGS)
    log.consume(len(data))
    return len(data)


def feed_log_readers(kernel: Kernel) -> None:
    """Something was written: readers that wait get it, in order."""
    log = kernel.log
    while log.waiting and len(log):
        read = log.waiting.popleft()
        data = log.peek(read.size_bytes)
        if read.thread.process.space.store(read.buffer, data):
            log.consume(len(data))
            kernel.wake(read.thread, 0, len(data))
        else:
            kernel.wake(read.thread, Status.BADARGS, 0)


def require_devices(kernel: Kernel) -> None:
    """Raise NOT_IMPL where STAGE3 has no such call and the policy keeps to that."""
    if not (kernel.policy.devices_everywhere or kernel.architecture.devices_on_stage3):
        raise SyscallError(Status.NOT_IMPL)


@syscall(Sysno.MAP_FIRMWARE_TABLES)
def map_firmware_tables(kernel: Kernel, caller: Thread, rsdp: int) -> int:
    """Copy out the ACPI root pointer, once per boot.

    Raises:
        SyscallError(NOT_IMPL): STAGE3 has no such call on this architecture (`bearer`).
        SyscallError(BADARGS): the caller may not write it there.
        SyscallError(FAILURE): somebody has had it.
    """
    require_devices(kernel)
    require_user(rsdp)
    if kernel.firmware_tables_taken:
        raise SyscallError(Status.FAILURE)
    if not caller.process.space.store(rsdp, kernel.machine.rsdp):
        raise SyscallError(Status.BADARGS)
    kernel.firmware_tables_taken = True
    ram = kernel.memory.begin
    tables = PhysicalRange(ram + TABLES_BEGIN, ram + TABLES_END)
    kernel.policy.created(
        caller.process, tables, Rights.READ | Rights.GRANT, "map_firmware_tables", caller
    )
    return 0


@syscall(Sysno.ALLOC_INTERRUPT_VECTOR)
def alloc_interrupt_vector(
    kernel: Kernel, caller: Thread, bdf: int, address_pointer: int, data_pointer: int
) -> int:
    """Allocate an MSI vector; its address and data go to the caller. BDF is only noted.

    Raises:
        SyscallError(NOT_IMPL): STAGE3 has no such call on this architecture (`bearer`).
        SyscallError(BADARGS): a pointer the caller may not write through.
        SyscallError(INCAPABLE): it holds no vectors (`derived`).
        SyscallError(FAILURE): all of its vectors are in use.
    """
    require_devices(kernel)
    space = caller.process.space
    require_user(address_pointer)
    require_user(data_pointer)
    if not space.writable(address_pointer, 8) or not space.writable(data_pointer, 4):
        raise SyscallError(Status.BADARGS)
    page = kernel.architecture.addresses.interrupts
    addresses = [page + (cpu.index << 12) for cpu in kernel.cpus]
    ranges = kernel.policy.vector_ranges(caller)
    vector = kernel.vectors.allocate(caller.process, bdf & 0xFFFF_FFFF, addresses, ranges)
    if vector is None:
        raise SyscallError(Status.FAILURE)
    caller.process.vectors.append(vector)
    kernel.policy.allocated(caller, vector)
    space.store(address_pointer, struct.pack("<Q", vector.address))
    space.store(data_pointer, struct.pack("<I", vector.number))
    return vector.number


@syscall(Sysno.WAIT_INTERRUPT)
def wait_interrupt(kernel: Kernel, caller: Thread, number: int, event_pointer: int) -> int | None:
    """Wait for an interrupt; the event data is always 0.

    Raises:
        SyscallError(BADARGS): a pointer the caller may not write through.
        SyscallError(FAILURE): no vector of this process, or a slow consumer's.
    """
    require_user(event_pointer)
    space = caller.process.space
    if event_pointer and not space.writable(event_pointer, 4):
        raise SyscallError(Status.BADARGS)
    vector = kernel.vectors.find(number & 0xFF)
    if vector is None or vector.owner is not caller.process or vector.slow:
        raise SyscallError(Status.FAILURE)
    if vector.first is not None:
        kernel.used(caller, vector.first, Rights.RECEIVE)
    if vector.events:
        event = vector.events.popleft()
        if event_pointer:
            space.store(event_pointer, struct.pack("<I", event))
        return 0
    vector.waiting.append((caller, event_pointer))
    kernel.block(caller, ThreadState.INTERRUPT, vector)
    return None


@syscall(Sysno.GET_FRAMEBUFFER_PHYS)
def get_framebuffer_phys(kernel: Kernel, caller: Thread, info: int) -> int:
    """Describe the framebuffer.

    Raises:
        SyscallError(BADARGS): the caller may not write 40 bytes there.
    """
    require_user(info)
    screen = kernel.machine.framebuffer
    record = struct.pack(
        "<QIIII16x", screen.physical, screen.width, screen.height, screen.pitch, 32
    )
    if not caller.process.space.store(info, record):
        raise SyscallError(Status.BADARGS)
    _hold_screen(kernel, caller)
    return 0


def _hold_screen(kernel: Kernel, caller: Thread) -> None:
    """Who asks for the framebuffer may map it, from the first time on."""
    screen = kernel.machine.framebuffer
    end = screen.physical + screen.size_bytes + PAGE_BYTES - 1 & -PAGE_BYTES
    for held in caller.process.ranges:
        if held.target.extent == (screen.physical, end - screen.physical):
            return
    pixels = PhysicalRange(screen.physical, end)
    how = "get_framebuffer_phys"
    kernel.policy.created(caller.process, pixels, DEVICE_RIGHTS, how, caller)
