"""The shell on the console of a booted system: its commands, one by one."""

from __future__ import annotations

import re

import pytest

from support.shell import Typed, run_shell

README = "This file came to you"


@pytest.fixture(scope="module")
def files() -> str:
    """The console of a run with all commands for files."""
    return run_shell(
        "ls",
        "ls -l DOCS",
        "ls nothing",
        "cat HELLO.TXT",
        "cat nothing",
        "cat DOCS",
        "write a.txt one two",
        "cat a.txt",
        "cp a.txt b.txt",
        "cp a.txt a.txt",
        "cp DOCS c.txt",
        "cp nothing c.txt",
        "mkdir sub",
        "mkdir sub",
        "cp a.txt b.txt sub",
        "ls sub",
        "mv sub/b.txt sub/c.txt",
        "mv sub/c.txt ram:/d.txt",
        "ls ram:/",
        "rm ram:/d.txt",
        "rm ram:/d.txt",
        "rmdir sub",
        "rm sub/a.txt",
        "rmdir sub",
        "touch t.txt",
        "ls -l t.txt",
        "hexdump a.txt",
        "cd DOCS",
        "cd nothing",
        "cat ../a.txt",
        "cd",
        "pwd",
        "write boot:/new x",
        "rm boot:/shell.elf",
    ).transcript


def said(transcript: str, command: str) -> str:
    """What the first call of a command printed."""
    at = transcript.index(f"> {command}\n") + len(command) + 3
    return transcript[at : transcript.index("> ", at)].rpartition("\n")[0]


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("ls", "README.TXT\nHELLO.TXT\nDOCS/\nA name that is too long for DOS.txt"),
        ("ls nothing", "ls: nothing: No such file or directory"),
        ("cat HELLO.TXT", "Hello from a real FAT32 volume on a simulated disk."),
        ("cat nothing", "cat: nothing: No such file or directory"),
        ("cat DOCS", "cat: DOCS: Is a directory"),
        ("write a.txt one two", ""),
        ("cat a.txt", "one two"),
        ("cp a.txt b.txt", ""),
        ("cp a.txt a.txt", "cp: a.txt: File exists"),
        ("cp DOCS c.txt", "cp: DOCS: Is a directory"),
        ("cp nothing c.txt", "cp: nothing: No such file or directory"),
        ("mkdir sub", ""),
        ("ls sub", "a.txt\nb.txt"),
        ("mv sub/c.txt ram:/d.txt", ""),
        ("ls ram:/", "d.txt"),
        ("rmdir sub", "rmdir: sub: Directory not empty"),
        ("cd nothing", "cd: nothing: No such file or directory"),
        ("cat ../a.txt", "one two"),
        ("pwd", "disk0:/"),
        ("write boot:/new x", "write: boot:/new: Permission denied"),
        ("rm boot:/shell.elf", "rm: boot:/shell.elf: Permission denied"),
    ],
)
def test_a_command_for_files_does_what_it_says(files: str, command: str, answer: str) -> None:
    assert said(files, command) == answer


def test_the_second_call_sees_what_the_first_one_did(files: str) -> None:
    assert "mkdir: sub: File exists" in files
    assert "rm: ram:/d.txt: No such file or directory" in files
    after = files[files.index("> rm sub/a.txt\n") :]
    assert said(after, "rmdir sub") == ""


def test_long_listings_have_sizes_and_times(files: str) -> None:
    assert re.search(r"^ +27000  2024-01-01 12:00  NUMBERS.TXT$", files, re.MULTILINE)
    assert re.search(r"^ +0  2026-01-01 00:00  t.txt$", files, re.MULTILINE)


def test_bytes_are_shown_in_hex(files: str) -> None:
    line = "00000000  6f 6e 65 20 74 77 6f 0a                           |one two.|"
    assert said(files, "hexdump a.txt") == line


def test_the_machine_is_shown() -> None:
    run = run_shell(
        "mem", "uptime", "date", "devices", "disks", "mounts", "log | grep mounted", "ps", "caps"
    )
    assert re.search(r"\d+ KiB, \d+ KiB used, \d+ KiB free", run.answer("mem"))
    assert re.fullmatch(r"0\.\d{3} s\n", run.answer("uptime"))
    assert run.answer("date") == "2026-01-01 00:00:00 UTC\n"
    assert "ahcidrv" in run.answer("devices")
    assert "anos-sim disk, serial number AS0001" in run.answer("disks")
    assert run.answer("mounts") == "boot:\nram:\ndisk0:\n"
    assert "VFS: mounted 'disk0:'" in run.answer("log | grep mounted")
    assert re.search(r"running +0\.\d+  boot:/shell.elf", run.answer("ps"))
    assert "exited 0" in run.answer("ps")
    assert "SYSCALL_SEND_MESSAGE: call grant\n" in run.answer("caps")
    assert run.status == 0


