"""The `anos-sim` command: subcommands, and the one place where errors become sentences."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from anos_sim.hw.arch import ARCH_VARIABLE, ARCHITECTURES, default_arch
from anos_sim.hw.config import ConfigError
from anos_sim.hw.disk import DiskError
from anos_sim.hw.vcpu import EngineError
from anos_sim.stage3.errors import ImageError

from . import bench, bt, build, caps, conformance, devices, events, mem, ps, replay, run
from .chaos import command as chaos
from .compare import command as compare
from .errors import UserError
from .guest.errors import BuildError
from .look import ipc, top, trace

COMMANDS = (
    run, replay, compare, ps, bt, mem, devices, caps, events, trace, ipc, top, conformance, bench,
    chaos, build,
)  # fmt: skip
USER_ERRORS = (UserError, ConfigError, DiskError, ImageError, BuildError, EngineError)


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are one sentence."""

    def error(self, message: str) -> NoReturn:
        """Print it and exit with status 2."""
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """A command with many views declares them only when it is called (`declare`)."""
        declare = self.get_default("declare")
        if declare is not None:
            args = declare(self, list(args or ()))
        return super().parse_known_args(args, namespace)


class Version(argparse.Action):
    """Looks the version up only when it is asked for: that import takes longer than a boot."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str | None = None) -> None:
        super().__init__(option_strings, dest, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *rest: object) -> NoReturn:
        """Print it and exit."""
        from importlib.metadata import version

        print(f"anos-sim {version('anos-sim')}")
        parser.exit(0)


def make_parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    parser = Parser(
        prog="anos-sim",
        description="A capability microkernel with its servers on a simulated PC.",
        epilog="`anos-sim COMMAND --help` tells about a command.",
    )
    parser.add_argument("--version", action=Version, help="print the version and exit")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_parser(commands)
    return parser


def check_environment() -> None:
    """The architecture that the environment names must be one.

    Raises:
        UserError: it is none.
    """
    if default_arch() not in ARCHITECTURES:
        allowed = " or ".join(ARCHITECTURES)
        raise UserError(f"{ARCH_VARIABLE} is {default_arch()!r}; it must be {allowed}, or not set")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit status."""
    parsed = make_parser().parse_args(arguments)
    parsed.command_line = list(sys.argv[1:] if arguments is None else arguments)
    try:
        check_environment()
        status: int = parsed.run(parsed)
        sys.stdout.flush()
    except USER_ERRORS as error:
        sys.stdout.flush()
        print(f"anos-sim: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    return status
