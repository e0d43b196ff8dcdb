"""Events as packed records: the binding of events.c, whose format events.h tells."""

from __future__ import annotations

import ctypes
from array import array

from .vcpu import EngineError, library

KINDS_MAX, FIELDS_MAX = 64, 12
PLACE, TEXT = 1, 2
"""The stream's own records: where the following happens, and the id of a string."""
CALL, RESULT, SWITCH = 4, 5, 6
"""What the CPUs add themselves."""
_LIST_FUNCTIONS = (
    "PyList_Size", "PyList_GetItem", "PyList_SetSlice", "PyLong_AsUnsignedLongLongMask",
)  # fmt: skip
"""What events.c needs of CPython: struct list_functions."""


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

    def attach(self, words: list[int]) -> None:
        """From now on pack what is put into this list; it must live as long as the stream."""
        self._words = words
        functions = (ctypes.c_void_p * len(_LIST_FUNCTIONS))(
            *(ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value
              for name in _LIST_FUNCTIONS)
        )  # fmt: skip
        self._library.events_attach(self.address, words, functions)

    def pack(self) -> bytes:
        """Empty the list; returns what it and the CPUs have added since the last call."""
        size_bytes = self._library.events_pack(self.address)
        if size_bytes < 0:
            raise EngineError("an event has not the fields of its kind")
        packed = ctypes.string_at(self._library.events_out(self.address), size_bytes)
        self._library.events_clear(self.address)
        return packed

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
