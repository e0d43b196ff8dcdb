"""`anos-sim bench`: what the kernel's primitives cost, as ratios within one run.

A guest (tests/guest/bench.c) brackets each subject with lines in the log; the
host takes the time between them. The yardstick is bare Unicorn, driven through
its own Python binding in the same process, so that ratios hold on any host.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from typing import Any

import attrs

from anos_sim.hw.config import MachineConfig
from anos_sim.hw.machine import Machine
from anos_sim.stage3.boot import boot
from anos_sim.stage3.image import read_image
from anos_sim.stage3.log import LogLine

from .errors import UserError
from .options import default_image, elf_folder, sample_disk
from .table import render

BARE_CALLS = 20_000
BOOT_BUDGET_SECONDS = 0.25
PROCESS_BUDGET_SECONDS = 0.6


@attrs.frozen
class Row:
    """One figure: microseconds (or seconds), the ratio that counts, and its budget."""

    name: str
    value: float
    unit: str
    ratio: float | None
    reference: str
    budget: str
    met: bool


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "bench",
        help="measure the kernel's primitives against bare Unicorn",
        description="Measure system calls, messages, mappings, threads and the boot. Ratios within "
        "one run decide; absolute times depend on the host.",
    )
    parser.add_argument(
        "--repeat", type=int, default=3, metavar="N", help="runs of each; the median counts"
    )
    parser.add_argument("--cpus", type=int, default=1, metavar="N", help="CPUs of the machine")
    parser.add_argument("--json", action="store_true", help="as JSON, for scripts")
    parser.set_defaults(run=run_bench)


def run_bench(arguments: argparse.Namespace) -> int:
    """Do it; returns 0: a missed budget is shown, not an error."""
    if arguments.repeat < 1:
        raise UserError(f"--repeat {arguments.repeat}: measure at least once")
    runs = []
    for number in range(arguments.repeat):
        print(f"run {number + 1} of {arguments.repeat} ...", file=sys.stderr, flush=True)
        runs.append(
            {
                "bare": bare_call(),
                **measure(arguments.cpus),
                "boot": boot_seconds(),
                "process": process_seconds(),
            }
        )
    rows = make_rows(runs)
    if arguments.json:
        print(json.dumps([attrs.asdict(row) for row in rows], indent=2))
    else:
        print(_text(rows))
    return 0


def bare_call() -> float:
    """Microseconds of one trap through Unicorn's own binding: hook, emu_stop, emu_start."""
    from unicorn import UC_ARCH_X86, UC_HOOK_INSN, UC_MODE_64, Uc
    from unicorn.x86_const import UC_X86_INS_SYSCALL, UC_X86_REG_RIP

    engine = Uc(UC_ARCH_X86, UC_MODE_64)
    engine.mem_map(0x1000, 0x1000)
    engine.mem_write(0x1000, b"\x0f\x05\xeb\xfc")
    engine.hook_add(UC_HOOK_INSN, lambda uc, data: uc.emu_stop(), None, 1, 0, UC_X86_INS_SYSCALL)
    begin = time.perf_counter()
    address = 0x1000
    for _ in range(BARE_CALLS):
        engine.emu_start(address, 0)
        address = engine.reg_read(UC_X86_REG_RIP)
    return (time.perf_counter() - begin) / BARE_CALLS * 1e6


def measure(cpus: int) -> dict[str, float]:
    """Microseconds per operation of every subject of the bench guest, in one run of it."""
    image_path = elf_folder() / "tests" / "bench.elf"
    if not image_path.exists():
        raise UserError(f"{image_path} is missing: run `anos-sim build` in a checkout")
    machine = Machine(MachineConfig(cpus=cpus))
    kernel = boot(machine, read_image(image_path, "x86_64"), "derived")
    begun: dict[str, tuple[float, int]] = {}
    times: dict[str, float] = {}

    def hear(line: LogLine) -> None:
        words = line.text.split()
        if words[:1] == ["begin"]:
            begun[words[1]] = (time.perf_counter(), int(words[2]))
        elif words[:1] == ["end"]:
            begin, count = begun[words[1]]
            times[words[1]] = (time.perf_counter() - begin) / count * 1e6

    kernel.on_log = hear
    while kernel.advance(1000):
        pass
    kernel.close()
    return times


def boot_seconds() -> float:
    """Host seconds from a machine description to the tour's end, without imports."""
    begin = time.perf_counter()
    machine = Machine(MachineConfig(disks=(str(sample_disk()),)))
    kernel = boot(machine, read_image(default_image(), "x86_64"))
    while kernel.advance(1000):
        pass
    seconds = time.perf_counter() - begin
    kernel.close()
    return seconds


def process_seconds() -> float:
    """Host seconds of `anos-sim run` from exec to exit."""
    begin = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "anos_sim.toolchain", "run", "--quiet"],
        check=False,
        capture_output=True,
    )
    return time.perf_counter() - begin


FIGURES = (
    # key, name, unit, against what, that many times, limit of the ratio (design: budgets)
    ("bare", "bare Unicorn trap", "us", "", 1, None),
    ("null-syscall", "null system call", "us", "bare", 1, 0.35),
    ("ipc-tag-only", "IPC round trip, tag only", "us", "null-syscall", 3, 2.0),
    ("ipc-page", "IPC round trip, 4 KiB page", "us", "ipc-tag-only", 1, 1.15),
    ("map-touch-unmap", "map, touch, unmap a page", "us", "null-syscall", 1, None),
    ("thread", "thread, message, exit", "us", "null-syscall", 1, None),
)
ABSOLUTE = (
    ("boot", "boot to files listed", BOOT_BUDGET_SECONDS),
    ("process", "whole process", PROCESS_BUDGET_SECONDS),
)


def make_rows(runs: list[dict[str, float]]) -> list[Row]:
    """Medians, with ratios taken within each run: what slows a host down slows both sides."""
    rows = []
    for key, name, unit, reference, times, limit in FIGURES:
        value = statistics.median(run[key] for run in runs)
        ratio, against = None, ""
        if reference:
            ratio = statistics.median(run[key] / (times * run[reference]) for run in runs)
            against = f"{times} x {reference}" if times > 1 else reference
        budget = f"<= {limit} x" if limit is not None else ""
        met = limit is None or ratio is None or ratio <= limit
        rows.append(Row(name, value, unit, ratio, against, budget, met))
    for key, name, seconds in ABSOLUTE:
        value = statistics.median(run[key] for run in runs)
        rows.append(Row(name, value, "s", None, "", f"<= {seconds} s", value <= seconds))
    return rows


def _text(rows: list[Row]) -> str:
    table: list[list[Any]] = [["FIGURE", "VALUE", "RATIO", "AGAINST", "BUDGET", ""]]
    for row in rows:
        ratio = f"{row.ratio:.2f} x" if row.ratio is not None else ""
        verdict = ("ok" if row.met else "missed") if row.budget else ""
        table.append(
            [row.name, f"{row.value:.3f} {row.unit}", ratio, row.reference, row.budget, verdict]
        )
    return render(table, right={1, 2})
