"""A program that does nothing but make the cheapest call, to compare the policies.

    PYTHONPATH=tests .venv/bin/python -m support.null_call

Both kernels run in turns, so that whatever else the host does meets both. Prints the
CPU time of a call under each policy, and the median of the ratios.
"""

from __future__ import annotations

import statistics
import struct
import sys
import time
from collections.abc import Callable

import attrs

from anos_sim.stage3.abi import LAST_SYSNO, Sysno
from anos_sim.stage3.kernel import Kernel
from anos_sim.stage3.objects import SystemCall

from .architectures import DEFAULT
from .kernel import SCRATCH, boot_image, code_image
from .machine_code import A0, A7, ECALL, S1, addi, jump, ld, li

X86_64 = bytes.fromhex(
    "48a1 0000004000000000"  # mov rax, [SCRATCH]
    "4889c3"  # mov rbx, rax
    "4989d9"  # again: mov r9, rbx
    "bf00010040"  # mov edi, SCRATCH + 0x100
    "0f05"  # syscall
    "ebf4"  # jmp again
)
RISCV64 = li(S1, SCRATCH) + ld(A7, S1) + addi(A0, S1, 0x100) + ECALL + jump(-8)
"""The same: of its five steps the last three are gone through again and again."""
CODE = {"x86_64": X86_64, "riscv64": RISCV64}
ROUNDS, CALLS = 31, 20_000


def boot(policy: str) -> Kernel:
    """A kernel whose SYSTEM asks how much memory there is, for ever."""
    image = attrs.evolve(code_image(CODE[DEFAULT]), highest_call=int(LAST_SYSNO))
    kernel = boot_image(image, policy)
    system = kernel.processes[1]
    cookie = next(
        cookie
        for cookie, held in system.capabilities.items()
        if isinstance(held.target, SystemCall) and held.target.number == Sysno.MEMSTATS
    )
    system.space.store(SCRATCH, struct.pack("<Q", cookie))
    run(kernel, 100)
    return kernel


def run(kernel: Kernel, count: int) -> int:
    """Let it make about so many calls; returns how many."""
    start = kernel.syscall_count()
    while kernel.syscall_count() < start + count:
        assert kernel.advance(1), kernel.outcome
    return kernel.syscall_count() - start


def seconds_each(kernel: Kernel) -> float:
    """CPU time of one call."""
    start = time.process_time()
    count = run(kernel, CALLS)
    return (time.process_time() - start) / count


def steps_each(kernel: Kernel) -> float:
    """Functions that Python enters for one call; does not depend on the host."""
    steps = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal steps
        steps += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        calls = run(kernel, 1000)
    finally:
        sys.setprofile(None)
    return steps / calls


def compare(measure: Callable[[Kernel], float]) -> tuple[float, float]:
    """A figure under `derived` and under `bearer`, each once."""
    kernels = [boot(policy) for policy in ("derived", "bearer")]
    try:
        derived, bearer = [measure(kernel) for kernel in kernels]
    finally:
        for kernel in kernels:
            kernel.close()
            kernel.machine.close()
    return derived, bearer


def main() -> None:
    """Measure and print."""
    derived, bearer = boot("derived"), boot("bearer")
    pairs = [(seconds_each(derived), seconds_each(bearer)) for _ in range(ROUNDS)]
    ratio = statistics.median(first / second for first, second in pairs)
    for name, times in zip(("derived", "bearer"), zip(*pairs, strict=True), strict=True):
        print(f"{name:8} {min(times) * 1e6:.3f} us a call")
    print(f"derived / bearer: {ratio:.3f}, the median of {ROUNDS} pairs")


if __name__ == "__main__":
    main()
