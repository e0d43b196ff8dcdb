"""Message-signalled interrupts."""

from __future__ import annotations

from anos_sim.hw.memory import Memory
from anos_sim.hw.msi import Msi
from anos_sim.hw.pci import Function
from anos_sim.hw.pci_host import PciHost


class Board:
    def __init__(self) -> None:
        self.messages: list[tuple[int, int]] = []
        host = PciHost(Memory(32 << 20))
        host.on_msi = self.hear
        self.function = Function("sample", 1, 2, 3)
        host.root.plug(self.function)
        self.msi = Msi(self.function)
        self.function.add_capability(self.msi)
        self.function.set_bus_master(True)

    def hear(self, address: int, data: int) -> None:
        self.messages.append((address, data))

    def program(self, enable: int = 1) -> None:
        self.function.config_write(0x44, 4, 0xFEE0_3003)
        self.function.config_write(0x48, 4, 0x12)
        self.function.config_write(0x4C, 4, 0xFFFF_0041)
        self.function.config_write(0x42, 2, enable)


def test_a_message_carries_what_software_stored() -> None:
    board = Board()
    board.program()
    board.msi.send()
    assert board.messages == [(0x12_FEE0_3000, 0x41)]


def test_nothing_is_sent_unless_enabled() -> None:
    board = Board()
    board.program(enable=0)
    board.msi.send()
    assert board.messages == []


def test_a_message_is_a_write_by_the_bus_master() -> None:
    board = Board()
    board.program()
    board.function.set_bus_master(False)
    board.msi.send()
    assert board.messages == []


def test_control_is_64_bit_one_message_and_mostly_read_only() -> None:
    board = Board()
    assert board.function.config_read(0x42, 2) == 0x0080
    board.function.config_write(0x40, 4, 0xFFFF_FFFF)
    assert board.function.config_read(0x40, 4) == 0x00F1_0005
