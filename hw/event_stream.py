"""Events as packed records: the binding of events.c, whose format events.h tells."""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Iterable

from .vcpu import EngineError, library

KINDS_MAX, FIELDS_MAX = 64, 12
PLACE, TEXT = 1, 2
"""The stream's own records: where the following happens, and the id of a string."""
CALL, RESULT, SWITCH = 4, 5, 6
"""What the CPUs add themselves."""


class MalformedStream(Exception):
    """The bytes are no packed records."""


class EventStream:
    """One direction of a stream: packs what it is given, or unpacks it again.

    `field_counts` says by kind how many words follow the time. The state that the
    differences refer to goes on from one call to the next.
    """

    def __init__(self, field_counts: dict[int, int]) -> None:
        counts = bytearray(KINDS_MAX)
        for kind, count in field_counts.items():
            if not 0 <= kind < KINDS_MAX or not 0 <= count <= FIELDS_MAX:
                raise MalformedStream(f"kind {kind} with {count} fields")
            counts[kind] = count
        self._library = library()
        self.address: int = self._library.events_open(bytes(counts))
        if not self.address:
            raise EngineError("no memory for a stream of events")

    def pack(self, words: Iterable[int]) -> bytes:
        """Pack the kernel's words together with what the CPUs have added since the last call."""
        data = array("Q", words)
        pointer, count = data.buffer_info()
        size_bytes = self._library.events_pack(self.address, pointer, count)
        if size_bytes < 0:
            raise EngineError("an event has not the fields of its kind")
        return ctypes.string_at(self._library.events_out(self.address), size_bytes)

    def unpack(self, packed: bytes) -> list[int]:
        """The words of whole records.

        Raises:
            MalformedStream: the bytes are no such records.
        """
        count = self._library.events_unpack(self.address, packed, len(packed))
        if count < 0:
            raise MalformedStream("no packed events")
        words = array("Q")
        words.frombytes(ctypes.string_at(self._library.events_out(self.address), 8 * count))
        return words.tolist()

    def close(self) -> None:
        """Free its memory; the CPUs must not add to it any more."""
        if self.address:
            self._library.events_close(self.address)
            self.address = 0
