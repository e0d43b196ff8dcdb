"""Build results named by the hash of everything that went into them.

A result is looked up by content, never by time stamp, so a build is right
after any checkout, copy or edit, and an unchanged source costs one hash.
"""

from __future__ import annotations

import fcntl
import filecmp
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


def digest(*parts: str | bytes | Iterable[str]) -> str:
    """Return a hash of `parts` that changes when any one of them does."""
    total = hashlib.sha256()
    for part in parts:
        if isinstance(part, str):
            data = part.encode()
        elif isinstance(part, bytes):
            data = part
        else:
            data = "\0".join(part).encode()
        total.update(len(data).to_bytes(8, "little"))
        total.update(data)
    return total.hexdigest()[:32]


class Cache:
    """A folder of results, `<hash><suffix>`, safe for several builds at once.

    `purpose` names what is built: builds for several purposes share a folder, and
    each keeps its results when another one prunes. `made` lists what this build
    had to make, in order: empty means that everything was up to date.
    """

    def __init__(self, folder: Path, purpose: str = "all") -> None:
        self.folder = folder
        self.purpose = purpose
        self.results = folder / "results"
        self.made: list[str] = []
        self._used: set[str] = set()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder alone: two builds of one checkout take turns."""
        self.results.mkdir(parents=True, exist_ok=True)
        with open(self.folder / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def get(self, name: str, key: str, suffix: str, make: Callable[[Path], object]) -> Path:
        """Return the result for `key`, calling `make(path)` if there is none.

        `name` is what a person calls it. A result appears whole or not at all.
        """
        path = self.results / f"{key}{suffix}"
        self._used.add(path.name)
        if not path.exists():
            unfinished = self.results / f"unfinished-{key}{suffix}"
            make(unfinished)
            os.replace(unfinished, path)
            self.made.append(name)
        return path

    def record(self) -> None:
        """Remember what this build used, so that no build's `prune` removes it."""
        (self.folder / "used").mkdir(exist_ok=True)
        (self.folder / "used" / self.purpose).write_text("\n".join(sorted(self._used)))

    def prune(self) -> None:
        """Remove every result that is in no record."""
        records = sorted((self.folder / "used").iterdir())
        used = {name for record in records for name in record.read_text().split()}
        for path in self.results.iterdir():
            if path.name not in used:
                path.unlink()


def install(source: Path, target: Path) -> None:
    """Make `target` a copy of `source`, leaving it alone if it is one already."""
    if target.exists() and filecmp.cmp(source, target):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.unfinished")
    shutil.copy2(source, unfinished)
    os.replace(unfinished, target)
