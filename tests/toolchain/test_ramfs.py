"""The RAMFS image: laid out as anos-abi 8.2 says, and read back as it was packed."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anos_sim.stage3 import abi
from anos_sim.toolchain.guest import ramfs
from anos_sim.toolchain.guest.errors import BuildError

NAMES = st.text("abcdefghijklmnopqrstuvwxyz.-_0123456789", min_size=1, max_size=15)
FILES = st.dictionaries(NAMES, st.binary(max_size=9000), max_size=8)


@given(FILES)
def test_what_was_packed_is_read_back_in_its_order(contents: dict[str, bytes]) -> None:
    assert list(ramfs.unpack(ramfs.pack(contents)).items()) == list(contents.items())


@given(FILES)
def test_every_file_begins_on_a_page_and_the_image_is_whole_pages(
    contents: dict[str, bytes],
) -> None:
    image = ramfs.pack(contents)
    magic, version, size, count, reserved = struct.unpack_from("<IIQQQ", image)
    assert (magic, version) == (abi.RAMFS_MAGIC, abi.RAMFS_VERSION)
    assert (size, count, reserved) == (len(image), len(contents), 0)
    assert size % abi.PAGE_BYTES == 0
    for index, (name, content) in enumerate(contents.items()):
        at = 32 + 32 * index
        start, length, stored = struct.unpack_from("<QQ16s", image, at)
        assert (at + start) % abi.PAGE_BYTES == 0
        assert stored == name.encode().ljust(16, b"\0")
        assert length == len(content)
        end = at + start + length
        assert not any(image[end : -(-end // abi.PAGE_BYTES) * abi.PAGE_BYTES])


@pytest.mark.parametrize("name", ["", "sixteen-letters.", "a/b", "boot:", "grün", "a\0b"])
def test_a_name_that_does_not_fit_is_refused(name: str) -> None:
    with pytest.raises(BuildError, match="RAMFS name"):
        ramfs.pack({name: b""})


@pytest.mark.parametrize("length", [0, 31, 4096, 8191])
def test_a_damaged_image_is_refused_not_misread(length: int) -> None:
    image = ramfs.pack({"one": b"x" * 5000})
    with pytest.raises(BuildError):
        ramfs.unpack(image[:length])
    with pytest.raises(BuildError, match="not a RAMFS"):
        ramfs.unpack(b"\1" + image[1:])


def test_an_entry_that_leaves_the_image_is_refused() -> None:
    image = bytearray(ramfs.pack({"one": b"x"}))
    struct.pack_into("<Q", image, 40, 1 << 40)
    with pytest.raises(BuildError, match="ends behind"):
        ramfs.unpack(bytes(image))
