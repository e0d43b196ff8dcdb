"""Two runs are the same but for addresses, cookies and times; or the first difference is told."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path

import attrs
import pytest

from anos_sim.toolchain.cli import main
from anos_sim.toolchain.compare.difference import Comparison, compare
from anos_sim.toolchain.compare.likeness import Likeness
from anos_sim.toolchain.compare.story import Classes, Object, Story
from anos_sim.toolchain.compare.take import take
from support.architectures import only_if_built

Captured = pytest.CaptureFixture[str]
BOOT = ("run", "--quiet")
COOKIE = 0x1122334455667788


def record(folder: Path, name: str, *options: str) -> Path:
    """Record the tour, or another script, on a machine with these options."""
    path = folder / f"{name}.anos"
    events = str(folder / f"{name}.events")
    typed = () if "--script" in options else ("--tour",)
    assert main([*BOOT, *typed, *options, "--record", str(path), "--events", events]) == 0
    return path


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default boot on x86_64."""
    return record(tmp_path_factory.mktemp("compared"), "x86_64")


def compared(first: Path, second: Path) -> Comparison:
    """What the command finds."""
    classes = Classes()
    return compare(take(str(first), classes), take(str(second), classes))


@only_if_built("riscv64")
@pytest.mark.arch("it is about both")
def test_both_architectures_exchange_the_same_messages_and_delegate_the_same_capabilities(
    original: Path, tmp_path: Path, capsys: Captured
) -> None:
    other = record(tmp_path, "riscv64", "--arch", "riscv64")
    capsys.readouterr()
    assert main(["compare", str(original), str(other)]) == 0
    text = capsys.readouterr().out
    assert "exchange the same messages and delegate the same capabilities" in text
    found = compared(original, other)
    assert found.same["messages"] > 250
    assert found.same["capabilities"] > 300
    assert found.tolerated["answers that are cookies"] > 0


def test_number_of_cpus_and_seed_change_nothing_that_matters(
    original: Path, tmp_path: Path
) -> None:
    other = record(tmp_path, "other", "--cpus", "1", "--seed", "7")
    assert compared(original, other).differences == []
    assert "all messages were sent in the same order" in compared(other, other).remarks


def test_another_command_is_the_first_difference(tmp_path: Path, capsys: Captured) -> None:
    runs = []
    for name in ("README.TXT", "HELLO.TXT"):
        script = tmp_path / f"{name}.script"
        script.write_text(f"cat {name}\npoweroff\n")
        runs.append(str(record(tmp_path, name, "--script", str(script))))
    capsys.readouterr()
    assert main(["compare", "--json", *runs]) == 1
    found = json.loads(capsys.readouterr().out)
    assert not found["same"]
    first = found["differences"][0]
    assert (first["kind"], first["first"]["time_ns"] > 0) == ("message", True)
    assert first["where"].startswith("s")  # the shell's, or serialdrv's
    assert main(["compare", *runs]) == 1
    assert "the first difference:" in capsys.readouterr().out


def test_events_are_compared_without_contents(original: Path, capsys: Captured) -> None:
    events = str(original.with_suffix(".events"))
    assert main(["compare", events, str(original)]) == 0
    assert "contents of messages are not compared" in capsys.readouterr().out


def test_a_file_that_is_none_is_refused(original: Path, tmp_path: Path, capsys: Captured) -> None:
    text = tmp_path / "text"
    text.write_text("hello\n")
    for bad in (text, tmp_path / "missing", tmp_path / "missing.anos"):
        assert main(["compare", str(original), str(bad)]) == 2
        assert str(bad) in capsys.readouterr().err


@pytest.fixture(scope="module")
def story(original: Path) -> Story:
    return take(str(original), Classes())


@pytest.fixture
def other(story: Story) -> Story:
    """The same run once more, to be changed."""
    return deepcopy(story)


