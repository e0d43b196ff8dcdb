"""A process that does what no program may dies alone, and its report says how."""

from __future__ import annotations

import re
from functools import cache

import pytest

from anos_sim.stage3.abi import SLICE_TICKS, TICK_NS
from support.architectures import ARCHITECTURES, DEFAULT, only_if_built
from support.kernel import Run, code_image, program_image, run_image

UNMAPPED = "an unmapped page"
BEYOND = "a kernel or non-canonical address"
FORBIDDEN = "a page that does not allow it"
X86_64 = {
    "lock_bts": "#UD invalid instruction",
    "lock_bts_first": "#UD invalid instruction: no CPU would run this code",
    "lock_bts_across": "#UD invalid instruction: no CPU would run this code",
    "hlt": "#GP general protection",
    "cli": "#GP general protection",
    "in": "#GP general protection: I/O port 0x60",
    "out": "#GP general protection: I/O port 0x61",
    "ud2": "#UD invalid instruction",
    "divide": "#DE divide error",
    "divide_overflow": "#DE divide error",
    "breakpoint": "#BP breakpoint",
    "breakpoint_long": "#BP breakpoint",
    "overflow": "#OF overflow",
    "overflow_test": "#UD invalid instruction",
    "interrupt_0": "#GP general protection: int 0x0",
    "interrupt_1": "#GP general protection: int 0x1",
    "interrupt_6": "#GP general protection: int 0x6",
    "interrupt_13": "#GP general protection: int 0xd",
    "interrupt_14": "#GP general protection: int 0xe",
    "x87": "#MF x87 floating-point error",
    "load_segment": "#GP general protection",
    "far_return": "#GP general protection",
    "system_return": "#GP general protection",
    "read_cr": "#GP general protection",
    "string_in": "#GP general protection: I/O port 0x62",
    "interrupt": "#GP general protection: int 0x80",
    "write_msr": "#GP general protection",
    "load_idt": "#GP general protection",
    "vm86": "#GP general protection: it left 64-bit user mode",
    "trap_flag": "#DB debug exception",
}
RISCV64 = {
    "unimp": "illegal instruction",
    "ones": "illegal instruction",
    "zeros": "illegal instruction",
    "machine_return": "illegal instruction",
    "supervisor_return": "illegal instruction",
    "fence_pages": "illegal instruction",
    "read_hart": "illegal instruction",
    "read_status": "illegal instruction",
    "write_root": "illegal instruction",
    "write_cycle": "illegal instruction",
    "write_time": "illegal instruction",
    "no_register": "illegal instruction",
    "vector": "illegal instruction",
    "ones_first": "illegal instruction",
    "ones_across": "illegal instruction",
    "breakpoint": "breakpoint",
    "breakpoint_short": "breakpoint",
    "kernel_write": f"write to {BEYOND}, 0xfffffffffffffff8",
    "null_read": f"read of {UNMAPPED}, 0x8",
    "stack_overflow": f"write to {UNMAPPED}, 0x2fffbff8",
    "many_tables": f"write to {UNMAPPED}, 0x10",
    "dies_with_threads": f"read of {UNMAPPED}, 0x8",
    "dies_serving": f"write to {UNMAPPED}, 0x8",
}
"""Addresses are exact there, not of pages."""
CAUSES = {
    "kernel_read": f"read of {BEYOND}, 0xffff800000000000",
    "kernel_write": f"write to {BEYOND}, 0xfffffffffffff000",
    "kernel_jump": f"execution of {BEYOND}, 0xffffffff80000000",
    "hole_read": f"read of {BEYOND}, 0x800000000000",
    "hole_jump": f"execution of {BEYOND}, 0x1234567812345000",
    "null_jump": f"execution of {UNMAPPED}, 0x0",
    "null_read": f"read of {UNMAPPED}, 0x0",
    "read_only": f"write to {FORBIDDEN}, 0x500000000",
    "unmapped": f"write to {UNMAPPED}, 0x500000000",
    "run_data": f"execution of {FORBIDDEN}, 0x500000000",
    "no_memory_there": "bus error: no memory or device at 0x8000000000",
    "run_device": f"execution of {FORBIDDEN}, 0x500000000",
    "bad_thread": f"execution of {BEYOND}, 0xffff800000000000",
    "stack_overflow": f"write to {UNMAPPED}, 0x2fffb000",
    "all_memory": "out of memory",
    "all_memory_by_calls": "out of memory",
    "many_tables": f"write to {UNMAPPED}, 0x0",
    "dies_with_threads": f"read of {UNMAPPED}, 0x0",
    "dies_serving": f"write to {UNMAPPED}, 0x0",
}
"""What a report must say everywhere. Who jumps to itself or spins goes on doing so."""
OWN_CAUSES = {"x86_64": X86_64, "riscv64": RISCV64}


