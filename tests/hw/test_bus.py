"""The bus: routing and splitting."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from anos_sim.hw.bus import Bus, split


class Recorder:
    def __init__(self) -> None:
        self.bytes = bytearray(range(256))
        self.accesses: list[tuple[int, int]] = []

    def read(self, offset: int, size: int) -> int:
        self.accesses.append((offset, size))
        return int.from_bytes(self.bytes[offset : offset + size], "little")

    def write(self, offset: int, size: int, value: int) -> None:
        self.accesses.append((offset, size))
        self.bytes[offset : offset + size] = value.to_bytes(size, "little")


def bus_with(device: Recorder) -> Bus:
    bus = Bus()
    bus.attach(0x1000, 0x100, device)
    return bus


def test_what_nobody_claims_reads_ones_and_swallows_writes() -> None:
    bus = bus_with(Recorder())
    bus.write(0x2000, 4, 1)
    assert [bus.read(0x2000, size) for size in (1, 2, 4, 8)] == [0xFF, 0xFFFF, 2**32 - 1, 2**64 - 1]


def test_eight_bytes_are_two_times_four_low_first() -> None:
    device = Recorder()
    bus = bus_with(device)
    bus.write(0x1008, 8, 0x1122_3344_5566_7788)
    assert device.accesses == [(8, 4), (12, 4)]
    assert bus.read(0x1008, 8) == 0x1122_3344_5566_7788


@given(st.integers(0, 0xF0), st.sampled_from([1, 2, 4, 8]))
def test_a_device_sees_aligned_pieces_of_at_most_four_bytes(offset: int, size: int) -> None:
    device = Recorder()
    value = bus_with(device).read(0x1000 + offset, size)
    assert value == int.from_bytes(bytes(range(offset, offset + size)), "little")
    assert all(piece <= 4 and at % piece == 0 for at, piece in device.accesses)
    assert sum(piece for _, piece in device.accesses) == size


def test_an_unaligned_word_is_cut_at_its_boundaries() -> None:
    assert split(0x1003, 4) == [(0x1003, 1), (0x1004, 2), (0x1006, 1)]


def test_a_device_may_count_from_another_origin() -> None:
    bus = Bus()
    device = Recorder()
    bus.attach(0x80, 0x10, device, origin=0)
    assert bus.read(0x84, 1) == 0x84


def test_empty_windows_are_none() -> None:
    bus = Bus()
    bus.open_window(0x1000, 0x1000)
    bus.open_window(0x1000, 0x3000)
    assert bus.windows() == [(0x1000, 0x2000)]