@pytest.mark.parametrize("field", ["tag", "badge", "size", "reply"])
def test_one_changed_number_of_a_message_is_found(field: str, story: Story, other: Story) -> None:
    sent = other.sequences["shell"][5]
    setattr(sent, field, getattr(sent, field) + 1)
    (difference,) = compare(story, other).differences
    assert (difference.kind, difference.where) == ("message", "shell, message 6")


def test_one_changed_byte_of_a_page_or_a_sector_is_found(story: Story, other: Story) -> None:
    number = other.sequences["shell"][30].number
    other.pages[number, False] = b"?" + other.pages[number, False][1:]
    sector = next(iter(other.sectors))
    other.sectors[sector] = bytes(512)
    kinds = {difference.kind for difference in compare(story, other).differences}
    assert kinds == {"message", "disk"}


def test_a_capability_that_only_one_run_has_is_found_once_with_all_below_it(
    story: Story, other: Story
) -> None:
    top = next(held for held in other.held if held.how == "map_firmware_tables")
    other.held.remove(top)
    (difference,) = compare(story, other).differences
    assert difference.kind == "capability"
    assert "devman" in difference.where


def test_a_message_less_is_found_unless_the_run_was_cut(story: Story, other: Story) -> None:
    other.sequences["shell"].pop()
    (difference,) = compare(story, other).differences
    assert difference.second.text == "nothing more"
    cut = attrs.evolve(other, was_cut=True)
    assert compare(story, cut).differences == []


def test_cookies_and_addresses_are_translated_and_nothing_else_is() -> None:
    registers = ("memory", "pcidrv", "mint_range", None, 1)
    one = Story("a", cookies={COOKIE: ("capability", 4)}, ranges=[
        Object(registers, "", 0xC0000000, 0x1000)])  # fmt: skip
    other = Story("b", cookies={COOKIE + 1: ("capability", 4), COOKIE + 2: ("capability", 5)},
                  ranges=[Object(registers, "", 0x40000000, 0x1000)])  # fmt: skip
    likeness = Likeness(one, other)
    assert likeness.words(COOKIE, COOKIE + 1) == "cookies"
    assert likeness.words(COOKIE, COOKIE + 2) == ""
    assert likeness.words(0xC0000010, 0x40000010) == "addresses"
    assert likeness.words(0xC0000010, 0x40000018) == ""
    assert likeness.words(1, 2) == ""
    assert likeness.texts("at 0xc0000010", "at 0x40000010") == ({"addresses"}, -1)
    assert likeness.texts("at 0xc0000010", "at 0x40000011")[1] >= 0
    assert likeness.texts("4624 KiB", "4640 KiB") == ({"amounts of memory"}, -1)
    assert likeness.texts("4624 files", "4640 files")[1] >= 0
    assert likeness.texts("same", "same but longer")[1] == len("same")
    unaligned = [b"abcd" + (COOKIE + more).to_bytes(8, "little") for more in (0, 1, 2)]
    assert likeness.memory(unaligned[0], unaligned[1]) == ({"cookies"}, -1)
    assert likeness.memory(unaligned[0], unaligned[2])[1] >= 0


@pytest.mark.parametrize(
    ("kind", "one", "other", "is_same"),
    [
        ("times", 32_997, 36_215, True),
        ("pids", 5, 6, True),
        ("pids", 5, 7, False),
        ("parts of device memory", 1 << 48, 3 << 48, True),
        ("parts of device memory", 0, 2 << 48, False),
        ("", 32_997, 36_215, False),
    ],
)
def test_numbers_of_a_run_are_what_the_protocol_says(
    kind: str, one: int, other: int, is_same: bool
) -> None:
    first, second = Story("a", processes={5: "shell"}), Story("b", processes={6: "shell"})
    data = [number.to_bytes(8, "little") for number in (one, other)]
    assert (Likeness(first, second).memory(data[0], data[1], lambda at: kind)[1] < 0) is is_same
