"""Cookies: the 64-bit numbers by which programs know capabilities and messages."""

from __future__ import annotations

import hashlib
import struct

COOKIE_MIN = 1 << 32
_BATCH = struct.Struct("<64Q")
"""So many at once: half of what a message's cookie costs is the call of the hash."""


class CookieJar:
    """Numbers that a guest cannot guess: a keyed hash of a counter.

    None is below `COOKIE_MIN`, so a small number is never taken for one.
    """

    def __init__(self, seed: int) -> None:
        self._key = seed.to_bytes(32, "little", signed=False)
        self._counter = 0
        self.ready: list[int] = []

    def __call__(self) -> int:
        """Return the next cookie."""
        ready = self.ready
        if not ready:
            self._refill()
        return ready.pop()

    def _refill(self) -> None:
        while not self.ready:
            text = self._key + self._counter.to_bytes(8, "little")
            self._counter += 1
            digest = hashlib.shake_128(text).digest(_BATCH.size)
            self.ready += [cookie for cookie in _BATCH.unpack(digest) if cookie >= COOKIE_MIN]
