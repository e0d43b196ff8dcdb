"""The shell: what it may not do, its completion, its log, and any keys at all."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from anos_sim.stage3.abi import config_names
from support.host_build import ROOT
from support.shell import Typed, run_shell


def test_the_names_of_calls_are_those_of_a_boot_config() -> None:
    text = (ROOT / "servers" / "shell" / "calls.c").read_text()
    assert set(re.findall(r'= "(\w+)"', text)) == set(config_names())


def test_processes_are_shown_and_killed_only_by_the_capability_for_it() -> None:
    run = run_shell("send SYSTEM::PROCESS 3", "send SYSTEM::PROCESS 4", "kill 2", "kill 2 99 x")
    assert run.answer("send SYSTEM::PROCESS 3").startswith("-999\n")
    assert run.answer("send SYSTEM::PROCESS 4").startswith("-999\n")
    assert run.answer("kill 2") == ""
    assert run.answer("kill 2 99 x") == (
        "kill: 2: No such process\nkill: 99: No such process\nkill: x: Invalid argument\n"
    )


def test_the_log_is_all_that_the_kernel_logged() -> None:
    run = run_shell("log")
    logged = [line for line in run.answer("log").splitlines() if line]
    assert logged == [line for line in run.log.splitlines() if line][: len(logged)]
    assert len(logged) > 15


def test_the_log_keeps_its_last_bytes() -> None:
    crashes = ["staged crash"] * 60
    run = run_shell(*crashes, "log | wc", "log | head 1")
    found = re.search(r", (\d+) bytes", run.answer("log | wc"))
    assert found
    assert int(found[1]) <= 0x10000
    assert "SYSTEM of anos-sim" in run.log


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        (b"cat HEL\t\n", "Hello from a real FAT32 volume"),
        (b"cat DOC\tRIG\t| head 1\n", "A process can do"),
        (b"hel\techo\n", "usage: echo"),
        (b"cat A\t\n", "Long names are kept"),
        (b"ls /DO\t\n", "RIGHTS.TXT"),
    ],
)
def test_tab_completes_commands_and_paths(keys: bytes, answer: str) -> None:
    typed = [Typed("disk0:/> ", keys), Typed(answer, b""), Typed("disk0:/> ", b"poweroff 5\n")]
    assert run_shell(typed=typed).status == 5


def test_a_second_tab_shows_the_choices() -> None:
    typed = [Typed("disk0:/> ", b"mo\t\t"), Typed("mounts  mount", b""), Typed("> mount", b"s\n"),
             Typed("ram:", b"poweroff 6\n")]  # fmt: skip
    assert run_shell(typed=typed).status == 6


def test_much_is_copied_as_it_is() -> None:
    run = run_shell(
        "cat DOCS/NUMBERS.TXT DOCS/NUMBERS.TXT DOCS/NUMBERS.TXT > big",
        "cp big ram:/big",
        "mv ram:/big big2",
        "cat big big2 | wc",
        "cat big2 | staged copy | wc",
        "staged copy < big > big3 ; wc < big3",
    )
    assert run.answer("cat big big2 | wc") == "6000 lines, 18000 words, 162000 bytes\n"
    assert run.answer("cat big2 | staged copy | wc") == "3000 lines, 9000 words, 81000 bytes\n"
    last = "staged copy < big > big3 ; wc < big3"
    assert run.answer(last) == "3000 lines, 9000 words, 81000 bytes\n"


TYPED = (
    "ls cat echo run staged yes head wc cp mv rm DOCS HELLO.TXT ram:/x ../.. ' \" \\ | || & && ; "
    "> >> < 2> $? # -l --with disk0:/DOCS:r : / exit say crash"
)
WORDS = st.sampled_from(TYPED.split())
LINES = st.lists(WORDS | st.text(alphabet=st.characters(codec="utf-8"), max_size=5), max_size=8)


@settings(
    max_examples=12,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(lines=st.lists(LINES.map(" ".join), min_size=5, max_size=25), noise=st.binary(max_size=60))
def test_whatever_is_typed_the_shell_goes_on(lines: list[str], noise: bytes) -> None:
    kept = [line for line in lines if "yes" not in line or "head" in line]
    text = "\n".join(kept).encode().replace(b"\x04", b"") + b"\n" + noise.replace(b"\x04", b"")
    run = run_shell(script=text + b"\n\n\x03\necho 'still' here\n")
    assert "still here" in run.transcript or "poweroff" in run.transcript
    assert "shell[" not in run.log
