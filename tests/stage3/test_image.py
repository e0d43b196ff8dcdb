"""System images: what is none is refused with one sentence that says why."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anos_sim.hw.config import MachineConfig
from anos_sim.hw.machine import Machine
from anos_sim.hw.vcpu import ENTRY, STACK_POINTER
from anos_sim.stage3 import image as image_module
from anos_sim.stage3.abi import NOTE_NAME, PAGE_BYTES, RAMFS_MAGIC, RAMFS_VERSION, SYSTEM_BASE
from anos_sim.stage3.boot import boot
from anos_sim.stage3.errors import ImageError
from anos_sim.stage3.image import SystemImage, find_ramfs, parse_image, read_image
from anos_sim.toolchain.options import elf_folder
from support.kernel import boot_image, code_image

FLAT = b"\x0f\x0b" + bytes(3 * PAGE_BYTES - 2)
HELLO = (elf_folder("x86_64") / "tests" / "hello.elf").read_bytes()


def patched(offset: int, data: bytes) -> bytes:
    """The hello program with some bytes replaced."""
    return HELLO[:offset] + data + HELLO[offset + len(data) :]


def elf(
    note: bytes = b"", address: int = SYSTEM_BASE, file_bytes: int = 4, memory: int = 8
) -> bytes:
    """A tiny ELF: one segment, and a note segment if there is a `note`."""
    start = 64 + 2 * 56
    header = struct.pack(
        "<4sBBBB8xHHIQQQIHHHHHH",
        b"\x7fELF", 2, 1, 1, 0, 2, 0x3E, 1, SYSTEM_BASE, 64, 0, 0, 64, 56, 2, 0, 0, 0,
    )  # fmt: skip
    load = struct.pack("<IIQQQQQQ", 1, 5, start, address, 0, file_bytes, memory, 4096)
    notes = struct.pack("<IIQQQQQQ", 4, 4, start + 4, 0, 0, len(note), len(note), 4)
    return header + load + notes + b"\x0f\x0b\0\0" + note


def note(
    name: bytes = NOTE_NAME.encode() + b"\0", kind: int = 1, value: bytes = b"\x48\0\0\0"
) -> bytes:
    """An ELF note."""
    padded = name + bytes(-len(name) % 4)
    return struct.pack("<III", len(name), len(value), kind) + padded + value


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        (b"[machine]\ncpus = 4\n" * 9, "looks like text"),
        ("Grüße\n".encode(), "looks like text"),
        (HELLO[:40], "its ELF header is not complete"),
        (HELLO[:100], "program headers are not there"),
        (HELLO[:3000], r"truncated: segment \d+ ends at byte \d+, the file at 3000"),
        (patched(4, b"\1"), "no 64-bit little-endian"),
        (patched(5, b"\2"), "no 64-bit little-endian"),
        (patched(18, b"\xf3\0"), "is for riscv64, this machine is x86_64"),
        (patched(18, b"\x08\0"), "is for machine 8, this machine is x86_64"),
        (patched(24, bytes(8)), "its entry 0x0 is in no segment"),
        (patched(32, b"\xff" * 8), "program headers are not there"),
        (patched(56, b"\xff\xff"), "program headers are not there"),
        (elf(address=0x8000_0000_0000 - 4), "outside user memory"),
        (elf(address=0xFFFF_8000_0000_0000), "outside user memory"),
        (elf(file_bytes=4, memory=2), "outside user memory"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_image_is_refused_with_one_sentence(data: bytes, says: str) -> None:
    with pytest.raises(ImageError, match=says) as caught:
        parse_image(data, "x.img", "x86_64")
    text = str(caught.value)
    assert "x.img" in text
    assert "\n" not in text
    assert len(text) < 200


def test_a_flat_image_ends_below_the_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_module, "SYSTEM_BSS", SYSTEM_BASE + 0x4000 + len(FLAT))
    parse_image(FLAT, "x.img", "x86_64")
    with pytest.raises(ImageError, match="is too large"):
        parse_image(FLAT + b"x", "x.img", "x86_64")


def test_a_directory_and_a_missing_file_are_no_images(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=re.escape(str(tmp_path))):
        read_image(tmp_path, "x86_64")
    with pytest.raises(ImageError, match="nothing"):
        read_image(tmp_path / "nothing", "x86_64")


def parse_or_refuse(data: bytes) -> SystemImage | None:
    """An image, or None after a refusal in one sentence; nothing else comes out."""
    sentence = ""
    try:
        return parse_image(data, "x", "x86_64")
    except ImageError as error:
        sentence = str(error)
    assert re.fullmatch(r"system image x[ :].+", sentence)
    return None


@given(st.integers(0, len(HELLO) - 1))
def test_a_truncated_program_never_surprises(length: int) -> None:
    image = parse_or_refuse(HELLO[:length])
    assert image is None or image.segments


@given(st.integers(0, 400), st.binary(min_size=1, max_size=8))
def test_a_damaged_header_never_surprises(offset: int, data: bytes) -> None:
    image = parse_or_refuse(patched(offset, data))
    assert image is None or image.files() == {}


@given(st.binary(max_size=200))
def test_any_bytes_are_an_image_or_a_sentence(data: bytes) -> None:
    parse_or_refuse(data)


def test_a_flat_image_is_mapped_as_stage3_does() -> None:
    """anos-abi 3.2: all of it read, write and execute; 96 pages of bss."""
    image = parse_image(FLAT, "x", "x86_64")
    assert image.entry == SYSTEM_BASE
    assert [(s.address, s.memory_bytes, s.flags) for s in image.segments] == [
        (0x0100_0000, len(FLAT), 7),
        (0x4000_0000, 96 * PAGE_BYTES, 3),
    ]
    assert image.default_policy == "bearer"


@pytest.mark.parametrize(
    ("notes", "highest", "policy"),
    [
        (note(), 0x48, "derived"),
        (note(b"GNU\0", 3, bytes(20)) + note(), 0x48, "derived"),
        (note(b"other\0"), 0, "bearer"),
        (note(kind=2), 0, "bearer"),
        (note(value=b"\x48"), 0, "bearer"),
        (b"\xff" * 11, 0, "bearer"),
        (b"\xff" * 30, 0, "bearer"),
    ],
)
def test_the_note_decides_who_gets_our_calls(notes: bytes, highest: int, policy: str) -> None:
    image = parse_image(elf(notes), "x", "x86_64")
    assert image.highest_call == highest
    assert image.default_policy == policy


def ramfs(files: dict[str, bytes]) -> bytes:
    """A RAMFS as anos-abi 8.2 has it: starts count from the entry."""
    table, blob = b"", b""
    for index, (name, data) in enumerate(files.items()):
        start = 24 * (len(files) - index) + 8 * (len(files) - index) + len(blob)
        table += struct.pack("<QQ16s", start, len(data), name.encode())
        blob += data
    size = 32 + len(table) + len(blob)
    return struct.pack("<IIQQQ", RAMFS_MAGIC, RAMFS_VERSION, size, len(files), 32) + table + blob


def test_the_ramfs_is_found_at_the_start_of_a_page_only() -> None:
    magic = struct.pack("<II", RAMFS_MAGIC, RAMFS_VERSION)
    blob = FLAT[:100] + magic + FLAT[108:] + ramfs({"a.elf": b"A", "b": b"BB"})
    assert find_ramfs(blob) == len(FLAT)
    assert parse_image(blob, "x", "x86_64").files() == {"a.elf": b"A", "b": b"BB"}
    assert find_ramfs(FLAT) is None


def test_an_image_whose_ramfs_is_cut_off_says_so() -> None:
    blob = FLAT + ramfs({"a.elf": bytes(5000)})
    with pytest.raises(ImageError, match="its RAMFS needs 10 more bytes"):
        parse_image(blob[:-10], "x", "x86_64")


def test_an_image_that_does_not_fit_into_memory_says_so() -> None:
    code = bytes(29 << 20)
    with pytest.raises(ImageError, match="does not fit into 32 MiB of RAM"):
        boot_image(code_image(code))


def test_the_first_stack_is_that_of_stage3() -> None:
    """anos-abi 3.2: sp, and 26 pairs with descending ids."""
    kernel = boot_image(code_image(FLAT))
    try:
        system = kernel.processes[1]
        thread = system.threads[0]
        registers = thread.registers.words
        stack_pointer = registers[STACK_POINTER]
        assert (thread.tid, stack_pointer, registers[ENTRY]) == (2, 0x3FFF_FE40, 0x0100_0000)
        data = system.space.load(stack_pointer, 0x1C0)
        assert data is not None
        words = struct.unpack("<56Q", data)
        assert words[:4] == (26, stack_pointer + 0x20, 0, 0)
        assert list(words[4::2]) == list(range(26, 0, -1))
        assert set(words[5::2]) == set(system.calls)
    finally:
        kernel.close()
        kernel.machine.close()


def test_an_image_that_asks_for_more_gets_our_calls_after_those() -> None:
    image = code_image(FLAT)
    asking = SystemImage(image.name, image.entry, image.segments, 66, image.data)
    kernel = boot_image(asking)
    try:
        system = kernel.processes[1]
        data = system.space.load(system.threads[0].registers.words[STACK_POINTER], 32 + 29 * 16)
        assert data is not None
        words = struct.unpack(f"<{4 + 58}Q", data)
        assert words[0] == 29
        assert list(words[4::2]) == [*range(26, 0, -1), 64, 65, 66]
    finally:
        kernel.close()
        kernel.machine.close()


def test_the_policy_may_be_left_to_the_image() -> None:
    machine = Machine(MachineConfig(cpus=1, ram_mib=32))
    kernel = boot(machine, code_image(FLAT))
    assert kernel.policy.name == "bearer"
    kernel.close()
    machine.close()
