"""Programs that the shell starts: what they get, their streams, pipes, how they end."""

from __future__ import annotations

import re
from collections import Counter

from anos_sim.stage3.abi import Rights
from anos_sim.stage3.capability import Capability
from anos_sim.stage3.kernel import Kernel
from anos_sim.stage3.objects import SystemCall
from support.shell import Typed, run_shell

DENIED = "Permission denied"


def test_a_program_has_its_streams_and_its_status() -> None:
    run = run_shell("staged say one 'two three'", "run staged exit 42", "echo $?", "staged threads")
    assert sorted(run.answer("staged say one 'two three'").splitlines()) == [
        "errors",
        "one two three",
    ]
    assert run.answer("echo $?") == "42\n"
    assert sorted(run.answer("staged threads").splitlines()) == [f"thread {n}" for n in range(4)]


def test_a_program_reads_lines_that_are_typed() -> None:
    run = run_shell(script=b"staged copy\nfirst\nsecond\n\x04echo done\n")
    assert "first\nfirst\nsecond\nsecond\n" in run.transcript
    assert run.answer("echo done") == "done\n"


def test_a_program_can_reach_what_is_named_and_nothing_else() -> None:
    paths = "disk0:/DOCS/RIGHTS.TXT disk0:/README.TXT ram:/x boot:/shell.elf"
    run = run_shell(
        f"staged open {paths}",
        f"run --with disk0:/DOCS:r staged open {paths}",
        f"run --with disk0:/DOCS:rw staged open {paths}",
        f"run --with DOCS --with README.TXT:r staged open {paths}",
        f"run --with files staged open {paths}",
        "run --with disk0:/nothing:r staged",
        "run --with nosuch staged",
        "run --with SYSCALL_REVOKE staged",
    )

    def may(command: str) -> list[str]:
        return re.findall(r"^(.*): yes$", run.answer(command), re.MULTILINE)

    rights, readme, program = "disk0:/DOCS/RIGHTS.TXT", "disk0:/README.TXT", "boot:/shell.elf"
    assert may(f"staged open {paths}") == []
    assert run.answer(f"staged open {paths}").count(DENIED) == 8
    assert may(f"run --with disk0:/DOCS:r staged open {paths}") == [f"read {rights}"]
    both = [f"read {rights}", f"write {rights}"]
    assert may(f"run --with disk0:/DOCS:rw staged open {paths}") == both
    named = f"run --with DOCS --with README.TXT:r staged open {paths}"
    assert may(named) == [*both, f"read {readme}"]
    everything = [*both, f"read {readme}", f"write {readme}", f"read {program}"]
    assert may(f"run --with files staged open {paths}") == everything
    assert "disk0:/nothing: No such file" in run.answer("run --with disk0:/nothing:r staged")
    assert "run: nosuch: No such file or directory" in run.answer("run --with nosuch staged")
    assert "does not hold it" in run.answer("run --with SYSCALL_REVOKE staged")


def test_a_call_is_there_when_it_is_named() -> None:
    run = run_shell("staged channel", "run --with SYSCALL_CREATE_CHANNEL staged channel")
    assert run.answer("staged channel") == "channel refused\n"
    assert run.answer("run --with SYSCALL_CREATE_CHANNEL staged channel") == "channel made\n"


def test_a_program_holds_what_it_was_given_and_no_more() -> None:
    held: Counter[str] = Counter()
    calls: set[str] = set()
    rights: set[int] = set()

    def is_call(capability: Capability) -> bool:
        return isinstance(capability.target, SystemCall)

    def look(said: str, kernel: Kernel) -> None:
        if said.endswith("looping") and not held:
            (process,) = (p for p in kernel.processes.values() if p.name == "staged")
            targets = [each.target for each in process.capabilities.values()]
            rights.update(
                each.rights for each in process.capabilities.values() if not is_call(each)
            )
            held.update(type(each).__name__ for each in targets)
            calls.update(each.number.name for each in targets if isinstance(each, SystemCall))

    run_shell(
        "run --with disk0:/DOCS:r staged loop &",
        "sleep 0.1",
        "kill %1",
        "sleep 0.1",
        watch=look,
    )
    assert held["Channel"] == 4  # three streams and a directory
    assert rights == {Rights.SEND | Rights.GRANT}
    assert held.total() == len(calls) + 4
    assert calls == {
        "SEND_MESSAGE", "SLEEP", "CREATE_THREAD", "CREATE_REGION", "DESTROY_REGION",
        "UNMAP_VIRTUAL", "FUTEX_WAIT", "FUTEX_WAKE", "CLOCK", "EXIT_PROCESS", "KILL_CURRENT_TASK",
    }  # fmt: skip


def test_what_a_process_was_started_with_is_shown() -> None:
    lines = ["run --with DOCS:r staged", "ps | grep staged", "caps 99", "caps x"]
    run = run_shell(*lines)
    pid = run.answer("ps | grep staged").split()[0]
    shown = run_shell(*lines, f"caps {pid}", "caps 4").answer(f"caps {pid}").splitlines()
    assert shown[-4:] == ["directory 0", "standard input", "standard output", "standard error"]
    assert shown[0] == "SYSCALL_CREATE_THREAD"
    assert len(shown) == 15
    assert run.answer("caps 99") == "caps: 99: No such process\n"
    assert run.answer("caps x") == "caps: x: Invalid argument\n"


def test_its_environment_tells_where_it_is() -> None:
    run = run_shell("run --with DOCS --with ram:/:rw staged variables", "staged variables | cat")
    assert run.answer("run --with DOCS --with ram:/:rw staged variables") == (
        "PWD disk0:/\nANOS_FILES disk0:/DOCS;ram:/\nANOS_TERMINALS 012\n"
    )
    assert run.answer("staged variables | cat").endswith("ANOS_TERMINALS 02\n")


