"""Registers: access masks, narrow accesses and hooks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from anos_sim.hw.register import Reg32, RegisterBlock

U32 = st.integers(0, 0xFFFF_FFFF)


class Sample(RegisterBlock):
    PLAIN = Reg32(0x00, rw=0x0000_FF00, reset=0x1234_5678)
    STATUS = Reg32(0x08, w1c=0xFF, w1s=0xFF00, rw=0xFF_0000)
    COUNTED = Reg32(0x0C, rw=0xFFFF_FFFF)

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[tuple[int, int]] = []

    @COUNTED.on_write
    def _written(self, before: int) -> None:
        self.writes.append((before, self.COUNTED))

    @COUNTED.on_read
    def _read(self) -> None:
        self.COUNTED += 1


def test_only_writable_bits_change() -> None:
    block = Sample()
    block.write(0, 4, 0xFFFF_FFFF)
    assert block.PLAIN == 0x1234_FF78


def test_ones_clear_and_set() -> None:
    block = Sample()
    block.STATUS = 0x0F_00FF
    block.write(8, 4, 0xA0_F00F)
    assert block.STATUS == 0xA0_F0F0


@given(U32, U32, st.sampled_from([(0, 1), (1, 1), (2, 1), (3, 1), (0, 2), (2, 2), (0, 4)]))
def test_a_narrow_write_touches_only_its_bytes(
    before: int, value: int, access: tuple[int, int]
) -> None:
    offset, size = access
    value &= (1 << 8 * size) - 1
    narrow, wide = Sample(), Sample()
    narrow.STATUS = wide.STATUS = before
    narrow.write(8 + offset, size, value)
    kept_by_writable_bits = wide.STATUS & 0xFF_0000 & ~(((1 << 8 * size) - 1) << 8 * offset)
    wide.write(8, 4, value << 8 * offset | kept_by_writable_bits)
    assert narrow.STATUS == wide.STATUS


def test_a_narrow_read_sees_its_bytes() -> None:
    block = Sample()
    assert [block.read(at, 1) for at in range(4)] == [0x78, 0x56, 0x34, 0x12]
    assert block.read(2, 2) == 0x1234


def test_a_hole_reads_zero_and_ignores_writes() -> None:
    block = Sample()
    block.write(4, 4, 1)
    assert block.read(4, 4) == 0


def test_hooks_see_software_only() -> None:
    block = Sample()
    block.COUNTED = 7
    block.write(0x0C, 4, 20)
    assert block.writes == [(7, 20)]
    assert block.read(0x0C, 4) == 21


def test_blocks_do_not_share_values() -> None:
    one, other = Sample(), Sample()
    one.PLAIN = 0
    assert other.PLAIN == 0x1234_5678
