"""Files of events: what `anos-sim run --events FILE` writes and `anos-sim events` reads.

A file is MAGIC, then frames: kind (1 byte), length and CRC-32 of the payload (4
bytes each, little-endian), payload. The first frame is the header (JSON), then come
frames of packed events (hw/events.h), the last one is the end (JSON: the stream's
hash). Each frame is written at once, so the file of a run that crashed or was killed
is good up to its last whole frame.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from anos_sim.hw.event_stream import MalformedStream
from anos_sim.stage3.event_log import EventLog
from anos_sim.stage3.event_reader import EventReader
from anos_sim.stage3.events import FIELDS, Event, EventKind

from .errors import UserError

MAGIC = b"anos-sim events 1\n"
FRAME_BYTES = 1 << 14
_FRAME = struct.Struct("<cII")
_HEADER, _EVENTS, _END = b"H", b"E", b"Z"


def table() -> dict[str, list[str]]:
    """The kinds and their fields, as the header tells them."""
    return {
        f"{int(kind)} {kind.label}": [f"{field.name}:{field.show}" for field in FIELDS[kind]]
        for kind in EventKind
    }


class EventFileWriter:
    """Writes what a log packs; a context, which also ends the file."""

    def __init__(self, path: Path | str, log: EventLog) -> None:
        self._log = log
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        except OSError as error:
            raise UserError(f"--events: cannot write {path}: {error.strerror}") from None
        self._path = path
        self.end: Callable[[], dict[str, Any]] = dict
        """What else the last frame shall say."""
        self._waiting = bytearray()
        os.write(self._file, MAGIC)
        self._write(_HEADER, json.dumps({"kinds": table()}).encode())
        log.listen_packed(self._add)

    def _add(self, packed: bytes) -> None:
        self._waiting += packed
        if len(self._waiting) >= FRAME_BYTES:
            self._write_waiting()

    def _write_waiting(self) -> None:
        if self._waiting:
            self._write(_EVENTS, bytes(self._waiting))
            self._waiting.clear()

    def _write(self, kind: bytes, payload: bytes) -> None:
        frame = _FRAME.pack(kind, len(payload), zlib.crc32(payload)) + payload
        try:
            while frame:
                frame = frame[os.write(self._file, frame) :]
        except OSError as error:
            raise UserError(f"--events: cannot write {self._path}: {error.strerror}") from None

    def __enter__(self) -> EventFileWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Write what is left; the end only if there was no error."""
        digest = self._log.hash()
        self._write_waiting()
        if error is None:
            self._write(_END, json.dumps({"hash": digest, **self.end()}).encode())
        os.close(self._file)


class EventFile:
    """A file of events; iterate over it.

    Afterwards `count` tells how many there were and `end` what the last frame says:
    the stream's hash and the run's. It is None if the file stops before its end, as
    that of a crashed run does.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = path
        self.end: dict[str, Any] | None = None
        self.count = 0

    def __iter__(self) -> Iterator[Event]:
        reader = EventReader(FIELDS)
        try:
            for kind, payload in self._frames():
                if kind == _HEADER:
                    if json.loads(payload).get("kinds") != table():
                        raise UserError(
                            f"{self.path} was written by another version of anos-sim, whose events "
                            "have other fields; read it with that one"
                        )
                elif kind == _EVENTS:
                    for event in reader.read(payload):
                        self.count += 1
                        yield event
                elif kind == _END:
                    self.end = json.loads(payload)
        except UserError:
            raise
        except (MalformedStream, ValueError, AttributeError):
            raise UserError(f"{self.path} is damaged: its events make no sense") from None
        finally:
            reader.close()

    def _frames(self) -> Iterator[tuple[bytes, bytes]]:
        """Its whole frames; it ends at the first one that is not."""
        try:
            with open(self.path, "rb") as file:
                if file.read(len(MAGIC)) != MAGIC:
                    raise UserError(
                        f"{self.path} is no file of events; `anos-sim run --events FILE` makes one"
                    )
                while len(head := file.read(_FRAME.size)) == _FRAME.size:
                    kind, size_bytes, checksum = _FRAME.unpack(head)
                    payload = file.read(size_bytes)
                    if len(payload) != size_bytes or zlib.crc32(payload) != checksum:
                        return
                    yield kind, payload
        except OSError as error:
            raise UserError(f"cannot read {self.path}: {error.strerror}") from None
