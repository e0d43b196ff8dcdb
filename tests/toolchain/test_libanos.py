"""libanos and the C library, on a bare engine: start, output, memory, end."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from anos_sim.stage3.abi import Sysno
from support.bare_engine import BareEngine

PROGRAMS = Path(str(files("anos_sim.toolchain"))) / "elf" / "tests"
ALL_CALLS = [
    Sysno.DEBUG_PRINT,
    Sysno.SLEEP,
    Sysno.KILL_CURRENT_TASK,
    Sysno.UNMAP_VIRTUAL,
    Sysno.CREATE_REGION,
    Sysno.DESTROY_REGION,
    Sysno.CLOCK,
]


def test_a_program_gets_its_arguments_and_prints_by_both_ways() -> None:
    engine = BareEngine(PROGRAMS / "hello.elf", ALL_CALLS, ["boot:/hello.elf", "Hello, World!"])
    assert engine.run() == (
        "hello from the kernel's call\nhello from printf: 2 argument(s), boot:/hello.elf, 3.142\n"
    )


def test_a_program_that_may_not_print_ends_without_a_call_that_it_may_not_make() -> None:
    engine = BareEngine(PROGRAMS / "hello.elf", [Sysno.KILL_CURRENT_TASK], ["boot:/hello.elf"])
    assert engine.run() == ""
    assert set(engine.calls) == {Sysno.KILL_CURRENT_TASK}


def test_no_arguments_at_all_are_fine_because_system_gets_none() -> None:
    engine = BareEngine(PROGRAMS / "hello.elf", ALL_CALLS, [])
    assert "0 argument(s), -," in engine.run()


def test_the_c_library_does_what_it_should() -> None:
    engine = BareEngine(PROGRAMS / "libc.elf", ALL_CALLS, ["boot:/libc.elf"])
    output = engine.run()
    assert output.endswith("stderr works\nlibc: 0 failed"), output[-500:]


def test_freed_memory_goes_back_to_the_kernel() -> None:
    engine = BareEngine(PROGRAMS / "libc.elf", ALL_CALLS, ["boot:/libc.elf"])
    engine.run()
    assert engine.calls.count(Sysno.DESTROY_REGION) > 100
    assert sum(engine.regions.values()) < 2 << 20


@pytest.mark.parametrize("missing", [Sysno.UNMAP_VIRTUAL, Sysno.DESTROY_REGION])
def test_without_the_right_to_unmap_memory_is_kept(missing: Sysno) -> None:
    calls = [call for call in ALL_CALLS if call != missing]
    output = BareEngine(PROGRAMS / "libc.elf", calls, ["boot:/libc.elf"]).run()
    assert output.endswith("libc: 0 failed")
