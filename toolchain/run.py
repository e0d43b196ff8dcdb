"""`anos-sim run`: boot a system and show what it says."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from typing import TextIO

import attrs

from anos_sim.hw.clock import NEVER
from anos_sim.hw.config import FramebufferConfig
from anos_sim.stage3.event_log import EventLog
from anos_sim.stage3.events import Event

from . import check
from .console_output import ConsoleOutput, format_line
from .display import Display, has_true_colour, screen_for, window_size
from .duration import parse_duration, show_time
from .errors import UserError
from .event_file import EventFileWriter
from .moment import Moment, shorten
from .options import RunOptions, add_system_options, read_options
from .recording import Recorder
from .screen_text import find_font
from .screenshot import save_screen
from .session import Session
from .standard_input import Input, attach_input, read_all, standard_input
from .wait_for import show_deadlock

CODE_BYTES_PER_INSTRUCTION = 4
"""What the summary divides by: executed code is counted in bytes (design: time)."""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "run",
        help="boot a system and show its log",
        description="Boot a system and show its log. Without arguments: our own system on a sample "
        "disk, with its shell. At a terminal you type; else standard input does, or, if there is "
        "none, a script that shows the system (docs/console.md).",
        epilog="exit status: what the system switched off with; 0 when it is quiet, after --for or "
        "when --until was seen; 1 on a panic, on SYSTEM's death or when --until was not seen; "
        "2 on bad input; 130 after Ctrl-C. The same machine, images, seed and version give the "
        "same run: the hash in the summary tells (docs/events.md)",
    )
    add_system_options(parser)
    output = parser.add_argument_group("what comes out")
    output.add_argument("--log", metavar="FILE", help="write the log to a file as well")
    output.add_argument(
        "--events", metavar="FILE",
        help="write every event: lines of text if FILE ends in .txt, else compact, for "
        "`anos-sim events`, `trace` and `ipc`",
    )  # fmt: skip
    output.add_argument(
        "--record", metavar="FILE.anos",
        help="store what the run depends on, for `anos-sim replay` and for --at of other commands",
    )  # fmt: skip
    output.add_argument(
        "--check", action="store_true",
        help="run twice in fresh processes and compare event by event: exit 0 if they are the same",
    )  # fmt: skip
    output.add_argument(check.CHILD, dest="check_child", metavar="FILE", help=argparse.SUPPRESS)
    output.add_argument("--screenshot", metavar="PNG", help="save the screen at the end")
    output.add_argument(
        "--display", action="store_true",
        help="show the screen in this terminal while the system runs, in place of log and console",
    )  # fmt: skip
    output.add_argument(
        "--at", metavar="TIME", help="end the run at this virtual time (20ms), to see its screen"
    )
    output.add_argument(
        "--realtime", action="store_true", help="let a virtual second last a second"
    )
    output.add_argument(
        "--quiet", action="store_true", help="print neither the log nor the summary"
    )
    parser.set_defaults(run=run_run)


def run_run(arguments: argparse.Namespace) -> int:
    """Do it; returns the exit status."""
    if arguments.check_child:
        arguments.events, arguments.quiet = arguments.check_child, True
        arguments.log = arguments.screenshot = arguments.record = None
    elif arguments.check:
        if arguments.write:
            raise UserError("--check runs twice, so it cannot go with --write")
        if arguments.display:
            raise UserError("--check shows nothing of its runs, so it cannot go with --display")
        return check.check(arguments.command_line, _piped_script(arguments))
    options = read_options(arguments)
    if arguments.display:
        options = fit_screen(options)
        if not (arguments.script or arguments.tour) and standard_input() is Input.TERMINAL:
            options = use_keyboard(options)
    if arguments.at is not None:
        options = shorten(options, Moment(time_ps=parse_duration(arguments.at)), NEVER)
    with ExitStack() as stack:
        log = _open(stack, "--log", arguments.log)
        if arguments.screenshot:
            _open(stack, "--screenshot", arguments.screenshot, touch_only=True)
        session = Session(options)
        stack.callback(session.close)
        live = False
        if not (arguments.script or arguments.tour or arguments.check_child):
            live = attach_input(session)
        recorder = None
        if arguments.record is not None:
            recorder = Recorder(arguments.record, options, session)
        if arguments.events is not None:
            record_events(stack, session, arguments.events)
        if not arguments.quiet:
            _announce(options)
        if not (arguments.display or arguments.check_child):
            show_output(session, not arguments.quiet, until_prompt=live)
        if log is not None:
            session.listeners.append(lambda line: print(format_line(line), file=log))
            session.reports.append(lambda report: print(report, file=log))
        if not arguments.display:
            session.reports.append(_print_report)
        with show_display(session) if arguments.display else nullcontext():
            outcome = session.run(arguments.realtime)
        if recorder is not None:
            recorder.finish(outcome)
        sys.stdout.flush()
        if (outcome.status and not outcome.power_off) or outcome.panic:
            print(f"anos-sim: {outcome.cause}", file=sys.stderr)
        if not (outcome.power_off or outcome.panic or arguments.check_child):
            for line in show_deadlock(session.kernel):
                print(f"anos-sim: {line}", file=sys.stderr)
        if arguments.screenshot:
            save_screen(arguments.screenshot, session.machine.framebuffer)
        if not arguments.quiet:
            print(summary(session), file=sys.stderr)
        return outcome.status


def fit_screen(options: RunOptions) -> RunOptions:
    """A screen as large as the terminal's window, unless the machine file has chosen one.

    Raises:
        UserError: there is no terminal to show it in.
    """
    if not sys.stdout.isatty():
        raise UserError("--display needs a terminal; --screenshot PNG saves the screen to a file")
    if options.config.framebuffer != FramebufferConfig():
        return options
    screen = screen_for(*window_size(sys.stdout))
    return attrs.evolve(options, config=attrs.evolve(options.config, framebuffer=screen))


def use_keyboard(options: RunOptions) -> RunOptions:
    """Who sits at the terminal types at the machine's keyboard, and sees its screen."""
    return attrs.evolve(options, config=attrs.evolve(options.config, console="screen"))


