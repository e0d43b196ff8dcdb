"""What has come of the workload's files: the log says what must be there, the medium what is.

A file that was synced must be what it was then, but for what was done to it since: of
a write that was not synced any part may be there, a file that was renamed has one of both
names, one that was removed may be gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import attrs

from anos_sim.hw.disk import Disk

from .volume import read_volume

BLOCK = 512
RESTARTED = ("-13", "-100")
"""Errors of a filesystem that was restarted, or whose channel is gone, so that it may be another
one that is found next: what was not synced may be lost."""


@attrs.define
class Findings:
    """What a scenario found: `wrong` is damage, `errors` are requests that were given up."""

    wrong: list[str] = attrs.field(factory=list)
    errors: list[str] = attrs.field(factory=list)
    retries: int = 0
    restarts: int = 0
    """How often the filesystem said that it was restarted."""
    lost: int = 0
    """Files that were changed and not synced, and are not there after that."""
    done: bool = False
    operations: int = 0
    """How many ended, well or not."""


@attrs.define
class _File:
    """What a file was at the last sync, and what has been done to it since."""

    content: bytearray
    synced: bytes | None = None
    names: list[str] = attrs.field(factory=list)
    """Names it may have on the medium."""
    touched: bool = False
    removed: bool = False
    unsure: bool = False
    """A request for it was given up, or lost: what it is now nobody knows."""
    may_have_old_name: bool = False
    """It was given a new name, and that may be lost."""


@lru_cache(8192)
def stream(number: int, offset: int, count: int) -> bytes:
    """Bytes as the workload writes them, those of one stream from an offset on."""
    return bytes(
        (number * 31 + at * 7 + at // 256 * 3) & 0xFF for at in range(offset, offset + count)
    )


class Ledger:
    """Follows the workload's lines; knows of each file what may be on the medium."""

    def __init__(self) -> None:
        self.files: dict[str, _File] = {}
        self.gone: list[_File] = []
        self.left: list[_File] = []
        """What the workload does not find any more and leaves alone."""
        self.findings = Findings()
        self._open: list[str] = []

    def hear(self, text: str) -> None:
        """One more line."""
        words = text.split()
        if not words:
            return
        if words[0] == "begin":
            self._open = words[2:]
            self._begin(self._open)
        elif words[0] == "again":
            self.findings.retries += 1
            if words[2] in RESTARTED:
                self.findings.restarts += 1
                self._lost()
        elif words[0] == "end":
            self.findings.operations += 1
            if words[2] == "ok":
                self._end(self._open)
            elif words[2] == "lost":
                self.findings.lost += 1
                self.left.append(self.files.pop(self._open[1]))
            else:
                self.findings.errors.append(f"{' '.join(self._open)}: {' '.join(words[2:])}")
                if words[3] in RESTARTED:
                    self._lost()
                file = self.files.get(self._open[1]) if len(self._open) > 1 else None
                if file is not None:
                    file.unsure = file.unsure or self._open[0] != "read"
            self._open = []
        elif words[0] == "wrong":
            self.findings.wrong.append(f"operation {words[1]} read {words[2]} wrong at {words[3]}")

    def _begin(self, request: Sequence[str]) -> None:
        """From here on the medium may have any part of it."""
        kind = request[0]
        if kind == "create":
            self.files[request[1]] = _File(bytearray(), None, [request[1]])
            return
        if kind in ("sync", "read"):
            return
        file = self.files.get(request[1])
        if file is None:
            return
        if kind == "write":
            file.touched = True
        elif kind == "rename":
            file.names.append(request[2])
        elif kind == "remove":
            file.removed = True

    def _end(self, request: Sequence[str]) -> None:
        kind = request[0]
        if kind == "sync":
            self._synced()
        elif kind == "write":
            name, offset, count, number = request[1], *map(int, request[2:5])
            content = self.files[name].content
            data = stream(number, offset, count)
            content[offset : offset + count] = data
        elif kind == "rename":
            self.files[request[2]] = self.files.pop(request[1])
        elif kind == "remove":
            self.gone.append(self.files.pop(request[1]))

    def _lost(self) -> None:
        """Who asked has been told that what was written since the last sync may be lost."""
        for file in self.files.values():
            if file.synced is None or file.touched:
                file.unsure = True
            file.may_have_old_name |= len(file.names) > 1

    def _synced(self) -> None:
        self.gone.clear()
        for name, file in self.files.items():
            file.synced = None if file.unsure else bytes(file.content)
            if not file.may_have_old_name:
                file.names = [name]
            file.touched = file.removed = False

    def check(self, found: dict[str, bytes]) -> list[str]:
        """Compare with the files of the medium."""
        wrong = []
        for file in [*self.files.values(), *self.gone, *self.left]:
            if file.synced is None or file.unsure:
                continue
            left = [found[name] for name in file.names if name in found]
            name = "/".join(file.names)
            if not left:
                if not file.removed:
                    wrong.append(f"{name} was synced and is lost")
            elif not file.touched and not file.removed and file.synced not in left:
                wrong.append(f"{name} was synced and is not what it was")
        return wrong


def judge_files(lines: Sequence[str], disk: Disk) -> Findings:
    """Judge the workload's lines, and the disk's medium by them."""
    ledger = Ledger()
    for text in lines:
        ledger.hear(text)
    findings = ledger.findings
    findings.done = any(text.startswith("workload done ") for text in lines)
    volume = read_volume(disk)
    findings.wrong += ledger.check(volume.files)
    findings.wrong += volume.problems
    return findings
