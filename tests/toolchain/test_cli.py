"""Bad input gets one clear sentence on stderr and status 2; good input does what it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from anos_sim.stage3.image import parse_image
from anos_sim.stage3.log import LogLine
from anos_sim.toolchain.cli import main, make_parser
from anos_sim.toolchain.duration import parse_duration, show_time
from anos_sim.toolchain.errors import UserError
from anos_sim.toolchain.options import elf_folder, load_scheduler, read_options
from anos_sim.toolchain.session import Session
from support.architectures import DEFAULT

HELLO = str(elf_folder() / "tests" / "hello.elf")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder of things that are not what they should be."""
    (tmp_path / "empty.img").touch()
    (tmp_path / "odd.img").write_bytes(bytes(1000))
    (tmp_path / "text").write_text("this is no program\n" * 50)
    (tmp_path / "unknown.toml").write_text("cups = 4\n")
    (tmp_path / "broken.toml").write_text("cpus = = 4\n")
    elf = Path(HELLO).read_bytes()
    (tmp_path / "truncated.elf").write_bytes(elf[: len(elf) // 3])
    (tmp_path / "arm.elf").write_bytes(elf[:18] + b"\xb7\0" + elf[20:])
    (tmp_path / "no_class.py").write_text("class Other: pass\n")
    (tmp_path / "bad_syntax.py").write_text("class (:\n")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--cpus 0", "cpus is 0; it must be an integer from 1 to 16"),
        ("--cpus 17", "cpus is 17"),
        ("--cpus many", "invalid int value"),
        ("--ram 16", "ram_mib is 16; it must be an integer from 32"),
        ("--disk {}/missing.img", "missing.img does not exist"),
        ("--disk {}", "is a directory"),
        ("--disk {}/empty.img", "is empty"),
        ("--disk {}/odd.img", "no multiple of 512"),
        ("--system {}/missing.elf", "No such file"),
        ("--system {}", "is a directory"),
        ("--system {}/empty.img", "is empty"),
        ("--system {}/text", "neither an ELF file nor a flat binary"),
        ("--system {}/truncated.elf", "is truncated"),
        ("--system {}/arm.elf", f"is for aarch64, this machine is {DEFAULT}"),
        ("{}/unknown.toml", "unknown key cups"),
        ("{}/broken.toml", "broken.toml"),
        ("{}/missing.toml", "does not exist"),
        ("--for soon", "is no duration"),
        ("--for 0s", "out of range"),
        ("--log {}", "--log: cannot write"),
        ("--events {}/no/where", "--events: cannot write"),
        ("--screenshot {}", "--screenshot: cannot write"),
        ("--seed -1", "seed is -1"),
        ("--caps none", "invalid choice"),
        ("--symbols {}/missing", "is no folder"),
        ("--scheduler {}/missing.py:Policy", "with a file that exists"),
        ("--scheduler {}/no_class.py:Policy", "has no class Policy"),
        ("--scheduler {}/no_class.py:Other", "lacks pick, tick, replied"),
        ("--scheduler {}/bad_syntax.py:Policy", "does not load"),
        ("--no-such-option", "unrecognized arguments"),
    ],
)
def test_bad_input_is_one_sentence_and_status_2(
    arguments: str, words: str, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = arguments.format(files).split()
    if "--system" not in given:
        given = ["--system", HELLO, *given]
    try:
        status = main(["run", *given])
    except SystemExit as exit_:
        status = int(exit_.code or 0)
    captured = capsys.readouterr()
    assert status == 2
    assert words in captured.err
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("anos-sim")
    assert captured.out == ""


def chosen(*arguments: str) -> str:
    """The processor of a run with these options."""
    return read_options(make_parser().parse_args(["run", *arguments])).config.arch


def test_the_environment_chooses_a_processor_where_nothing_names_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = tmp_path / "machine.toml"
    machine.write_text('arch = "x86_64"\n')
    monkeypatch.delenv("ANOS_SIM_ARCH", raising=False)
    assert chosen() == "x86_64"
    monkeypatch.setenv("ANOS_SIM_ARCH", "riscv64")
    assert (chosen(), chosen(str(machine)), chosen("--arch", "x86_64")) == (
        "riscv64", "x86_64", "x86_64",
    )  # fmt: skip
    monkeypatch.setenv("ANOS_SIM_ARCH", "pdp11")
    assert main(["run"]) == 2
    said = capsys.readouterr().err
    assert said == "anos-sim: ANOS_SIM_ARCH is 'pdp11'; it must be x86_64 or riscv64, or not set\n"


def test_a_program_can_be_booted_in_place_of_a_system(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["run", "--system", HELLO, "--until", "hello from printf"])
    captured = capsys.readouterr()
    assert status == 0
    assert captured.out.splitlines()[0].endswith("hello from the kernel's call")
    assert "capabilities are bearer cookies" in captured.err


def test_a_text_that_never_comes_is_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--system", HELLO, "--until", "good bye"]) == 1
    assert "SYSTEM has ended" in capsys.readouterr().err


def test_the_screenshot_is_a_png(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "screen.png"
    main(["run", "--quiet", "--system", HELLO, "--screenshot", str(picture)])
    data = picture.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(data[16:20], "big") == 1280
    assert capsys.readouterr().out == ""


def test_devices_shows_the_disk_controller(capsys: pytest.CaptureFixture[str]) -> None:
    main(["devices", "--json", "--system", HELLO])
    devices = json.loads(capsys.readouterr().out)
    assert [device["class"] for device in devices].count(0x010601) == 1


def test_a_scheduling_policy_is_thirty_lines_of_python(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        "from anos_sim.stage3.scheduler import RoundRobin\n"
        "class Patient(RoundRobin):\n"
        "    def tick(self, current, queue):\n"
        "        return False\n"
    )
    assert type(load_scheduler(f"{path}:Patient")).__name__ == "Patient"


@pytest.mark.parametrize(
    ("text", "time_ps"),
    [("10s", 10**13), ("1.5ms", 15 * 10**8), ("7ns", 7000), ("2m", 12 * 10**13)],
)
def test_durations_have_units(text: str, time_ps: int) -> None:
    assert parse_duration(text) == time_ps


@pytest.mark.parametrize("text", ["", "10", "s", "-1s", "1h", "1e3s", "99999m"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(UserError):
        parse_duration(text)


def test_times_have_a_fitting_unit() -> None:
    assert [show_time(t) for t in (5_000, 3_200_000, 10**9, 10**13)] == [
        "5 ns",
        "3.2 us",
        "1 ms",
        "10 s",
    ]


def test_an_image_without_the_note_gets_only_the_26_calls() -> None:
    image = parse_image(Path(HELLO).read_bytes(), "hello", DEFAULT)
    assert image.highest_call == 0
    assert image.default_policy == "bearer"


def test_what_the_serial_console_gets_is_shown_line_by_line() -> None:
    session = Session(read_options(make_parser().parse_args(["run", "--system", HELLO])))
    lines: list[LogLine] = []
    session.listeners.append(lines.append)
    for byte in b"hello\r\nwor":
        session.machine.serial.on_output(bytes([byte]))
    session.run()
    session.close()
    assert [line.text for line in lines if line.process == "serial"] == ["hello", "wor"]
