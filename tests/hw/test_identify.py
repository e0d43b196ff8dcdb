"""What drives say about themselves (ATA8-ACS, 7.16 and 7.17)."""

from __future__ import annotations

import struct

import pytest

from anos_sim.hw.identify import identify_device, identify_packet_device


def words(data: bytes) -> tuple[int, ...]:
    return struct.unpack("<256H", data)


def text(data: bytes, first: int, last: int) -> str:
    swapped = struct.pack(f">{last - first + 1}H", *words(data)[first : last + 1])
    return swapped.decode("ascii").rstrip()


def test_a_disk_tells_name_size_and_features() -> None:
    data = identify_device(0x1_2345_6789, "a model", "a serial", write_cache=True)
    found = words(data)
    assert text(data, 27, 46) == "a model"
    assert text(data, 10, 19) == "a serial"
    assert found[100] | found[101] << 16 | found[102] << 32 | found[103] << 48 == 0x1_2345_6789
    assert found[60] | found[61] << 16 == 0x0FFF_FFFF, "28 bits cannot tell"
    assert found[0] & 0x8000 == 0, "an ATA device"
    assert found[49] & 0x0300 == 0x0300, "LBA and DMA"
    assert found[75] == 31
    assert found[76] & 0x0100, "NCQ"
    assert found[83] & 0xC400 == 0x4400, "48-bit addresses, and the word is valid"
    assert found[86] & 0x3400 == 0x3400


def test_a_small_disk_has_the_same_size_in_28_bits() -> None:
    found = words(identify_device(2048, "m", "s", write_cache=True))
    assert found[60] | found[61] << 16 == found[100] == 2048


def test_the_write_cache_bit_follows_the_setting() -> None:
    on = words(identify_device(1, "m", "s", write_cache=True))
    off = words(identify_device(1, "m", "s", write_cache=False))
    assert (on[85] & 0x20, off[85] & 0x20) == (0x20, 0)


@pytest.mark.parametrize(
    "data", [identify_device(9, "m", "s", True), identify_packet_device("m", "s")]
)
def test_all_bytes_sum_up_to_zero(data: bytes) -> None:
    assert len(data) == 512
    assert data[510] == 0xA5
    assert sum(data) & 0xFF == 0


def test_a_packet_device_is_an_optical_drive() -> None:
    assert words(identify_packet_device("m", "s"))[0] >> 8 == 0x85
