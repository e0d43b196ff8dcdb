"""The report of a process that died: what it did, where, and on which way it came there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anos_sim.hw.vcpu import PC

from .abi import PAGE_BYTES, Status
from .objects import SystemCall
from .physical import COW, DEVICE, FRAME_MASK, NO_EXECUTE, PRESENT, SHARED, USER, WRITE

if TYPE_CHECKING:
    from .cpu import Cpu
    from .kernel import Kernel
    from .process import Process
    from .thread import Thread

FRAMES_MAX = 16
_ROWS = (("rax", "rbx", "rcx", "rdx"), ("rsi", "rdi", "rbp", "rsp"), ("r8", "r9", "r10", "r11"),
         ("r12", "r13", "r14", "r15"))  # fmt: skip


def fault_report(
    kernel: Kernel, cpu: Cpu, thread: Thread, cause: str, page: int | None = None
) -> str:
    """A page of text: cause, registers, mapping, backtrace, last calls.

    `page` is the page whose use was the fault, if it was one.
    """
    process = thread.process
    registers = thread.registers.read()
    pc = cpu.state[PC]
    lines = [
        f"{process} thread {thread.tid} died at {pc:#x}: {cause}",
        f"  rip {pc:#018x}{kernel.symbols.describe(process, pc)}",
    ]
    for row in _ROWS:
        lines.append("  " + "  ".join(f"{name:<3} {registers.get(name, 0):016x}" for name in row))
    lines.append(f"  mapping at rip: {describe_mapping(process, pc)}")
    if page is not None:
        lines.append(f"  mapping at {page:#x}: {describe_mapping(process, page)}")
    lines.append("  backtrace:")
    for number, address in enumerate(backtrace(process, pc, registers.get("rbp", 0))):
        where = kernel.symbols.describe(process, address, is_return=number > 0)
        lines.append(f"    #{number:<2} {address:#x}{where}")
    lines.append("  last calls, newest first:")
    lines += [f"    {line}" for line in _last_calls(process, thread)] or ["    none"]
    return "\n".join(lines)


def describe_mapping(process: Process, address: int) -> str:
    """What is mapped at an address, in words."""
    entry = process.space.entry(address) if address < 1 << 47 else 0
    if not entry & PRESENT:
        region = process.space.regions.find(address)
        return f"nothing, inside region {region.start:#x}-{region.end:#x}" if region else "nothing"
    rights = "r" + ("w" if entry & WRITE else "-") + ("-" if entry & NO_EXECUTE else "x")
    if not entry & USER:
        rights = "---"
    kinds = {DEVICE: " device", SHARED: " shared", COW: " copy-on-write"}
    kind = "".join(text for bit, text in kinds.items() if entry & bit)
    return f"{address & ~(PAGE_BYTES - 1):#x} -> frame {entry & FRAME_MASK:#x} {rights}{kind}"


def backtrace(process: Process, pc: int, frame_pointer: int) -> list[int]:
    """Return addresses, innermost first, along the chain of frame pointers."""
    addresses = [pc]
    while frame_pointer and not frame_pointer & 7 and len(addresses) < FRAMES_MAX:
        words = process.space.load(frame_pointer, 16)
        if words is None:
            break
        above, address = int.from_bytes(words[:8], "little"), int.from_bytes(words[8:], "little")
        if not address:
            break
        addresses.append(address)
        if above <= frame_pointer:
            break
        frame_pointer = above
    return addresses


def _last_calls(process: Process, thread: Thread) -> list[str]:
    lines = []
    for cookie, arguments, pc, status in thread.registers.last_calls():
        capability = process.capabilities.get(cookie)
        target = capability.target if capability else None
        call = target.show(arguments) if isinstance(target, SystemCall) else f"cookie {cookie:#x}"
        outcome = "no answer" if status is None else "ok" if not status else Status(status).name
        lines.append(f"{call} {outcome} at {pc:#x}")
    return lines
