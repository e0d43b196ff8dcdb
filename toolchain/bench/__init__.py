"""`anos-sim bench`: what the kernel's primitives and our servers cost.

`rows` lists what is measured, `groups` how; `bare` is the yardstick, Unicorn
without us. `figures` makes medians and ratios of several runs, `compare` sets
them against those of another time, `command` is the command line.
"""

from __future__ import annotations

from .command import add_parser

__all__ = ["add_parser"]
