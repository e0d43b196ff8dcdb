"""The boot config: every mistake is named at build time, and C sees what JSON said."""

from __future__ import annotations

import json
import re
import struct
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anos_sim.stage3 import abi
from anos_sim.toolchain.guest import boot_config, boot_driver, boot_restart
from anos_sim.toolchain.guest.boot_config import BootEntry
from anos_sim.toolchain.guest.boot_driver import BootDriver
from anos_sim.toolchain.guest.errors import BuildError

CALLS = abi.config_names()
CLASSES = {member.name: int(member) for member in abi.ThreadClass}
GOOD: dict[str, Any] = {
    "name": "Shell",
    "path": "boot:/shell.elf",
    "stack_size": 131072,
    "class": "NORMAL",
    "capabilities": ["SYSCALL_SLEEP", "SYSCALL_DEBUG_PRINT", "SYSCALL_POWER"],
    "arguments": ["disk0:/", "two words"],
    "wait_for": "disk0:",
}

PRINTABLE = st.characters(codec="utf-8", exclude_characters="\0")
BYTES, WORDS = st.integers(0, 0xFF), st.integers(0, 0xFFFF)
DRIVERS = st.builds(
    BootDriver,
    name=st.text(PRINTABLE, min_size=1, max_size=15),
    bar=st.integers(0, 5),
    vectors=st.integers(0, 32),
    class_codes=st.tuples(BYTES, BYTES, BYTES),
) | st.builds(BootDriver, name=st.just("x"), device=st.tuples(WORDS, WORDS))
ENTRIES = st.builds(
    BootEntry,
    delegates=st.just(()),
    on_request=st.booleans(),
    name=st.text(PRINTABLE, min_size=1, max_size=15),
    path=st.text(PRINTABLE, min_size=1, max_size=30),
    stack_bytes=st.integers(1, 0x4000).map(lambda pages: pages * 4096),
    thread_class=st.sampled_from(sorted(CLASSES.values())),
    capabilities=st.lists(st.sampled_from(sorted(CALLS.values())), unique=True).map(tuple),
    arguments=st.lists(st.text(PRINTABLE, max_size=20), max_size=7).map(tuple),
    wait_for=st.text(PRINTABLE, max_size=7),
    driver=st.none() | DRIVERS,
)


def parse(server: object, programs: list[str] | None = None) -> list[BootEntry]:
    """Parse a config with one entry."""
    return boot_config.parse(json.dumps({"boot_servers": [server]}), CALLS, CLASSES, programs)


def test_an_entry_keeps_everything_in_order() -> None:
    assert parse(GOOD, ["shell.elf"]) == [
        BootEntry(
            "Shell",
            "boot:/shell.elf",
            131072,
            1,
            (5, 1, 72),
            ("disk0:/", "two words"),
            "disk0:",
            (5, 1, 72),
            False,
        )
    ]


def test_what_a_program_may_pass_on_is_all_or_what_is_said() -> None:
    assert parse({**GOOD, "delegates": []})[0].delegates == ()
    assert parse({**GOOD, "delegates": ["SYSCALL_POWER"]})[0].delegates == (72,)
    devices = {"capabilities": ["DEVICE_MEMORY", "INTERRUPT_VECTORS"]}
    assert parse({**GOOD, **devices})[0].delegates == (112, 115)


def test_a_manifest_alone_starts_nothing() -> None:
    assert parse({**GOOD, "start": "on request"})[0].on_request
    assert not parse({**GOOD, "start": "boot"})[0].on_request


def test_a_driver_drives_a_class_or_a_device_and_starts_on_request() -> None:
    by_class = parse({**GOOD, "driver": {"class": "01/06/0a", "bar": 5, "name": "disk"}})[0]
    assert by_class.driver == BootDriver("disk", (1, 6, 10), None, 5, 1)
    assert by_class.on_request
    by_device = parse({**GOOD, "driver": {"device": "1af4:0001", "vectors": 0}})[0]
    assert by_device.driver == BootDriver("Shell", None, (0x1AF4, 1), 0, 0)


@given(st.lists(ENTRIES, max_size=5))
def test_the_table_holds_what_was_packed(entries: list[BootEntry]) -> None:
    assert boot_config.unpack(boot_config.pack(entries)) == entries


