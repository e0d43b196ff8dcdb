"""SYSTEM and its services: whole boots with test programs as the servers."""

from __future__ import annotations

import pytest

from anos_sim.stage3.abi import Sysno
from anos_sim.stage3.kernel import Kernel
from anos_sim.stage3.log import LogLine
from anos_sim.stage3.thread import ThreadState
from support.kernel import TURNS, Run, boot_image, run_image
from support.system import PROGRAMS, entry, system_image

TEXT = bytes(i * 7 & 0xFF for i in range(5000))
SECOND_PS = 10**12
MANIFEST = [Sysno.DEBUG_PRINT, Sysno.KILL_CURRENT_TASK]
LIMITED = entry(
    "limited", capabilities=[f"SYSCALL_{call.name}" for call in MANIFEST], wait_for="never:"
)


def run_client(name: str, policy: str, cpus: int) -> Run:
    contents = {"text": TEXT, "limited.elf": (PROGRAMS / "inherit.elf").read_bytes()}
    return run_image(system_image([entry(name, "one", "two"), LIMITED], contents), policy, cpus)


@pytest.mark.parametrize("client", ["mounts", "spawn"])
@pytest.mark.parametrize("policy", ["derived", "bearer"])
@pytest.mark.parametrize("cpus", [1, 4])
def test_every_mistake_of_a_client_is_an_answer(client: str, policy: str, cpus: int) -> None:
    run = run_client(client, policy, cpus)
    assert [line for line in run.lines if line.startswith("FAIL")] == []
    checks = sum(line.startswith("ok ") for line in run.lines)
    assert checks > 60
    assert run.lines[-1] == f"done {checks}"
    assert run.reports == []


@pytest.mark.parametrize("cpus", [1, 4])
def test_children_are_started_with_an_environment_and_can_be_seen_and_killed(cpus: int) -> None:
    program = (PROGRAMS / "starts.elf").read_bytes()
    run = run_image(system_image([entry("starts")], {"starts.elf": program}), "derived", cpus)
    assert [line for line in run.lines if line.startswith("FAIL")] == []
    assert run.lines[-1].startswith("done ")
    assert run.reports == []


@pytest.mark.parametrize("policy", ["derived", "bearer"])
def test_the_files_of_the_image_are_listed_and_read_and_cannot_be_changed(policy: str) -> None:
    run = run_client("boot_files", policy, 1)
    assert [line for line in run.lines if line.startswith("FAIL")] == []
    files = len(list(PROGRAMS.glob("*.elf"))) + len(("text", "limited.elf", "boot.cfg"))
    assert f"files {files}" in run.lines
    assert run.lines[-1].startswith("done ")
    assert run.reports == []


def test_children_get_what_was_asked_for_and_no_more_than_their_manifest() -> None:
    run = run_client("spawn", "derived", 1)
    children = [line for line in run.lines if line.startswith("boot:/") and ";" in line]
    all_calls = " ".join(str(int(call)) for call in sorted(Sysno)[:30])
    assert sorted(children) == sorted(
        [
            f"boot:/inherit.elf: 1 0; {all_calls}; data constant 0",
            "boot://limited.elf: 1; 1 16; data constant 0",  # the one with a swapped cookie is mute
            "boot:/inherit.elf: 1 0; 1 16; data constant 0",
            "boot:/inherit.elf: 3949; 1 16; data constant 0",
            "boot:/inherit.elf: 1 0; 1 16; data constant 0",
        ]
    )


def test_the_log_of_a_boot() -> None:
    entries = [
        entry("hello", "world"),
        entry("fat32drv", start="on request"),
        LIMITED,
        entry("missing"),
        entry("text"),
        entry("inherit", capabilities=["SYSCALL_DEBUG_PRINT", "SYSCALL_KILL_CURRENT_TASK"]),
    ]
    image = system_image(entries, {"text.elf": TEXT})
    run = run_image(image, until="never", end_ps=30 * SECOND_PS)
    own = [line for line in run.lines if not line.startswith(("hello from", "boot:/"))]
    assert own[0].startswith("SYSTEM of anos-sim [libanos, ")
    assert own[1].endswith(" bytes of memory used / free")
    assert own[2:] == [
        "VFS: mounted 'boot:'",
        "boot: found boot:/boot.cfg",
        "boot: hello is process 2",
        "Filesystems: waiting for storage devices",
        "Filesystems: DEVMAN is missing, so there are none but boot:",
        "boot: limited is not started, because 'never:' did not appear within 20 s",
        "loader: cannot start 'boot:/missing.elf': there is no such file",
        "loader: cannot start 'boot:/text.elf': it is no ELF file",
        "boot: inherit is process 3",
        "SYSTEM: initialisation is complete",
    ]
    assert "boot:/inherit.elf:; 1 16; data constant 0" in run.lines
    assert run.reports == []


def test_a_machine_with_too_little_memory_refuses_and_lives() -> None:
    run = run_image(system_image([entry("crowd")]), ram_mib=32, until="done")
    assert run.lines[-1] == "done"
    assert "crowd: refused with -22" in run.lines
    assert run.reports == []


def test_system_keeps_no_right_that_it_took_for_a_child() -> None:
    taken: list[str] = []

    def prepare(kernel: Kernel) -> None:
        heard = kernel.on_log

        def hear(line: LogLine) -> None:
            if line.text.startswith("done "):
                held = kernel.processes[1].capabilities.values()
                taken.extend(str(each.target) for each in held if each.origin.how == "take")
            heard(line)

        kernel.on_log = hear

    contents = {"text": TEXT, "limited.elf": (PROGRAMS / "inherit.elf").read_bytes()}
    image = system_image([entry("spawn", "one", "two"), LIMITED], contents)
    run_image(image, "derived", prepare=prepare)
    assert taken == []


def test_a_program_without_the_right_to_end_is_parked() -> None:
    kernel = boot_image(system_image([entry("hello", capabilities=["SYSCALL_DEBUG_PRINT"])]))
    kernel.end_ps = 2 * SECOND_PS
    while kernel.advance(TURNS):
        pass
    hello = next(each for each in kernel.processes.values() if each.name == "hello")
    states = [thread.state for thread in hello.threads]
    kernel.close()
    kernel.machine.close()
    assert states == [ThreadState.PARKED]
