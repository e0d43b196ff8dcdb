"""What all views have in common: which run, which moment, which form."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable

from anos_sim.toolchain.inspect.boot import graph_at
from anos_sim.toolchain.inspect.graph import CapabilityGraph
from anos_sim.toolchain.options import add_system_options
from anos_sim.toolchain.replay import add_moment_options

BATCH = 1 << 12


def add_graph_options(parser: argparse.ArgumentParser) -> None:
    """Declare the run that is looked at, and one moment of it."""
    add_moment_options(parser)


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Declare the run that is looked at; the view has moments of its own."""
    add_system_options(parser)


def read_graph(arguments: argparse.Namespace) -> tuple[CapabilityGraph, int]:
    """The graph that is meant, and the exit status of its run.

    Raises:
        UserError, ConfigError, ImageError: an option is wrong.
    """
    return graph_at(arguments, arguments.at)


def print_lines(lines: Iterable[str]) -> None:
    """Print lines, some thousand at once: there may be a million."""
    batch: list[str] = []
    for line in lines:
        batch.append(line.rstrip())
        if len(batch) == BATCH:
            sys.stdout.write("\n".join(batch) + "\n")
            batch.clear()
    if batch:
        sys.stdout.write("\n".join(batch) + "\n")
