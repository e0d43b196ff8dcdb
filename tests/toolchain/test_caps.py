"""`anos-sim caps` on our own system, and what it says to those who ask for what there is not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from anos_sim.toolchain.cli import main
from anos_sim.toolchain.inspect import boot_and_snapshot
from support import capdl
from support.architectures import ADDRESSES

Capture = pytest.CaptureFixture[str]
REGISTERS = f"memory {ADDRESSES.pci:#x}"
"""Of the disk's controller."""


def run(capsys: Capture, *arguments: str) -> str:
    """What `anos-sim caps` prints, which must go well."""
    assert main(["caps", *arguments]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


def refuse(capsys: Capture, *arguments: str) -> str:
    """The sentence by which it refuses."""
    assert main(["caps", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    return captured.err


def test_the_tree_is_the_default_view(capsys: Capture) -> None:
    text = run(capsys)
    assert text == run(capsys, "tree")
    assert "capabilities of 8 processes" in text
    assert "kterminal[2]" in text
    assert "pcidrv[6] (ended)" in text


def test_every_form_is_of_the_same_graph(capsys: Capture) -> None:
    data = json.loads(run(capsys, "--json"))
    living = [each for each in data["capabilities"] if each["alive"]]
    module = capdl.parse(run(capsys, "--capdl"))
    assert len(module.slots) == len(living)
    assert run(capsys, "--dot").startswith("digraph")
    ElementTree.fromstring(run(capsys, "--svg"))
    assert len(boot_and_snapshot().capabilities) == len(data["capabilities"])


def test_a_moment_can_be_chosen(capsys: Capture) -> None:
    early = run(capsys, "--at", "100us")
    assert "fat32drv" not in early
    assert "at 100 us" in early


def test_a_process_is_chosen_by_name_pattern_or_pid(capsys: Capture) -> None:
    by_name = run(capsys, "--process", "ahcidrv")
    assert "AHCI controller 0" in by_name
    assert run(capsys, "--process", "8") == by_name
    both = run(capsys, "--process", "*drv")
    assert "fat32drv[9]: boot:/fat32drv.elf, alive" in both
    (described,) = json.loads(run(capsys, "--process", "shell", "--json"))
    assert described["name"] == "shell"
    assert {"call send_message"} <= {each["object"] for each in described["capabilities"]}


def test_holders_of_the_disks_registers_are_its_driver_and_those_above_it(capsys: Capture) -> None:
    held = json.loads(run(capsys, "holders", REGISTERS, "--json"))
    assert {each["holder"] for each in held} == {"SYSTEM[1]", "devman[4]", "ahcidrv[8]"}
    text = run(capsys, "holders", "channel:SYSTEM::VFS")
    assert "shell[5]" in text
    assert "kterminal" not in text


def test_why_goes_from_the_kernel_to_the_holder(capsys: Capture) -> None:
    text = run(capsys, "why", "ahcidrv", REGISTERS)
    steps = [line for line in text.splitlines() if line[:2].strip().isdigit()]
    assert "SYSTEM[1]: memory" in steps[0]
    assert "pcidrv[6] (ended)" in text
    assert f"ahcidrv[8]: {REGISTERS}" in steps[-1]
    assert "over channel 3 SYSTEM::PROCESS, tag 0x1, sent by pcidrv[6], spawn" in text
    assert "(servers/lib/spawn.c:" in text


def test_why_takes_a_cookie(capsys: Capture) -> None:
    (described,) = json.loads(run(capsys, "--process", "shell", "--json"))
    cookie = described["capabilities"][-1]["cookie"]
    ((*_, last),) = json.loads(run(capsys, "why", "shell", cookie, "--json"))
    assert last["cookie"] == cookie


def test_diff_tells_what_came_in_between(capsys: Capture) -> None:
    text = run(capsys, "diff", "--at", "5ms", "--at", "30ms")
    assert "from 5 ms to 30 ms" in text
    assert "fat32drv[9]" in text
    assert "kterminal" not in text
    assert "nothing has changed" in run(capsys, "diff", "--at", "1ms", "--at", "1ms")
    data = json.loads(run(capsys, "diff", "--at", "1ms", "--json"))
    assert {each["holder"] for each in data["appeared"]} >= {"shell[5]"}


def test_under_bearer_the_tree_shows_who_was_seen_using_what(capsys: Capture) -> None:
    text = run(capsys, "--caps", "bearer")
    assert ", bearer" in text
    devman = run(capsys, "--caps", "bearer", "--process", "devman")
    assert "seen" in devman
    assert "system calls" in devman


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--process", "ahcdrv"), "no process 'ahcdrv'; did you mean ahcidrv, pcidrv?"),
        (("--process", "99"), "no process '99'"),
        (("holders", "call map_phys"), "did you mean call map_physical"),
        (("holders", "SYSTEM::VSF"), "did you mean SYSTEM::VFS, "),
        (("holders", "channel 99"), "no capability to 'channel 99'"),
        (("why", "shel", "channel 7"), "no process 'shel'; did you mean shell?"),
        (("why", "shell", REGISTERS), f"shell[5] holds no capability '{REGISTERS}'"),
        (("diff",), "give --at twice"),
        (("--at", "soon"), "--at 'soon' is no duration"),
        (("--process", "shell", "--svg"), "--process goes with text"),
        (("missing.toml",), "missing.toml"),
    ],
)
def test_a_wrong_name_is_answered_with_near_ones(
    capsys: Capture, arguments: tuple[str, ...], sentence: str
) -> None:
    assert sentence in refuse(capsys, *arguments)


def test_a_recording_is_looked_at_like_a_system(capsys: Capture, tmp_path: Path) -> None:
    recording = tmp_path / "boot.anos"
    assert main(["run", "--quiet", "--record", str(recording)]) == 0
    capsys.readouterr()
    assert run(capsys, str(recording)) == run(capsys)
    early = ("--at", "1ms", "--process", "devman")
    assert run(capsys, str(recording), *early) == run(capsys, *early)
    assert "fat32drv[9]" in run(capsys, "diff", str(recording), "--at", "1ms", "--at", "30ms")


def test_every_view_tells_about_itself(capsys: Capture) -> None:
    with pytest.raises(SystemExit) as outcome:
        main(["caps", "--help"])
    assert outcome.value.code == 0
    text = capsys.readouterr().out
    for view in ("tree", "holders", "why", "diff"):
        assert view in text


def test_a_run_that_does_not_end_is_looked_at_after_a_while(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr("anos_sim.toolchain.inspect.boot.DEFAULT_END", "2ms")
    assert "at 2 ms" in run(capsys)
    assert "at 20 ms" in run(capsys, "--for", "20ms")
    assert "at 3 ms" in run(capsys, "--at", "3ms")


def test_a_view_that_there_is_not_is_answered_with_those_there_are(capsys: Capture) -> None:
    with pytest.raises(SystemExit) as outcome:
        main(["caps", "hodlers", "channel 4"])
    assert outcome.value.code == 2
    assert "no view 'hodlers'; there are tree, holders, why" in capsys.readouterr().err


def test_other_commands_do_not_wait_for_the_views() -> None:
    script = (
        "import sys; from anos_sim.toolchain.cli import make_parser; make_parser(); "
        "sys.exit(any(name.startswith('anos_sim.toolchain.inspect') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