def test_a_directory_can_be_mounted_under_another_name() -> None:
    run = run_shell(
        "mount docs: DOCS",
        "mounts",
        "cat docs:/RIGHTS.TXT | head 1",
        "mount docs: DOCS",
        "mount docs DOCS",
        "unmount docs:",
        "ls docs:/",
        "unmount disk0:",
    )
    assert "docs: is disk0:/DOCS\n" in run.answer("mounts")
    assert run.answer("cat docs:/RIGHTS.TXT | head 1").startswith("A process can do")
    assert "mount: docs:: File exists\n" in run.transcript
    assert run.answer("mount docs DOCS") == "mount: docs: Invalid argument\n"
    assert "ls: docs:/: " in run.answer("ls docs:/")
    assert "was not mounted here" in run.answer("unmount disk0:")


def test_what_is_no_command_is_told() -> None:
    mistakes = ("ls | | wc", "echo 'open", "sleep", "sleep x")
    run = run_shell("nosuch", "echo $?", "help nosuch", *mistakes)
    assert "nosuch: there is no such command or program" in run.answer("nosuch")
    assert run.answer("echo $?") == "127\n"
    assert run.answer("ls | | wc") == "shell: a command is missing\n"
    assert run.answer("echo 'open") == "shell: a ' is never closed\n"
    assert run.answer("sleep") == "usage: sleep SECONDS\n"
    assert run.answer("sleep x") == "sleep: x: Invalid argument\n"


def test_help_knows_every_command() -> None:
    listed = run_shell("help").answer("help")
    names = re.findall(r"^  (\w+) +\S", listed, re.MULTILINE)
    assert len(names) > 35
    run = run_shell(*(f"help {name}" for name in names))
    for name in names:
        assert run.answer(f"help {name}").startswith(f"usage: {name} ")


def test_the_end_of_the_input_switches_off_with_the_last_status() -> None:
    assert run_shell("true").status == 0
    assert run_shell("false").status == 1
    assert run_shell("nosuch").status == 127


def test_poweroff_has_a_status_of_its_own() -> None:
    assert run_shell("false", "poweroff 0").status == 0
    assert run_shell("poweroff 77").status == 77
    run = run_shell("poweroff 256", "poweroff 5")
    assert "poweroff: 256: Invalid argument" in run.transcript
    assert run.status == 5


def test_commands_depend_on_each_other() -> None:
    run = run_shell("true && echo yes || echo no", "false && echo yes || echo no ; echo end")
    assert run.answer("true && echo yes || echo no") == "yes\n"
    assert run.answer("false && echo yes || echo no ; echo end") == "no\nend\n"


def test_a_file_of_lines_is_run() -> None:
    run = run_shell(
        "write s.txt 'echo one'",
        "echo 'cat nothing' >> s.txt",
        "source s.txt",
        "echo status $?",
        "write loop.txt 'source loop.txt'",
        "source loop.txt",
    )
    assert run.answer("source s.txt") == "one\ncat: nothing: No such file or directory\n"
    assert run.answer("echo status $?") == "status 1\n"
    assert "source: loop.txt: Symbolic link loop" in run.answer("source loop.txt")


def test_time_passes() -> None:
    run = run_shell("time sleep 1.5")
    seconds = float(run.answer("time sleep 1.5").split()[0])
    assert 1.4 < seconds < 1.6


def test_ctrl_c_abandons_a_line_and_ends_a_command() -> None:
    run = run_shell(
        typed=[
            Typed("> ", b"half a line\x03"),
            Typed("^C\ndisk0:/> ", b"sleep 1000\n"),
            Typed("sleep 1000\n", b"\x03"),
            Typed("> ", b"echo $?\n"),
            Typed("130\ndisk0:/> ", b"cat\n"),
            Typed("cat\n", b"typed\n"),
            Typed("typed\ntyped\n", b"\x04"),
            Typed("> ", b"yes > ram:/y &\njobs\nkill %1\n"),
            Typed("[1] ended with status 130", b"poweroff 9\n"),
        ]
    )
    assert run.status == 9
