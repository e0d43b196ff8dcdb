"""A driver for one AHCI port, in Python: it uses registers and memory as a guest would."""

from __future__ import annotations

import struct
from pathlib import Path

from anos_sim.hw.ahci import AhciController
from anos_sim.hw.ahci_bits import PxCMD
from anos_sim.hw.clock import NEVER
from anos_sim.hw.config import AhciConfig, BridgeConfig, MachineConfig, PortConfig
from anos_sim.hw.fis import RegisterH2D
from anos_sim.hw.machine import Machine
from anos_sim.hw.pci_host import Bridge
from support.architectures import ADDRESSES

LIST = ADDRESSES.ram + 0x20_0000
RECEIVED = ADDRESSES.ram + 0x20_1000
TABLES = ADDRESSES.ram + 0x21_0000
TABLE_BYTES = 0x1000
DATA = ADDRESSES.ram + 0x40_0000
MSI_ADDRESS = ADDRESSES.interrupts

CLB, FB, IS, IE, CMD, TFD, SIG = 0x00, 0x08, 0x10, 0x14, 0x18, 0x20, 0x24
SSTS, SCTL, SERR, SACT, CI = 0x28, 0x2C, 0x30, 0x34, 0x38


def storage_machine(
    image: Path | None, *kinds: str, bridge: bool = False, write: bool = False
) -> Machine:
    """A machine with one AHCI controller: a disk if there is an `image`, then `kinds`."""
    ports = [PortConfig("disk", str(image))] if image else []
    ports += [PortConfig(kind) for kind in kinds]
    return Machine(
        MachineConfig(
            ram_mib=32,
            write=write,
            bridge=(BridgeConfig("riser"),) if bridge else (),
            ahci=(AhciConfig(tuple(ports), "riser" if bridge else None),),
        )
    )


def controllers(machine: Machine) -> list[AhciController]:
    """The AHCI controllers of a machine."""
    return [f for f in machine.functions if isinstance(f, AhciController)]


def bridges(machine: Machine) -> list[Bridge]:
    """The bridges of a machine."""
    return [f for f in machine.functions if isinstance(f, Bridge)]


class AhciDriver:
    """Drives port `index` of the machine's first AHCI controller.

    `messages` are the MSIs seen, `abar` is where the registers are.
    """

    def __init__(self, machine: Machine, index: int = 0) -> None:
        self.machine = machine
        self.function = controllers(machine)[0]
        self.abar = self.function.config_read(0x24, 4)
        self.port = self.abar + 0x100 + 0x80 * index
        self.messages: list[tuple[int, int]] = []
        machine.on_msi = self.hear

    def hear(self, address: int, data: int) -> None:
        """Take note of an MSI."""
        self.messages.append((address, data))

    def hba(self, offset: int, value: int | None = None) -> int:
        """Read a generic host control register, or write it."""
        if value is not None:
            self.machine.bus.write(self.abar + offset, 4, value)
        return self.machine.bus.read(self.abar + offset, 4)

    def get(self, register: int) -> int:
        """Read a port register."""
        return self.machine.bus.read(self.port + register, 4)

    def put(self, register: int, value: int) -> None:
        """Write a port register."""
        self.machine.bus.write(self.port + register, 4, value)

    def start(self, vector: int = 0x40) -> None:
        """Set up memory, MSI and interrupts, then let the port run."""
        write = self.function.config_write
        write(0x44, 4, MSI_ADDRESS)
        write(0x48, 4, 0)
        write(0x4C, 2, vector)
        write(0x42, 2, 1)
        self.hba(0x04, 1 << 1)
        self.put(CLB, LIST)
        self.put(FB, RECEIVED)
        self.put(SERR, 0xFFFF_FFFF)
        self.put(IS, 0xFFFF_FFFF)
        self.put(IE, 0xFFFF_FFFF)
        self.restart()

    def restart(self) -> None:
        """Stop the port and let it run again, as after an error."""
        self.put(CMD, 0)
        self.put(CMD, PxCMD.FRE)
        self.put(CMD, PxCMD.FRE | PxCMD.ST)

    def prepare(
        self, slot: int, fis: RegisterH2D, prdt: list[tuple[int, int]], interrupt: bool = True
    ) -> None:
        """Write a command header and table; `prdt` has (address, byte count)."""
        table = TABLES + slot * TABLE_BYTES
        header = struct.pack("<HHIQ16x", 5, len(prdt), 0, table)
        self.machine.memory.write(LIST + 32 * slot, header)
        self.machine.memory.write(table, fis.build())
        entries = b"".join(
            struct.pack("<QII", address, 0, count - 1 | interrupt << 31) for address, count in prdt
        )
        self.machine.memory.write(table + 0x80, entries)

    def issue(self, *slots: int, queued: bool = False) -> None:
        """Issue prepared slots with one write."""
        bits = sum(1 << slot for slot in slots)
        if queued:
            self.put(SACT, bits)
        self.put(CI, bits)

    def wait(self) -> int:
        """Let all pending events happen; return how many nanoseconds that took."""
        clock = self.machine.clock
        begin = clock.now_ps
        while clock.next_ps != NEVER:
            clock.fire()
        return (clock.now_ps - begin) // 1000

    def run(self, command: int, *, size: int = 0, at: int = DATA, **fields: int) -> int:
        """Carry out one command in slot 0 with one buffer; return TFD."""
        fis = RegisterH2D(is_command=True, command=command, **fields)
        self.prepare(0, fis, [(at, size)] if size else [])
        self.issue(0)
        self.wait()
        return self.get(TFD)

    def read(self, sector: int, count: int) -> bytes:
        """Read sectors by READ DMA EXT."""
        self.run(0x25, size=count * 512, lba=sector, device=0x40, count=count)
        return self.machine.memory.read(DATA, count * 512)

    def received(self, offset: int, count_bytes: int) -> bytes:
        """Bytes of the received-FIS area."""
        return self.machine.memory.read(RECEIVED + offset, count_bytes)

    def transferred(self, slot: int = 0) -> int:
        """PRDBC of a slot."""
        return int.from_bytes(self.machine.memory.read(LIST + 32 * slot + 4, 4), "little")
