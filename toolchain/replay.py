"""`anos-sim replay`, and what other commands need to look into a run at a moment.

A recording (`recording.py`) is run again from its beginning: the simulator does some
hundred times the speed at which anybody could read, so no state is stored.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from contextlib import ExitStack

import attrs

from anos_sim.hw.clock import NEVER
from anos_sim.stage3.kernel import Kernel
from anos_sim.stage3.outcome import Outcome
from anos_sim.stage3.process import Process

from .duration import show_time
from .errors import UserError
from .moment import Moment, parse_moment, shorten
from .options import RunOptions, add_system_options, read_options
from .recording import Recording, is_recording, read_recording
from .run import record_events, show_output
from .screenshot import save_screen
from .session import Session

TURNS = 50
_OWN = (
    "cpus", "ram", "disk", "write", "system", "boot_config", "add", "caps", "scheduler", "schedule",
    "seed",
    "duration", "until", "script", "tour",
)  # fmt: skip
"""Options of a run that a recording has already."""


def add_moment_options(parser: argparse.ArgumentParser) -> None:
    """Declare what is looked at: a system to boot, or a recording, and when."""
    add_system_options(parser)
    moment = parser.add_argument_group(
        "the moment",
        "In place of MACHINE.toml a recording of `anos-sim run --record` may be given.",
    )
    moment.add_argument(
        "--at", metavar="MOMENT",
        help="look at this moment: a virtual time (20ms), or an event's number (#1234)",
    )  # fmt: skip


def add_process_option(parser: argparse.ArgumentParser) -> None:
    """Declare --process."""
    parser.add_argument("--process", metavar="NAME", help="only this process: its name or its pid")


def chosen_processes(kernel: Kernel, name: str | None) -> list[Process]:
    """All processes, or those with this name or pid.

    Raises:
        UserError: there is none.
    """
    chosen = [
        each for each in kernel.processes.values() if name in (None, each.name, str(each.pid))
    ]
    if not chosen:
        there = ", ".join(str(each) for each in kernel.processes.values())
        raise UserError(f"--process {name}: there is no such process now; there are {there}")
    return chosen


def session_at(
    arguments: argparse.Namespace, prepare: Callable[[Session], None] | None = None
) -> tuple[Session, int]:
    """Run what `add_moment_options` describes to its moment, with the log muted.

    Returns the session, which the caller closes, and the exit status.

    Raises:
        UserError: an option is wrong, or the recording cannot be had again.
    """
    options, end_ps = read_moment_options(arguments)
    moment = parse_moment(arguments.at) if arguments.at else Moment()
    session = run_to(options, moment, end_ps, prepare)
    outcome = session.kernel.outcome
    status = outcome.status if outcome is not None else 0
    if status and outcome is not None:
        print(f"anos-sim: {outcome.cause}", file=sys.stderr)
    return session, status


def read_moment_options(arguments: argparse.Namespace) -> tuple[RunOptions, int]:
    """The run that is meant, and when it ended as far as that is known (else NEVER)."""
    if not arguments.machine or not is_recording(arguments.machine):
        return read_options(arguments), NEVER
    for name in _OWN:
        if getattr(arguments, name):
            option = {"duration": "for"}.get(name, name).replace("_", "-")
            raise UserError(f"{arguments.machine} is a recording: it has its own --{option}")
    recording = read_recording(arguments.machine)
    end = recording.end
    return recording.options(), end["time_ps"] if end is not None else NEVER


def run_to(
    options: RunOptions,
    moment: Moment,
    end_ps: int = NEVER,
    prepare: Callable[[Session], None] | None = None,
) -> Session:
    """Run to a moment, or to the end if that comes first; the caller closes the session.

    `prepare` sees the session before it runs, to listen to its events: of the first boot
    only, if there is a reboot.
    """
    session = Session(shorten(options, moment, end_ps))
    try:
        session.reports.append(lambda report: print(report, file=sys.stderr))
        if prepare is not None:
            session.follows_reboots = False
            prepare(session)
        tell_reboot(session.run())
    except BaseException:
        session.close()
        raise
    return session


def tell_reboot(outcome: Outcome) -> None:
    """Say so if what is shown ends with a reboot."""
    if outcome.reboot:
        print(f"anos-sim: {outcome.cause}: this is what was before that", file=sys.stderr)


# ---- the command ----


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "replay",
        help="run a recording again",
        description="Run a recording again and check that it is the same run, by the hash of all "
        "it did; or show it up to a moment. ps, devices, mem, bt, caps and ipc take a recording "
        "and --at as well.",
        epilog="exit status: 0 if the run is the recorded one (or its moment was reached), 1 if "
        "it is another one, 2 if an image, a disk or the simulator has changed",
    )
    parser.add_argument("recording", metavar="FILE.anos", help="what `run --record` has written")
    parser.add_argument(
        "--at", metavar="MOMENT", help="stop there: a virtual time (20ms) or an event (#1234)"
    )
    parser.add_argument("--until", metavar="TEXT", help="stop when a log line contains TEXT")
    parser.add_argument("--events", metavar="FILE", help="write every event, as `run --events`")
    parser.add_argument("--screenshot", metavar="PNG", help="save the screen at the end")
    parser.add_argument("--quiet", action="store_true", help="do not print the log")
    parser.set_defaults(run=run_replay)


def run_replay(arguments: argparse.Namespace) -> int:
    """Do it; returns the exit status."""
    recording = read_recording(arguments.recording)
    options = recording.options()
    end_ps = recording.end["time_ps"] if recording.end is not None else NEVER
    if arguments.at:
        options = shorten(options, parse_moment(arguments.at), end_ps)
    if arguments.until:
        options = attrs.evolve(options, until=arguments.until)
    with ExitStack() as stack:
        session = Session(options)
        stack.callback(session.close)
        if arguments.events:
            record_events(stack, session, arguments.events)
        show_output(session, not arguments.quiet)
        session.reports.append(lambda report: print(report, file=sys.stderr))
        outcome = session.run()
        sys.stdout.flush()
        if arguments.screenshot:
            save_screen(arguments.screenshot, session.machine.framebuffer)
        if arguments.at or arguments.until:
            time = show_time(session.kernel.latest_ps())
            print(f"anos-sim: stopped at {time}: {outcome.cause}", file=sys.stderr)
            return outcome.status if arguments.until else 0
        return _verify(recording, session)


def _verify(recording: Recording, session: Session) -> int:
    digest = session.hash.digest(session.kernel)
    if recording.end is None:
        print(f"anos-sim: {recording.path} has no end to compare with: its run did not finish; "
              f"this one has run hash {digest}", file=sys.stderr)  # fmt: skip
        return 0
    if recording.end["hash"] != digest:
        print(f"anos-sim: this is another run than the recorded one: run hash {digest}, recorded "
              f"{recording.end['hash']}; `anos-sim run --check` finds where a run depends on "
              "more than its recording has", file=sys.stderr)  # fmt: skip
        return 1
    print(f"anos-sim: the same run, hash {digest}", file=sys.stderr)
    return 0
