"""What each kind of fault does. Each says what it met; "" if there was nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs

from anos_sim.hw.arch import PageBits
from anos_sim.hw.ata import AtaDisk
from anos_sim.hw.clock import PS_PER_NS
from anos_sim.hw.disk import SECTOR_BYTES
from anos_sim.hw.drive import FAILED, Answer, Operation, Transfer, done
from anos_sim.hw.fis import TaskFile
from anos_sim.hw.memory import FRAME_BYTES, FRAME_SHIFT, BusError
from anos_sim.hw.vcpu import NOW
from anos_sim.stage3 import lifecycle
from anos_sim.stage3.abi import ProcessEnd
from anos_sim.stage3.channel import Message
from anos_sim.stage3.process import Process
from anos_sim.stage3.thread import Thread

from .fault import Fault
from .shortage import Shortage
from .taps import DriveTap, find_process

if TYPE_CHECKING:
    from .inject import Injector

WRITES = (Transfer.DMA_OUT, Transfer.QUEUED_OUT, Transfer.PIO_OUT)
READS = (Transfer.DMA_IN, Transfer.QUEUED_IN)
FLUSHES = (0xE7, 0xEA)
ABORTED, UNCORRECTABLE = 0x04, 0x40


# ---- processes ----


def kill(injector: Injector, fault: Fault, *_: object) -> str:
    """End a process, as a fault of its own would; then some of its successors."""
    process = find_process(injector.kernel, fault.target)
    if process is not None:
        left = injector.successors_left = fault.detail.get("successors", 0)
        fault = attrs.evolve(fault, detail={**fault.detail, "successors": left - 1})
    if injector.successors_left:
        injector.later(fault.detail["ns"], injector.act, fault)
    if process is None:
        return ""
    what = f"{process} ends"
    lifecycle.end_process(injector.kernel, process, "killed by a fault", ProcessEnd.FAULTED)
    return what


def _thread(injector: Injector, fault: Fault) -> Thread | None:
    process = find_process(injector.kernel, fault.target)
    if process is None or not process.threads:
        return None
    return process.threads[fault.detail.get("thread", 0) % len(process.threads)]


def flip_register(injector: Injector, fault: Fault, *_: object) -> str:
    """Flip a bit of a general register."""
    thread = _thread(injector, fault)
    names = injector.kernel.architecture.registers
    name = names[fault.detail["register"] % len(names)]
    bit = fault.detail["bit"]
    if thread is None or not thread.registers.flip(name, bit):
        return ""
    return f"{thread}: bit {bit} of {name}"


def flip_stack(injector: Injector, fault: Fault, *_: object) -> str:
    """Flip a bit near the top of a thread's stack."""
    thread = _thread(injector, fault)
    if thread is None:
        return ""
    address = thread.registers.call_site()[1] + fault.detail["offset"]
    space = thread.process.space
    return _flip(injector, thread.process, address, space.entry(address), fault.detail["bit"])


def flip_code(injector: Injector, fault: Fault, *_: object) -> str:
    """Flip a bit in a page that may be executed."""
    return _flip_page(injector, fault, lambda bits, entry: bits.may_execute(entry))


def flip_heap(injector: Injector, fault: Fault, *_: object) -> str:
    """Flip a bit in a page that may be written."""
    return _flip_page(injector, fault, lambda bits, entry: bool(entry & bits.write))


def _flip_page(injector: Injector, fault: Fault, fits: Callable[[PageBits, int], bool]) -> str:
    process = find_process(injector.kernel, fault.target)
    if process is None:
        return ""
    zero, bits = injector.kernel.physical.zero_frame, process.space.bits
    pages = [
        (address, entry)
        for address, entry in process.space.mappings()
        if entry & bits.user
        and fits(bits, entry)
        and bits.frame(entry) != zero
        and not entry & bits.device
    ]
    if not pages:
        return ""
    address, entry = pages[fault.detail["page"] % len(pages)]
    return _flip(injector, process, address + fault.detail["offset"], entry, fault.detail["bit"])


def _flip(injector: Injector, process: Process, address: int, entry: int, bit: int) -> str:
    kernel, bits = injector.kernel, process.space.bits
    frame = bits.frame(entry)
    if not entry & bits.present or entry & bits.device or frame == kernel.physical.zero_frame:
        return ""
    at = (frame << FRAME_SHIFT) + address % FRAME_BYTES
    kernel.memory.write(at, bytes([kernel.memory.view[at] ^ 1 << bit]))
    return f"{process}: bit {bit} of the byte at {address:#x}"


# ---- messages, time, memory ----


def delay_message(injector: Injector, fault: Fault, message: Message) -> str:
    """Hold who has been sent a message."""
    return injector.hold(message, fault.detail["ns"])


def revoke(injector: Injector, fault: Fault, message: Message) -> str:
    """Take from a sender the right that it has just sent by, and all that it gave on."""
    right = message.capability
    if not right.alive or right.parent is None or not right.parent.alive:
        return ""
    what = f"{right.holder} loses {right.target}"
    injector.kernel.policy.revoke(message.sender, right.parent, right.holder)
    return what


def jump(injector: Injector, fault: Fault, *_: object) -> str:
    """Let the calendar jump."""
    injector.kernel.machine.rtc.epoch_s += fault.detail["seconds"]
    return f"{fault.detail['seconds']:+} s"


