"""The generated C header says what the ABI tables say."""

from __future__ import annotations

import re
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from anos_sim.stage3 import abi
from anos_sim.toolchain.guest.header import load_abi, render

HEADER = render(abi)
ABI_FILE = Path(str(files("anos_sim.stage3"))) / "abi.py"


def defined(name: str) -> str:
    """The text behind `#define name`."""
    match = re.search(rf"^#define {name} (.*)$", HEADER, re.MULTILINE)
    assert match is not None, f"{name} is not defined"
    return match[1]


@pytest.mark.parametrize("sysno", abi.Sysno)
def test_every_call_has_its_id(sysno: abi.Sysno) -> None:
    assert defined(f"ANOS_SYS_{sysno.name}") == str(int(sysno))


@pytest.mark.parametrize("call", abi.CALLS, ids=lambda call: call.symbol)
def test_every_call_has_a_stub_and_a_prototype(call: abi.Call) -> None:
    assert f"    X({call.symbol}, {int(call.number)})" in HEADER
    prototype = re.search(rf"^struct anos_result {call.symbol}\((.*)\);$", HEADER, re.MULTILINE)
    assert prototype is not None
    names = [argument.split()[-1].lstrip("*") for argument in prototype[1].split(",")]
    assert names == ([name for _, name in call.arguments] or ["void"])


def test_flags_statuses_and_constants_keep_their_values() -> None:
    assert defined("ANOS_OK") == "(0)"
    assert defined("ANOS_INCAPABLE") == "(-254)"
    assert defined("ANOS_MAP_NOCACHE") == "(8)"
    assert defined("ANOS_CLASS_REALTIME") == "(3)"
    assert defined("ANOS_PAGE_BYTES") == "0x1000"
    assert defined("ANOS_USER_END") == "UINT64_C(0x800000000000)"
    assert defined("ANOS_NOTE_NAME") == '"anos-sim"'


@pytest.mark.parametrize("struct", abi.STRUCTS, ids=lambda struct: struct.name)
def test_every_offset_and_size_is_asserted_by_the_c_compiler(struct: abi.Struct) -> None:
    for _, field, offset in struct.fields:
        member = field.partition("[")[0]
        assert f"offsetof(struct {struct.name}, {member}) == {offset}," in HEADER
    assert f"sizeof(struct {struct.name}) == {struct.bytes}," in HEADER


def test_holes_in_a_structure_become_reserved_bytes() -> None:
    assert "uint8_t reserved_26[6];" in HEADER
    assert "uint8_t reserved_56[8];" in HEADER


def test_the_installed_header_is_the_one_that_the_tables_give() -> None:
    header = files("anos_sim.toolchain") / "libanos" / "include" / "anos" / "abi.h"
    assert header.read_text() == HEADER


def test_loading_the_tables_from_their_file_leaves_no_module_behind() -> None:
    before = set(sys.modules)
    assert render(load_abi(ABI_FILE)) == HEADER
    assert set(sys.modules) == before
