"""A run in a process of its own, forked from a booted base.

What a run does to the base, to the simulator or to the process is the branch's alone: one
that crashes, or does not come to an end, costs its own run.
"""

from __future__ import annotations

import json
import os
import select
import signal
import time
from collections.abc import Callable
from typing import Any

SECONDS_MAX = 120.0
"""Of the host's time: a branch that takes longer is not the guest's doing."""
CHUNK_BYTES = 1 << 16


def branch(work: Callable[[], dict[str, Any]], seconds_max: float = SECONDS_MAX) -> dict[str, Any]:
    """Fork, do `work` there and return what it returns; {"crashed": why} if it does not."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _work_and_exit(work, writer)
    os.close(writer)
    data, too_long = b"", False
    end = time.monotonic() + seconds_max
    try:
        while True:
            ready = select.select([reader], [], [], max(0.0, end - time.monotonic()))[0]
            if not ready:
                too_long = True
                os.kill(child, signal.SIGKILL)
                break
            chunk = os.read(reader, CHUNK_BYTES)
            if not chunk:
                break
            data += chunk
    finally:
        os.close(reader)
        status = os.waitpid(child, 0)[1]
    if too_long:
        return {"crashed": f"the simulator did not come to an end in {seconds_max:.0f} s"}
    if os.WIFSIGNALED(status):
        return {"crashed": f"the simulator ended by {signal.Signals(os.WTERMSIG(status)).name}"}
    try:
        result: dict[str, Any] = json.loads(data)
    except ValueError:
        return {"crashed": "the simulator ended without a result"}
    return result


def _work_and_exit(work: Callable[[], dict[str, Any]], writer: int) -> None:
    """The child's whole life: nothing of the parent's is cleaned up or flushed here."""
    status = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        try:
            result = work()
        except BaseException as error:
            result = {"crashed": f"the simulator fails: {type(error).__name__}: {error}"}
        data = json.dumps(result).encode()
        while data:
            data = data[os.write(writer, data) :]
        status = 0
    finally:
        os._exit(status)
