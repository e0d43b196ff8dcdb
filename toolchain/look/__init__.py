"""Looking at a run through its events: `anos-sim trace`, `ipc` and `top` (docs/looking.md)."""

from __future__ import annotations
