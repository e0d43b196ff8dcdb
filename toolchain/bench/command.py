"""The command line of `anos-sim bench`."""

from __future__ import annotations

import argparse
import difflib
import json
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs

from anos_sim.hw.arch import ARCHITECTURES, DEFAULT
from anos_sim.toolchain.errors import UserError
from anos_sim.toolchain.table import render

from .compare import FORMAT, Verdict, compare, load_report
from .figures import Figure, Spread, make_figures
from .rows import GROUP_NAMES, ROWS, ROWS_BY_NAME, X86_64_ONLY, Row


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    listing = "\n".join(f"  {row.name:<17}{row.subject}" for row in ROWS)
    parser = commands.add_parser(
        "bench",
        help="measure the kernel and the servers against bare Unicorn",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Measure system calls, messages, memory, files and the boot. Ratios within one "
        "run decide;\nabsolute times depend on the host. docs/performance.md tells how each is "
        "measured.",
        epilog=f"rows, which --only takes:\n{listing}\n\n"
        f"it takes whole groups, too: {', '.join(GROUP_NAMES)}\n\n"
        "exit status: 0, also if a budget is missed; 1 if --compare finds one that is missed now\n"
        "and was not before",
    )
    parser.add_argument(
        "--repeat", type=int, default=5, metavar="N", help="runs; medians count (default: 5)"
    )
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="NAME", help="these rows or groups only"
    )
    parser.add_argument(
        "--arch", default=DEFAULT.name, choices=(*ARCHITECTURES, "all"),
        help="the processor; all: each row on each of them, side by side",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="as JSON, for scripts and --compare")
    parser.add_argument(
        "--compare", metavar="OLD.json", help="say what has changed since that report"
    )
    parser.set_defaults(run=run_bench)


def run_bench(arguments: argparse.Namespace) -> int:
    """Do it; returns 1 if a budget has been lost since the report of --compare."""
    if arguments.repeat < 1:
        raise UserError(f"--repeat {arguments.repeat}: measure at least once")
    rows = select(arguments.only)
    old = load_report(arguments.compare) if arguments.compare else None
    archs = tuple(ARCHITECTURES) if arguments.arch == "all" else (arguments.arch,)
    figures = measure(rows, arguments.repeat, archs)
    verdicts = compare(old, figures) if old is not None else []
    if arguments.json:
        print(json.dumps(make_report(figures, verdicts), indent=2))
    else:
        print(figures_text(figures) if len(archs) == 1 else columns_text(figures, archs))
        print(f"\n{machine_text(figures)}")
        if verdicts:
            print(f"\nagainst {arguments.compare}:\n{verdicts_text(verdicts)}")
    return 1 if any(verdict.lost_budget for verdict in verdicts) else 0


def select(names: Sequence[str]) -> list[Row]:
    """The rows that the names of rows and groups mean, with their bases; all without names.

    Raises:
        UserError: there is no such row or group.
    """
    wanted: set[str] = set()
    for name in names:
        members = {row.name for row in ROWS if name in (row.name, row.group)}
        if not members:
            near = difflib.get_close_matches(name, [*ROWS_BY_NAME, *GROUP_NAMES], 3, 0.4)
            hint = f"; near it: {', '.join(near)}" if near else ""
            raise UserError(f"--only {name}: there is no such row or group{hint}")
        wanted |= members
    pending = list(wanted)
    while pending:
        base = ROWS_BY_NAME[pending.pop()].base
        if base and base not in wanted:
            wanted.add(base)
            pending.append(base)
    return [row for row in ROWS if not names or row.name in wanted]


