"""Records of words are packed and come back; what is no stream is refused."""

from __future__ import annotations

import random

import pytest

from anos_sim.hw.event_stream import KINDS_MAX, PLACE, TEXT, EventStream, MalformedStream
from anos_sim.hw.vcpu import EngineError

COUNTS = {7: 0, 8: 3, 9: 12}


def pack(*records: list[int]) -> bytes:
    """Records packed by a stream of their own."""
    stream = EventStream(COUNTS)
    words: list[int] = []
    stream.attach(words)
    for record in records:
        words += record
    packed = stream.pack()
    assert words == []
    stream.close()
    return packed


def unpack(packed: bytes) -> list[int]:
    """All words of a packed stream."""
    stream = EventStream(COUNTS)
    try:
        return stream.unpack(packed)
    finally:
        stream.close()


def test_any_words_come_back_as_they_were() -> None:
    numbers = random.Random(1)
    records = []
    for _ in range(2000):
        kind = numbers.choice([7, 8, 9])
        fields = [numbers.getrandbits(numbers.choice([1, 8, 33, 64])) for _ in range(COUNTS[kind])]
        records.append([kind, numbers.getrandbits(62), *fields])
    assert unpack(pack(*records)) == [word for record in records for word in record]


def test_a_stream_goes_on_from_one_piece_to_the_next() -> None:
    sender, receiver = EventStream(COUNTS), EventStream(COUNTS)
    words: list[int] = []
    sender.attach(words)
    for number in range(5):
        words += [8, 1000 + number, 1, 2, number]
        assert receiver.unpack(sender.pack()) == [8, 1000 + number, 1, 2, number]
    assert sender.pack() == b""
    sender.close()
    receiver.close()


def test_what_repeats_takes_a_byte_a_field() -> None:
    record = [8, 1 << 60, 1 << 63, (1 << 64) - 1, 12345]
    assert len(pack(record, record)) == len(pack(record)) + 5


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 300])
def test_texts_of_any_length_and_places_come_through(size: int) -> None:
    count = (size + 7) // 8
    text = bytes(range(1, 256))[:size].ljust(size, b"x")
    words = [int.from_bytes(text[at : at + 8], "little") for at in range(0, size, 8)]
    record = [TEXT, 5, size, *words]
    assert len(words) == count
    assert unpack(pack(record, [PLACE, 3], record)) == [*record, PLACE, 3, *record]


@pytest.mark.parametrize(
    "words", [[8, 1], [KINDS_MAX, 1], [TEXT, 1], [TEXT, 1, 100, 1], [1 << 63, 1], [PLACE]]
)
def test_words_that_are_no_record_are_refused(words: list[int]) -> None:
    with pytest.raises(EngineError, match="fields of its kind"):
        pack(words)


def test_a_stream_that_is_cut_or_damaged_is_refused_or_other_words_but_never_harms() -> None:
    packed = pack([8, 77, 1 << 40, 2, 3], [TEXT, 1, 5, 0x1122334455], [9, 80, *range(12)])
    whole = unpack(packed)
    for end in range(1, len(packed)):
        try:
            assert unpack(packed[:end]) == whole[: len(unpack(packed[:end]))]
        except MalformedStream:
            continue
    numbers = random.Random(2)
    for _ in range(2000):
        damaged = bytearray(packed)
        damaged[numbers.randrange(len(damaged))] = numbers.getrandbits(8)
        try:
            unpack(bytes(damaged))
        except MalformedStream:
            continue


def test_kinds_and_fields_beyond_the_limits_are_refused() -> None:
    for counts in ({KINDS_MAX: 1}, {-1: 1}, {8: 13}):
        with pytest.raises(MalformedStream):
            EventStream(counts)
