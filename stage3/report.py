"""The report of a process that died: what it did, where, and on which way it came there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from anos_sim.hw.memory import FRAME_SHIFT
from anos_sim.hw.vcpu import PC

from .abi import PAGE_BYTES, Status
from .objects import SystemCall

if TYPE_CHECKING:
    from anos_sim.hw.arch import Architecture

    from .cpu import Cpu
    from .kernel import Kernel
    from .process import Process
    from .thread import Thread

FRAMES_MAX = 16


def fault_report(
    kernel: Kernel, cpu: Cpu, thread: Thread, cause: str, page: int | None = None
) -> str:
    """A page of text: cause, registers, mapping, backtrace, last calls.

    `page` is the page whose use was the fault, if it was one.
    """
    process = thread.process
    registers, names = thread.registers.read(), kernel.architecture
    pc = cpu.state[PC]
    lines = [
        f"{process} thread {thread.tid} died at {pc:#x}: {cause}",
        f"  {names.pc:<3} {pc:#018x}{kernel.symbols.describe(process, pc)}",
    ]
    for row in names.report:
        lines.append("  " + "  ".join(f"{name:<3} {registers.get(name, 0):016x}" for name in row))
    lines.append(f"  mapping at {names.pc}: {describe_mapping(process, pc)}")
    if page is not None:
        lines.append(f"  mapping at {page:#x}: {describe_mapping(process, page)}")
    lines.append("  backtrace:")
    for number, address in enumerate(backtrace(process, pc, registers, names)):
        where = kernel.symbols.describe(process, address, is_return=number > 0)
        lines.append(f"    #{number:<2} {address:#x}{where}")
    lines.append("  last calls, newest first:")
    lines += [f"    {line}" for line in _last_calls(process, thread)] or ["    none"]
    return "\n".join(lines)


def describe_mapping(process: Process, address: int) -> str:
    """What is mapped at an address, in words."""
    bits = process.space.bits
    entry = process.space.entry(address) if address < 1 << 47 else 0
    if not entry & bits.present:
        region = process.space.regions.find(address)
        return f"nothing, inside region {region.start:#x}-{region.end:#x}" if region else "nothing"
    rights = "r" + ("w" if entry & bits.write else "-")
    rights += "x" if bits.may_execute(entry) else "-"
    if not entry & bits.user:
        rights = "---"
    kinds = {bits.device: " device", bits.shared: " shared", bits.cow: " copy-on-write"}
    kind = "".join(text for bit, text in kinds.items() if entry & bit)
    frame = bits.frame(entry) << FRAME_SHIFT
    return f"{address & ~(PAGE_BYTES - 1):#x} -> frame {frame:#x} {rights}{kind}"


def backtrace(
    process: Process, pc: int, registers: Mapping[str, int], names: Architecture
) -> list[int]:
    """Return addresses, innermost first, along the chain of frame pointers."""
    addresses = [pc]
    frame_pointer = registers.get(names.frame_pointer, 0)
    while frame_pointer and not frame_pointer & 7 and len(addresses) < FRAMES_MAX:
        words = process.space.load(max(frame_pointer + names.frame_record, 0), 16)
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
