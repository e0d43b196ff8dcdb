"""The machine's description: what is in it and what things cost.

A `MachineConfig` is made with keyword arguments or from a file (`config_file`);
both check the same way. Whatever is not allowed is a `ConfigError`, whose
sentence names the key and what is. docs/configuration.md lists every key.
"""

from __future__ import annotations

from typing import Any

import attrs

from .arch import ARCHITECTURES, default_arch
from .framebuffer import FRAMEBUFFER_BYTES_MAX, PIXEL_BYTES

BRIDGES_MAX = 7
CONTROLLERS_MAX = 16
DEVICES_MAX = 6
PORTS_MAX = 32
EPOCH_DEFAULT = 1_767_225_600
"""2026-01-01T00:00:00Z in seconds since 1970."""
EPOCH_MAX = 253_402_300_799


class ConfigError(ValueError):
    """A machine that cannot be built as described, in a sentence for its author."""


@attrs.frozen
class Integer:
    """Validator: an integer from `low` to `high`."""

    low: int
    high: int

    def __call__(self, owner: object, attribute: attrs.Attribute[int], value: object) -> None:
        """Check one value."""
        if type(value) is not int or not self.low <= value <= self.high:
            allowed = f"an integer from {self.low} to {self.high}"
            raise ConfigError(f"{attribute.name} is {value!r}; it must be {allowed}")


@attrs.frozen
class Kind:
    """Validator: a value of `kind`, called `allowed` in messages."""

    kind: type
    allowed: str

    def __call__(self, owner: object, attribute: attrs.Attribute[Any], value: object) -> None:
        """Check one value."""
        if not isinstance(value, self.kind):
            raise ConfigError(f"{attribute.name} is {value!r}; it must be {self.allowed}")


@attrs.frozen
class Choice:
    """Validator: one of some words."""

    words: tuple[str, ...]

    def __call__(self, owner: object, attribute: attrs.Attribute[Any], value: object) -> None:
        """Check one value."""
        if value not in self.words:
            allowed = " or ".join(repr(word) for word in self.words)
            raise ConfigError(f"{attribute.name} is {value!r}; it must be {allowed}")


TEXT = Kind(str, "a string")
WRITES_MAX = SECTORS_MAX = (1 << 48) - 1
OPTIONAL_TEXT = attrs.validators.optional(TEXT)
OPTIONAL_TIME = attrs.validators.optional(Integer(0, 1_000_000_000))
SWITCH = Kind(bool, "true or false")


@attrs.frozen
class FramebufferConfig:
    """Size of the screen in pixels."""

    width: int = attrs.field(default=1280, validator=Integer(64, 4096))
    height: int = attrs.field(default=800, validator=Integer(64, 4096))

    def __attrs_post_init__(self) -> None:
        size = self.width * self.height * PIXEL_BYTES
        if size % 4096 or size > FRAMEBUFFER_BYTES_MAX:
            raise ConfigError(
                f"width x height is {self.width} x {self.height}, {size} bytes; it must be"
                f" a multiple of 4096 bytes and at most {FRAMEBUFFER_BYTES_MAX >> 20} MiB"
            )


@attrs.frozen
class CostsConfig:
    """What things cost in virtual time."""

    code_ps_per_byte: int = attrs.field(default=250, validator=Integer(1, 1_000_000))
    syscall_ns: int = attrs.field(default=200, validator=Integer(0, 1_000_000))
    mmio_ns: int = attrs.field(default=100, validator=Integer(0, 1_000_000))
    disk_command_ns: int = attrs.field(default=20_000, validator=Integer(0, 1_000_000_000))
    disk_ps_per_byte: int = attrs.field(default=500, validator=Integer(0, 1_000_000))
    quantum_ns: int = attrs.field(default=50_000, validator=Integer(1_000, 10_000_000))


@attrs.frozen
class BridgeConfig:
    """A PCI bridge, called `name`, on the root bus or behind an earlier bridge."""

    name: str = attrs.field(validator=TEXT)
    behind: str | None = attrs.field(default=None, validator=OPTIONAL_TEXT)


def _as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _is_plain(value: object) -> bool:
    """Can a recording have this?"""
    if isinstance(value, list):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(map(_is_plain, value.values()))
    return isinstance(value, (str, int, float))


def _is_sector(value: object) -> bool:
    return type(value) is int and 0 <= value <= SECTORS_MAX


@attrs.frozen
class PortConfig:
    """What is plugged into a port of an AHCI controller."""

    kind: str = attrs.field(validator=TEXT)
    image: str | None = attrs.field(default=None, validator=OPTIONAL_TEXT)
    bad_sectors: tuple[int, ...] = attrs.field(default=(), converter=_as_tuple)
    """Sectors of 512 bytes that can be neither read nor written."""
    unplug_at_ms: int | None = attrs.field(default=None, validator=OPTIONAL_TIME)
    """When the disk is pulled out, in milliseconds of virtual time."""

    def __attrs_post_init__(self) -> None:
        if self.kind not in ("disk", "empty", "atapi"):
            raise ConfigError(f'kind is {self.kind!r}; it must be "disk", "empty" or "atapi"')
        if self.kind == "disk" and not self.image:
            raise ConfigError("image is missing; a disk needs the path of its image file")
        if self.kind != "disk" and self.image is not None:
            raise ConfigError(f'image is {self.image!r}; only kind "disk" has an image')
        sectors = self.bad_sectors
        if not isinstance(sectors, tuple) or not all(_is_sector(sector) for sector in sectors):
            allowed = f"a list of integers from 0 to {SECTORS_MAX}"
            raise ConfigError(f"bad_sectors is {sectors!r}; it must be {allowed}")
        if self.kind != "disk" and sectors:
            raise ConfigError('bad_sectors has entries; only kind "disk" has sectors')
        if self.kind != "disk" and self.unplug_at_ms is not None:
            raise ConfigError(f'unplug_at_ms is {self.unplug_at_ms}; only kind "disk" has it')


