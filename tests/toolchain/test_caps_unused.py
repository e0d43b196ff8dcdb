"""What was held and never exercised, and the boot config that would have been enough."""

from __future__ import annotations

import copy
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import attrs
import pytest

from anos_sim.stage3.abi import Rights
from anos_sim.stage3.events import Event, EventKind
from anos_sim.stage3.log import LogLine
from anos_sim.toolchain.boot_image import read_boot_config, show_boot_config, with_boot_config
from anos_sim.toolchain.cli import main, make_parser
from anos_sim.toolchain.inspect.history import History
from anos_sim.toolchain.inspect.manifest import least_privilege
from anos_sim.toolchain.inspect.unused import find_unused
from anos_sim.toolchain.options import RunOptions, elf_folder, read_options
from anos_sim.toolchain.session import Session

CALL, SEND, GRANT = int(Rights.CALL), int(Rights.SEND), int(Rights.GRANT)
READ, WRITE = int(Rights.READ), int(Rights.WRITE)


class MadeUp(History):
    """A history told by hand."""

    def __init__(self, **names: int) -> None:
        self.processes = {}
        self.made = {}
        self.config_space, self.high_memory = range(0), 1 << 32
        for name, pid in names.items():
            self.tell(EventKind.PROCESS_START, pid, name, f"boot:/{name}.elf", 0)

    def tell(self, kind: EventKind, *fields: int | str, pid: int = 0) -> None:
        """One event."""
        self.hear([Event(1, 0, 0, pid, "", 0, kind, fields)])

    def make(
        self, cookie: int, parent: int, pid: int, target: str, rights: int, how: str = "give"
    ) -> None:
        """A capability."""
        self.tell(EventKind.CAPABILITY, cookie, parent, pid, target, rights, how)

    def call(self, pid: int, cookie: int) -> None:
        """A system call."""
        self.tell(EventKind.SYSCALL, cookie, 0, 0, 0, 0, 0, pid=pid)

    def use(self, pid: int, cookie: int, how: str) -> None:
        """The first use of rights."""
        self.tell(EventKind.USED, cookie, pid, how)


def unused(history: History, everything: bool = False) -> list[tuple[int, str, int]]:
    """Who never used what."""
    found = find_unused(history)
    return [
        (each.pid, each.object, each.rights)
        for each in found
        if everything or each.source == "given"
    ]


def line() -> MadeUp:
    """A call that goes from SYSTEM (1) over a middle (2) to an end (3)."""
    history = MadeUp(system=1, middle=2, end=3)
    history.make(10, 0, 1, "call sleep", CALL | GRANT, "power-on")
    history.make(20, 10, 2, "call sleep", CALL | GRANT)
    history.make(30, 20, 3, "call sleep", CALL)
    return history


def test_what_is_never_called_is_unused_all_the_way_down() -> None:
    history = line()
    assert unused(history) == [(2, "call sleep", CALL | GRANT), (3, "call sleep", CALL)]


def test_the_need_of_a_descendant_is_its_ancestors_need() -> None:
    history = line()
    history.call(3, 30)
    assert unused(history) == []
    assert history.needs() == {10: CALL | GRANT, 20: CALL | GRANT, 30: CALL}


def test_passing_on_in_vain_is_no_need() -> None:
    history = line()
    history.call(2, 20)
    assert unused(history) == [(2, "call sleep", GRANT), (3, "call sleep", CALL)]


def test_a_cookie_of_another_process_is_no_use() -> None:
    history = line()
    history.call(2, 30)
    history.call(3, 77)
    assert len(unused(history)) == 2


def test_a_part_that_was_used_is_a_use_of_the_whole_without_grant() -> None:
    history = MadeUp(system=1, driver=2)
    history.make(10, 0, 1, "memory 0x1000-0x8fff", READ | WRITE | GRANT, "power-on")
    history.make(20, 10, 2, "memory 0x1000-0x8fff", READ | WRITE | GRANT)
    history.make(21, 20, 2, "memory 0x1000-0x1fff", READ | WRITE | GRANT, "mint_range")
    history.use(2, 21, "READ")
    assert unused(history) == [(2, "memory 0x1000-0x8fff", WRITE | GRANT)]


def test_finding_a_name_needs_no_grant() -> None:
    history = MadeUp(server=1, client=2)
    history.make(10, 0, 1, "channel 1", SEND | GRANT, "create_channel")
    history.make(20, 10, 2, "channel 1", SEND, "find_named_channel")
    history.use(2, 20, "SEND")
    assert history.needs() == {10: SEND, 20: SEND}
    assert unused(history, everything=True) == [(1, "channel 1", GRANT)]


