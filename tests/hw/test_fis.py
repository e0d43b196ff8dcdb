"""FIS layouts (SATA 3.0, 10.5)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from anos_sim.hw import fis
from anos_sim.hw.fis import RegisterH2D, TaskFile


@given(
    st.builds(
        RegisterH2D,
        is_command=st.booleans(),
        command=st.integers(0, 0xFF),
        features=st.integers(0, 0xFFFF),
        lba=st.integers(0, (1 << 48) - 1),
        device=st.integers(0, 0xFF),
        count=st.integers(0, 0xFFFF),
        control=st.integers(0, 0xFF),
    )
)
def test_a_command_survives_the_wire(command: RegisterH2D) -> None:
    assert len(command.build()) == 20
    assert RegisterH2D.parse(command.build()) == command


def test_the_fields_are_where_the_specification_has_them() -> None:
    data = bytes.fromhex("27 80 25 f0 01 02 03 40 04 05 06 f1 08 09 00 02 00 00 00 00")
    command = RegisterH2D.parse(data)
    assert command == RegisterH2D(
        is_command=True,
        command=0x25,
        features=0xF1F0,
        lba=0x06_0504_0302_01,
        device=0x40,
        count=0x0908,
        control=2,
    )


def test_other_kinds_are_no_command() -> None:
    assert RegisterH2D.parse(b"\x46" + bytes(19)) is None


def test_what_a_drive_sends() -> None:
    task = TaskFile(status=0x51, error=0x10, lba=0x0605_0403_0201, device=0x40, count=0x0908)
    d2h = bytes.fromhex("34 40 51 10 01 02 03 40 04 05 06 00 08 09 00 00 00 00 00 00")
    assert fis.register_d2h(task, interrupt=True) == d2h
    assert fis.register_d2h(task, interrupt=False)[1] == 0
    pio = bytes.fromhex("5f 60 58 00 00 00 00 00 00 00 00 00 00 00 00 50 00 02 00 00")
    assert fis.pio_setup(TaskFile(0x50), 512) == pio
    assert fis.set_device_bits(TaskFile(0x50), 0x8000_0001) == bytes.fromhex("a1405000 01000080")


def test_the_signature_is_made_of_lba_and_count() -> None:
    assert TaskFile(0x50, lba=0xEB1401, count=1).signature == 0xEB14_0101
