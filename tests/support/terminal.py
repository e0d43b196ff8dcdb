"""Textual apps in tests: a terminal without a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from textual.app import App
from textual.pilot import Pilot

PATIENCE_SECONDS = 60


def screen_text(app: App[Any]) -> str:
    """What the terminal shows, line by line."""
    width, height = app.size
    lines = app.screen._compositor.render_strips()
    text = ["".join(segment.text for segment in line)[:width].rstrip() for line in lines]
    return "\n".join(text[:height])


async def wait_until(pilot: Pilot[Any], reached: Callable[[], bool]) -> None:
    """Let the app go on until something is the case; fails after a minute."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not reached():
        assert time.monotonic() < end, "it does not happen"
        await pilot.pause(0.01)
