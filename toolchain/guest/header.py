"""Generate `<anos/abi.h>` from the tables of `stage3/abi.py`.

Everything C knows of the kernel comes from here: call ids, statuses, flags,
constants, structures with their offsets asserted, and the stubs' prototypes.
The assembler includes the same file for the list of stubs (`ANOS_CALLS`).
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable, Iterator
from enum import IntEnum, IntFlag
from pathlib import Path
from textwrap import wrap
from types import ModuleType
from typing import Any

ENUM_PREFIXES = {
    "Status": "ANOS",
    "ThreadClass": "ANOS_CLASS",
    "MapFlags": "ANOS_MAP",
    "RegionFlags": "ANOS_REGION",
    "Rights": "ANOS_RIGHT",
    "ClockId": "ANOS_CLOCK",
    "ObjectKind": "ANOS_OBJECT",
    "PowerAction": "ANOS_POWER",
    "ProcessEnd": "ANOS_END",
    "SlotFlags": "ANOS_SLOT",
    "ObjectSlot": "ANOS_CAP",
}
_SIZES = {"uint8_t": 1, "uint16_t": 2, "uint32_t": 4, "uint64_t": 8}


def load_abi(path: Path) -> ModuleType:
    """Load the tables from a file, whatever the package around it is called now."""
    spec = importlib.util.spec_from_file_location("anos_abi_tables", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up by name
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules[spec.name]
    return module


def render(abi: ModuleType) -> str:
    """Return the whole header for the tables in `abi`."""
    sizes = dict(_SIZES)
    lines = [
        "/* Generated from stage3/abi.py by toolchain/guest/header.py. Do not edit. */",
        "#ifndef ANOS_ABI_H",
        "#define ANOS_ABI_H",
        "",
        "/* Calls: the index of each one's cookie in __syscall_capabilities. */",
        *(f"#define ANOS_SYS_{sysno.name} {sysno.value}" for sysno in abi.Sysno),
        "",
        "/* One line per stub: X(symbol, call id). */",
        *_calls_macro(abi.CALLS),
        "",
        "#ifndef __ASSEMBLER__",
        "",
        "#include <stddef.h>",
        "#include <stdint.h>",
        "",
        *_constants(abi),
        *_enums(abi),
        *_result(),
    ]
    for struct in abi.STRUCTS:
        lines += _struct(struct, sizes)
        sizes[f"struct {struct.name}"] = struct.bytes
    for call in abi.CALLS:
        lines += _prototype(call)
    lines += ["#endif /* __ASSEMBLER__ */", "#endif"]
    return "\n".join(lines) + "\n"


def _calls_macro(calls: Iterable[Any]) -> list[str]:
    stubs = [f"    X({call.symbol}, {call.number.value})" for call in calls]
    return ["#define ANOS_CALLS(X) \\", *(f"{stub} \\" for stub in stubs[:-1]), stubs[-1]]


def _literal(value: int) -> str:
    return f"UINT64_C({value:#x})" if value > 0x7FFF_FFFF else f"{value:#x}"


def _constants(abi: ModuleType) -> Iterator[str]:
    for name, value in vars(abi).items():
        if name.isupper() and not name.startswith("_"):
            if isinstance(value, int):
                yield f"#define ANOS_{name} {_literal(int(value))}"
            elif isinstance(value, str):
                yield f'#define ANOS_{name} "{value}"'
    yield ""


def _enums(abi: ModuleType) -> Iterator[str]:
    for name, prefix in ENUM_PREFIXES.items():
        enum: type[IntEnum] | type[IntFlag] = getattr(abi, name)
        yield from _comment(enum.__doc__ or name)
        yield from (f"#define {prefix}_{member.name} ({int(member)})" for member in enum)
        yield ""


def _result() -> list[str]:
    return [
        "/* What every call answers; `value` is 0 unless `type` is ANOS_OK. */",
        "struct anos_result {",
        "    int64_t type;",
        "    uint64_t value;",
        "};",
        "",
        "/* This program's cookies by call id; 0 is a call that it may not make. */",
        "extern uint64_t __syscall_capabilities[ANOS_CAPABILITY_SLOTS];",
        "",
    ]


def _struct(struct: Any, sizes: dict[str, int]) -> Iterator[str]:
    yield from _comment(struct.doc)
    yield f"struct {struct.name} {{"
    end = 0
    for c_type, field, offset in struct.fields:
        yield from _reserved(end, offset)
        yield f"    {c_type} {field};"
        _, _, count = field.rstrip("]").partition("[")
        end = offset + sizes[c_type] * int(count or 1)
    yield from _reserved(end, struct.bytes)
    yield "};"
    for _, field, offset in struct.fields:
        member = field.partition("[")[0]
        yield f'_Static_assert(offsetof(struct {struct.name}, {member}) == {offset}, "{member}");'
    yield f'_Static_assert(sizeof(struct {struct.name}) == {struct.bytes}, "{struct.name}");'
    yield ""


def _reserved(begin: int, end: int) -> Iterator[str]:
    if begin < end:
        yield f"    uint8_t reserved_{begin}[{end - begin}];"


def _prototype(call: Any) -> Iterator[str]:
    yield from _comment(call.doc)
    arguments = ", ".join(_declare(c_type, name) for c_type, name in call.arguments)
    yield f"struct anos_result {call.symbol}({arguments or 'void'});"
    yield ""


def _declare(c_type: str, name: str) -> str:
    return f"{c_type}{name}" if c_type.endswith("*") else f"{c_type} {name}"


def _comment(text: str) -> Iterator[str]:
    lines = wrap(" ".join(text.split()), 94)
    if len(lines) == 1:
        yield f"/* {lines[0]} */"
        return
    yield "/*"
    yield from (f" * {line}" for line in lines)
    yield " */"