@cache
def hostile(policy: str, cpus: int, arch: str = DEFAULT) -> Run:
    """All deeds, once."""
    return run_image(program_image("hostile", arch=arch), policy, cpus, arch=arch)


@pytest.fixture(params=ARCHITECTURES)
def arch(request: pytest.FixtureRequest) -> str:
    """An architecture."""
    return str(request.param)


@pytest.fixture(params=["derived-1", "derived-4", "bearer-1", "bearer-4"])
def run(arch: str, request: pytest.FixtureRequest) -> Run:
    """The run with a policy and a number of CPUs."""
    policy, cpus = request.param.split("-")
    return hostile(policy, int(cpus), arch)


def test_the_healthy_process_goes_on_after_each_deed(run: Run) -> None:
    assert [line for line in run.lines if line.startswith("FAIL")] == []
    assert run.lines[-1] == f"done {len([line for line in run.lines if line.startswith('ok')])}"
    assert len(run.lines) > 35


def test_each_death_is_reported_with_its_cause(run: Run, arch: str) -> None:
    died = {}
    for report in run.reports:
        found = re.match(r"(\w+)\[\d+\] thread \d+ died at 0x[0-9a-f]+: (.+)", report)
        assert found, report
        died[found[1]] = found[2]
    expected = {**CAUSES, **OWN_CAUSES[arch]}
    if "run_data" not in died:  # `bearer` runs data, as STAGE3 does
        del expected["run_data"]
    else:  # `derived` lets a child map no device that it was not given
        expected["no_memory_there"] = f"read of {UNMAPPED}, 0x500000000"
        expected["run_device"] = f"execution of {UNMAPPED}, 0x500000000"
    assert died == expected


def test_data_runs_under_bearer_only(arch: str) -> None:
    ran = [
        all("run_data[" not in report for report in hostile(policy, 1, arch).reports)
        for policy in ("bearer", "derived")
    ]
    assert ran == [True, False]


@pytest.mark.parametrize(
    ("arch", "pc", "first", "second"),
    [("x86_64", "rip", "rax", "rbx"), ("riscv64", "pc", "ra", "sp")],
)
def test_a_report_has_registers_mapping_backtrace_and_calls(
    arch: str, pc: str, first: str, second: str
) -> None:
    reports = hostile("derived", 1, arch).reports
    report = next(each for each in reports if each.startswith("read_only["))
    assert re.search(rf"^  {pc} +0x0000000002\w+$", report, re.MULTILINE)
    assert re.search(rf"^  {first} +[0-9a-f]{{16}}  {second} ", report, re.MULTILINE)
    assert re.search(rf"^  mapping at {pc}: 0x2\w+ -> frame 0x\w+ r-x", report, re.MULTILINE)
    assert re.search(r"^  mapping at 0x500000000: 0x500000000 -> frame 0x\w+ r--", report, re.M)
    assert re.search(r"^    #0  0x2\w+\n    #1  0x2\w+", report, re.MULTILINE)
    assert "map_virtual(0x1000, 0x500000000, 0x1) ok at 0x2" in report


def test_a_c_programs_report_names_its_functions(arch: str) -> None:
    run = run_image(program_image("crash", arch=arch), arch=arch)
    (report,) = run.reports
    frames = re.findall(r"^    #\d+ +0x\w+ (\w+)\+0x\w+$", report, re.MULTILINE)
    assert frames[:4] == ["innermost", "middle", "outermost", "main"]
    assert report.startswith("SYSTEM[1] thread 2 died at 0x")
    assert "write to an unmapped page, 0x5000" in report.splitlines()[0]
    assert re.search(r"^  (rip|pc) +0x\w+ innermost\+0x\w+$", report, re.MULTILINE)
    assert re.search(r"^  mapping at 0x5000: nothing$", report, re.MULTILINE)
    assert re.search(r"create_channel\(\) ok at 0x\w+$", report, re.MULTILINE)


CODE = {
    "x86_64": ["0f0b", "cd80", "cc", "f4", "9c810c24000100009d90", "8b042500500000"],
    "riscv64": ["00000000", "ffffffff", "73001000", "73002030", "f3221030", "83300000", "23300000"],
}
"""The latter: nothing at all twice, EBREAK, MRET, a CSR of the machine's, LD and SD at 0."""


@pytest.mark.parametrize(
    ("arch", "code"),
    [pytest.param(arch, code, marks=only_if_built(arch)) for arch in CODE for code in CODE[arch]],
)
def test_a_death_takes_less_than_a_slice(arch: str, code: str) -> None:
    run = run_image(code_image(bytes.fromhex(code)), arch=arch)
    assert len(run.reports) == 1
    assert run.time_ps < SLICE_TICKS * TICK_NS * 1000
    assert run.outcome.panic