def test_a_config_may_extend_the_built_in_one_and_replace_entries_of_it() -> None:
    built_in = parse(GOOD) + parse({**GOOD, "path": "boot:/log.elf", "arguments": []})
    shell, tool = {**GOOD, "arguments": ["ram:/"]}, {**GOOD, "path": "boot:/tool.elf"}
    text = json.dumps({"extends": "built-in", "boot_servers": [tool, shell]})
    entries = boot_config.parse(text, CALLS, CLASSES, None, built_in)
    paths = [(entry.path, entry.arguments) for entry in entries]
    assert paths == [
        ("boot:/shell.elf", ("ram:/",)),
        ("boot:/log.elf", ()),
        ("boot:/tool.elf", ("disk0:/", "two words")),
    ]
    wrong = json.dumps({"extends": "all", "boot_servers": []})
    with pytest.raises(BuildError, match=r"'extends' .* is 'all'; use"):
        boot_config.parse(wrong, CALLS, CLASSES, None, built_in)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"colour": "red"}, "unknown key 'colour'"),
        ({"class": "FAST"}, "unknown 'FAST'; use IDLE, NORMAL, HIGH, REALTIME"),
        ({"class": 1}, r"boot_servers\[0\].class"),
        ({"capabilities": ["SYSCALL_FLY"]}, r"capabilities\[0\] .* unknown 'SYSCALL_FLY'"),
        ({"capabilities": ["SYSCALL_GIVE", "SYSCALL_GIVE"]}, "SYSCALL_GIVE is there twice"),
        ({"capabilities": "SYSCALL_GIVE"}, "must be an array of strings"),
        ({"delegates": ["SYSCALL_GIVE"]}, "SYSCALL_GIVE is not among its capabilities"),
        ({"delegates": "SYSCALL_POWER"}, "must be an array of strings"),
        ({"start": "later"}, "unknown 'later'; use boot, on request"),
        ({"start": True}, "unknown True"),
        ({"stack_size": 1000}, "multiple of 4096"),
        ({"stack_size": 0}, "multiple of 4096"),
        ({"stack_size": True}, "multiple of 4096"),
        ({"stack_size": 1 << 30}, "up to 67108864"),
        ({"name": ""}, "not empty"),
        ({"name": "x" * 64}, "longer than 63 bytes"),
        ({"path": "boot:/other.elf"}, "there is no program 'boot:/other.elf'"),
        ({"arguments": ["x" * 256]}, "longer than 255 bytes"),
        ({"arguments": ["x" * 200] * 4}, "longer than 512 bytes together"),
        ({"arguments": [7]}, "must be a string, not 7"),
        ({"wait_for": None}, "must be a string, not None"),
        ({"driver": "AHCI"}, "driver of the boot config must be an object"),
        ({"driver": {}}, "needs either 'class' or 'device'"),
        ({"driver": {"class": "01/06/01", "device": "1:2"}}, "needs either 'class' or 'device'"),
        ({"driver": {"class": "1/6/1"}}, "hexadecimal as \"01/06/01\", not '1/6/1'"),
        ({"driver": {"device": 7}}, 'hexadecimal as "1234:0001", not 7'),
        ({"driver": {"class": "01/06/01", "bar": 6}}, "integer from 0 to 5, not 6"),
        ({"driver": {"class": "01/06/01", "vectors": True}}, "integer from 0 to 32, not True"),
        ({"driver": {"class": "01/06/01", "name": ""}}, "must be a string, not ''"),
        ({"driver": {"class": "01/06/01", "name": "x" * 64}}, "longer than 63 bytes"),
        ({"driver": {"class": "01/06/01", "irq": 3}}, "unknown key 'irq'"),
        ({"driver": {"class": "01/06/01"}, "start": "boot"}, "a driver is started on request"),
    ],
)
def test_a_mistake_is_named_with_its_place(change: dict[str, object], says: str) -> None:
    with pytest.raises(BuildError, match=says):
        parse({**GOOD, **change}, ["shell.elf"])


@pytest.mark.parametrize("key", ["name", "path", "stack_size", "class"])
def test_a_missing_key_is_named(key: str) -> None:
    with pytest.raises(BuildError, match=f"lacks the key '{key}'"):
        parse({other: value for other, value in GOOD.items() if other != key})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"boot_servers": [\n  {"name": }]}', "no JSON: .* in line 2, column 12"),
        ("[]", "the key 'boot_servers'"),
        ('{"boot_servers": [], "include": 1}', "and perhaps 'extends'"),
        ('{"boot_servers": [], "extends": "built-in"}', "there is nothing to extend"),
        ('{"boot_servers": 3}', "must be an array"),
        ('{"boot_servers": [3]}', r"boot_servers\[0\] of the boot config must be an object"),
        ('{"boot_servers": [], "boot_servers": []}', "'boot_servers' twice"),
    ],
)
def test_what_is_no_boot_config_is_refused(text: str, says: str) -> None:
    with pytest.raises(BuildError, match=says):
        boot_config.parse(text, CALLS, CLASSES)


@pytest.mark.parametrize(
    ("name", "layout"),
    [
        ("anos_boot_driver", boot_driver.DRIVER),
        ("anos_boot_restart", boot_restart.RESTART),
        ("anos_boot_entry", boot_config.ENTRY),
    ],
)
def test_the_c_header_agrees_on_the_layout(name: str, layout: struct.Struct) -> None:
    """Sum the fields that the header declares and compare them with the packer's."""
    path = files("anos_sim.toolchain") / "libanos" / "include" / "anos" / "boot_config.h"
    header = path.read_text()
    body = re.search(rf"struct {name} \{{(.*?)\}};", header, re.DOTALL)
    assert body is not None
    sizes = {"char": 1, "uint8_t": 1, "uint16_t": 2, "uint32_t": 4, "uint64_t": 8}
    sizes["anos_boot_driver"] = boot_driver.DRIVER.size
    sizes["anos_boot_restart"] = boot_restart.RESTART.size
    fields = re.findall(r"(\w+) (\w+)(?:\[(\d+)\])?;", body[1])
    assert sum(sizes[kind] * int(count or 1) for kind, _, count in fields) == layout.size
    assert f"sizeof(struct {name}) == {layout.size}" in header
    assert f"{boot_config.MAGIC:#x}" in header
    assert f"ANOS_BOOT_VERSION {boot_config.VERSION}" in header
