"""What `anos-sim caps` can show: a module for each view.

A view has `add_parser(views)`, which declares its options and sets `run` to a function
arguments -> exit status.
"""

from __future__ import annotations

from . import check, diff, flow, holders, tree, unused, why

VIEWS = (tree, holders, why, diff, flow, unused, check)
DEFAULT_VIEW = "tree"
