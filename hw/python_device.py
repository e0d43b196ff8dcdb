"""Devices that a user wrote in Python: `[[device]]` of a machine's description.

`python = "blinker.py:Blinker"` names a file and a class in it, a `Function` (pci.py) that is
made as `Blinker(clock, **options)`. It is plugged into the bus like any other function: it
has BARs, whose registers it answers for, may interrupt by an `Msi` and do DMA. It decides
by virtual time and what the guest does alone, so that a run can be had again.
"""

from __future__ import annotations

import importlib.util
import os
import traceback
from collections.abc import Sequence
from pathlib import Path

from .clock import Clock
from .config import ConfigError, DeviceConfig
from .pci import Function


def load_device(config: DeviceConfig, clock: Clock) -> Function:
    """Make the device. The file is read anew each time, so nothing is left from another run.

    Raises:
        ConfigError: there is no such file or class, or it does not load.
    """
    path = Path(os.path.abspath(config.file))
    where = f"device {config.python}"
    if not path.is_file():
        raise ConfigError(f"{where}: there is no file {path}")
    spec = importlib.util.spec_from_file_location(f"anos_sim_device_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{where}: {path} is no Python file; its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise ConfigError(f"{where}: {error.msg} in line {error.lineno}") from None
    except Exception as error:
        raise ConfigError(f"{where} does not load: {describe(error, config)}") from None
    kind = getattr(module, config.class_name, None)
    if kind is None:
        raise ConfigError(f"{where}: {path} has no class {config.class_name}")
    if not isinstance(kind, type) or not issubclass(kind, Function):
        raise ConfigError(
            f"{where}: {config.class_name} is no subclass of anos_sim.hw.pci.Function"
        )
    try:
        device = kind(clock, **config.options)  # type: ignore[arg-type]
    except Exception as error:
        raise ConfigError(f"{where} cannot be made: {describe(error, config)}") from None
    if "header" not in vars(device):
        raise ConfigError(f"{where}: its __init__ must call super().__init__(name, vendor, ...)")
    return device


def describe(error: BaseException, config: DeviceConfig) -> str:
    """What went wrong in the file of a device, and in which line of it."""
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    line = line_in(error, config)
    return f"{text}, in line {line}" if line else text


def failure(error: BaseException, devices: Sequence[DeviceConfig]) -> str | None:
    """The sentence about an exception that came out of one of these devices, else None."""
    for device in devices:
        if line_in(error, device):
            return f"device {device.python} failed: {describe(error, device)}"
    return None


def line_in(error: BaseException, config: DeviceConfig) -> int:
    """The line of the device's file that an exception came through, the innermost; 0: none."""
    frames = traceback.extract_tb(error.__traceback__)
    file = os.path.abspath(config.file)
    lines = [frame.lineno for frame in frames if frame.filename == file]
    return (lines[-1] or 0) if lines else 0
