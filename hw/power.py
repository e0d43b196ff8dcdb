"""The machine's power as its disks see it: it can fail after a given write.

What a drive has in its cache then is lost, but for what it happened to store in
time: which sectors those are, the machine's seed decides.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from .disk import Disk


class Power:
    """Power that fails when the disks together have got `cut_after` writes; 0: never.

    A write is one command, however many sectors it has. `is_on` is False from
    then on: disks take and bring nothing to the medium any more. `on_cut` is
    told how many sectors survived, and of how many.
    """

    def __init__(self, cut_after: int, seed: int) -> None:
        self.cut_after = cut_after
        self.seed = seed
        self.writes = 0
        self.is_on = True
        self.disks: list[Disk] = []
        self.on_cut: Callable[[int, int], None] = _ignore

    def supply(self, disk: Disk) -> None:
        """Have one more disk hang on it."""
        self.disks.append(disk)
        disk.after_write = self._written

    def _written(self) -> None:
        self.writes += 1
        if self.writes == self.cut_after and self.is_on:
            self._cut()

    def _cut(self) -> None:
        chance = random.Random(self.seed)
        total = survived = 0
        self.is_on = False
        for disk in self.disks:
            share = chance.random()
            pending = sorted(disk.pending)
            kept = [sector for sector in pending if chance.random() < share]
            disk.lose_power(kept)
            disk.is_on = False
            total += len(pending)
            survived += len(kept)
        self.on_cut(survived, total)


def _ignore(survived: int, total: int) -> None:
    """Nobody wants to know."""
