"""--add: programs of one's own in the RAMFS, with an entry in the boot config or a manifest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from anos_sim.toolchain.added import CALLS, STACK_BYTES, read_added, with_programs
from anos_sim.toolchain.boot_image import ramfs_files, read_boot_config
from anos_sim.toolchain.cli import main
from anos_sim.toolchain.errors import UserError
from anos_sim.toolchain.guest.zig import TARGETS
from anos_sim.toolchain.options import elf_folder, our_image
from support.architectures import DEFAULT

PROGRAM = elf_folder() / "tests" / "hello.elf"
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the program `mine.elf`, which is the current one."""
    monkeypatch.chdir(tmp_path)
    Path("mine.elf").write_bytes(PROGRAM.read_bytes())
    return tmp_path


def entries_with(
    *added: str, config: dict[str, Any] | None = None
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The boot config's entries by path, and the RAMFS, of a system with these `--add`."""
    programs = [read_added(each, DEFAULT) for each in added]
    text = json.dumps(config) if config is not None else None
    image = with_programs(our_image(), programs, text, "test")
    return {entry["path"]: entry for entry in read_boot_config(image)}, ramfs_files(image)


def test_a_program_gets_an_entry_behind_all_others_with_what_needs_no_device(folder: Path) -> None:
    entries, files = entries_with("mine.elf:one 'and two' 3:4")
    assert files["mine.elf"] == PROGRAM.read_bytes()
    assert list(entries)[-1] == "boot:/mine.elf"
    entry = entries["boot:/mine.elf"]
    assert entry["arguments"] == ["one", "and two", "3:4"]
    assert entry["capabilities"] == [f"SYSCALL_{call}" for call in CALLS]
    assert entry["delegates"] == []
    assert entry["stack_size"] == STACK_BYTES
    assert "start" not in entry


@pytest.mark.parametrize(
    ("arguments", "mount"),
    [("disk0:/a disk1:/b", "disk0:"), ("-v disk12p3:/", "disk12p3:"), ("ram:/disk0:", None)],
)
def test_it_waits_for_the_disk_that_an_argument_names(
    arguments: str, mount: str | None, folder: Path
) -> None:
    entries, _ = entries_with(f"mine.elf:{arguments}")
    assert entries["boot:/mine.elf"].get("wait_for") == mount


def test_no_device_no_power_and_no_other_process_is_among_it() -> None:
    dangerous = {
        "MAP_PHYSICAL", "ALLOC_PHYSICAL_PAGES", "ALLOC_INTERRUPT_VECTOR", "WAIT_INTERRUPT",
        "POWER", "BUILD_PROCESS", "CREATE_PROCESS", "MAP_INTO", "START_PROCESS", "KILL_PROCESS",
        "READ_KERNEL_LOG", "GET_FRAMEBUFFER_PHYS", "MAP_FIRMWARE_TABLES", "MINT_RANGE",
    }  # fmt: skip
    assert not dangerous & set(CALLS)


def test_an_entry_of_the_boot_config_is_its_manifest(folder: Path) -> None:
    entry = {
        "name": "Mine", "path": "boot:/mine.elf", "stack_size": 4096, "class": "IDLE",
        "capabilities": ["SYSCALL_SLEEP"], "start": "on request", "arguments": ["given"],
    }  # fmt: skip
    config = {"extends": "built-in", "boot_servers": [entry]}
    kept = entries_with("mine.elf", config=config)[0]["boot:/mine.elf"]
    assert kept == entry | {"delegates": ["SYSCALL_SLEEP"]}
    other = entries_with("mine.elf:mine", config=config)[0]["boot:/mine.elf"]
    assert other["arguments"] == ["mine"]


def test_a_program_may_take_the_place_of_a_built_in_one(folder: Path) -> None:
    usual, _ = entries_with()
    Path("ahcidrv.elf").write_bytes(PROGRAM.read_bytes())
    entries, files = entries_with("ahcidrv.elf")
    assert entries == usual, "it has the same manifest"
    assert files["ahcidrv.elf"] == PROGRAM.read_bytes()


def test_the_same_program_twice_is_started_twice(folder: Path) -> None:
    programs = [read_added(f"mine.elf:{each}", DEFAULT) for each in ("a", "b")]
    image = with_programs(our_image(), programs, None, "")
    started = [each for each in read_boot_config(image) if each["path"] == "boot:/mine.elf"]
    assert [each["arguments"] for each in started] == [["a"], ["b"]]


def test_a_file_may_have_colons_in_its_folder_s_name(folder: Path) -> None:
    Path("a:b").mkdir()
    Path("a:b", "mine.elf").write_bytes(PROGRAM.read_bytes())
    assert read_added("a:b/mine.elf", DEFAULT).arguments == ()
    assert read_added("a:b/mine.elf:c:d", DEFAULT).arguments == ("c:d",)


def make(name: str, data: bytes = b"") -> str:
    Path(name).write_bytes(data or PROGRAM.read_bytes())
    return name


def header(kind: int = 2, machine: int = TARGETS[DEFAULT].machine) -> bytes:
    """The beginning of an ELF file."""
    made = bytearray(b"\x7fELF\x02\x01\x01" + bytes(57))
    made[16], made[18] = kind, machine
    return bytes(made)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("no.elf", None, "--add no.elf: cannot read it: No such file or directory"),
        ("text.elf", b"text" * 99, "it is no ELF file; anos-cc makes one of C"),
        ("short.elf", b"\x7fELF", "it is no ELF file"),
        ("other.elf", header(machine=183), f"it is for aarch64, and the system runs on {DEFAULT}"),
        ("odd.elf", header(machine=7), "it is for processor 0x7"),
        ("object.elf", header(kind=1), "it is an object; link it with anos-cc"),
        ("host.elf", header(kind=3), "of another system; compile it with anos-cc"),
        ("sixteen_long.elf", header(), "has 16 characters, and boot:/ has room for 15; rename it"),
        ("boot.cfg", header(), "cannot have this name; rename it"),
        ("ä.elf", header(), "cannot have this name; rename it"),
        ("a.elf:'b", header(), "have no closing quotation"),
        (f"a.elf:{'x' * 256}", header(), "argument 1 is longer than 255 bytes"),
        (f"a.elf:{'x' * 200} {'y' * 200} {'z' * 200}", header(), "longer than 512 bytes together"),
    ],
)
def test_what_cannot_be_added_is_one_sentence(
    name: str, data: bytes | None, words: str, folder: Path, capsys: Capture
) -> None:
    if data is not None:
        make(name.partition(":")[0], data)
    assert main(["run", "--add", name]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


def test_a_program_without_add_is_an_easy_mistake(folder: Path, capsys: Capture) -> None:
    assert main(["run", "mine.elf"]) == 2
    assert "is a program and no machine's description: --add mine.elf" in capsys.readouterr().err


def test_two_different_programs_cannot_have_one_name(folder: Path) -> None:
    Path("other").mkdir()
    make("other/mine.elf", header())
    with pytest.raises(UserError, match=r"mine.elf and other/mine.elf have one name in boot:/"):
        entries_with("mine.elf", "other/mine.elf")


def test_a_foreign_image_cannot_have_programs_added(folder: Path, capsys: Capture) -> None:
    assert main(["run", "--system", str(PROGRAM), "--add", "mine.elf"]) == 2
    assert "there is no boot.cfg in it" in capsys.readouterr().err


def test_a_recording_has_the_program_and_notices_another_one(folder: Path, capsys: Capture) -> None:
    command = ["run", "--quiet", "--record", "run.anos", "--add", "mine.elf:a b"]
    assert main([*command, "--until", "hello from printf"]) == 0
    (added,) = json.loads(Path("run.anos").read_text())["added"]
    assert added["path"] == str(folder / "mine.elf")
    assert added["arguments"] == ["a", "b"]
    capsys.readouterr()
    assert main(["replay", "run.anos"]) == 0
    assert main(["ps", "run.anos", "--add", "mine.elf"]) == 2
    assert "is a recording: it has its own --add" in capsys.readouterr().err
    make("mine.elf", PROGRAM.read_bytes() + b"x")
    assert main(["replay", "run.anos"]) == 2
    assert f"the program {folder / 'mine.elf'} has changed" in capsys.readouterr().err