@contextmanager
def show_display(session: Session) -> Iterator[None]:
    """Show the screen while the session runs; reports of deaths are shown afterwards."""
    held: list[str] = []
    session.reports.append(held.append)
    font = find_font(session.options.symbols)
    display = Display(
        lambda: session.machine.framebuffer, font, sys.stdout, has_true_colour(os.environ)
    )
    with display:
        session.background.append(display.run)
        session.ends.append(display.show)
        yield
    for report in held:
        print(report, file=sys.stderr)


def show_output(session: Session, show_log: bool, until_prompt: bool = False) -> None:
    """Show the log, if it is wanted, and the console."""
    sys.stdout.flush()
    output = ConsoleOutput(sys.stdout, show_log, until_prompt)
    session.listeners.append(output.hear_line)
    session.consoles.append(output.hear_console)
    session.pauses.append(output.flush)
    session.ends.append(output.finish)


def _piped_script(arguments: argparse.Namespace) -> bytes | None:
    """What both runs of --check get from standard input."""
    if arguments.script or arguments.tour or standard_input() is not Input.PIPE:
        return None
    return read_all()


def _open(
    stack: ExitStack, option: str, name: str | None, touch_only: bool = False
) -> TextIO | None:
    if name is None:
        return None
    try:
        file = open(name, "w", encoding="utf-8")  # noqa: SIM115 - the stack closes it
    except OSError as error:
        raise UserError(f"{option}: cannot write {name}: {error.strerror}") from None
    if touch_only:
        file.close()
        return None
    return stack.enter_context(file)


def record_events(stack: ExitStack, session: Session, name: str) -> None:
    """Write the session's events to a file, until the stack unwinds."""
    log = EventLog(keep=False)
    stack.callback(log.close)
    if name.endswith(".txt"):
        text = _open(stack, "--events", name)
        assert text is not None
        log.listen(lambda events: _write_events(text, events))
        stack.callback(log.flush)
    else:
        writer = stack.enter_context(EventFileWriter(name, log))
        writer.end = lambda: {"run": session.hash.digest(session.kernel)}
    session.kernel.record(log)


def _write_events(file: TextIO, events: list[Event]) -> None:
    file.writelines(event.line() + "\n" for event in events)


def _print_report(report: str) -> None:
    sys.stdout.flush()
    print(report, file=sys.stderr)


def _announce(options: RunOptions) -> None:
    """Say which policy was chosen for an image that is not ours."""
    if not options.policy_chosen and options.policy == "bearer":
        print(
            "anos-sim: this image does not ask for our calls, so capabilities are bearer cookies "
            "as on STAGE3; --caps derived makes them strict",
            file=sys.stderr,
        )


def summary(session: Session) -> str:
    """A few lines at the end of a run."""
    kernel = session.kernel
    outcome = kernel.outcome
    code_bytes = sum(cpu.vcpu.code_bytes() for cpu in kernel.cpus)
    lines = [
        f"{outcome.cause if outcome else 'running'}.",
        f"  {show_time(kernel.latest_ps())} of virtual time in {session.host_seconds:.2f} s, "
        f"{len(kernel.cpus)} CPUs, capabilities {kernel.policy.name}",
        f"  {len(kernel.processes)} processes alive, {kernel.ended_processes} ended; "
        f"{kernel.statistics.messages:,} messages, {kernel.syscall_count():,} system calls, "
        f"{kernel.switch_count():,} context switches, "
        f"about {code_bytes // CODE_BYTES_PER_INSTRUCTION:,} instructions",
    ]
    if session.boots > 1:
        lines.append(f"  booted {session.boots} times; the numbers are of the last boot")
    if kernel.statistics.refused:
        hint = "" if kernel.policy.name == "bearer" else "; --caps bearer is as STAGE3"
        lines.append(f"  {kernel.statistics.refused:,} calls without a capability refused{hint}")
    if any(disk.changed for disk in session.machine.disks) and not session.options.config.write:
        lines.append("  the system wrote to its disk; the changes are dropped (--write keeps them)")
    if kernel.events is not None:
        lines.append(f"  event hash {kernel.events.hash()}")
    else:
        lines.append(f"  run hash {session.hash.digest(kernel)}")
    return "\n".join(lines)