def test_what_came_back_to_its_maker_was_not_given_to_it() -> None:
    history = line()
    history.make(40, 20, 1, "call sleep", CALL | GRANT, "take")
    assert all(pid != 1 for pid, _, _ in unused(history))


def test_a_child_is_known_from_when_it_starts() -> None:
    history = MadeUp(system=1)
    history.make(10, 0, 1, "call sleep", CALL | GRANT, "power-on")
    history.make(20, 10, 0, "call sleep", CALL)
    history.tell(EventKind.PROCESS_START, 2, "child", "boot:/child.elf", 1)
    history.tell(EventKind.HELD, 20, 2)
    assert unused(history) == [(2, "call sleep", CALL)]
    history.call(2, 20)
    assert unused(history) == []


def test_the_least_boot_config_keeps_what_was_needed_and_adds_programs_without_an_entry() -> None:
    history = MadeUp(SYSTEM=1, starter=2, tool=3)
    for cookie, name in ((10, "sleep"), (11, "kprint"), (12, "send_message")):
        history.make(cookie, 0, 1, f"call {name}", CALL | GRANT, "power-on")
        history.make(cookie + 10, cookie, 0, f"call {name}", CALL | GRANT)
        history.tell(EventKind.HELD, cookie + 10, 2)
    history.make(31, 21, 0, "call kprint", CALL | GRANT)
    history.tell(EventKind.HELD, 31, 3)
    history.call(2, 22)
    history.call(3, 31)
    entry = {
        "name": "S",
        "path": "boot://starter.elf",
        "stack_size": 4096,
        "class": "NORMAL",
        "capabilities": ["SYSCALL_SLEEP", "SYSCALL_SEND_MESSAGE", "SYSCALL_DEBUG_PRINT"],
        "delegates": [],
    }
    starter, tool = least_privilege([entry], history)
    assert starter["capabilities"] == ["SYSCALL_SEND_MESSAGE", "SYSCALL_DEBUG_PRINT"]
    assert starter["delegates"] == ["SYSCALL_DEBUG_PRINT"]
    assert (tool["path"], tool["start"]) == ("boot:/tool.elf", "on request")
    assert (tool["capabilities"], tool["delegates"]) == (["SYSCALL_DEBUG_PRINT"], [])


# ---- the real system ----

CHANGING = re.compile(r"[0-9a-f]{16}|\d+ KiB")
JUSTIFIED = Path(__file__).parents[2] / "docs" / "capabilities.md"


def options(*arguments: str) -> RunOptions:
    """Those of a run."""
    return read_options(make_parser().parse_args(["run", *arguments]))


@cache
def default_run() -> tuple[History, list[tuple[str, str]]]:
    """The default system: what was held and used, and its log."""
    session = Session(options())
    lines = listen(session)
    history = History(session.kernel)
    session.run()
    history.flush()
    session.close()
    return history, lines


def listen(session: Session) -> list[tuple[str, str]]:
    """Who prints what, but for cookies and the amount of memory, which differ from run to run."""
    lines: list[tuple[str, str]] = []

    def hear(line: LogLine) -> None:
        lines.append((line.process, CHANGING.sub("", line.text)))

    session.listeners.append(hear)
    return lines


def by_process(lines: list[tuple[str, str]]) -> dict[str, list[str]]:
    """What each process printed, in order: with several CPUs they may take turns otherwise.

    So may the threads of SYSTEM.
    """
    found: dict[str, list[str]] = {}
    for process, text in lines:
        found.setdefault(process, []).append(text)
    found["SYSTEM"].sort()
    return found


def log_with(entries: list[dict[str, Any]]) -> dict[str, list[str]]:
    """What a system with this boot config prints."""
    usual = options("--for", "25s")
    image = with_boot_config(usual.image, show_boot_config(entries), "test")
    session = Session(attrs.evolve(usual, image=image))
    lines = listen(session)
    session.run()
    session.close()
    return by_process(lines)


def least() -> list[dict[str, Any]]:
    """The boot config that is enough."""
    return least_privilege(read_boot_config(options().image), default_run()[0])


def test_the_least_boot_config_boots_to_the_same_log() -> None:
    assert log_with(least()) == by_process(default_run()[1])


