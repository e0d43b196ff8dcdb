"""How programs end: their status arrives, SYSTEM hears of it, and nothing of them stays."""

from __future__ import annotations

from typing import Any

import pytest

from anos_sim.stage3.abi import ProcessEnd, Sysno
from anos_sim.stage3.event_log import EventLog
from anos_sim.stage3.events import EventKind
from anos_sim.stage3.kernel import Kernel
from anos_sim.stage3.process import Process
from support.invariants import check_kernel
from support.kernel import TURNS, boot_image, end_everything, run_image
from support.system import entry, system_image

SECOND_PS = 10**12
FEW = ("DEBUG_PRINT", "KILL_CURRENT_TASK", "CREATE_REGION", "CREATE_THREAD", "SLEEP")


def run_programs(*entries: dict[str, Any], policy: str = "derived", cpus: int = 1) -> Kernel:
    """Start programs and let everything become quiet; `close` the kernel and its machine."""
    kernel = boot_image(system_image(entries), policy, cpus)
    kernel.record(EventLog())
    kernel.end_ps = 3 * SECOND_PS
    while kernel.advance(TURNS):
        pass
    return kernel


def close(kernel: Kernel) -> None:
    """All is still whole; then end."""
    check_kernel(kernel)
    kernel.outcome = None
    end_everything(kernel)
    kernel.close()
    kernel.machine.close()


def ends(kernel: Kernel) -> list[tuple[str, str, int]]:
    """Of each process that ended: its name, how, and its status."""
    assert kernel.events is not None
    return [
        (event.text("name"), event.text("how"), event.value("status"))
        for event in kernel.events.events
        if event.kind is EventKind.PROCESS_END
    ]


@pytest.mark.parametrize(
    ("arguments", "calls", "how", "status"),
    [
        (["return", "7"], ["EXIT_PROCESS"], "exited", 7),
        (["exit", "-1"], ["EXIT_PROCESS"], "exited", 0xFFFF_FFFF),
        (["return", "7"], ["KILL_PROCESS"], "killed", 0),
        (["return", "7"], [], "exited", 0),
        (["abort"], ["EXIT_PROCESS"], "faulted", 0),
        (["overflow"], ["EXIT_PROCESS"], "faulted", 0),
    ],
)
def test_the_status_of_main_arrives(
    arguments: list[str], calls: list[str], how: str, status: int
) -> None:
    capabilities = [f"SYSCALL_{name}" for name in (*FEW, *calls)]
    kernel = run_programs(entry("status", *arguments, capabilities=capabilities))
    assert ends(kernel) == [("status", how, status)]
    if arguments == ["overflow"]:
        assert "write to an unmapped page, 0x18" in kernel.reports[0]
    close(kernel)


@pytest.mark.parametrize("policy", ["derived", "bearer"])
@pytest.mark.parametrize("cpus", [1, 4])
def test_system_holds_a_capability_to_each_child_until_it_ends(policy: str, cpus: int) -> None:
    stays = entry("hello", capabilities=["SYSCALL_DEBUG_PRINT"])
    goes = [entry("status", "return", str(number)) for number in range(6)]
    kernel = run_programs(stays, *goes, policy=policy, cpus=cpus)
    assert sorted(ends(kernel)) == [("status", "exited", number) for number in range(6)]
    system = kernel.processes[1]
    held = [
        each.target
        for each in system.capabilities.values()
        if isinstance(each.target, Process) and each.holder is system
    ]
    assert [process.name for process in held] == ["hello"]
    assert held[0].end is ProcessEnd.ALIVE
    close(kernel)


def test_threads_of_the_c_library_do_without_the_calls_to_wait() -> None:
    without = {Sysno.FUTEX_WAIT, Sysno.FUTEX_WAKE, Sysno.PROTECT, Sysno.YIELD}
    capabilities = [f"SYSCALL_{call.name}" for call in Sysno if call not in without]
    run = run_image(system_image([entry("pthreads", capabilities=capabilities)]))
    assert [line for line in run.lines if line.startswith("FAIL")] == []
    assert run.lines[-1] == f"done {sum(line.startswith('ok ') for line in run.lines)}"
