"""The kernel log is a ring of 64 KiB."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from anos_sim.stage3.abi import LOG_BYTES
from anos_sim.stage3.log import KernelLog

WRITE = st.builds(lambda byte, count: bytes([byte]) * count, st.integers(0, 255), st.integers(0, 9))


@given(st.lists(st.one_of(WRITE, st.integers(0, 20))))
def test_bytes_come_out_once_and_in_order(steps: list[bytes | int]) -> None:
    log, model = KernelLog(), b""
    for step in steps:
        if isinstance(step, bytes):
            log.write(step)
            model += step
        else:
            assert log.peek(step) == model[:step]
            log.consume(step)
            model = model[step:]
        assert len(log) == len(model)
    assert log.peek(1 << 40) == model
    assert log.dropped_bytes == 0


@given(st.lists(st.integers(1, LOG_BYTES + 10), min_size=1, max_size=4))
def test_the_oldest_bytes_are_pushed_out(sizes: list[int]) -> None:
    log, written = KernelLog(), b""
    for number, size in enumerate(sizes):
        data = bytes((number + i) & 0xFF for i in range(min(size, 257))) * (size // 257 + 1)
        log.write(data[:size])
        written += data[:size]
    assert log.peek(LOG_BYTES) == written[-LOG_BYTES:]
    assert len(log) + log.dropped_bytes == len(written)