@attrs.frozen
class AhciConfig:
    """An AHCI controller with its ports, on the root bus or behind a bridge."""

    ports: tuple[PortConfig, ...] = attrs.field()
    behind: str | None = attrs.field(default=None, validator=OPTIONAL_TEXT)

    def __attrs_post_init__(self) -> None:
        if not 1 <= len(self.ports) <= PORTS_MAX:
            raise ConfigError(f"ports has {len(self.ports)} entries; it must have 1 to {PORTS_MAX}")


@attrs.frozen
class DeviceConfig:
    """A PCI device written in Python (python_device.py), on the root bus or behind a bridge."""

    python: str = attrs.field(validator=TEXT)
    """`FILE.py:Class`."""
    behind: str | None = attrs.field(default=None, validator=OPTIONAL_TEXT)
    options: dict[str, Any] = attrs.field(factory=dict)
    """What its constructor gets besides the clock."""

    def __attrs_post_init__(self) -> None:
        if not self.file or not self.class_name.isidentifier():
            raise ConfigError(f'python is {self.python!r}; it must be "FILE.py:CLASS"')
        if not isinstance(self.options, dict):
            raise ConfigError(f"options is {self.options!r}; it must be a table")
        for key, value in self.options.items():
            if not _is_plain(value):
                allowed = "strings, numbers, booleans, and lists and tables of them"
                raise ConfigError(f"options.{key} is {value!r}; options are {allowed}")

    @property
    def file(self) -> str:
        """The path of its file."""
        return self.python.rpartition(":")[0]

    @property
    def class_name(self) -> str:
        """The class in it."""
        return self.python.rpartition(":")[2]


@attrs.frozen
class MachineConfig:
    """One machine.

    `disks` are image files, each on an AHCI controller of its own behind those
    of `ahci`. After `power_cut_after` writes to them the power fails; 0: never.
    Use `attrs.evolve` to change a thing; it checks again.
    """

    cpus: int = attrs.field(default=4, validator=Integer(1, 16))
    ram_mib: int = attrs.field(default=256, validator=Integer(32, 3072))
    seed: int = attrs.field(default=0, validator=Integer(0, (1 << 64) - 1))
    epoch: int = attrs.field(default=EPOCH_DEFAULT, validator=Integer(0, EPOCH_MAX))
    disks: tuple[str, ...] = ()
    write: bool = attrs.field(default=False, validator=SWITCH)
    power_cut_after: int = attrs.field(default=0, validator=Integer(0, WRITES_MAX))
    arch: str = attrs.field(factory=default_arch, validator=Choice(tuple(ARCHITECTURES)))
    console: str = attrs.field(default="serial", validator=Choice(("serial", "screen")))
    framebuffer: FramebufferConfig = attrs.field(factory=FramebufferConfig)
    costs: CostsConfig = attrs.field(factory=CostsConfig)
    bridge: tuple[BridgeConfig, ...] = ()
    ahci: tuple[AhciConfig, ...] = ()
    device: tuple[DeviceConfig, ...] = ()

    def __attrs_post_init__(self) -> None:
        known: list[str] = []
        for index, bridge in enumerate(self.bridge):
            if bridge.name in known:
                raise ConfigError(
                    f"bridge[{index}].name is {bridge.name!r}, as is an earlier one's"
                )
            _check_behind(f"bridge[{index}].behind", bridge.behind, known)
            known.append(bridge.name)
        for index, ahci in enumerate(self.ahci):
            _check_behind(f"ahci[{index}].behind", ahci.behind, known)
        for index, device in enumerate(self.device):
            _check_behind(f"device[{index}].behind", device.behind, known)
        if len(self.device) > DEVICES_MAX:
            raise ConfigError(f"there are {len(self.device)} devices; at most {DEVICES_MAX} fit")
        if len(self.bridge) > BRIDGES_MAX:
            raise ConfigError(f"there are {len(self.bridge)} bridges; at most {BRIDGES_MAX} fit")
        controllers = len(self.ahci) + len(self.disks)
        if controllers > CONTROLLERS_MAX:
            raise ConfigError(
                f"ahci and disks make {controllers} controllers; at most {CONTROLLERS_MAX} fit"
            )


def _check_behind(key: str, behind: str | None, known: list[str]) -> None:
    if behind is not None and behind not in known:
        allowed = ", ".join(known) or "none: there is no [[bridge]] before it"
        raise ConfigError(f"{key} is {behind!r}; the names of bridges are {allowed}")
