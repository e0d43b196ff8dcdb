"""The least-privilege boot config: what a run has shown to be enough.

An entry keeps the capabilities that its program used, or that something it
started needed; it may pass on those of them that were needed below it. What
only another run would need (an error, a second disk) is not in it.
"""

from __future__ import annotations

import re
from typing import Any

from anos_sim.stage3.abi import CALLS, ObjectSlot, Rights, config_names

from .history import HeldOnce, History

GRANT = int(Rights.GRANT)
CALL_IDS = {f"call {call.symbol.removeprefix('anos_')}": int(call.number) for call in CALLS}
STACK_BYTES = 0x10_0000
"""Of programs without an entry of their own: who starts them says what they get."""
_RANGE = re.compile(r"(memory|vectors) (0x[0-9a-f]+)-(0x[0-9a-f]+)")


def least_privilege(entries: list[dict[str, Any]], history: History) -> list[dict[str, Any]]:
    """The boot config `entries` with what this run needed, and an entry for each other program."""
    needs = history.needs()
    names = {number: name for name, number in config_names().items()}
    programs: dict[str, list[int]] = {}
    for pid, (_, path) in history.processes.items():
        if pid != 1:
            programs.setdefault(same_path(path), []).append(pid)
    found = []
    for entry in [*entries, *_without_entry(entries, programs, history)]:
        pids = programs.get(same_path(entry["path"]), [])
        rights = needed_ids(pids, entry, history, needs)
        in_order = [name for name in entry["capabilities"] if config_names()[name] in rights]
        in_order += [names[number] for number in sorted(rights) if names[number] not in in_order]
        delegates = [name for name in in_order if rights[config_names()[name]] & GRANT]
        found.append({**entry, "capabilities": in_order, "delegates": delegates})
    return found


def needed_ids(
    pids: list[int], entry: dict[str, Any], history: History, needs: dict[int, int]
) -> dict[int, int]:
    """By id as in a boot config: the rights that these processes of one program needed of it."""
    rights: dict[int, int] = {}
    for pid in pids:
        for held in history.of(pid):
            if held.at_start and needs[held.cookie]:
                number = boot_id(held, entry, history)
                if number is not None:
                    rights[number] = rights.get(number, 0) | needs[held.cookie]
    return rights


def boot_id(held: HeldOnce, entry: dict[str, Any], history: History) -> int | None:
    """Under which id a boot config has what a process started with; None: only who starts it can.

    Of channels a boot config knows one: SYSTEM's for process control.
    """
    number = CALL_IDS.get(held.object)
    if number is not None:
        return number
    if held.object.startswith("channel "):
        control = ObjectSlot.PROCESS_CONTROL
        return control if control.name in entry["capabilities"] else None
    match = _RANGE.match(held.object)
    assert match is not None, f"a boot config cannot give {held.object}"
    if match[1] == "vectors":
        return ObjectSlot.INTERRUPT_VECTORS
    start, end = int(match[2], 16), int(match[3], 16)
    if start in history.config_space and end in history.config_space:
        return ObjectSlot.CONFIG_SPACE
    high = ObjectSlot.DEVICE_MEMORY_HIGH
    return (
        high
        if start >= history.high_memory and high.name in entry["capabilities"]
        else (ObjectSlot.DEVICE_MEMORY)
    )


def same_path(path: str) -> str:
    """A path as SYSTEM compares it: slashes behind the mount do not count."""
    mount, colon, rest = path.partition(":")
    return f"{mount}{colon}{rest.lstrip('/')}"


def _without_entry(
    entries: list[dict[str, Any]], programs: dict[str, list[int]], history: History
) -> list[dict[str, Any]]:
    known = {same_path(entry["path"]) for entry in entries}
    return [
        {
            "name": history.processes[pids[0]][0],
            "path": history.processes[pids[0]][1],
            "stack_size": STACK_BYTES,
            "class": "NORMAL",
            "start": "on request",
            "capabilities": [],
            "delegates": [],
        }
        for path, pids in programs.items()
        if path not in known
    ]
