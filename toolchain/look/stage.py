"""Puts a run on for a `Player`: a system that is booted, or a file of events."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from itertools import islice

import trio

from anos_sim.stage3.event_log import EventLog
from anos_sim.stage3.events import Event
from anos_sim.stage3.kernel import Kernel
from anos_sim.stage3.outcome import Outcome
from anos_sim.toolchain.session import Session

from .player import Player
from .source import BATCH_EVENTS


class PageCounter:
    """Counts each process's pages; again only for those that have run since the last time."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._counts: dict[int, tuple[int, int]] = {}

    def __call__(self) -> dict[int, int]:
        """Pages by pid."""
        counts = {}
        for pid, process in self._kernel.processes.items():
            run_ps = sum(thread.cpu_ps for thread in process.threads)
            known = self._counts.get(pid)
            if known is None or known[0] != run_ps:
                known = run_ps, sum(1 for _ in process.space.mappings())
            counts[pid] = known
        self._counts = counts
        return {pid: pages for pid, (_, pages) in counts.items()}


class Stage(threading.Thread):
    """The thread that plays: the simulation, if there is one, lives in it.

    `error` is what went wrong, `outcome` how a session ended, `hash` that of its events.
    """

    def __init__(self, player: Player, source: Session | Iterable[Event]) -> None:
        super().__init__(name="anos-sim top", daemon=True)
        self.player = player
        self.error: BaseException | None = None
        self.outcome: Outcome | None = None
        self.hash = ""
        self._source = source

    def run(self) -> None:
        """Play to the end, or until somebody quits."""
        try:
            if isinstance(self._source, Session):
                self._run_session(self._source)
            else:
                trio.run(self._play_all, self._source)
                self.player.end("the events end here")
        except BaseException as error:
            self.error = error
            self.player.count_pages = None
            self.player.end(str(error))

    def _run_session(self, session: Session) -> None:
        kernel, player = session.kernel, self.player
        player.count_pages = PageCounter(kernel)
        log = EventLog(keep=False)
        heard: list[Event] = []
        log.listen(heard.extend)
        kernel.record(log)

        async def pace() -> None:
            log.flush()
            events = heard.copy()
            heard.clear()
            await player.play(events)
            if player.quitting:
                kernel.end(Outcome(0, "the viewer has quit"))

        session.pace = pace
        self.outcome = session.run()
        self.hash = log.hash()
        for event in heard:
            player.model.add(event)
        player.end(self.outcome.cause)

    async def _play_all(self, events: Iterable[Event]) -> None:
        rest = iter(events)
        while not self.player.quitting and (batch := list(islice(rest, BATCH_EVENTS))):
            await self.player.play(batch)
