"""Names are known by their hash: STAGE3's, to the bit."""

from __future__ import annotations

from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anos_sim.stage3.capability import Capability
from anos_sim.stage3.channel import Channel, NameTable

CAPABILITY = cast(Capability, None)


def channel(number: int = 1) -> Channel:
    """A channel that nobody made."""
    return Channel(number, None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"SYSTEM::VFS", 0xD727DE455B7EB6D4),
        (b"SYSTEM::PROCESS", 0x48883860ADBEC340),
        (b"DEVMAN", 0x7D27113BF9F54A45),
        (b"", 0),
        (b"a", 97),
        (b"ab", 97 * 65599 + 98),
    ],
)
def test_hashes_are_those_of_anos(name: bytes, value: int) -> None:
    """anos-abi 13.5 and 4.1."""
    assert NameTable.hash(name) == value


@given(st.binary(min_size=255, max_size=300))
def test_only_255_bytes_count(name: bytes) -> None:
    assert NameTable.hash(name) == NameTable.hash(name[:255] + b"x")


def test_a_name_is_had_by_one_until_it_is_removed() -> None:
    names, one, two = NameTable(), channel(1), channel(2)
    assert names.find(b"vfs") is None
    assert names.register(b"vfs", one, CAPABILITY)
    assert not names.register(b"vfs", two, CAPABILITY)
    assert names.find(b"vfs") == (one, CAPABILITY)
    assert names.remove(b"vfs")
    assert not names.remove(b"vfs")
    assert names.register(b"vfs", two, CAPABILITY)
    assert names.of(two) == ["vfs"]
    assert names.of(one) == []


def test_nobody_can_have_the_empty_name() -> None:
    names = NameTable()
    assert not names.register(b"", channel(), CAPABILITY)
    assert names.find(b"") is None
    assert not names.remove(b"")


def test_all_names_of_a_dead_channel_go() -> None:
    names, one, two = NameTable(), channel(1), channel(2)
    for name in (b"a", b"b"):
        names.register(name, one, CAPABILITY)
    names.register(b"c", two, CAPABILITY)
    names.forget(one)
    assert names.find(b"a") is None
    assert names.find(b"b") is None
    assert names.of(two) == ["c"]
