"""The "restart" key of a boot config: what SYSTEM does when a program ends.

    "restart": {
        "policy": "on-crash",       never, on-crash (killed, a fault, a status but 0) or always
        "limit": 8,                 optional: so many ends in `within_ms` are too many
        "within_ms": 1000,          optional
        "backoff_ms": 10,           optional: before the second restart in that time ...
        "backoff_max_ms": 160,      optional: ... twice that before the third, up to this
        "heartbeat_ms": 0,          optional: it must answer a message in this time; 0: any time
        "depends": ["boot:/a.elf"]  optional: it is started anew when one of these was
    }

A policy alone may stand in place of the object. In the table, as
`struct anos_boot_restart` of `<anos/boot_config.h>`:

    u32 policy u32 limit u32 within_ms u32 backoff_ms u32 backoff_max_ms u32 heartbeat_ms
    u8 depends[16]: numbers of entries from 1 on, 0 behind the last one
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .errors import BuildError

RESTART = struct.Struct("<IIIIII16s")
POLICIES = {"never": 0, "on-crash": 1, "always": 2}
DEPENDS_MAX = 16
_NUMBERS = {  # key: least, most, default
    "limit": (1, 16, 8),
    "within_ms": (1, 3_600_000, 1000),
    "backoff_ms": (0, 60_000, 10),
    "backoff_max_ms": (0, 60_000, 160),
    "heartbeat_ms": (0, 3_600_000, 0),
}
_KEYS = ("policy", *_NUMBERS, "depends")


@dataclass(frozen=True)
class BootRestart:
    """When a program is started anew, how often and after how long; `depends` are paths."""

    policy: int = 0
    limit: int = 8
    within_ms: int = 1000
    backoff_ms: int = 10
    backoff_max_ms: int = 160
    heartbeat_ms: int = 0
    depends: tuple[str, ...] = ()


def parse(where: str, value: Any) -> BootRestart:
    """Return the policy that the JSON at `where` describes.

    Raises:
        BuildError: a sentence that says what is wrong and where.
    """
    if isinstance(value, str):
        value = {"policy": value}
    if not isinstance(value, dict):
        raise BuildError(f"{where} of the boot config must be a policy or an object")
    for key in value:
        if key not in _KEYS:
            known = ", ".join(_KEYS)
            raise BuildError(f"{where} of the boot config has the unknown key {key!r}: use {known}")
    policy = value.get("policy")
    if not isinstance(policy, str) or policy not in POLICIES:
        known = ", ".join(POLICIES)
        raise BuildError(f"{where}.policy of the boot config: unknown {policy!r}; use {known}")
    numbers = {}
    for key, (least, most, default) in _NUMBERS.items():
        number = numbers[key] = value.get(key, default)
        if type(number) is not int or not least <= number <= most:
            raise BuildError(
                f"{where}.{key} of the boot config must be an integer from {least} to {most}, "
                f"not {number!r}"
            )
    depends = value.get("depends", [])
    if not isinstance(depends, list) or not all(isinstance(each, str) for each in depends):
        raise BuildError(f"{where}.depends of the boot config must be an array of paths")
    if len(depends) > DEPENDS_MAX:
        raise BuildError(f"{where}.depends of the boot config has more than {DEPENDS_MAX} paths")
    return BootRestart(POLICIES[policy], depends=tuple(depends), **numbers)


def check_depends(restarts: Sequence[tuple[str, BootRestart]]) -> None:
    """See that each program depends on others of these only, and never on itself.

    Raises:
        BuildError: a sentence that names the program and the path.
    """
    depends = {path: restart.depends for path, restart in restarts}
    for path in depends:
        for each in depends[path]:
            if each not in depends:
                raise BuildError(f"the boot config: {path} depends on {each}, which is no entry")
        reached, left = set[str](), [path]
        while left:
            for each in depends[left.pop()]:
                if each == path:
                    raise BuildError(f"the boot config: {path} depends on itself")
                if each not in reached:
                    reached.add(each)
                    left.append(each)


def pack(restart: BootRestart, paths: Sequence[str]) -> bytes:
    """Return the part of the table; `paths` are those of all entries, in order."""
    numbers = bytes(1 + paths.index(each) for each in restart.depends)
    return RESTART.pack(
        restart.policy,
        restart.limit,
        restart.within_ms,
        restart.backoff_ms,
        restart.backoff_max_ms,
        restart.heartbeat_ms,
        numbers,
    )


def unpack(data: bytes, paths: Sequence[str]) -> BootRestart:
    """Return the policy that `pack` made."""
    *numbers, listed = RESTART.unpack(data)
    policy, limit, within, backoff, backoff_max, heartbeat = numbers
    depends = tuple(paths[each - 1] for each in listed.rstrip(b"\0"))
    return BootRestart(policy, limit, within, backoff, backoff_max, heartbeat, depends)


def as_json(restart: BootRestart) -> str | dict[str, Any]:
    """The value of the key, without what is as it is by default."""
    names = {number: name for name, number in POLICIES.items()}
    made: dict[str, Any] = {"policy": names[restart.policy]}
    default = BootRestart()
    for key in _NUMBERS:
        if getattr(restart, key) != getattr(default, key):
            made[key] = getattr(restart, key)
    if restart.depends:
        made["depends"] = list(restart.depends)
    return made if len(made) > 1 else names[restart.policy]
