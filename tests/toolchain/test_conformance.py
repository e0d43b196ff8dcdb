"""`anos-sim test`: a line for each check, a total, a status, and help with its argument."""

from __future__ import annotations

from pathlib import Path

import pytest

from anos_sim.toolchain import conformance
from anos_sim.toolchain.cli import main
from anos_sim.toolchain.conformance import (
    PROGRAMS,
    Program,
    check_names,
    programs_for,
    read_checks,
)
from anos_sim.toolchain.options import ARCHITECTURES, elf_folder
from support.architectures import DEFAULT, only_if_built

GUEST = Path(__file__).resolve().parents[1] / "guest"


def test_every_program_that_counts_its_checks_is_run() -> None:
    listed = {program.name for program in PROGRAMS}
    built = {program.name for program in programs_for(DEFAULT)}
    assert all((elf_folder() / "tests" / f"{name}.elf").exists() for name in built)
    tests = "".join(path.read_text() for path in (GUEST.parent / "system").glob("*.py"))
    sources = [*GUEST.glob("*.c"), *GUEST.glob("x86_64/*.c")]
    counting = {path.stem for path in sources if "return finish();" in path.read_text()}
    assert listed <= counting
    for name in counting - listed:  # some need servers, or a host that looks at them
        assert f'"{name}' in tests, f"nobody runs {name}.c"


def test_a_program_under_both_policies(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", "firmware", "--cpus", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "firmware, bearer, 2 CPUs"
    assert "firmware, derived, 2 CPUs" in lines
    checks = sum(line.startswith("ok 7.") for line in lines)
    assert lines[-1] == f"{checks} checks, 0 failed"


@only_if_built("riscv64")
def test_the_processor_can_be_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", "threads", "--arch", "riscv64", "--caps", "derived"]) == 0
    assert "ok 1.1 registers after a call" in capsys.readouterr().out
    assert main(["test", "slowpath", "--arch", "riscv64"]) == 2


@only_if_built("riscv64")
@pytest.mark.arch("it is about both")
def test_the_same_checks_are_made_on_each_processor() -> None:
    """But for what `bearer` keeps to on one: there STAGE3 has neither interrupts nor tables."""
    for program in PROGRAMS:
        if not program.arch:
            first, second = (set(check_names(program, arch)) for arch in ARCHITECTURES)
            missing = "where STAGE3 has no such call: NOT_IMPL"
            assert all(name.endswith(missing) for name in first ^ second)


def test_a_program_about_one_processor_is_in_its_folder() -> None:
    named = {(program.arch, program.name) for program in PROGRAMS if program.arch}
    found = {(path.parent.name, path.stem) for path in GUEST.glob("*_*/*.c")}
    assert named <= found
    assert all((GUEST / f"{program.name}.c").exists() for program in PROGRAMS if not program.arch)


def test_part_of_a_name_selects_checks(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", "reply 0 is", "--caps", "bearer"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["ipc, bearer, 1 CPU", "ok 1.8/8 reply 0 is FAILURE", "1 checks, 0 failed"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("ipk", "near it: ipc"),
        ("receive without wings", "1.8/9 receive without pointers"),
        ("--cpus 17", "cpus is 17"),
        ("--caps none", "invalid choice"),
        ("--arch z80", "invalid choice"),
    ],
)
def test_bad_arguments(arguments: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        status = main(["test", *(arguments.split() if "-" in arguments else [arguments])])
    except SystemExit as end:
        status = int(str(end.code))
    error = capsys.readouterr().err
    assert status == 2
    assert words in error
    assert len(error.splitlines()) == 1


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["test", "--help"])
    text = capsys.readouterr().out
    assert "examples:" in text
    assert all(program.subject in text for program in PROGRAMS)


def test_a_failed_check_is_status_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(conformance, "PROGRAMS", (Program("hello", "it makes no checks"),))
    assert main(["test", "hello", "--caps", "derived"]) == 1
    assert "FAIL hello: 0 checks" in capsys.readouterr().out


PROGRAM = Program("p", "a program")


@pytest.mark.parametrize(
    ("lines", "reports", "wrong"),
    [
        (["ok a", "done 1"], [], []),
        (["ok a", "FAIL b: c: d", "done 2"], [], ["FAIL b: c: d"]),
        (["ok a", "done 2"], [], ["FAIL p: 1 checks, and 'done 2'"]),
        (["ok a"], [], ["FAIL p: 1 checks, and 'it did not end: quiet'"]),
        (["ok a", "done 1"], ["p died\nmore"], ["FAIL p: p died"]),
        ([], [], ["FAIL p: 0 checks, and 'it did not end: quiet'"]),
    ],
)
def test_what_is_printed_is_read(lines: list[str], reports: list[str], wrong: list[str]) -> None:
    checks = read_checks(PROGRAM, lines, "quiet", reports)
    assert [check.line() for check in checks if check.wrong] == wrong
