"""Machines described in TOML: hw/default.toml, and files like it."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import attrs

from .config import (
    AhciConfig,
    BridgeConfig,
    ConfigError,
    CostsConfig,
    DeviceConfig,
    FramebufferConfig,
    MachineConfig,
    PortConfig,
)

DEFAULT_FILE = "default.toml"

Section = TypeVar("Section", bound=attrs.AttrsInstance)


def load_config(path: str | Path) -> MachineConfig:
    """Read a TOML file; paths of images in it are relative to its folder.

    Raises:
        ConfigError: it cannot be read, is no TOML, or says what is not allowed.
    """
    try:
        text = Path(path).read_text("utf-8")
    except FileNotFoundError:
        raise ConfigError(f"machine file {path} does not exist") from None
    except IsADirectoryError:
        raise ConfigError(f"machine file {path} is a directory") from None
    except UnicodeDecodeError:
        raise ConfigError(f"machine file {path} is no UTF-8 text") from None
    except OSError as error:
        raise ConfigError(f"machine file {path} cannot be read ({error.strerror})") from None
    return parse_config(text, str(path), Path(path).parent)


def parse_config(text: str, name: str, folder: Path) -> MachineConfig:
    """Read TOML `text`, called `name` in messages; raises `ConfigError` like `load_config`."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name} is no valid TOML: {error}") from None
    return config_from_table(table, name, folder)


def config_from_table(table: dict[str, Any], name: str, folder: Path) -> MachineConfig:
    """Make a machine of a parsed file's contents; raises `ConfigError` like `load_config`."""
    try:
        return _machine(table, folder)
    except ConfigError as error:
        raise ConfigError(f"{name}: {error}") from None


def default_config() -> MachineConfig:
    """The machine of hw/default.toml."""
    return parse_config(default_text(), DEFAULT_FILE, Path())


def default_text() -> str:
    """The commented default machine, hw/default.toml."""
    return resources.files(__package__).joinpath(DEFAULT_FILE).read_text("utf-8")


def _machine(table: dict[str, Any], folder: Path) -> MachineConfig:
    values = dict(table)
    if "epoch" in values:
        values["epoch"] = _seconds(values["epoch"])
    for key, kind in (("framebuffer", FramebufferConfig), ("costs", CostsConfig)):
        if key in values:
            values[key] = _section(kind, values[key], key)
    if "disks" in values:
        values["disks"] = tuple(
            _image(folder, image, where) for image, where in _items(values["disks"], "disks")
        )
    if "bridge" in values:
        values["bridge"] = tuple(
            _section(BridgeConfig, bridge, where)
            for bridge, where in _items(values["bridge"], "bridge")
        )
    if "ahci" in values:
        values["ahci"] = tuple(
            _ahci(controller, where, folder) for controller, where in _items(values["ahci"], "ahci")
        )
    if "device" in values:
        values["device"] = tuple(
            _device(device, where, folder) for device, where in _items(values["device"], "device")
        )
    return _section(MachineConfig, values, "")


def _section(kind: type[Section], table: object, where: str) -> Section:
    """Make a `kind` of a TOML table found at `where`."""
    if not isinstance(table, dict):
        raise ConfigError(f"{where} is {table!r}; it must be a table")
    prefix = f"{where}." if where else ""
    fields = attrs.fields_dict(kind)
    for key in table:
        if key not in fields:
            raise ConfigError(f"unknown key {prefix}{key}; known keys are {', '.join(fields)}")
    for key, field in fields.items():
        if field.default is attrs.NOTHING and key not in table:
            raise ConfigError(f"{prefix}{key} is missing")
    try:
        return kind(**table)
    except ConfigError as error:
        raise ConfigError(f"{prefix}{error}") from None


def _ahci(table: object, where: str, folder: Path) -> AhciConfig:
    if isinstance(table, dict) and "ports" in table:
        ports = tuple(
            _port(port, at, folder) for port, at in _items(table["ports"], f"{where}.ports")
        )
        table = table | {"ports": ports}
    return _section(AhciConfig, table, where)


def _port(table: object, where: str, folder: Path) -> PortConfig:
    port = _section(PortConfig, table, where)
    return port if port.image is None else attrs.evolve(port, image=str(folder / port.image))


def _device(table: object, where: str, folder: Path) -> DeviceConfig:
    device = _section(DeviceConfig, table, where)
    return attrs.evolve(device, python=str(folder / device.python))


def _items(value: object, where: str) -> list[tuple[Any, str]]:
    """The entries of a list, each with what to call it in messages."""
    if not isinstance(value, list):
        raise ConfigError(f"{where} is {value!r}; it must be a list")
    return [(item, f"{where}[{index}]") for index, item in enumerate(value)]


def _image(folder: Path, image: object, where: str) -> str:
    if not isinstance(image, str) or not image:
        raise ConfigError(f"{where} is {image!r}; it must be the path of an image file")
    return str(folder / image)


def _seconds(value: object) -> int:
    if isinstance(value, datetime) and value.tzinfo is not None:
        seconds = (value - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
        if seconds >= 0:
            return seconds
    allowed = "a date-time from 1970 on, with its offset, such as 2026-01-01T00:00:00Z"
    raise ConfigError(f"epoch is {value}; it must be {allowed}")
