"""Policies: what they say, what breaks them, and where a mistake in one is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from anos_sim.toolchain.cli import main
from anos_sim.toolchain.errors import UserError
from anos_sim.toolchain.inspect.policy_check import check, unknown_names
from anos_sim.toolchain.inspect.policy_file import parse_policy
from support.architectures import ADDRESSES
from support.held import held

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "least-privilege.toml"


def texts(policy: str, holds: str) -> list[str]:
    """What is wrong in a graph."""
    return [each.text for each in check(parse_policy(policy, "p.toml"), held(holds))]


# ---- only ----

ONLY = """
    [[only]]
    object = "{object}"
    holders = {holders}
"""


@pytest.mark.parametrize(
    ("target", "holders", "broken"),
    [
        ("call power", '["A", "B"]', []),
        ("call power", '["A"]', ["B[2] holds call power: call"]),
        ("call power", "[]", ["A[1] holds call power: call grant", "B[2] holds call power: call"]),
        ("call SYSCALL_POWER", '["*"]', []),
        ("call debug_*", '["A"]', ["B[2] holds call kprint: call"]),
        ("call debug_print", '["A"]', ["B[2] holds call kprint: call"]),
        ("call kprint", '["A"]', ["B[2] holds call kprint: call"]),
        ("channel files", '["B[2]"]', ["A[1] holds channel 1 files: send"]),
        ("channel 1", '["2"]', ["A[1] holds channel 1 files: send"]),
        ("memory 0x1800", '["A"]', ["B[2] holds memory 0x0-0xffff: read"]),
        ("memory 0x8000", "[]", ["B[2] holds memory 0x0-0xffff: read"]),
        ("memory 0x20000", "[]", []),
        ("memory object *", "[]", ["A[1] holds memory object 1: write"]),
        ("memory object 1", '["A"]', []),
        ("process *", "[]", ["A[1] holds process B[2]: kill"]),
    ],
)
def test_only_some_may_hold(target: str, holders: str, broken: list[str]) -> None:
    policy = ONLY.format(object=target, holders=holders)
    found = texts(
        policy,
        """
        A: call power grant; channel 1=files send; memory 0x1000-0x1fff read; process B kill
        A: shared 1 write
        B: call power; call kprint; channel 1 receive; memory 0x0-0xffff read
        """,
    )
    assert [text.partition(", but ")[2] for text in found] == broken


def test_only_some_may_hold_certain_rights() -> None:
    policy = ONLY.format(object="call power", holders='["A"]') + 'rights = ["grant", "send"]'
    assert texts(policy, "A: call power grant\nB: call power") == []
    assert texts(policy, "A: call power\nB: call power grant") == [
        "only A may hold send grant on call power, but B[2] holds call power: call grant"
    ]


def test_only_some_may_hold_memory_that_covers_a_range() -> None:
    policy = """
        [[only]]
        covering = "memory 0x2000-0x5fff"
        holders = "A"
    """
    assert texts(policy, "A: memory 0x0-0xffff read\nB: memory 0x2000-0x4fff read") == []
    assert texts(policy, "B: memory 0x2000-0x5ffe read") == []
    assert texts(policy, "B: memory 0x2000-0x5fff read") == [
        "only A may hold memory covering 0x2000-0x5fff, but B[1] holds memory 0x2000-0x5fff: read"
    ]


# ---- at most ----


def test_a_process_holds_at_most() -> None:
    policy = """
        [[at_most]]
        process = "app*"
        holds = ["call debug_*", "call sleep", "channel *"]
        may_grant = ["channel 2"]
    """
    fine = "app1: call kprint; channel 2 send grant\napp2: call task_sleep_current\nB: call power"
    assert texts(policy, fine) == []
    assert texts(policy, "app1: call power; channel 1 send grant") == [
        "app1[1] may not hold call power, but app1[1] holds call power: call",
        "app1[1] may not pass on channel 1, but app1[1] holds channel 1: send grant",
    ]
    without = policy.replace('may_grant = ["channel 2"]', "")
    assert texts(without, "app1: channel 1 send grant") == []


# ---- no path ----

LINE = """
    shell: call send_message; channel 1 send
    files: call recv_message; call send_message; call take; channel 1 receive; channel 2 send
    disk: call recv_message; channel 2 receive