SAMPLE = [
    ("kterminal", "capabilities", "SYSCALL_DEBUG_PRINT"),
    ("devman", "capabilities", "SYSCALL_MAP_FIRMWARE_TABLES"),
    ("devman", "capabilities", "DEVICE_MEMORY"),
    ("devman", "capabilities", "SYSCALL_TAKE"),
    ("devman", "delegates", "SYSCALL_WAIT_INTERRUPT"),
    ("devman", "delegates", "SYSCALL_MAP_PHYSICAL"),
    ("pcidrv", "capabilities", "SYSCALL_INSPECT"),
    ("pcidrv", "capabilities", "CONFIG_SPACE"),
    ("pcidrv", "delegates", "SYSCALL_ALLOC_PHYSICAL_PAGES"),
    ("ahcidrv", "capabilities", "SYSCALL_ALLOC_INTERRUPT_VECTOR"),
    ("ahcidrv", "capabilities", "SYSCALL_SEND_MESSAGE"),
    ("ahcidrv", "capabilities", "DEVICE_MEMORY"),
    ("fat32drv", "capabilities", "SYSCALL_RECV_TRANSFER"),
    ("shell", "capabilities", "SYSCALL_POWER"),
    ("shell", "capabilities", "SYSCALL_FIND_NAMED_CHANNEL"),
]
"""Some of what the least boot config has."""


@pytest.mark.parametrize(("program", "key", "name"), SAMPLE)
def test_without_one_right_of_it_something_fails(program: str, key: str, name: str) -> None:
    entries = copy.deepcopy(least())
    entry = next(each for each in entries if each["path"] == f"boot:/{program}.elf")
    entry[key].remove(name)
    if key == "capabilities" and name in entry["delegates"]:
        entry["delegates"].remove(name)
    assert log_with(entries) != by_process(default_run()[1])


def test_what_our_servers_hold_and_never_use_is_justified() -> None:
    text = JUSTIFIED.read_text()
    section = text.partition("## Held but not used")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")]
    history = default_run()[0]
    names = {pid: name for pid, (name, _) in history.processes.items()}
    for each in find_unused(history):
        if each.source == "given":
            target = f"`{each.object.removeprefix('call ')}`"
            assert any(f"`{names[each.pid]}`" in row and target in row for row in rows), each


def test_the_command_lists_what_is_unused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["caps", "unused", "--process", "shell"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [line.split() for line in lines]
    assert ["shell[5]", "call", "exit_process", "all", "of", "it", "SYSTEM[1]"] in [
        row[:7] for row in rows
    ]
    assert any(line.startswith("Of ") for line in lines)
    assert main(["caps", "unused", "--json", "--process", "shell"]) == 0
    data = json.loads(capsys.readouterr().out)
    (unused,) = (each for each in data if each["object"] == "call exit_process")
    assert unused["never_used"] == ["call", "grant"]


def test_the_least_boot_config_can_be_printed_and_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["caps", "unused", "--least"]) == 0
    path = tmp_path / "least.json"
    path.write_text(capsys.readouterr().out)
    assert json.loads(path.read_text())["boot_servers"] == least()
    assert main(["run", "--quiet", "--boot-config", str(path)]) == 0
    capsys.readouterr()
    assert main(["caps", "unused", "--boot-config", str(path), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    again = [each for each in data if each["source"] == "given"]
    assert again == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("unused --caps bearer", "caps unused needs --caps derived"),
        ("unused --process devmam", "no process 'devmam'; did you mean devman"),
        ("unused --boot-config {}/missing.json", "cannot read {}/missing.json"),
        ("unused --boot-config {}/bad.json", "{}/bad.json: the boot config is no JSON: "),
        ("unused --boot-config {}/call.json", "unknown 'SYSCALL_FLY'"),
        ("unused --boot-config {}/program.json", "there is no program 'boot:/no.elf'"),
    ],
)
def test_bad_input_is_one_sentence(
    arguments: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = {"name": "x", "path": "boot:/shell.elf", "stack_size": 4096, "class": "NORMAL"}
    (tmp_path / "bad.json").write_text("{")
    wrong: dict[str, dict[str, Any]] = {
        "call": {"capabilities": ["SYSCALL_FLY"]},
        "program": {"path": "boot:/no.elf"},
    }
    for name, change in wrong.items():
        text = json.dumps({"boot_servers": [{**entry, **change}]})
        (tmp_path / f"{name}.json").write_text(text)
    assert main(["caps", *arguments.format(tmp_path).split()]) == 2
    error = capsys.readouterr().err
    assert words.format(tmp_path) in error
    assert error.count("\n") == 1


def test_an_image_without_a_boot_config_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hello = str(elf_folder() / "tests" / "hello.elf")
    path = tmp_path / "any.json"
    path.write_text('{"boot_servers": []}')
    assert main(["run", "--system", hello, "--boot-config", str(path)]) == 2
    assert "there is no boot.cfg in it" in capsys.readouterr().err
