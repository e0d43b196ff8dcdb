"""What people call a range of physical memory: RAM, a device's registers, its configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anos_sim.hw.acpi import TABLES_BEGIN, TABLES_END
from anos_sim.hw.ecam import SIZE_BYTES as ECAM_BYTES

if TYPE_CHECKING:
    from anos_sim.hw.machine import Machine
    from anos_sim.hw.pci import Function

PAGE_BYTES = 0x1000
NAMES_MAX = 2


class RangeNames:
    """Knows where a machine's devices are now: software may move their registers."""

    def __init__(self, machine: Machine) -> None:
        self._memory, self._ecam = machine.memory, machine.addresses.ecam
        self._devices: list[tuple[int, int, str]] = []
        for function in machine.functions:
            config = config_address(function, self._ecam)
            self._devices.append((config, config + PAGE_BYTES, f"{function.name} config"))
            for bar in function.bars:
                start = function.bar_address(bar)
                self._devices.append((start, start + bar.size_bytes, function.name))
        screen = machine.framebuffer
        self._devices.append((screen.physical, screen.physical + screen.size_bytes, "framebuffer"))

    def names(self, start: int, end: int) -> list[str]:
        """The names of a range, end exclusive."""
        ram = self._memory.begin
        if ram <= start and end <= self._memory.end:
            is_firmware = (start - ram, end - ram) == (TABLES_BEGIN, TABLES_END)
            return ["firmware tables" if is_firmware else "RAM"]
        devices = [each for each in self._devices if start < each[1] and each[0] < end]
        found = [name for _, _, name in devices]
        if len(devices) == 1 and start <= devices[0][0]:
            device_end = devices[0][1] + PAGE_BYTES - 1 & -PAGE_BYTES
            if start < devices[0][0] & -PAGE_BYTES or end > device_end:
                return [f"window with {found[0]}"]
        if len(found) <= NAMES_MAX:
            return found
        in_ecam = self._ecam <= start and end <= self._ecam + ECAM_BYTES
        return ["PCI configuration" if in_ecam else "devices"]


def config_address(function: Function, ecam: int) -> int:
    """Where a function's configuration space is (PCIe 3.0, 7.2.2)."""
    bus, rest = function.bdf.split(":")[-2:]
    device, number = rest.split(".")
    routing_id = int(bus, 16) << 8 | int(device, 16) << 3 | int(number)
    return ecam + (routing_id << 12)
