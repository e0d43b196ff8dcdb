"""What is typed becomes keys, and keys become what was typed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from anos_sim.toolchain.keys import LEFT_SHIFT, key_events
from support.host_build import build_for_host

SHIM = Path(__file__).resolve().parents[1] / "support" / "keys_host.c"
PRINTABLE = bytes(range(0x20, 0x7F))


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The driver's key map, compiled for the host: events in, bytes out."""
    program = tmp_path_factory.mktemp("keys") / "keys"
    return build_for_host(program, "keyboard", SHIM, leave_out=("main.c", "device.c"))


def test_a_capital_is_a_key_with_shift() -> None:
    assert key_events(b"A") == bytes((LEFT_SHIFT, 1, 0x04, 1, 0x04, 0, LEFT_SHIFT, 0))


@pytest.mark.parametrize(
    "typed",
    [
        PRINTABLE,
        b"\n\t\x7f\x1b",
        b"\x03\x04\x01\x1a",
        b"\x1b[A\x1b[B\x1b[C\x1b[D\x1b[H\x1b[F\x1b[3~",
    ],
)
def test_the_driver_reads_what_was_typed(typed: bytes, driver: Path) -> None:
    done = subprocess.run([driver], input=key_events(typed), capture_output=True, check=True)
    assert done.stdout == typed


def test_sequences_have_one_key_however_the_terminal_writes_them(driver: Path) -> None:
    events = key_events(b"\x1bOA\x1b[1~\r\b")
    done = subprocess.run([driver], input=events, capture_output=True, check=True)
    assert done.stdout == b"\x1b[A\x1b[H\n\x7f"


def test_what_the_keyboard_has_not_got_is_left_out() -> None:
    assert key_events("é\x00".encode()) == b""
