"""`anos-sim caps`: the capabilities of a system, looked at in several ways."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command; its views are declared when it is called."""
    parser = commands.add_parser(
        "caps",
        help="who holds which capability, from whom, and why",
        description="Boot a system, or take a recording, and look at its capabilities. Without a "
        "view: the delegation tree.",
    )
    parser.set_defaults(declare=declare_views)


def declare_views(parser: argparse.ArgumentParser, arguments: list[str]) -> list[str]:
    """Declare all views; returns the arguments with the view that is meant in front."""
    from .inspect.views import DEFAULT_VIEW, VIEWS  # not before it is needed: a boot is faster

    views = parser.add_subparsers(title="views", metavar="[VIEW]", required=True)
    for view in VIEWS:
        view.add_parser(views)
    first = arguments[0] if arguments else ""
    if first in views.choices or first in ("-h", "--help"):
        return arguments
    if first and first[0] != "-" and not Path(first).suffix and not Path(first).exists():
        parser.error(f"no view {first!r}; there are {', '.join(views.choices)}")
    return [DEFAULT_VIEW, *arguments]
