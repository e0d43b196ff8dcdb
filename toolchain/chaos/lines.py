"""The log of one run, as those need it who judge it."""

from __future__ import annotations

import attrs

from anos_sim.stage3.log import LogLine


@attrs.define
class Lines:
    """Log lines from the branch on: (time in ps, process, text)."""

    all: list[tuple[int, str, str]] = attrs.field(factory=list)

    def hear(self, line: LogLine) -> None:
        """One more."""
        self.all.append((line.time_ps, line.process, line.text))

    def of(self, process: str) -> list[str]:
        """What one process has said."""
        return [text for _, who, text in self.all if who == process]

    def others(self, process: str) -> list[str]:
        """What everybody else has said, with the name before it."""
        return [f"{who}: {text}" for _, who, text in self.all if who != process]
