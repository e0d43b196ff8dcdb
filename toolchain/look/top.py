"""`anos-sim top`: a live view of a run in the terminal."""

from __future__ import annotations

import argparse
import sys

from anos_sim.toolchain.errors import UserError
from anos_sim.toolchain.session import Session

from .source import FileEvents, add_source_options, is_event_file, open_session

JOIN_SECONDS = 10


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "top",
        help="watch a run live: processes, CPUs, channels, log",
        description="Watch a run in the terminal: processes, CPUs, channels and the log, at a "
        "speed to choose. Keys: space pauses, e steps one event, c to the next call, m to the next "
        "message, + and - change the speed, ? helps, q quits. Watching changes nothing in the run.",
    )
    add_source_options(parser)
    parser.add_argument("--paused", action="store_true", help="begin with a pause")
    parser.set_defaults(run=run_top)


def run_top(arguments: argparse.Namespace) -> int:
    """Do it; returns the exit status."""
    try:
        import textual  # noqa: F401
    except ImportError:
        raise UserError(
            "anos-sim top needs the package textual: pip install 'anos-sim[top]'"
        ) from None
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UserError("anos-sim top needs a terminal; trace and ipc are for files and pipes")
    from .player import Player
    from .screen import TopApp
    from .stage import Stage

    source = open_source(arguments)
    player = Player(paused=arguments.paused)
    stage = Stage(player, source)
    try:
        stage.start()
        try:
            TopApp(player).run()
        finally:
            player.quit()
            stage.join(JOIN_SECONDS)
        if stage.error is not None:
            raise stage.error
        outcome = stage.outcome
        if outcome is None or not outcome.status:
            return 0
        print(f"anos-sim: {outcome.cause}", file=sys.stderr)
        return outcome.status
    finally:
        if isinstance(source, Session) and not stage.is_alive():
            source.close()


def open_source(arguments: argparse.Namespace) -> Session | FileEvents:
    """What the options say shall be played."""
    if is_event_file(arguments.machine):
        return FileEvents(arguments)
    return open_session(arguments)
