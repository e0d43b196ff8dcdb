"""`anos-sim build`: compile the C parts of a checkout again."""

from __future__ import annotations

import argparse

from .errors import UserError
from .guest.zig import TARGETS, X86_64


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "build",
        help="compile the C parts of a checkout that have changed",
        description="Compile SYSTEM, the servers and the vCPU library of a checkout again.",
    )
    parser.add_argument(
        "--arch", default=X86_64.name, choices=tuple(TARGETS), help="the processor of the programs"
    )
    parser.set_defaults(run=run_build)


def run_build(arguments: argparse.Namespace) -> int:
    """Do it; returns the exit status."""
    try:
        from .guest.build import build_all
    except ImportError as error:
        raise UserError(f"cannot build: {error}") from None
    made = build_all(architectures=(arguments.arch,))
    print(f"{len(made)} parts built" if made else "everything is up to date")
    return 0
