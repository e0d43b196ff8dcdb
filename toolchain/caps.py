"""`anos-sim caps`: the capabilities of a system, looked at in several ways."""

from __future__ import annotations

import argparse


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
    named = arguments and (arguments[0] in views.choices or arguments[0] in ("-h", "--help"))
    return arguments if named else [DEFAULT_VIEW, *arguments]
