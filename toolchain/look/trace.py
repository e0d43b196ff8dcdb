"""`anos-sim trace`: a run as a Perfetto trace, or as lines of JSON."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from anos_sim.toolchain.errors import UserError

from .source import add_source_options, consume

DEFAULT_OUTPUT = "anos-sim.pftrace"


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "trace",
        help="write a run as a trace for Perfetto, or as JSON",
        description="Write a run as a Perfetto trace: a process for each server, its threads with "
        "their calls and messages, CPUs, devices and counters over virtual time. Open it at "
        "https://ui.perfetto.dev. docs/looking.md tells what is on it.",
    )
    add_source_options(parser)
    parser.add_argument(
        "-o", "--output", metavar="OUT",
        help=f"the file to write (default: {DEFAULT_OUTPUT}; with --jsonl: standard output)",
    )  # fmt: skip
    parser.add_argument(
        "--jsonl", action="store_true", help="write one event a line as JSON, for scripts"
    )
    parser.set_defaults(run=run_trace)


def run_trace(arguments: argparse.Namespace) -> int:
    """Do it; returns the exit status."""
    if arguments.jsonl:
        return _write_jsonl(arguments)
    from .pftrace import TraceWriter, require_perfetto
    from .tracks import Tracks

    require_perfetto()
    name = arguments.output or DEFAULT_OUTPUT
    with _open(name) as file:
        tracks = Tracks(TraceWriter(file))
        status = consume(arguments, tracks.hear)
        tracks.finish()
    size_bytes = Path(name).stat().st_size
    print(f"wrote {name}, {size_bytes / 1e6:.2f} MB; open it at https://ui.perfetto.dev")
    return status


def _write_jsonl(arguments: argparse.Namespace) -> int:
    from .jsonl import JsonLines

    if arguments.output is None:
        return consume(arguments, JsonLines(sys.stdout).hear)
    with _open(arguments.output) as file:
        text = io.TextIOWrapper(file, "utf-8")
        status = consume(arguments, JsonLines(text).hear)
        text.detach()  # what is left is written; the file is not closed yet
    return status


@contextmanager
def _open(name: str) -> Iterator[IO[bytes]]:
    """A file to write; it gets its name, in place of an older one, when it is complete."""
    path = Path(name)
    is_new = path.is_file() or not path.exists()
    part = path.with_name(f"{path.name}.part") if is_new else path
    try:
        file = part.open("wb")
    except OSError as error:
        raise UserError(f"--output: cannot write {name}: {error.strerror}") from None
    try:
        with file:
            yield file
        if is_new:
            part.replace(path)
    except BaseException:
        if is_new:
            part.unlink(missing_ok=True)
        raise
