"""`anos-sim run --check`: run twice in fresh processes and compare event by event.

The two processes hash strings differently (PYTHONHASHSEED) and have their memory at
different addresses, so whatever depends on the order of a set, on an address or on
the host's clock shows as a first event that differs.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice, zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory

from anos_sim.stage3.events import Event

from .errors import UserError
from .event_file import EventFile

CHILD = "--events-of-check"
"""The option of `run` that a child gets: where its events go; it says nothing else."""
HASH_SEEDS = ("1", "2")
BEFORE, AFTER = 5, 3


def check(arguments: Sequence[str], script: bytes | None = None) -> int:
    """Compare two runs of `anos-sim` with these arguments; 0 if they are the same, 1 if not.

    `script` is typed in both, if there is one.

    Raises:
        UserError: the run itself is refused, with its complaint.
    """
    with TemporaryDirectory(prefix="anos-sim-check-") as folder:
        files = [Path(folder, f"run{seed}.events") for seed in HASH_SEEDS]
        if script is not None:
            typed = Path(folder, "script")
            typed.write_bytes(script)
            arguments = [*arguments, "--script", str(typed)]
        children = [
            _start(arguments, seed, file) for seed, file in zip(HASH_SEEDS, files, strict=True)
        ]
        complaints = [child.communicate()[1].decode() for child in children]
        statuses = [child.returncode for child in children]
        for file, complaint in zip(files, complaints, strict=True):
            if not file.exists():  # it did not come to a run
                raise UserError(complaint.strip().removeprefix("anos-sim: "))
        return _compare(files, statuses)


def _start(arguments: Sequence[str], hash_seed: str, file: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "anos_sim.toolchain", *arguments, CHILD, str(file)],
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def _compare(files: Sequence[Path], statuses: Sequence[int]) -> int:
    first, second = (EventFile(file) for file in files)
    difference = find_difference(iter(first), iter(second))
    if difference:
        print("the two runs differ:\n" + "\n".join(difference))
        return 1
    if first.end is None or second.end is None or first.end != second.end or len(set(statuses)) > 1:
        print(f"the two runs have the same events, but not the same end: {first.end} with status "
              f"{statuses[0]}, {second.end} with status {statuses[1]}")  # fmt: skip
        return 1
    print(f"the two runs are the same: {first.count:,} events, hash {first.end['hash']}")
    return 0


def find_difference(first: Iterator[Event], second: Iterator[Event]) -> list[str]:
    """Lines that show the first difference of two streams with what is around it; [] if none."""
    before: deque[Event] = deque(maxlen=BEFORE)
    for one, other in zip_longest(first, second):
        if one == other:
            before.append(one)
            continue
        lines = [f"          {_line(event)}" for event in before]
        for name, event, rest in (("first", one, first), ("second", other, second)):
            following = [event, *islice(rest, AFTER - 1)]
            lines += [f"{name:<9} {_line(each)}" for each in following if each is not None]
            if event is None:
                lines.append(f"{name:<9} (has ended)")
        return lines
    return []


def _line(event: Event) -> str:
    return f"{event.number:>7} {event.line()}"
