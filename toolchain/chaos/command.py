"""`anos-sim chaos`: a campaign of runs with faults, or one of them again."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anos_sim.hw.arch import ARCHITECTURES, DEFAULT
from anos_sim.toolchain.errors import UserError

from .kinds import DEFAULT_GROUP, GROUPS, KINDS

if TYPE_CHECKING:
    from .batch import Spec

INTERRUPTED = 130
REPORTS_MAX = 5
"""How many failing runs get a page, the worst first."""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    listing = "\n".join(
        f"  {name:<18}{kind.text}{' (silent)' if kind.silent else ''}"
        for name, kind in KINDS.items()
    )
    parser = commands.add_parser(
        "chaos",
        help="let things fail in many runs of a system, and judge what becomes of it",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Boot a system once, branch off runs, put drawn faults into each,\n"
        "and judge it: no effect, recovered, degraded, system hung, data wrong, kernel broken "
        "(docs/chaos.md).",
        epilog=f"faults, which --faults takes:\n{listing}\n\nand the groups {', '.join(GROUPS)}. "
        "Who is hit by a silent one cannot know.\n\n"
        "exit status: 0; 1 if a kernel was broken, data were wrong after loud faults only, or a\n"
        "hung run does not name its cause; 2 on bad input; 130 after Ctrl-C",
    )
    parser.add_argument(
        "scenario", nargs="?", default="files", metavar="SCENARIO",
        help="files (boot and 100 file operations), files:N, or FILE.py:CLASS of your own",
    )  # fmt: skip
    parser.add_argument(
        "--runs", type=int, default=100, metavar="N", help="how many (default: 100)"
    )
    parser.add_argument(
        "--seed", type=int, default=1, metavar="S", help="what faults are drawn from (default: 1)"
    )
    parser.add_argument(
        "--faults",
        default=DEFAULT_GROUP,
        metavar="KIND,...",
        help="only these kinds or groups (default: the group default)",
    )
    parser.add_argument(
        "--arch", default=DEFAULT.name, choices=ARCHITECTURES,
        help=f"the processor (default: {DEFAULT.name})",
    )  # fmt: skip
    parser.add_argument(
        "--schedule", metavar="STRATEGY",
        help="random or pct[:DEPTH], with a seed of each run; or random:SEED, pct:SEED:DEPTH",
    )  # fmt: skip
    parser.add_argument(
        "--jobs", type=int, metavar="J", help="processes (default: one a processor)"
    )
    parser.add_argument(
        "--engine", choices=("local", "dask"), default="local", help="where runs are done"
    )
    parser.add_argument("--scheduler", metavar="ADDRESS", help="of --engine dask: tcp://HOST:PORT")
    parser.add_argument(
        "--output", metavar="FILE", help="a line of JSON for each run; a later call goes on with it"
    )
    parser.add_argument(
        "--report", metavar="DIR",
        help=f"shrink the worst runs, up to {REPORTS_MAX}, and write a page about each",
    )  # fmt: skip
    again = parser.add_mutually_exclusive_group()
    again.add_argument("--replay", metavar="SEED/RUN", help="do one run again and show it")
    again.add_argument(
        "--verify", action="store_true",
        help="do the first and the worst run of --output again, and compare their event hashes",
    )  # fmt: skip
    again.add_argument("--plan", metavar="JSON", help="do a run with these faults and show it")
    again.add_argument(
        "--crashes", type=int, metavar="N",
        help="in place of drawn faults: let each server end N times in a row while files are "
        "copied, and see whether all copies are right",
    )  # fmt: skip
    parser.add_argument(
        "--server",
        action="append",
        metavar="NAME",
        help="of --crashes: only this one; again for more",
    )
    parser.add_argument("--events", metavar="FILE", help="of --replay and --plan: write its events")
    parser.add_argument("--quiet", action="store_true", help="do not say how far it is")
    parser.set_defaults(run=run_chaos)


def chosen_kinds(text: str) -> tuple[str, ...]:
    """Kinds of faults by name or group, in the order of the table.

    Raises:
        UserError: there is no such kind.
    """
    wanted: set[str] = set()
    for name in text.split(","):
        members = GROUPS.get(name, (name,) if name in KINDS else ())
        if not members:
            raise UserError(
                f"--faults {name}: there is no such fault; `anos-sim chaos --help` lists them"
            )
        wanted.update(members)
    return tuple(name for name in KINDS if name in wanted)


def run_chaos(arguments: argparse.Namespace) -> int:
    """Do it; returns the exit status."""
    from .batch import Spec
    from .scenario import find_scenario

    if arguments.crashes is not None:
        return _crash_servers(arguments)
    if arguments.server:
        raise UserError("--server is of --crashes: name how often it shall end")
    if arguments.runs < 1 or (arguments.jobs is not None and arguments.jobs < 1):
        raise UserError("--runs and --jobs are 1 or more")
    if (arguments.engine == "dask") != (arguments.scheduler is not None):
        raise UserError("--engine dask and --scheduler ADDRESS go together")
    find_scenario(arguments.scenario, arguments.arch)
    _check_schedule(arguments.schedule)
    kinds = chosen_kinds(arguments.faults)
    if arguments.plan is not None:
        return _run_plan(arguments)
    spec = Spec(arguments.scenario, arguments.seed, kinds, arguments.arch, arguments.schedule)
    if arguments.replay is not None:
        return _replay(arguments, spec)
    if arguments.verify:
        return _verify(arguments, spec)
    if arguments.events is not None:
        raise UserError("--events is of one run: name it with --replay SEED/RUN")
    return _campaign(arguments, spec)


def _crash_servers(arguments: argparse.Namespace) -> int:
    from anos_sim.toolchain.duration import show_time
    from anos_sim.toolchain.table import render

    from .crashes import crash_all, servers
    from .engines import default_jobs

    known, times, jobs = servers(arguments.arch), arguments.crashes, arguments.jobs
    if times < 1 or (jobs is not None and jobs < 1):
        raise UserError("--crashes and --jobs are 1 or more")
    names = arguments.server or known
    for name in names:
        if name not in known:
            raise UserError(f"--server {name}: those that are restarted are {', '.join(known)}")
    table = [["SERVER", "ENDED", "SUCCESSORS", "TIME", "SECONDS", "COPIES"]]
    is_right = True
    for each in crash_all(names, times, arguments.arch, jobs or default_jobs()):
        is_right &= each.is_right(times)
        table.append(
            [each.server, str(each.ended), str(each.successors), show_time(each.time_ps),
             f"{each.seconds:.1f}", "; ".join(each.wrong) or "right"]
        )  # fmt: skip
    print(render(table, right={1, 2, 3, 4}))
    return 0 if is_right else 1


def _check_schedule(text: str | None) -> None:
    """Refuse what names no schedule before any run is done."""
    from anos_sim.toolchain.options import check_schedule

    from .batch import Spec

    check_schedule(Spec(schedule=text).schedule_of(0))


def _campaign(arguments: argparse.Namespace, spec: Spec) -> int:
    from .campaign import has_failed, run_campaign, summary, worst
    from .engines import default_jobs, run_dask, run_local
    from .report import replay_command
    from .results import Results

    results = Results(spec, arguments.output)
    if arguments.engine == "dask":
        engine = partial(run_dask, address=arguments.scheduler)
    else:
        engine = partial(run_local, jobs=arguments.jobs or default_jobs())
    known = len(results.rows)
    if known and not arguments.quiet:
        print(f"{known:,} runs are in {arguments.output} already", file=sys.stderr)
    interrupted = False
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        run_campaign(spec, arguments.runs, results, engine, None if arguments.quiet else sys.stderr)
    except KeyboardInterrupt:
        interrupted = True
    finally:
        signal.signal(signal.SIGTERM, before)
    rows = [results.rows[run] for run in sorted(results.rows)]
    print(summary(rows))
    bad = worst(rows)
    if bad is not None:
        print(
            f"\nworst: run {bad['run']}, {bad['verdict']}{': ' if bad['why'] else ''}{bad['why']}"
        )
        print(f"  {replay_command(spec, bad['run'])}")
    if arguments.report is not None:
        for page in _write_reports(Path(arguments.report), spec, rows):
            print(f"  {page}")
    if interrupted:
        return INTERRUPTED
    return 1 if has_failed(rows) else 0


def _write_reports(folder: Path, spec: Spec, rows: Sequence[dict[str, Any]]) -> Iterator[Path]:
    from .fault import plan_from
    from .report import write_report
    from .verdict import Verdict

    failing = [row for row in rows if Verdict(row["verdict"]).rank >= Verdict.HUNG.rank]
    failing.sort(key=lambda row: (-Verdict(row["verdict"]).rank, row["run"]))
    for row in failing[:REPORTS_MAX]:
        yield write_report(folder, spec, row, plan_from(row["plan"]))


def _replay(arguments: argparse.Namespace, spec: Spec) -> int:
    import attrs

    from .batch import plan_of

    seed, slash, run = arguments.replay.partition("/")
    if not (slash and seed.lstrip("-").isdecimal() and run.isdecimal()):
        raise UserError(f"--replay {arguments.replay}: write SEED/RUN, as 1/42")
    spec = attrs.evolve(spec, seed=int(seed))
    plan = plan_of(spec, int(run))
    known = None
    if arguments.output is not None and os.path.exists(arguments.output):
        from .results import Results

        known = Results(spec, arguments.output).rows.get(int(run))
    return _show(arguments, plan, known)


def _verify(arguments: argparse.Namespace, spec: Spec) -> int:
    """Are the first and the worst run what the results say? 1 if not."""
    from .batch import ground, plan_of
    from .campaign import worst
    from .results import Results

    rows = Results(spec, arguments.output).rows if arguments.output is not None else {}
    bad = worst([rows[run] for run in sorted(rows)])
    if bad is None:
        raise UserError("--verify compares with results: name their file with --output")
    status = 0
    for what, row in {"first": rows[min(rows)], "worst": bad}.items():
        again = ground(spec.scenario, spec.arch).run(plan_of(spec, row["run"]))
        same = (again["verdict"], again["hash"]) == (row["verdict"], row["hash"])
        status |= not same
        print(f"{what}: run {row['run']}, {row['verdict']}, event hash {row['hash']}: "
              f"{'the same again' if same else 'not again'}")  # fmt: skip
    return status


def _run_plan(arguments: argparse.Namespace) -> int:
    from .fault import read_plan

    return _show(arguments, read_plan(arguments.plan), None)


def _show(arguments: argparse.Namespace, plan: Any, known: dict[str, Any] | None) -> int:
    from anos_sim.toolchain.duration import show_time

    from .report import run_once

    row, lines = run_once(arguments.scenario, plan, arguments.events, arguments.arch)
    if not arguments.quiet:
        for time_ps, who, text in lines:
            print(f"{show_time(time_ps):>12}  {who:<12}  {text}")
    print(f"plan: {plan}")
    for each in row.get("fired", ()):
        print(f"  {each}")
    print(f"{row['verdict']}{': ' if row['why'] else ''}{row['why']}")
    for each in row.get("details", ()):
        print(f"  {each}")
    print(f"event hash {row['hash']}")
    if known is not None:
        same = known["hash"] == row["hash"]
        print(f"anos-sim: {'the same run as' if same else 'another run than'} in the results, "
              f"hash {known['hash']}", file=sys.stderr)  # fmt: skip
        return 0 if same else 1
    return 0
