"""Devices that users write in Python: on the bus like any other, and errors with their place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from anos_sim.hw.clock import PS_PER_MS
from anos_sim.hw.config import ConfigError
from anos_sim.hw.config_file import load_config
from anos_sim.hw.machine import Machine
from anos_sim.toolchain.cli import main
from support.architectures import ADDRESSES

HEAD = """
from anos_sim.hw.pci import Function
from anos_sim.hw.pci_header import Bar
from anos_sim.hw.register import Reg32, RegisterBlock

"""
LAMP = f"""{HEAD}
class Registers(RegisterBlock):
    LIGHT = Reg32(0, rw=1)
    BLINKS = Reg32(4)


class Lamp(Function):
    def __init__(self, clock, milliseconds=1):
        super().__init__("Lamp", 0x1234, 7, 0xFF_00_00)
        self.registers = Registers()
        self.add_bar(Bar(0, 0x1000, self.registers))
        self.clock, self.source = clock, clock.source("lamp")
        self.every = milliseconds * 10**9
        clock.after(self.every, self.source, self.blink)

    def blink(self):
        self.registers.BLINKS += 1
        self.clock.after(self.every, self.source, self.blink)
"""


def describe(folder: Path, code: str, device: str = "", toml: str = "") -> Path:
    """A machine with a device."""
    (folder / "lamp.py").write_text(code)
    path = folder / "machine.toml"
    path.write_text(f'{toml}[[device]]\npython = "lamp.py:Lamp"\n{device}\n')
    return path


def test_a_device_is_on_the_bus_with_its_registers_and_lives_in_virtual_time(
    tmp_path: Path,
) -> None:
    path = describe(tmp_path, LAMP, "options = { milliseconds = 2 }")
    machine = Machine(load_config(path))
    (lamp,) = [each for each in machine.functions if each.vendor == 0x1234]
    address = lamp.bar_address(lamp.bars[0])
    assert machine.bus.read(address + 4, 4) == 0
    machine.bus.write(address, 4, 3)
    assert machine.bus.read(address, 4) == 1
    while machine.clock.next_ps <= 10 * PS_PER_MS:
        machine.clock.fire()
    assert machine.bus.read(address + 4, 4) == 5
    machine.close()


def test_a_device_may_be_behind_a_bridge(tmp_path: Path) -> None:
    path = describe(tmp_path, LAMP, 'behind = "riser"', '[[bridge]]\nname = "riser"\n')
    machine = Machine(load_config(path))
    (lamp,) = [each for each in machine.functions if each.vendor == 0x1234]
    assert lamp.bdf == "01:00.0"
    machine.close()


def test_two_machines_share_nothing_of_a_device(tmp_path: Path) -> None:
    code = LAMP.replace("class Lamp", "made = []\n\n\nclass Lamp")
    check = "        made.append(1)\n        assert made == [1]\n        super()"
    code = code.replace("        super()", check)
    config = load_config(describe(tmp_path, code))
    for _ in range(2):
        Machine(config).close()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("", "has no class Lamp"),
        ("def broken(:\n", "device {}: invalid syntax in line 1"),
        ("import nothing_like_this\n", "does not load: ModuleNotFoundError: .* in line 1"),
        ("Lamp = 3", "Lamp is no subclass of anos_sim.hw.pci.Function"),
        ("class Lamp: pass", "Lamp is no subclass of"),
        (
            f"{HEAD}class Lamp(Function):\n    def __init__(self): pass\n",
            "cannot be made: TypeError: .*__init__",
        ),
        (
            f"{HEAD}class Lamp(Function):\n    def __init__(self, clock): pass\n",
            r"its __init__ must call super\(\).__init__",
        ),
        (
            LAMP.replace("0x1000", "0x1001"),
            "AssertionError: a BAR's size is a power of two, in line 16",
        ),
    ],
)
def test_what_is_wrong_with_a_device_is_one_sentence(
    tmp_path: Path, code: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = describe(tmp_path, code)
    with pytest.raises(ConfigError, match=words.format(f"{tmp_path}/lamp.py:Lamp")):
        Machine(load_config(path))
    assert main(["run", str(path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ('python = "lamp.py"', 'python is .*lamp.py\'; it must be "FILE.py:CLASS"'),
        ('python = "lamp.py:a b"', 'it must be "FILE.py:CLASS"'),
        ("python = 3", r"device\[0\].python"),
        ("", r"device\[0\].python is missing"),
        ('python = "lamp.py:Lamp"\nbehind = "x"', r"device\[0\].behind is 'x'"),
        ('python = "lamp.py:Lamp"\noptions = 3', "options is 3; it must be a table"),
        ('python = "lamp.py:Lamp"\nirq = 3', "unknown key device"),
        ('python = "lamp.py:Lamp"\noptions = { a = [1979-05-27] }', "options.a is .*; options are"),
        ('python = "no.py:Lamp"', "device .*no.py:Lamp: there is no file"),
        ('python = "lamp.txt:Lamp"', "its name must end in .py"),
    ],
)
def test_a_wrong_description_is_one_sentence(tmp_path: Path, table: str, words: str) -> None:
    (tmp_path / "lamp.py").write_text(LAMP)
    (tmp_path / "lamp.txt").write_text(LAMP)
    path = tmp_path / "machine.toml"
    path.write_text(f"[[device]]\n{table}\n")
    with pytest.raises(ConfigError, match=words):
        Machine(load_config(path))


def test_there_is_room_for_so_many_devices_and_so_large_ones(tmp_path: Path) -> None:
    path = describe(tmp_path, LAMP)
    path.write_text(path.read_text() * 7)
    with pytest.raises(ConfigError, match="there are 7 devices; at most 6 fit"):
        load_config(path)
    path = describe(tmp_path, LAMP.replace("0x1000", "1 << 30"))
    with pytest.raises(
        ConfigError, match=f"BARs of all devices need more than the {ADDRESSES.pci_bytes >> 20} MiB"
    ):
        Machine(load_config(path))


def test_a_failure_in_the_middle_of_a_run_names_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = describe(tmp_path, LAMP.replace("BLINKS += 1", "BLINKS += 1 // 0"))
    assert main(["run", "--quiet", str(path)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "lamp.py:Lamp failed: ZeroDivisionError: " in error
    assert error.endswith("in line 22\n")


def test_a_recording_knows_the_device_s_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, recording = describe(tmp_path, LAMP), str(tmp_path / "run.anos")
    assert main(["run", "--quiet", "--for", "15ms", "--record", recording, str(path)]) == 0
    (device,) = json.loads(Path(recording).read_text())["devices"]
    assert device["path"] == str(tmp_path / "lamp.py")
    assert main(["replay", recording]) == 0
    (tmp_path / "lamp.py").write_text(LAMP + "\n")
    assert main(["replay", recording]) == 2
    assert f"the device {tmp_path}/lamp.py has changed" in capsys.readouterr().err
