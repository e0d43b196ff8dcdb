"""Cookies: the 64-bit numbers by which programs know capabilities and messages."""

from __future__ import annotations

import hashlib
import struct

COOKIE_MIN = 1 << 32


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
            text = self._counter.to_bytes(8, "little")
            self._counter += 1
            digest = hashlib.blake2b(text, digest_size=64, key=self._key).digest()
            self.ready.extend(
                cookie for cookie in struct.unpack("<8Q", digest) if cookie >= COOKIE_MIN
            )
