"""A shortage of memory: what is free is somebody else's for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from anos_sim.stage3.errors import OutOfFrames
from anos_sim.stage3.kernel import Kernel


class Shortage:
    """While it lasts no frame and no page table is free but those that are given back meanwhile.

    Whoever asks how much is free is told so.
    """

    def __init__(self, kernel: Kernel) -> None:
        self._pools: list[Any] = [kernel.frames, kernel.physical.tables]
        self._hidden = [pool.free_count for pool in self._pools]
        for pool in self._pools:
            pool.free_count = 0
            pool.allocate = _only_if_free(pool, pool.allocate)

    def end(self) -> None:
        """All is as before."""
        for pool, hidden in zip(self._pools, self._hidden, strict=True):
            pool.free_count += hidden
            del pool.allocate
        self._hidden = [0] * len(self._pools)

    @contextmanager
    def lifted(self) -> Iterator[None]:
        """For who counts frames: for a moment all that is free is counted so."""
        for pool, hidden in zip(self._pools, self._hidden, strict=True):
            pool.free_count += hidden
        try:
            yield
        finally:
            for pool, hidden in zip(self._pools, self._hidden, strict=True):
                pool.free_count -= hidden


def _only_if_free(pool: Any, allocate: Any) -> Any:
    def allocate_or_not() -> int:
        if pool.free_count <= 0:
            raise OutOfFrames
        return int(allocate())

    return allocate_or_not