def measure(rows: Sequence[Row], repeat: int, archs: Sequence[str]) -> list[Figure]:
    """Measure all groups that the rows need, again and again; says on stderr how far it is."""
    from .groups import GROUPS  # what it takes costs every command its start

    runs: dict[str, list[dict[str, float]]] = {arch: [] for arch in archs}
    for number in range(1, repeat + 1):
        for arch in archs:
            run: dict[str, float] = {}
            for group in dict.fromkeys(row.group for row in rows_on(rows, arch)):
                where = f" on {arch}" if len(archs) > 1 else ""
                print(f"run {number} of {repeat}: {group}{where} ...", file=sys.stderr, flush=True)
                run.update(GROUPS[group](arch))
            runs[arch].append(run)
    return [
        figure for arch in archs for figure in make_figures(rows_on(rows, arch), runs[arch], arch)
    ]


def rows_on(rows: Sequence[Row], arch: str) -> list[Row]:
    """The rows that say something on an architecture."""
    return [row for row in rows if arch == DEFAULT.name or row.group not in X86_64_ONLY]


def machine_facts() -> dict[str, Any]:
    """What the absolute figures depend on."""
    from importlib.metadata import version

    model = platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    return {
        "processor": model,
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "anos_sim": version("anos-sim"),
        "unicorn": version("unicorn"),
    }


def make_report(figures: Sequence[Figure], verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Everything, as JSON has it."""
    report: dict[str, Any] = {
        "format": FORMAT,
        "machine": machine_facts(),
        "rows": [attrs.asdict(figure) for figure in figures],
    }
    if verdicts:
        report["compared"] = [attrs.asdict(verdict) for verdict in verdicts]
    return report


def figures_text(figures: Sequence[Figure]) -> str:
    """The table of one architecture."""
    table: list[list[str]] = [
        ["ROW", "SUBJECT", "VALUE", "", "SPREAD", "RATIO", "AGAINST", "BUDGET", ""]
    ]
    for figure in figures:
        value = figure.value
        width = (value.high - value.low) / value.median / 2 if value.median else 0.0
        table.append(
            [
                figure.name,
                figure.subject,
                f"{value.median:.3f}",
                figure.unit,
                f"+-{width:.0%}",
                _ratio_text(figure.ratio),
                figure.against,
                figure.budget,
                _met_text(figure),
            ]
        )
    return render(table, right={2, 4, 5})


def columns_text(figures: Sequence[Figure], archs: Sequence[str]) -> str:
    """The table with the value, the ratio and the verdict of each architecture side by side."""
    by_arch = {(figure.arch, figure.name): figure for figure in figures}
    first = {figure.name: figure for figure in reversed(figures)}
    table = [["ROW", "", *(cell for arch in archs for cell in (arch, "RATIO", "")), "AGAINST",
              "BUDGET"]]  # fmt: skip
    for name in dict.fromkeys(figure.name for figure in figures):
        cells = []
        for arch in archs:
            figure = by_arch.get((arch, name))
            cells += _cells(figure) if figure is not None else ["-", "", ""]
        each = first[name]
        table.append([name, each.unit, *cells, each.against, each.budget])
    right = {2 + 3 * place + cell for place in range(len(archs)) for cell in (0, 1)}
    return render(table, right=right)


def _cells(figure: Figure) -> list[str]:
    return [f"{figure.value.median:.3f}", _ratio_text(figure.ratio), _met_text(figure)]


def _met_text(figure: Figure) -> str:
    return {None: "", True: "ok", False: "missed"}[figure.met]


def machine_text(figures: Sequence[Figure]) -> str:
    """What the absolute figures depend on, as a line."""
    facts = machine_facts()
    return (
        f"{facts['processor']}, {facts['processors']} processors, Python {facts['python']}, "
        f"Unicorn {facts['unicorn']}; medians of {figures[0].runs}"
    )


def _ratio_text(ratio: Spread | None) -> str:
    if ratio is None:
        return ""
    return f"{ratio.median:.2f} x" if ratio.median >= 0.1 else f"{ratio.median:.4f} x"


def verdicts_text(verdicts: Sequence[Verdict]) -> str:
    """What changed, a row a line."""
    table = [
        [verdict.name, f"{verdict.change:.2f} x" if verdict.change else "", verdict.words]
        for verdict in verdicts
    ]
    return render(table, right={1})
