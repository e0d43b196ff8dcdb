"""libanos and the C library, on a bare engine: start, output, memory, end."""

from __future__ import annotations

from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from anos_sim.stage3.abi import Sysno
from anos_sim.toolchain.options import elf_folder
from support.architectures import ARCHITECTURES
from support.bare_engine import BareEngine

ALL_CALLS = [
    Sysno.DEBUG_PRINT,
    Sysno.SLEEP,
    Sysno.KILL_CURRENT_TASK,
    Sysno.UNMAP_VIRTUAL,
    Sysno.CREATE_REGION,
    Sysno.DESTROY_REGION,
    Sysno.CLOCK,
]


@pytest.fixture(params=ARCHITECTURES)
def programs(request: pytest.FixtureRequest) -> Path:
    """The folder of an architecture's test programs."""
    return elf_folder(request.param) / "tests"


def test_a_program_gets_its_arguments_and_prints_by_both_ways(programs: Path) -> None:
    engine = BareEngine(programs / "hello.elf", ALL_CALLS, ["boot:/hello.elf", "Hello, World!"])
    assert engine.run() == (
        "hello from the kernel's call\nhello from printf: 2 argument(s), boot:/hello.elf, 3.142\n"
    )


def test_a_program_that_may_not_print_ends_without_a_call_that_it_may_not_make(
    programs: Path,
) -> None:
    engine = BareEngine(programs / "hello.elf", [Sysno.KILL_CURRENT_TASK], ["boot:/hello.elf"])
    assert engine.run() == ""
    assert set(engine.calls) == {Sysno.KILL_CURRENT_TASK}


def test_no_arguments_at_all_are_fine_because_system_gets_none(programs: Path) -> None:
    engine = BareEngine(programs / "hello.elf", ALL_CALLS, [])
    assert "0 argument(s), -," in engine.run()


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        (None, ":; 1 NAME is not there; nowhere; another\n"),
        ([], ":; 1 NAME is not there; nowhere; another\n"),
        (
            ["NAME=größe", "PWD=disk0:/docs/../x/", "EMPTY="],
            ": NAME=größe PWD=disk0:/docs/../x/ EMPTY=; 1 NAME is größe; disk0:/x; another\n",
        ),
        (["PWD=docs"], ": PWD=docs; 1 NAME is not there; nowhere; another\n"),
        (["PWD=/"], ": PWD=/; 1 NAME is not there; nowhere; another\n"),
        (["PWD=ram:"], ": PWD=ram:; 1 NAME is not there; ram:/; another\n"),
    ],
)
def test_the_environment_is_where_its_slot_says(
    programs: Path, environment: list[str] | None, expected: str
) -> None:
    program = programs / "environment.elf"
    assert BareEngine(program, ALL_CALLS, ["env"], environment).run() == "env" + expected


@pytest.mark.parametrize(("missing", "seconds"), [([], 1), ([Sysno.CLOCK], 0)])
def test_a_program_without_a_clock_is_at_the_begin_of_time(
    programs: Path, missing: list[Sysno], seconds: int
) -> None:
    calls = [call for call in ALL_CALLS if call not in missing]
    output = BareEngine(programs / "environment.elf", calls, ["env", "time"]).run()
    assert output.endswith(f"\n{seconds} s\n")


def test_the_c_library_does_what_it_should(programs: Path) -> None:
    engine = BareEngine(programs / "libc.elf", ALL_CALLS, ["boot:/libc.elf"])
    output = engine.run()
    assert output.endswith("stderr works\nlibc: 0 failed"), output[-500:]


def test_freed_memory_goes_back_to_the_kernel(programs: Path) -> None:
    engine = BareEngine(programs / "libc.elf", ALL_CALLS, ["boot:/libc.elf"])
    engine.run()
    assert engine.calls.count(Sysno.DESTROY_REGION) > 100
    assert sum(engine.regions.values()) < 2 << 20


@pytest.mark.parametrize("missing", [Sysno.UNMAP_VIRTUAL, Sysno.DESTROY_REGION])
def test_without_the_right_to_unmap_memory_is_kept(programs: Path, missing: Sysno) -> None:
    calls = [call for call in ALL_CALLS if call != missing]
    output = BareEngine(programs / "libc.elf", calls, ["boot:/libc.elf"]).run()
    assert output.endswith("libc: 0 failed")


def test_a_program_that_only_prints_has_no_files_in_it(programs: Path) -> None:
    with (programs / "hello.elf").open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        assert isinstance(table, SymbolTableSection)
        names = {symbol.name for symbol in table.iter_symbols()}
    assert {"__anos_writev", "__anos_exit_process"} <= names
    assert not names & {"__anos_open", "__anos_path", "__anos_place", "__anos_ask", "__anos_call"}
    assert "__anos_syscall" not in names
