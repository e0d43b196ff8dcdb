"""Boot a system, or take a recording, run it to a moment and take its capability graph."""

from __future__ import annotations

import argparse
from typing import NoReturn

from anos_sim.toolchain.errors import UserError
from anos_sim.toolchain.options import add_system_options
from anos_sim.toolchain.recording import is_recording
from anos_sim.toolchain.replay import session_at
from anos_sim.toolchain.session import Session

from .graph import CapabilityGraph
from .snapshot import snapshot
from .watch import Watch

DEFAULT_END = "1s"


def boot_and_snapshot(*arguments: str, at: str | None = None) -> CapabilityGraph:
    """The capability graph of a system that has been booted, or of a recording.

    `arguments` are those of `anos-sim ps`: `"machine.toml"`, `"--for", "20ms"`, `"--caps",
    "bearer"`, or a recording. `at` is a moment, as `"20ms"` or `"#1234"`; without it, the
    end of the run, or one second if that comes first.

    Raises:
        UserError, ConfigError, ImageError: an argument is wrong.
    """
    parser = _Parser(prog="boot_and_snapshot", add_help=False)
    add_system_options(parser)
    return graph_at(parser.parse_args(arguments), at)[0]


def graph_at(arguments: argparse.Namespace, at: str | None) -> tuple[CapabilityGraph, int]:
    """The graph of what the options describe at a moment, and the run's exit status."""
    ends = (arguments.duration, arguments.until)
    if at is None and not any(ends) and not _is_recording(arguments.machine):
        at = DEFAULT_END
    watches: list[Watch] = []

    def prepare(session: Session) -> None:
        watches.append(Watch(session.kernel))

    meant = argparse.Namespace(**{**vars(arguments), "at": at})
    session, status = session_at(meant, prepare)
    try:
        return snapshot(session.kernel, watches[0]), status
    finally:
        session.close()


def _is_recording(machine: str | None) -> bool:
    return machine is not None and is_recording(machine)


class _Parser(argparse.ArgumentParser):
    """A parser that raises."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with an argument."""
        raise UserError(message)
