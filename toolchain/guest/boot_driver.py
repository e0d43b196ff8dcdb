"""The "driver" key of a boot config: which PCI functions a program is started for.

    "driver": {
        "class": "01/06/01",        class, subclass and interface in hex; or
        "device": "1234:0001",      vendor and device in hex, which comes first
        "bar": 5,                   optional: which one has its registers; 0
        "vectors": 1,               optional: interrupts that it needs; 1
        "name": "AHCI controller"   optional: for the log; the entry's name
    }

In the table, as `struct anos_boot_driver` of `<anos/boot_config.h>`:

    u32 match u32 bar u32 vector_count u16 vendor u16 device
    u8 class_code u8 subclass u8 interface u8 reserved u32 reserved name[64]
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import Any

from .errors import BuildError

DRIVER = struct.Struct("<IIIHHBBBxI64s")
NO_MATCH, MATCH_CLASS, MATCH_DEVICE = 0, 1, 2
BAR_MAX = 5
VECTORS_MAX = 32
NAME_BYTES_MAX = 63
_KEYS = ("class", "device", "bar", "vectors", "name")


@dataclass(frozen=True)
class BootDriver:
    """What a driver drives: a class (3 bytes) or one device (vendor, device), and what it needs."""

    name: str
    class_codes: tuple[int, int, int] | None = None
    device: tuple[int, int] | None = None
    bar: int = 0
    vectors: int = 1


def parse(where: str, value: Any, entry_name: str) -> BootDriver:
    """Return the driver that the JSON at `where` describes.

    Raises:
        BuildError: a sentence that says what is wrong and where.
    """
    if not isinstance(value, dict):
        raise BuildError(f"{where} of the boot config must be an object")
    for key in value:
        if key not in _KEYS:
            known = ", ".join(_KEYS)
            raise BuildError(f"{where} of the boot config has the unknown key {key!r}: use {known}")
    if ("class" in value) == ("device" in value):
        raise BuildError(f"{where} of the boot config needs either 'class' or 'device'")
    class_codes = device = None
    if "class" in value:
        base, subclass, interface = _hex(f"{where}.class", value["class"], "01/06/01")
        class_codes = (base, subclass, interface)
    else:
        vendor, product = _hex(f"{where}.device", value["device"], "1234:0001")
        device = (vendor, product)
    name = value.get("name", entry_name)
    if not isinstance(name, str) or not name or "\0" in name:
        raise BuildError(f"{where}.name of the boot config must be a string, not {name!r}")
    if len(name.encode()) > NAME_BYTES_MAX:
        raise BuildError(f"{where}.name of the boot config is longer than {NAME_BYTES_MAX} bytes")
    return BootDriver(
        name,
        class_codes,
        device,
        _number(f"{where}.bar", value.get("bar", 0), BAR_MAX),
        _number(f"{where}.vectors", value.get("vectors", 1), VECTORS_MAX),
    )


def pack(driver: BootDriver | None) -> bytes:
    """Return the record of a driver; zeros for a program that is none."""
    if driver is None:
        return bytes(DRIVER.size)
    return DRIVER.pack(
        MATCH_CLASS if driver.device is None else MATCH_DEVICE,
        driver.bar,
        driver.vectors,
        *(driver.device or (0, 0)),
        *(driver.class_codes or (0, 0, 0)),
        0,
        driver.name.encode(),
    )


def unpack(record: bytes) -> BootDriver | None:
    """Return what `pack` was given."""
    match, bar, vectors, vendor, device, *codes, _, name = DRIVER.unpack(record)
    if match == NO_MATCH:
        return None
    base, subclass, interface = codes
    is_class = match == MATCH_CLASS
    return BootDriver(
        name.split(b"\0")[0].decode(),
        (base, subclass, interface) if is_class else None,
        None if is_class else (vendor, device),
        bar,
        vectors,
    )


def as_json(driver: BootDriver) -> dict[str, Any]:
    """The driver as the boot config has it."""
    made: dict[str, Any] = {}
    if driver.class_codes is not None:
        made["class"] = "/".join(f"{code:02x}" for code in driver.class_codes)
    if driver.device is not None:
        made["device"] = ":".join(f"{number:04x}" for number in driver.device)
    return {**made, "bar": driver.bar, "vectors": driver.vectors, "name": driver.name}


def _hex(where: str, value: Any, example: str) -> tuple[int, ...]:
    pattern = re.sub(r"[0-9a-f]", "[0-9A-Fa-f]", example)
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise BuildError(
            f'{where} of the boot config must be hexadecimal as "{example}", not {value!r}'
        )
    return tuple(int(part, 16) for part in re.split("[/:]", value))


def _number(where: str, value: Any, maximum: int) -> int:
    if type(value) is not int or not 0 <= value <= maximum:
        raise BuildError(
            f"{where} of the boot config must be an integer from 0 to {maximum}, not {value!r}"
        )
    return value