def test_streams_go_where_they_are_sent() -> None:
    run = run_shell(
        "staged say out > o.txt 2> e.txt",
        "cat o.txt e.txt",
        "staged say more >> o.txt 2> e.txt",
        "cat o.txt",
        "staged copy < HELLO.TXT",
        "staged say x > DOCS",
        "staged copy < nothing",
        "staged say x > a > b",
    )
    assert run.answer("staged say out > o.txt 2> e.txt") == ""
    assert run.answer("cat o.txt e.txt") == "out\nerrors\n"
    assert run.answer("cat o.txt") == "out\nmore\n"
    assert run.answer("staged copy < HELLO.TXT").startswith("Hello from a real FAT32 volume")
    assert run.answer("staged say x > DOCS") == "DOCS: Is a directory\n"
    assert run.answer("staged copy < nothing") == "nothing: No such file or directory\n"
    assert run.answer("staged say x > a > b") == "shell: a command is redirected twice\n"


def test_pipes_carry_much_through_programs_and_commands() -> None:
    pipe = "cat DOCS/NUMBERS.TXT | staged copy | cat | staged copy | wc"
    run = run_shell(pipe)
    assert run.answer(pipe) == "1000 lines, 3000 words, 27000 bytes\n"


def test_a_pipe_that_nobody_reads_ends_its_writers() -> None:
    run = run_shell(
        "yes | head 2",
        "staged flood | head 2",
        "yes | staged copy | head 3 | wc",
        "yes | staged exit 0",
        "staged flood | false",
    )
    assert run.answer("yes | head 2") == "y\ny\n"
    lines = sorted(run.answer("staged flood | head 2").splitlines())
    assert lines == ["a line of many", "a line of many", "flood: Broken pipe"]
    assert run.answer("yes | staged copy | head 3 | wc") == "3 lines, 3 words, 6 bytes\n"
    assert run.answer("yes | staged exit 0") == ""


def test_a_crash_is_told_and_nothing_else_stops() -> None:
    run = run_shell("staged crash", "echo $?", "staged crash | cat", "echo here")
    assert run.answer("staged crash") == "staged: crashed; the kernel's report is in the log\n"
    assert run.answer("echo $?") == "139\n"
    assert run.answer("echo here") == "here\n"


def test_a_program_can_be_killed_by_its_pid_and_by_ctrl_c() -> None:
    pid: list[str] = []

    def look(said: str, kernel: Kernel) -> None:
        found = re.search(r"(\d+)  running .*staged", said)
        if found and not pid:
            pid.append(found[1])

    typed = [
        Typed("> ", b"staged loop\n"),
        Typed("looping", b"\x03"),
        Typed("> ", b"echo status $?\n"),
        Typed("status 130\n", b"staged loop | cat\n"),
        Typed("looping", b"\x03"),
        Typed("> ", b"staged copy\n"),
        Typed("staged copy\n", b"half a li\x03"),
        Typed("> ", b"sleep 100; poweroff 4\n"),
        Typed("poweroff 4\n", b"\x03"),
        Typed("> ", b"poweroff 3\n"),
    ]
    assert run_shell(typed=typed, watch=look).status == 3
    run = run_shell("staged loop &", "sleep 0.1", "jobs", "ps | grep staged", watch=look)
    assert run.answer("jobs") == "[1] staged\n"
    again = run_shell("staged loop &", "sleep 0.1", f"kill {pid[0]}", "sleep 0.1", "jobs")
    assert "staged: killed\n" in again.transcript
    assert "[1] ended with status 137\n" in again.transcript
    assert again.answer("jobs") == ""


def test_jobs_in_the_background_run_beside_the_shell() -> None:
    run = run_shell("sleep 0.5 && echo never &", "staged copy &", "echo at once", "sleep 1", "jobs")
    assert run.answer("echo at once") == "at once\n" or "at once" in run.transcript
    assert "ended with status 0" in run.transcript
    assert run.answer("jobs") == ""


COMMANDS = (
    "staged say hello",
    "yes | staged copy | head 3",
    "staged crash",
    "run --with disk0:/DOCS:r --with ram:/ staged open disk0:/DOCS/RIGHTS.TXT",
    "run --with SYSCALL_CREATE_CHANNEL staged channel",
    "cat DOCS/NUMBERS.TXT | wc",
    "ps | wc",
    "devices | wc",
    "mount m: DOCS && unmount m:",
    "write ram:/x y ; rm ram:/x",
    "nosuch",
    "echo 'never closed",
    "staged exit 1 &",
    "sleep 0.2",
    "log | wc",
)


ROUNDS, WARM_UP = 52, 40
"""Until the shell's heap and the kept log have the size that they keep."""
FRAMES_OF_TIMING = 8


def test_many_commands_leave_nothing_behind() -> None:
    counts: list[dict[str, int]] = []

    def look(said: str, kernel: Kernel) -> None:
        if said.endswith("mark\n") and not said.endswith("echo mark\n"):
            shell = next(p for p in kernel.processes.values() if p.name == "shell")
            counts.append(
                {
                    "capabilities": kernel.tree.count,
                    "free frames": kernel.frames.free_count,
                    "threads of the shell": len(shell.threads),
                    "processes": len(kernel.processes),
                }
            )

    run_shell(*(["echo mark", *COMMANDS] * ROUNDS), watch=look)
    assert len(counts) == ROUNDS
    before, after = counts[WARM_UP], counts[-1]
    assert abs(before.pop("free frames") - after.pop("free frames")) <= FRAMES_OF_TIMING
    assert after == before
