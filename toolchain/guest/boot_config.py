"""Turn `system/boot.json` into `boot.cfg`, the flat table that SYSTEM reads.

The JSON has Anos's keys (anos-abi 8.3) and five of ours, `delegates`, `start`,
`wait_for`, `driver` and `restart`:

    {"boot_servers": [{
        "name": "Shell",                          for the log
        "path": "boot:/shell.elf",                argv[0]
        "stack_size": 131072,                     bytes, a multiple of 4096
        "class": "NORMAL",                        IDLE, NORMAL, HIGH or REALTIME
        "capabilities": ["SYSCALL_DEBUG_PRINT"],  optional: its manifest
        "delegates": [],                          optional: those of it that it may pass on
        "start": "boot",                          optional: or "on request"
        "arguments": ["disk0:/"],                 optional: argv[1] and on
        "wait_for": "disk0:",                     optional: start when this mount is there
        "driver": {"class": "01/06/01"},          optional: for which devices (boot_driver.py)
        "restart": "on-crash"                     optional: when it ends (boot_restart.py)
    }]}

Without `delegates` a program may pass on all it has, as in Anos. A program that
starts on request is started by another one; its entry limits what it gets. A driver
is started by pcidrv, on request, once for each function that it fits.

The table is little-endian: magic "BOTC", version 4, number of entries, bytes of
an entry, each a u32; then the entries of 1,152 bytes, as `<anos/boot_config.h>`
declares them:

    name[64] path[128] wait_for[32] u64 stack_bytes u32 class u32 capability_count
    u8 capabilities[128] u8 may_delegate[128] u32 argument_count u32 argument_bytes
    u32 on_request u32 reserved arguments[512] driver[88] restart[40]

Everything is checked here, so a mistake stops the build and not the boot.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import boot_driver, boot_restart
from .boot_driver import BootDriver
from .boot_restart import BootRestart
from .errors import BuildError

MAGIC = int.from_bytes(b"BOTC", "little")
VERSION = 4
HEADER = struct.Struct("<IIII")
ENTRY = struct.Struct("<64s128s32sQII128s128sIIII512s88s40s")
PAGE_BYTES = 0x1000
STACK_BYTES_MAX = 0x0400_0000
"""Stacks end at 0x44000000, and below 0x40000000 there may be code."""
ARGUMENT_CHARS_MAX = 255
ARGUMENTS_BYTES = 512
"""Of all arguments of a program, with the NUL behind each."""
BOOT_PREFIX = "boot:/"

_NAME, _PATH, _WAIT_FOR = 64, 128, 32
_REQUIRED = ("name", "path", "stack_size", "class")
_OPTIONAL = ("capabilities", "delegates", "start", "arguments", "wait_for", "driver", "restart")
_STARTS = {"boot": False, "on request": True}


@dataclass(frozen=True)
class BootEntry:
    """One program: what it may hold and pass on, by id in order, and whether boot starts it."""

    name: str
    path: str
    stack_bytes: int
    thread_class: int
    capabilities: tuple[int, ...] = ()
    arguments: tuple[str, ...] = ()
    wait_for: str = ""
    delegates: tuple[int, ...] = ()
    on_request: bool = False
    driver: BootDriver | None = None
    restart: BootRestart = field(default_factory=BootRestart)


def parse(
    text: str,
    calls: Mapping[str, int],
    classes: Mapping[str, int],
    programs: Collection[str] | None = None,
    built_in: Sequence[BootEntry] | None = None,
) -> list[BootEntry]:
    """Return the entries of a boot config.

    `calls` and `classes` are the names that may be used; `programs` the names
    of the files in the RAMFS, if they are known. One that says `"extends": "built-in"`
    has those of `built_in` as well: an entry takes the place of one with its path.

    Raises:
        BuildError: a sentence that says what is wrong and where.
    """
    try:
        root = json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise BuildError(
            f"the boot config is no JSON: {error.msg} in line {error.lineno}, column {error.colno}"
        ) from None
    if not isinstance(root, dict) or set(root) - {"extends"} != {"boot_servers"}:
        raise BuildError(
            "the boot config is an object with the key 'boot_servers', and perhaps 'extends'"
        )
    if "extends" in root and (root["extends"] != "built-in" or built_in is None):
        allowed = "there is nothing to extend" if built_in is None else 'use "built-in"'
        raise BuildError(f"'extends' of the boot config is {root['extends']!r}; {allowed}")
    servers = root["boot_servers"]
    if not isinstance(servers, list):
        raise BuildError("'boot_servers' of the boot config must be an array")
    entries = [
        _entry(f"boot_servers[{index}]", server, calls, classes, programs)
        for index, server in enumerate(servers)
    ]
    if "extends" in root:
        own = {entry.path: entry for entry in entries}
        kept = [own.get(entry.path, entry) for entry in built_in or ()]
        known = {entry.path for entry in kept}
        entries = [*kept, *(entry for entry in entries if entry.path not in known)]
    boot_restart.check_depends([(entry.path, entry.restart) for entry in entries])
    return entries


def pack(entries: list[BootEntry]) -> bytes:
    """Return the table for SYSTEM."""
    paths = [entry.path for entry in entries]
    table = bytearray(HEADER.pack(MAGIC, VERSION, len(entries), ENTRY.size))
    for entry in entries:
        arguments = b"".join(argument.encode() + b"\0" for argument in entry.arguments)
        table += ENTRY.pack(
            entry.name.encode(),
            entry.path.encode(),
            entry.wait_for.encode(),
            entry.stack_bytes,
            entry.thread_class,
            len(entry.capabilities),
            bytes(entry.capabilities),
            bytes(each in entry.delegates for each in entry.capabilities),
            len(entry.arguments),
            len(arguments),
            entry.on_request,
            0,
            arguments,
            boot_driver.pack(entry.driver),
            boot_restart.pack(entry.restart, paths),
        )
    return bytes(table)


def unpack(table: bytes) -> list[BootEntry]:
    """Return the entries of a table that `pack` made."""
    magic, version, count, entry_bytes = HEADER.unpack_from(table)
    if (magic, version, entry_bytes) != (MAGIC, VERSION, ENTRY.size):
        raise BuildError("this is no boot config table of our version")
    entries = []
    rows = [ENTRY.unpack_from(table, HEADER.size + at * ENTRY.size) for at in range(count)]
    paths = [row[1].split(b"\0")[0].decode() for row in rows]
    for fields in rows:
        name, path, wait_for = (field.split(b"\0")[0].decode() for field in fields[:3])
        stack_bytes, thread_class, capability_count, capabilities = fields[3:7]
        may_delegate, argument_count, argument_bytes, on_request = fields[7:11]
        arguments, driver, restart = fields[12:]
        entries.append(
            BootEntry(
                name,
                path,
                stack_bytes,
                thread_class,
                tuple(capabilities[:capability_count]),
                tuple(arguments[:argument_bytes].decode().split("\0")[:argument_count]),
                wait_for,
                tuple(
                    each
                    for at, each in enumerate(capabilities[:capability_count])
                    if may_delegate[at]
                ),
                bool(on_request),
                boot_driver.unpack(driver),
                boot_restart.unpack(restart, paths),
            )
        )
    return entries


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    for index, (key, _) in enumerate(pairs):
        if key in (other for other, _ in pairs[:index]):
            raise BuildError(f"the boot config has the key {key!r} twice in one object")
    return dict(pairs)


def _entry(
    where: str,
    server: Any,
    calls: Mapping[str, int],
    classes: Mapping[str, int],
    programs: Collection[str] | None,
) -> BootEntry:
    if not isinstance(server, dict):
        raise BuildError(f"{where} of the boot config must be an object")
    for key in server:
        if key not in _REQUIRED + _OPTIONAL:
            known = ", ".join(_REQUIRED + _OPTIONAL)
            raise BuildError(f"{where} of the boot config has the unknown key {key!r}: use {known}")
    for key in _REQUIRED:
        if key not in server:
            raise BuildError(f"{where} of the boot config lacks the key {key!r}")
    name = _text(f"{where}.name", server["name"], _NAME)
    path = _text(f"{where}.path", server["path"], _PATH)
    if not name or not path:
        raise BuildError(f"{where} of the boot config needs a name and a path that are not empty")
    in_ramfs = programs is not None and path.startswith(BOOT_PREFIX)
    if in_ramfs and path.removeprefix(BOOT_PREFIX) not in (programs or ()):
        raise BuildError(f"{where}.path of the boot config: there is no program {path!r}")
    stack_bytes = server["stack_size"]
    if (
        type(stack_bytes) is not int
        or stack_bytes % PAGE_BYTES
        or not (0 < stack_bytes <= STACK_BYTES_MAX)
    ):
        raise BuildError(
            f"{where}.stack_size of the boot config must be a multiple of {PAGE_BYTES} "
            f"up to {STACK_BYTES_MAX}, not {stack_bytes!r}"
        )
    capabilities = _capabilities(f"{where}.capabilities", server.get("capabilities", []), calls)
    delegates = capabilities
    if "delegates" in server:
        delegates = _capabilities(f"{where}.delegates", server["delegates"], calls)
        for index, each in enumerate(delegates):
            if each not in capabilities:
                raise BuildError(
                    f"{where}.delegates[{index}] of the boot config: "
                    f"{server['delegates'][index]} is not among its capabilities"
                )
    driver = None
    if "driver" in server:
        driver = boot_driver.parse(f"{where}.driver", server["driver"], name)
    restart = BootRestart()
    if "restart" in server:
        restart = boot_restart.parse(f"{where}.restart", server["restart"])
    start = _choice(
        f"{where}.start", server.get("start", "on request" if driver else "boot"), _STARTS
    )
    if driver and not _STARTS[start]:
        raise BuildError(f"{where}.start of the boot config: a driver is started on request")
    return BootEntry(
        name,
        path,
        stack_bytes,
        _look_up(f"{where}.class", server["class"], classes),
        capabilities,
        _argument_list(f"{where}.arguments", server.get("arguments", [])),
        _text(f"{where}.wait_for", server.get("wait_for", ""), _WAIT_FOR),
        delegates,
        _STARTS[start],
        driver,
        restart,
    )


def _text(where: str, value: Any, field_bytes: int) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise BuildError(f"{where} of the boot config must be a string, not {value!r}")
    if len(value.encode()) >= field_bytes:
        raise BuildError(f"{where} of the boot config is longer than {field_bytes - 1} bytes")
    return value


def _choice(where: str, value: Any, choices: Collection[str]) -> str:
    if not isinstance(value, str) or value not in choices:
        raise BuildError(f"{where} of the boot config: unknown {value!r}; use {', '.join(choices)}")
    return value


def _look_up(where: str, value: Any, names: Mapping[str, int]) -> int:
    if not isinstance(value, str) or value not in names:
        raise BuildError(f"{where} of the boot config: unknown {value!r}; use {', '.join(names)}")
    return names[value]


def _capabilities(where: str, value: Any, calls: Mapping[str, int]) -> tuple[int, ...]:
    if not isinstance(value, list):
        raise BuildError(f"{where} of the boot config must be an array of strings")
    ids = [_look_up(f"{where}[{index}]", name, calls) for index, name in enumerate(value)]
    for index, name in enumerate(value):
        if name in value[:index]:
            raise BuildError(f"{where}[{index}] of the boot config: {name} is there twice")
    return tuple(ids)


def _argument_list(where: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise BuildError(f"{where} of the boot config must be an array of strings")
    arguments = tuple(
        _text(f"{where}[{index}]", argument, ARGUMENT_CHARS_MAX + 1)
        for index, argument in enumerate(value)
    )
    if sum(len(argument.encode()) + 1 for argument in arguments) > ARGUMENTS_BYTES:
        raise BuildError(
            f"{where} of the boot config are longer than {ARGUMENTS_BYTES} bytes together"
        )
    return arguments
