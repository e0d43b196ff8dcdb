"""What is typed at a terminal as keys of a US keyboard that go down and up.

A terminal sends characters, and sequences for keys without any (ECMA-48); the machine's
keyboard has keys (HID Usage Tables, page 0x07). Characters that a US keyboard has not got
are left out.
"""

from __future__ import annotations

from collections.abc import Iterator

from anos_sim.hw.keyboard import EVENT_BYTES, PRESSED

KEYBOARD = "keyboard"
"""The device's name in a recording."""

LEFT_CONTROL, LEFT_SHIFT, LEFT_ALT = 0xE0, 0xE1, 0xE2
ENTER, ESCAPE, BACKSPACE, TAB = 0x28, 0x29, 0x2A, 0x2B
_A, _1 = 0x04, 0x1E
_PLAIN = "1234567890\n\x1b\x7f\t -=[]\\\0;'`,./"
_SHIFTED = '!@#$%^&*()\0\0\0\0\0_+{}|\0:"~<>?'
_SEQUENCES = {
    b"\x1b[H": 0x4A, b"\x1bOH": 0x4A, b"\x1b[1~": 0x4A, b"\x1b[5~": 0x4B, b"\x1b[3~": 0x4C,
    b"\x1b[F": 0x4D, b"\x1bOF": 0x4D, b"\x1b[4~": 0x4D, b"\x1b[6~": 0x4E, b"\x1b[C": 0x4F,
    b"\x1bOC": 0x4F, b"\x1b[D": 0x50, b"\x1bOD": 0x50, b"\x1b[B": 0x51, b"\x1bOB": 0x51,
    b"\x1b[A": 0x52, b"\x1bOA": 0x52,
}  # fmt: skip


def _characters() -> dict[str, tuple[int, ...]]:
    keys: dict[str, tuple[int, ...]] = {}
    for number in range(26):
        keys[chr(ord("a") + number)] = (_A + number,)
        keys[chr(ord("A") + number)] = (LEFT_SHIFT, _A + number)
        keys[chr(1 + number)] = (LEFT_CONTROL, _A + number)
    for number, (plain, shifted) in enumerate(zip(_PLAIN, _SHIFTED, strict=True)):
        if plain != "\0":
            keys[plain] = (_1 + number,)
        if shifted != "\0":
            keys[shifted] = (LEFT_SHIFT, _1 + number)
    return keys | {"\r": (ENTER,), "\b": (BACKSPACE,)}


_CHARACTERS = _characters()
"""By character: the keys that are down together, the last one being its own."""


def key_events(data: bytes) -> bytes:
    """What the keyboard gets for bytes that a terminal has sent at once."""
    events = bytearray()
    for chord in _chords(data):
        for key in chord:
            events += (key | PRESSED).to_bytes(EVENT_BYTES, "little")
        for key in reversed(chord):
            events += key.to_bytes(EVENT_BYTES, "little")
    return bytes(events)


def _chords(data: bytes) -> Iterator[tuple[int, ...]]:
    at = 0
    while at < len(data):
        for sequence, key in _SEQUENCES.items():
            if data.startswith(sequence, at):
                yield (key,)
                at += len(sequence)
                break
        else:
            chord = _CHARACTERS.get(chr(data[at]))
            if chord is not None:
                yield chord
            at += 1
