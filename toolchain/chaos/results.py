"""The results file: a line of JSON about the campaign, then one for each run.

It can be continued: a run that is in it is not done again, and a line that was cut off when
the host went down is forgotten.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import attrs

from anos_sim.toolchain.errors import UserError
from anos_sim.toolchain.recording import simulator_hash

from .batch import Spec
from .scenario import find_scenario

FORMAT = "anos-sim chaos 1"
OPTIONS = ("kinds", "seed", "schedule", "arch")
"""What of a header is an option."""


def header(spec: Spec) -> dict[str, Any]:
    """The first line: what must be the same for two runs to be of one campaign."""
    return {
        "format": FORMAT,
        "simulator": simulator_hash(),
        "system": _system_hash(spec),
        **attrs.asdict(spec),
        "kinds": list(spec.kinds),
    }


def _system_hash(spec: Spec) -> str:
    """A hash of what is booted."""
    digest = hashlib.blake2b(digest_size=16)
    for segment in find_scenario(spec.scenario, spec.arch).image().segments:
        digest.update(segment.data)
    return digest.hexdigest()


class Results:
    """Rows by run; with a file each is on it as soon as it is known."""

    def __init__(self, spec: Spec, name: str | None = None) -> None:
        self.rows: dict[int, dict[str, Any]] = {}
        self._path = Path(name) if name is not None else None
        if self._path is not None:
            try:
                self._open(self._path, header(spec))
            except OSError as error:
                raise UserError(f"--output: cannot use {name}: {error.strerror}") from None

    def _open(self, path: Path, wanted: dict[str, Any]) -> None:
        data = path.read_bytes() if path.exists() else b""
        whole = data[: data.rfind(b"\n") + 1]
        lines = whole.splitlines()
        if not lines:
            path.write_text(json.dumps(wanted) + "\n")
            return
        try:
            found = json.loads(lines[0])
            rows = [json.loads(line) for line in lines[1:]]
        except ValueError:
            found, rows = {}, []
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise UserError(f"--output {path} is no file of results: name another one")
        for key, value in wanted.items():
            if found.get(key) != value:
                option = "--faults" if key == "kinds" else f"--{key}"
                what = f"another {option if key in OPTIONS else key}"
                raise UserError(
                    f"--output {path} has results of {what}: give the same options again, "
                    "or name another file"
                )
        for row in rows:
            self.rows.setdefault(row["run"], row)
        if len(whole) != len(data):
            with path.open("r+b") as file:
                file.truncate(len(whole))

    def add(self, row: dict[str, Any]) -> bool:
        """Take a row; False if that run is there already."""
        if row["run"] in self.rows:
            return False
        self.rows[row["run"]] = row
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
        return True
