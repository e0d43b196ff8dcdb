"""Where a campaign's batches are done: processes of this host, or a dask cluster.

An engine is a function: given a spec and batches it yields rows as they come, in any order.
A worker that dies costs the batch it had: that is done again by another one.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Protocol

from anos_sim.toolchain.errors import UserError

from .batch import run_batch, run_batch_apart

Rows = list[dict[str, Any]]
DEATHS_MAX = 10
"""So many times in a row a pool may die without a result before the campaign gives up."""


def run_local(spec: dict[str, Any], batches: Sequence[list[int]], jobs: int) -> Iterator[Rows]:
    """Do batches in `jobs` processes of this host.

    Raises:
        UserError: the processes die again and again.
    """
    pending = [list(batch) for batch in batches]
    deaths = 0
    while pending:
        count = min(jobs, len(pending))
        context = multiprocessing.get_context("spawn")
        stop = context.Event()
        with ProcessPoolExecutor(count, context, _set_up, (stop,)) as pool:
            futures: dict[Future[Rows], list[int]] = {}
            try:
                for batch in pending:
                    futures[pool.submit(_run_batch, spec, batch, os.getpid())] = batch
                waiting = set(futures)
                while waiting:
                    done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    for future in done:
                        rows = future.result()
                        pending.remove(futures[future])
                        deaths = 0
                        yield rows
            except BrokenProcessPool:
                deaths += 1
                if deaths > DEATHS_MAX:
                    raise UserError(
                        "the worker processes die again and again: is there memory for them?"
                    ) from None
            except BaseException:
                stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise


class _Stop(Protocol):
    def is_set(self) -> bool: ...


_stops: list[_Stop] = []


def _set_up(stop: _Stop) -> None:
    """A worker leaves Ctrl-C to the campaign, which tells when to stop."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _stops[:] = [stop]


def _run_batch(spec: dict[str, Any], runs: Sequence[int], parent: int) -> Rows:
    """A worker's batch; nobody wants it any more when the campaign has ended."""
    rows: Rows = []
    for run in runs:
        if os.getppid() != parent:
            os._exit(1)
        if any(stop.is_set() for stop in _stops):
            break
        rows += run_batch(spec, [run])
    return rows


def run_dask(spec: dict[str, Any], batches: Sequence[list[int]], address: str) -> Iterator[Rows]:
    """Do batches on the workers of a dask scheduler, which have anos-sim installed.

    Raises:
        UserError: dask.distributed is not installed, or there is no scheduler.
    """
    try:
        dask: Any = importlib.import_module("distributed")
    except ImportError:
        raise UserError("--engine dask needs dask: pip install 'anos-sim[cluster]'") from None
    try:
        client = dask.Client(address, timeout=10, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise UserError(f"--scheduler {address}: there is no dask scheduler: {error}") from None
    with client:
        futures = {
            client.submit(run_batch_apart, spec, batch, pure=False, retries=3): batch
            for batch in batches
        }
        waiting = dask.as_completed(list(futures), loop=client.loop)
        for future in waiting:
            batch = futures.pop(future)
            try:
                rows: Rows = future.result()
            except dask.KilledWorker:
                again = client.submit(run_batch_apart, spec, batch, pure=False, retries=3)
                futures[again] = batch
                waiting.add(again)
                continue
            yield rows


def default_jobs() -> int:
    """As many as there are processors for us."""
    return len(os.sched_getaffinity(0))
