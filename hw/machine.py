"""The board: what is where, and how it hangs together.

The addresses are the architecture's (hw/arch); docs/memory-map.md lists them. What
firmware tells of the board is in RAM: ACPI tables, and where the architecture has it
a device tree.
"""

from __future__ import annotations

from collections.abc import Callable

from . import acpi
from .ahci import AhciController
from .arch import ARCHITECTURES, BoardFacts
from .ata import AtaDisk
from .atapi import AtapiDrive
from .bus import Bus
from .clock import PS_PER_MS, Clock
from .command_engine import DriveTiming
from .config import AhciConfig, MachineConfig, PortConfig
from .disk import Disk
from .drive import CommandListener, Drive
from .ecam import BUS_COUNT, Ecam
from .ecam import SIZE_BYTES as ECAM_BYTES
from .firmware import Firmware
from .framebuffer import Framebuffer
from .keyboard import Keyboard
from .memory import Memory
from .pci import Function
from .pci_host import Bridge, PciBus, PciHost
from .power import Power
from .python_device import load_device
from .rtc import RTC_BYTES, Rtc
from .serial import Serial

CONFIG_DUMP_BYTES = 0x100
DEVICE_TREE = 0xF_0000
"""Where the flattened device tree is, from the begin of RAM on; up to 64 KiB."""
MIB = 1 << 20


class Machine:
    """A machine as its firmware leaves it, without CPUs: the kernel adds those.

    The state of everything is reachable from here and is plain objects. A machine that
    is switched on again after a reboot gets the one that was: its disks, with what is on
    them and in their caches, and its time go on.

    Raises:
        DiskError: an image of the configuration cannot be used.
        ConfigError: a device written in Python cannot be loaded.
    """

    def __init__(self, config: MachineConfig, before: Machine | None = None) -> None:
        self.config = config
        self.clock: Clock = Clock(before.clock.now_ps if before is not None else 0)
        self._disks_before = list(before.disks) if before is not None else []
        self.architecture = ARCHITECTURES[config.arch]
        self.addresses = self.architecture.addresses
        self.memory = Memory(config.ram_mib * MIB, self.addresses.ram)
        screen = config.framebuffer
        self.framebuffer = Framebuffer(screen.width, screen.height, self.addresses.framebuffer)
        self.rtc = Rtc(self.clock, config.epoch)
        self.disks: list[Disk] = []
        self.power = Power(config.power_cut_after, config.seed)
        if before is not None:
            self.power.writes = before.power.writes
        self.pci = PciHost(self.memory)
        self.serial = Serial("Serial console")
        self.keyboard = Keyboard("Keyboard")
        self.pci.root.plug(self.keyboard if config.console == "screen" else self.serial)
        self._plug_in_devices()
        self.functions = self.pci.functions()
        self.bus = Bus()
        self._attach()
        Firmware(self.addresses).set_up(self.pci)
        self.rsdp = self._store_tables()

    @property
    def on_msi(self) -> Callable[[int, int], None]:
        """Hears (address, data) of every message-signalled interrupt and takes note of it."""
        return self.pci.on_msi

    @on_msi.setter
    def on_msi(self, listener: Callable[[int, int], None]) -> None:
        """Choose who hears."""
        self.pci.on_msi = listener

    def watch_commands(self, listener: CommandListener | None) -> None:
        """Tell `listener` of every command that a drive begins; None: tell nobody."""
        for function in self.functions:
            if isinstance(function, AhciController):
                function.watch_commands(listener)

    @property
    def busy(self) -> bool:
        """Whether a device has something to do of its own accord."""
        return any(function.busy for function in self.functions)

    def close(self) -> None:
        """Switch off in good order: disks write what they have cached."""
        for disk in self.disks:
            disk.close()

    def config_space_dump(self) -> str:
        """Configuration space of all functions as hex text, which `lspci -F` reads."""
        return "\n".join(_dump(function) for function in self.functions)

    def _plug_in_devices(self) -> None:
        buses: dict[str | None, PciBus] = {None: self.pci.root}
        for bridge in self.config.bridge:
            above = buses[bridge.behind]
            buses[bridge.name] = self.pci.add_bridge(Bridge(f"Bridge {bridge.name}"), above)
        own = [AhciConfig((PortConfig("disk", image),)) for image in self.config.disks]
        controllers = [*self.config.ahci, *own] or [AhciConfig((PortConfig("empty"),))]
        costs = self.config.costs
        timing = DriveTiming(costs.disk_command_ns, costs.disk_ps_per_byte)
        for index, controller in enumerate(controllers):
            drives = [self._drive(port) for port in controller.ports]
            ahci = AhciController(f"AHCI controller {index}", drives, self.clock, timing)
            for place, port in enumerate(controller.ports):
                if port.unplug_at_ms is not None:
                    ahci.unplug_at(max(port.unplug_at_ms * PS_PER_MS, self.clock.now_ps), place)
            buses[controller.behind].plug(ahci)
        for device in self.config.device:
            buses[device.behind].plug(load_device(device, self.clock))

    def _drive(self, port: PortConfig) -> Drive | None:
        if port.kind == "atapi":
            return AtapiDrive()
        if port.kind == "empty" or port.image is None:
            return None
        if self._disks_before:
            disk = self._disks_before.pop(0)
        else:
            disk = Disk.open(port.image, writable=self.config.write)
        disk.bad_sectors = frozenset(port.bad_sectors)
        self.disks.append(disk)
        self.power.supply(disk)
        return AtaDisk(disk, serial=f"AS{len(self.disks):04}")

    def _attach(self) -> None:
        where, screen = self.addresses, self.framebuffer
        self.bus.attach(where.pci, where.pci_bytes, self.pci, origin=0)
        self.bus.attach(where.pci_64, where.pci_64_bytes, self.pci, origin=0)
        self.bus.attach(where.ecam, ECAM_BYTES, Ecam(self.pci))
        self.bus.attach(where.clock, RTC_BYTES, self.rtc)
        memory = sorted(
            [
                (self.memory.begin, self.memory.end),
                (screen.physical, screen.physical + screen.size_bytes),
            ]
        )
        for begin, end in where.windows:
            for taken, free in memory:
                if begin <= taken < end:
                    self.bus.open_window(begin, taken)
                    begin = free
            self.bus.open_window(begin, end)

    def _store_tables(self) -> bytes:
        tables = acpi.build(self.config.cpus, BUS_COUNT, self.architecture)
        for address, data in tables.pages.items():
            self.memory.write(address, data)
        self.memory.write(self.memory.begin + DEVICE_TREE, self.device_tree())
        return tables.rsdp

    def device_tree(self) -> bytes:
        """The flattened device tree; empty if nothing on this architecture asks for one."""
        if self.architecture.device_tree is None:
            return b""
        screen = self.framebuffer
        size_bytes = self.memory.end - self.memory.begin
        facts = BoardFacts(
            cpu_count=self.config.cpus,
            bus_count=BUS_COUNT,
            ram_bytes=size_bytes,
            width=screen.width,
            height=screen.height,
            pitch=screen.pitch,
        )
        return self.architecture.device_tree(self.addresses, facts)


def _dump(function: Function) -> str:
    data = bytes(function.config_read(offset, 1) for offset in range(CONFIG_DUMP_BYTES))
    rows = [f"{at:02x}: {data[at : at + 16].hex(' ')}" for at in range(0, len(data), 16)]
    return "\n".join((f"{function.bdf} {function.name}", *rows, ""))