"""
NO_PATH = """
    [[no_path]]
    from = "shell"
    to = ["disk", "tape"]
"""


def test_no_path_tells_the_way() -> None:
    violations = check(parse_policy(NO_PATH, "p.toml"), held(LINE))
    assert [list(each.lines()) for each in violations] == [
        [
            "p.toml:2: no information may go from shell[1] to disk[3], but it can:",
            "  1  shell[1] sends on channel 1, files[2] receives",
            "  2  files[2] sends on channel 2, disk[3] receives",
        ]
    ]
    assert texts(NO_PATH + 'trusted = "files"', LINE) == []


def test_no_path_for_capabilities() -> None:
    policy = NO_PATH + 'carrying = "capabilities"\n'
    assert texts(policy, LINE) == []
    assert texts(policy.replace("disk", "files"), LINE) == [
        "no capability may come from shell[1] to files[2], but it can:"
    ]
    named = "shell: call register_channel_name; channel 1 name\ndisk: call find_named_channel"
    assert texts(policy, named) == ["no capability may come from shell[1] to disk[2], but it can:"]


def test_no_path_after_capabilities_were_passed_on() -> None:
    holds = """
        shell: call send_message; call find_named_channel
        disk: call recv_message; channel 2=disk receive
    """
    assert texts(NO_PATH, holds) == []
    assert len(texts(NO_PATH + 'after = "passing"', holds)) == 1


def test_a_name_that_fits_nothing_is_told() -> None:
    rules = parse_policy(NO_PATH, "p.toml")
    assert list(unknown_names(rules, held(LINE))) == [
        "no process fits 'tape', so nothing was checked for it at p.toml:2"
    ]
    rules = parse_policy(ONLY.format(object="channel fles", holders="[]"), "p.toml")
    assert list(unknown_names(rules, held(LINE))) == [
        "no capability is to 'channel fles', so nothing was checked for it at p.toml:2"
    ]


# ---- mistakes ----


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[[only]\n", "p.toml is no valid TOML: .*line 1"),
        ("", "p.toml has no rules"),
        ("a = 1\n\n[[onyl]]\nobject = 'x'\n", "p.toml:1: there are no 'a' rules"),
        ("\n[[onyl]]\nobject = 'x'\n", "p.toml:2: there are no 'onyl' rules; use .*only"),
        ("[only]\nobject = 'x'\n", r"p.toml:1: a rule begins with \[\[only\]\]"),
        ("[[only]]\nobject = 'x'\n", "p.toml:1: .* needs the key 'holders'"),
        ("[[only]]\nholders = []\n", "p.toml:1: .* one of the keys 'object' and 'covering'"),
        ("[[only]]\nholder = 'A'\n", "p.toml:2: .* no key 'holder'; did you mean holders"),
        (
            "[[only]]\nobject = 'call power'\nholders = []\n# more\n"
            "[[only]]\nholders = ['A']\nobject = 'call powr'\n",
            "p.toml:7: there is no call 'powr'; did you mean power",
        ),
        ("[[only]]\nobject = 7\nholders = []\n", "p.toml:2: object must be a text .*, not 7"),
        (
            "[[only]]\nobject='channel 1'\nholders = [1]\n",
            "p.toml:3: holders must be a text or a list of texts",
        ),
        (
            "[[only]]\nobject='channel 1'\nholders=[]\nrights = ['grand']\n",
            "p.toml:4: there is no right 'grand'; there are .*grant",
        ),
        ("[[only]]\nholders = []\ncovering = 'ram'\n", "p.toml:3: 'ram' is no range"),
        (
            "[[only]]\nholders = []\ncovering = 'memory 0x2000-0x1fff'\n",
            "p.toml:3: .* ends before it begins",
        ),
        ("[[no_path]]\nfrom='A'\nto='B'\nafter='later'\n", "p.toml:4: after is 'later'; .*'now'"),
        (
            "[[at_most]]\nprocess = 'A'\nholds = ['call sleep', 'call fly']\n",
            "p.toml:3: there is no call 'fly'",
        ),
    ],
)
def test_a_mistake_is_told_with_its_line(text: str, complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        parse_policy(text, "p.toml")


# ---- the command, on the real system ----


@pytest.mark.arch("the example's addresses are x86_64's")
@pytest.mark.parametrize("options", [[], ["--always"], ["--always", "--cpus", "1"]])
def test_our_system_keeps_to_the_example(
    options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["caps", "check", str(EXAMPLE), *options]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert "rules of" in captured.out
    assert "hold" in captured.out


def run(policy: str, folder: Path, *options: str) -> int:
    """Check a policy on the real system."""
    path = folder / "policy.toml"
    path.write_text(policy)
    return main(["caps", "check", str(path), *options])


def test_a_broken_rule_is_told_with_the_delegation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registers = f"memory {ADDRESSES.pci:#x}"
    policy = f'[[only]]\nwhy = "test"\nobject = "{registers}"\nholders = ["SYSTEM", "devman"]\n'
    assert run(policy, tmp_path) == 1
    lines = capsys.readouterr().out.splitlines()
    assert f"policy.toml:1: only SYSTEM, devman may hold {registers}, but ahcidrv" in lines[0]
    assert lines[0].endswith("(test)")
    holders = [line.split()[1] for line in lines[1:-1]]
    assert holders[0] == "SYSTEM[1]:"
    assert "pcidrv[6]" in " ".join(holders)
    assert holders[-1] == "ahcidrv[8]:"
    assert lines[-1].startswith("1 of 1 rule broken, at ")


def test_always_sees_what_was_held_for_a_moment(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    holders = '["SYSTEM", "devman", "serialdrv", "ahcidrv"]'
    space = f"memory {ADDRESSES.ecam:#x}-{ADDRESSES.ecam + 0x7F_FFFF:#x}"
    policy = ONLY.format(object=space, holders=holders)
    assert run(policy, tmp_path) == 0, "pcidrv has ended"
    assert run(policy, tmp_path, "--at", "0.2ms") == 1
    capsys.readouterr()
    assert run(policy, tmp_path, "--always") == 1
    lines = capsys.readouterr().out.splitlines()
    assert f"pcidrv[6] holds {space}" in lines[0]
    assert [line.split()[1] for line in lines[1:6]] == [
        "SYSTEM[1]:", "devman[4]:", "devman[4]:", "SYSTEM[1]:", "pcidrv[6]:",
    ]  # fmt: skip
    way = '[[no_path]]\nfrom = "pcidrv"\nto = "devman"\n'
    assert run(way, tmp_path) == 0
    capsys.readouterr()
    assert run(way, tmp_path, "--always", "--json") == 1
    data = json.loads(capsys.readouterr().out)
    assert data["rules"] == 1
    assert "pcidrv[6] to devman[4]" in data["violations"][0]["text"]
    assert data["violations"][0]["evidence"]


@pytest.mark.arch("the example's addresses are x86_64's")
def test_a_recording_can_be_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recording = str(tmp_path / "run.anos")
    assert main(["run", "--quiet", "--record", recording]) == 0
    assert main(["caps", "check", str(EXAMPLE), recording, "--always"]) == 0
    assert main(["caps", "unused", recording, "--process", "shell"]) == 0
    assert main(["caps", "flow", recording, "--at", "20ms"]) == 0
    assert "reach" in capsys.readouterr().out.lower()


def test_a_mistake_in_the_file_is_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("[[only]]\nobjekt = 'x'\n", tmp_path) == 2
    assert "policy.toml:2: [[only]] has no key 'objekt'" in capsys.readouterr().err
    assert main(["caps", "check", str(tmp_path / "missing.toml")]) == 2
    assert "cannot read" in capsys.readouterr().err
    assert run(ONLY.format(object="call power", holders="[]"), tmp_path, "--caps", "bearer") == 2
