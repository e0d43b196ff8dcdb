"""pcidrv starts the drivers that the boot config names, and gets along without one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from anos_sim.hw.config import DeviceConfig, MachineConfig
from anos_sim.hw.machine import Machine
from anos_sim.stage3.boot import boot
from anos_sim.toolchain.system_image import boot_table, server_files, with_files
from support.architectures import ADDRESSES
from support.invariants import check_kernel
from support.system import PROGRAMS, entry, file_name

LAMP = """
from anos_sim.hw.pci import Function
from anos_sim.hw.pci_header import Bar
from anos_sim.hw.register import RegisterBlock


class Lamp(Function):
    def __init__(self, clock, bar=0, number=1, is_64bit=False):
        super().__init__("Lamp", 0x1234, number, 0xFF_01_02)
        if bar >= 0:
            self.add_bar(Bar(bar, 0x2000, RegisterBlock(), is_64bit=is_64bit))
"""
BAR, BAR_64 = ADDRESSES.pci + 0x2000, ADDRESSES.pci_64 + 0x2000
"""Of a lamp's registers: behind those of the first function."""
BY_DEVICE = {"device": "1234:0001"}
BY_CLASS = {"class": "ff/01/02"}
DEVICES = ["DEVICE_MEMORY", "CONFIG_SPACE", "INTERRUPT_VECTORS"]
HELD = ["SYSCALL_DEBUG_PRINT", "SYSCALL_EXIT_PROCESS", "SYSCALL_SLEEP", *DEVICES]
IDS = "1 5 86 112 114 115"
DEVMAN = entry("devman", stack_size=0x100000)
SAYS_ALL = (PROGRAMS / "inherit.elf").read_bytes()
"""The driver: it says the lengths of its arguments, then the ids of what it holds."""


def driver(name: str, match: dict[str, Any], *arguments: str, **keys: Any) -> dict[str, Any]:
    """The entry of a driver."""
    what = {"driver": match, "capabilities": HELD, "start": "on request", "stack_size": 0x40000}
    return entry(name, *arguments, **{**what, **keys})


def run(folder: Path, entries: list[dict[str, Any]], *lamps: dict[str, Any]) -> list[str]:
    """What pcidrv says of lamps in a machine that has these, and what their drivers say."""
    path = folder / "lamp.py"
    path.write_text(LAMP)
    devices = tuple(DeviceConfig(f"{path}:Lamp", options=options) for options in lamps)
    own = {file_name(each): SAYS_ALL for each in entries if "driver" in each}
    image = with_files({**server_files(), **own, "boot.cfg": boot_table([DEVMAN, *entries])})
    machine = Machine(MachineConfig(cpus=1, device=devices))
    kernel = boot(machine, image, "derived")
    lines: list[tuple[str, str]] = []
    kernel.on_log = lambda line: lines.append((line.process, line.text))
    kernel.end_ps = 10**11
    while kernel.advance(1000):
        pass
    check_kernel(kernel)
    kernel.close()
    machine.close()
    return [
        text.rpartition("; data")[0] or text
        for process, text in lines
        if process not in ("SYSTEM", "devman") and "of anos-sim" not in text
    ]


def test_a_driver_starts_for_each_device_of_its_class_with_what_is_the_device_s(
    tmp_path: Path,
) -> None:
    said = run(tmp_path, [driver("lamp", BY_CLASS, "three")], {}, {"number": 2, "is_64bit": True})
    assert [text for text in said if text.startswith("pcidrv")] == [
        f"pcidrv: lamp at {BAR:#018x}: starting boot:/lamp.elf",
        f"pcidrv: lamp at {BAR_64:#018x}: starting boot:/lamp.elf",
        "pcidrv: enumeration is complete, 5 functions; the driver exits",
    ]
    assert sorted(text for text in said if not text.startswith("pcidrv")) == [
        f"boot:/lamp.elf: 10 8 1 5; {IDS}",
        f"boot:/lamp.elf: 8 8 1 5; {IDS}",
    ]


def test_a_device_by_its_number_comes_before_a_class_and_else_the_first(tmp_path: Path) -> None:
    entries = [
        driver("first", {**BY_CLASS, "name": "a lamp"}),
        driver("second", BY_CLASS),
        driver("third", {**BY_DEVICE, "name": "the lamp"}),
    ]
    said = run(tmp_path, entries, {"number": 1}, {"number": 2})
    starting = [text.removeprefix("pcidrv: ") for text in said if ": starting" in text]
    assert starting == [
        f"the lamp at {BAR:#018x}: starting boot:/third.elf",
        f"a lamp at {BAR + 0x2000:#018x}: starting boot:/first.elf",
    ]


def test_the_bar_is_the_one_that_the_entry_names(tmp_path: Path) -> None:
    said = run(tmp_path, [driver("lamp", {**BY_DEVICE, "bar": 3})], {"bar": 3}, {"bar": 0})
    assert said[0] == f"pcidrv: lamp at {BAR:#018x}: starting boot:/lamp.elf"
    assert "pcidrv: the lamp at 00:04.0 has no address" in said


def test_a_driver_without_interrupts_has_no_vectors(tmp_path: Path) -> None:
    said = run(tmp_path, [driver("lamp", {**BY_DEVICE, "vectors": 0})], {})
    assert "boot:/lamp.elf: 8 8 1; 1 5 86 112 114" in said


def test_a_call_that_pcidrv_cannot_pass_on_is_named(tmp_path: Path) -> None:
    capabilities = [*HELD, "SYSCALL_POWER"]
    bus_driver = entry("pcidrv", start="on request", capabilities=[
        "SYSCALL_DEBUG_PRINT", "SYSCALL_MAP_PHYSICAL", "SYSCALL_FIND_NAMED_CHANNEL",
        "SYSCALL_SEND_MESSAGE", "SYSCALL_EXIT_PROCESS", "SYSCALL_SLEEP", "SYSCALL_INSPECT",
        "SYSCALL_MINT_RANGE", *DEVICES,
    ])  # fmt: skip
    said = run(tmp_path, [driver("lamp", BY_DEVICE, capabilities=capabilities), bus_driver], {})
    hint = "has call 72 in the boot config, which pcidrv does not have to pass on"
    assert f"pcidrv: boot:/lamp.elf {hint}" in said
    assert f"boot:/lamp.elf: 8 8 1; {IDS}" in said


def test_without_a_config_that_it_can_read_the_bus_driver_says_so_and_goes_on(
    tmp_path: Path,
) -> None:
    bus_driver = entry("pcidrv", start="on request", capabilities=[
        "SYSCALL_DEBUG_PRINT", "SYSCALL_MAP_PHYSICAL", "SYSCALL_EXIT_PROCESS", *DEVICES,
    ])  # fmt: skip
    said = run(tmp_path, [driver("lamp", BY_DEVICE), bus_driver], {})
    assert "pcidrv: there is no boot:/boot.cfg of version 4 to say which drivers to start" in said
    assert said[-1] == "pcidrv: enumeration is complete, 4 functions; the driver exits"
