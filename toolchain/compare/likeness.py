"""Are two numbers, or two pieces of memory, the same but for addresses, cookies and times?

What is equal is equal. What is not is translated: a cookie into the capability that it
stands for, an address of a range that somebody holds into that range and an offset, and
in text also amounts of memory and times. If the translations are equal, the two are
alike, and `Alike` says of what kind the difference is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from anos_sim.stage3.abi import ObjectSlot

from .protocols import CHANNELS, PROCESSES, SLOTS
from .story import WINDOW_BYTES, Story

WORD_BYTES = 8
HALF_BYTES = 4
COOKIE_DIGITS = 16
_TEXT = frozenset(b"\t\n\r" + bytes(range(32, 127)))
_TOKEN = re.compile(
    r"\b0x[0-9a-f]{4,16}\b"  # an address, or a cookie
    r"|\b[0-9a-f]{8}(?:[0-9a-f]{8})?\b"  # the same, as programs write them in arguments
    r"|\b\d+(?= (?:[KMG]iB|bytes)\b)"  # an amount of memory
    r"|\b\d+ / \d+(?= bytes of memory\b)"
    r"|\bchannel \d+\b"
    r"|\b\d+\.\d+\b"  # a time, as ps prints it
)
_CHANNEL = "channel "
_LOW, _HIGH = 1 << ObjectSlot.DEVICE_MEMORY - 64, 1 << ObjectSlot.DEVICE_MEMORY_HIGH - 64
_DIFFERENT = ""


class Likeness:
    """Compares what is of the first run with what is of the second."""

    def __init__(self, first: Story, second: Story) -> None:
        self._first, self._second = first, second

    def words(self, one: int, other: int) -> str | None:
        """None: equal; a word for the kind of difference; or empty: they differ."""
        if one == other:
            return None
        known, known_other = self._first.cookies.get(one), self._second.cookies.get(other)
        if known is not None or known_other is not None:
            return "cookies" if known == known_other else _DIFFERENT
        place = _place(self._first, one)
        if place is not None and place == _place(self._second, other):
            return "addresses"
        return _DIFFERENT

    def memory(
        self,
        one: bytes,
        other: bytes,
        field_at: Callable[[int], str] = lambda at: "",
        following: tuple[bytes, bytes] = (b"", b""),
    ) -> tuple[set[str], int]:
        """The kinds of difference, and where they differ in earnest (-1: nowhere).

        `field_at` tells of 64-bit words, by their places, what they are (protocols.py).
        `following` is what the next messages have: text may go on there.
        """
        if one == other:
            return set(), -1
        text, other_text = _text(one), _text(other)
        if text is not None and other_text is not None:
            rest, other_rest = (_text(each) or "" for each in following)
            kinds, at = self.texts(text + rest, other_text + other_rest)
            return kinds, at if at < max(len(text), len(other_text)) else -1
        size = -(-max(len(one), len(other)) // WORD_BYTES) * WORD_BYTES
        one, other = one.ljust(size, b"\0"), other.ljust(size, b"\0")
        kinds = set[str]()
        at = 0
        while at < size:
            if one[at : at + HALF_BYTES] == other[at : at + HALF_BYTES]:
                at += HALF_BYTES
                continue
            begin = at & -WORD_BYTES
            field = field_at(begin)
            if field:
                end = begin + WORD_BYTES
                parts = (int.from_bytes(each[begin:end], "little") for each in (one, other))
                kind = self._numbers(field, *parts)
            else:
                kind, end = self._piece(one, other, at)
            if not kind:
                return kinds, at
            kinds.add(kind)
            at = end
        return kinds, -1

    def _numbers(self, kind: str, one: int, other: int) -> str:
        """Numbers that are each run's own: times, or what channels and processes are called by."""
        if kind == PROCESSES:
            is_same = self._first.process(one) == self._second.process(other)
        elif kind == CHANNELS:
            ours, theirs = self._first.channels.get(one), self._second.channels.get(other)
            is_same = ours is not None and theirs is not None and ours.identity == theirs.identity
        elif kind == SLOTS:
            is_same = one ^ other == _HIGH and bool(one & other & _LOW)
        else:
            is_same = True
        return kind if is_same else _DIFFERENT

    def _piece(self, one: bytes, other: bytes, at: int) -> tuple[str, int]:
        """What differs at a place: the kind of difference, and where it ends.

        It is a word of 64 bits that begins there, or 4 bytes before, or one of 32 bits, or
        in the middle of text.
        """
        for begin, end in ((at, at + WORD_BYTES), (at - HALF_BYTES, at + HALF_BYTES),
                           (at, at + HALF_BYTES)):  # fmt: skip
            if begin >= 0:
                parts = (int.from_bytes(each[begin:end], "little") for each in (one, other))
                kind = self.words(*parts)
                if kind:
                    return kind, end
        at += next(place for place in range(HALF_BYTES) if one[at + place] != other[at + place])
        begin, ends = at, [at, at]
        while begin and all(each[begin - 1] in _TEXT for each in (one, other)):
            begin -= 1
        for number, each in enumerate((one, other)):
            while ends[number] < len(each) and each[ends[number]] in _TEXT:
                ends[number] += 1
        if ends[0] != ends[1] or ends[0] == at:
            return _DIFFERENT, at
        texts = (each[begin : ends[0]].decode("latin-1") for each in (one, other))
        kinds, place = self.texts(*texts)
        if place >= 0:
            return _DIFFERENT, at
        return kinds_text(kinds), -(-ends[0] // HALF_BYTES) * HALF_BYTES

    def texts(self, one: str, other: str) -> tuple[set[str], int]:
        """The same of text: the place is that of a character."""
        if one == other:
            return set(), -1
        kinds: set[str] = set()
        at = at_other = 0
        for match, match_other in zip(_TOKEN.finditer(one), _TOKEN.finditer(other), strict=False):
            if one[at : match.start()] != other[at_other : match_other.start()]:
                break
            if match[0] != match_other[0]:
                kind = self._tokens(match[0], match_other[0])
                if not kind:
                    return kinds, match.start()
                kinds.add(kind)
            at, at_other = match.end(), match_other.end()
        if one[at:] != other[at_other:]:
            return kinds, at + _common(one[at:], other[at_other:])
        return kinds, -1

    def _tokens(self, one: str, other: str) -> str | None:
        """Two numbers in text that are not equal."""
        if one.startswith(_CHANNEL) and other.startswith(_CHANNEL):
            numbers = (int(each.removeprefix(_CHANNEL)) for each in (one, other))
            return self._numbers(CHANNELS, *numbers)
        if "." in one and "." in other:
            return "times"
        if one.isdigit() and other.isdigit() and len(one) < COOKIE_DIGITS:
            return "amounts of memory"
        if " / " in one and " / " in other:
            return "amounts of memory"
        try:
            return self.words(int(one, 16), int(other, 16))
        except ValueError:
            return _DIFFERENT


def _place(story: Story, address: int) -> tuple[object, int] | None:
    """The smallest range that an address is in, and where; none if it is just a window."""
    around = [
        each
        for each in story.ranges
        if each.size < WINDOW_BYTES and each.start <= address < each.start + each.size
    ]
    if not around:
        return None
    smallest = min(around, key=lambda each: each.size)
    return smallest.identity, address - smallest.start


def _text(data: bytes) -> str | None:
    """Memory as text, if it is nothing else."""
    if any(byte < 32 and byte not in b"\t\n\r\x1b\x08\x07\0" for byte in data):
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text


def _common(one: str, other: str) -> int:
    return next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )


def kinds_text(kinds: Iterable[str]) -> str:
    """`addresses, cookies`."""
    return ", ".join(sorted(kinds))