def stall(injector: Injector, fault: Fault, *_: object) -> str:
    """Let all CPUs stand still, as firmware may."""
    kernel = injector.kernel
    for cpu in kernel.cpus:
        cpu.state[NOW] = max(cpu.state[NOW], kernel.clock.now_ps) + fault.detail["ns"] * PS_PER_NS
    return f"{fault.detail['ns']:,} ns"


def no_memory(injector: Injector, fault: Fault, *_: object) -> str:
    """Let no frame be had for a while; those that are in use stay."""
    if injector.shortage is not None:
        return ""
    shortage = injector.shortage = Shortage(injector.kernel)

    def relieve() -> None:
        shortage.end()
        injector.shortage = None

    injector.later(fault.detail["ns"], relieve)
    return f"for {fault.detail['ns']:,} ns"


# ---- interrupts ----


def disturb(
    injector: Injector,
    fault: Fault,
    arrive: Callable[[int, int], None],
    address: int,
    data: int,
) -> None:
    """Do to an interrupt what a fault says."""
    what = f"vector {data & 0xFF:#x}"
    if fault.kind == "irq-double":
        arrive(address, data)
        arrive(address, data)
    elif fault.kind == "irq-delay":
        injector.later(fault.detail["ns"], arrive, address, data)
    elif fault.kind == "irq-corrupt":
        other = data ^ 1 << fault.detail["bit"]
        what += f" becomes {other & 0xFF:#x}"
        arrive(address, other)
    injector.note(fault, what)


# ---- disks ----


def fits(fault: Fault, operation: Operation) -> bool:
    """Is this a command that the fault is about?"""
    kind = fault.kind
    if kind in ("torn-write", "lost-write", "misdirected-write"):
        return operation.transfer in WRITES and operation.sectors > (kind == "torn-write")
    if kind == "lying-read":
        return operation.transfer in READS
    if kind == "lost-flush":
        return operation.fis.command in FLUSHES
    return kind == "hung-disk" or operation.sectors > 0


def spoil(
    injector: Injector, fault: Fault, tap: DriveTap, operation: Operation, data: bytes
) -> Answer:
    """Carry out a command as a fault has it; returns the drive's answer."""
    detail, kind = fault.detail, fault.kind
    write = operation.transfer in WRITES
    what = f"{'write' if write else 'command'} {operation.fis.command:#x} of sector {operation.lba}"
    drive, execute = tap.drive, tap.drive.execute
    if kind == "medium-error" and isinstance(drive, AtaDisk):
        before, drive.disk.bad_sectors = drive.disk.bad_sectors, frozenset([operation.lba])
        answer = execute(operation, data)
        drive.disk.bad_sectors = before
    elif kind == "torn-write":
        count = min(detail["sectors"], operation.sectors - 1)
        if count:
            part = attrs.evolve(operation, sectors=count, byte_count=count * SECTOR_BYTES)
            execute(part, data[: count * SECTOR_BYTES])
        answer = TaskFile(FAILED, UNCORRECTABLE, lba=operation.lba + count), b""
        what += f": {count} of {operation.sectors} sectors"
    elif kind in ("lost-write", "lost-flush"):
        answer = done()
    elif kind == "misdirected-write":
        last = drive.disk.sector_count if isinstance(drive, AtaDisk) else operation.lba + 1
        lba = (operation.lba + detail["distance"]) % max(1, last - operation.sectors)
        answer = execute(attrs.evolve(operation, lba=lba), data)
        what += f" goes to {lba}"
    elif kind == "lying-read":
        task, found = execute(operation, data)
        spoilt = bytearray(found)
        if spoilt:
            spoilt[detail["offset"] % len(spoilt)] ^= 1 << detail["bit"]
        answer = task, bytes(spoilt)
    elif kind == "hung-disk":
        answer = execute(operation, data)
        tap.on_next = lambda: injector.later(0, _hang, injector, fault, tap)
        return answer
    else:
        answer = execute(operation, data)
        _fail_next_transfer(injector)
    injector.note(fault, what)
    return answer


def _hang(injector: Injector, fault: Fault, tap: DriveTap) -> None:
    """What the drive has been given never ends, until it is reset."""
    engine = tap.engine
    engine.generation += 1
    injector.note(fault, f"commands in slots {sorted(engine.in_flight)} never end")


def _fail_next_transfer(injector: Injector) -> None:
    """The next thing that a device writes to memory ends in a bus error."""
    memory = injector.kernel.memory

    def fail(address: int, data: bytes | memoryview) -> None:
        del memory.dma_write
        raise BusError(f"a fault at {address:#x}")

    memory.dma_write = fail  # type: ignore[method-assign]


Effect = Callable[..., str]
EFFECTS: dict[str, Effect] = {
    "kill": kill,
    "flip-register": flip_register,
    "flip-stack": flip_stack,
    "flip-code": flip_code,
    "flip-heap": flip_heap,
    "message-delay": delay_message,
    "revoke": revoke,
    "clock-jump": jump,
    "stall": stall,
    "no-memory": no_memory,
}
"""Those that happen between two turns; the others happen to a command or an interrupt."""
