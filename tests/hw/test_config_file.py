"""Machines in TOML."""

from __future__ import annotations

from pathlib import Path

import pytest

from anos_sim.hw.config import AhciConfig, BridgeConfig, ConfigError, MachineConfig, PortConfig
from anos_sim.hw.config_file import default_config, default_text, load_config


def refusal(tmp_path: Path, text: str) -> str:
    path = tmp_path / "m.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


def test_the_default_file_says_what_the_defaults_are() -> None:
    assert default_config() == MachineConfig()
    assert all(line.startswith("#") for line in default_text().splitlines()[:3])


def test_an_empty_file_is_the_default_machine(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.write_text("")
    assert load_config(path) == MachineConfig()


def test_everything_at_once(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.write_text("""
        cpus = 2
        epoch = 2030-01-01T01:00:00+01:00
        disks = ["a.img", "/abs/b.img"]
        write = true
        [costs]
        syscall_ns = 1
        [[bridge]]
        name = "one"
        [[bridge]]
        name = "two"
        behind = "one"
        [[ahci]]
        behind = "two"
        ports = [{ kind = "disk", image = "c.img" }, { kind = "empty" }, { kind = "atapi" }]
    """)
    config = load_config(path)
    assert (config.cpus, config.write, config.costs.syscall_ns) == (2, True, 1)
    assert config.epoch == 1_893_456_000
    assert config.disks == (str(tmp_path / "a.img"), "/abs/b.img")
    assert config.bridge == (BridgeConfig("one"), BridgeConfig("two", "one"))
    ports = (PortConfig("disk", str(tmp_path / "c.img")), PortConfig("empty"), PortConfig("atapi"))
    assert config.ahci == (AhciConfig(ports, "two"),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cpu = 4", "unknown key cpu; known keys are cpus, ram_mib, seed, epoch, disks, write,"),
        ("cpus = 17", "cpus is 17; it must be an integer from 1 to 16"),
        ('ram_mib = "1G"', "ram_mib is '1G'; it must be an integer from 32 to 3072"),
        ("write = 1", "write is 1; it must be true or false"),
        ('epoch = "now"', "epoch is now; it must be a date-time from 1970 on, with its offset"),
        ("epoch = 2026-01-01T00:00:00", "epoch is 2026-01-01 00:00:00; it must be a date-time"),
        ("epoch = 1969-12-31T23:59:59Z", "epoch is 1969-12-31 23:59:59+00:00; it must be"),
        ('disks = "a.img"', "disks is 'a.img'; it must be a list"),
        ("disks = [1]", "disks[0] is 1; it must be the path of an image file"),
        ("costs = 3", "costs is 3; it must be a table"),
        ("[costs]\nfoo = 1", "unknown key costs.foo; known keys are code_ps_per_byte, syscall_ns"),
        ("[costs]\nmmio_ns = -1", "costs.mmio_ns is -1; it must be an integer from 0"),
        ("[framebuffer]\nwidth = 100\nheight = 100", "framebuffer.width x height is 100 x 100"),
        ("[[bridge]]", "bridge[0].name is missing"),
        ("[[bridge]]\nname = 1", "bridge[0].name is 1; it must be a string"),
        ("[[ahci]]", "ahci[0].ports is missing"),
        ("[[ahci]]\nports = 1", "ahci[0].ports is 1; it must be a list"),
        ("[[ahci]]\nports = [{ kind = 1 }]", "ahci[0].ports[0].kind is 1; it must be a string"),
        ('[[ahci]]\nports = [{ kind = "tape" }]', "ahci[0].ports[0].kind is 'tape'"),
        ('[[ahci]]\nports = [{ kind = "disk" }]', "ahci[0].ports[0].image is missing"),
        ('[[ahci]]\nports = [{ size = "disk" }]', "unknown key ahci[0].ports[0].size; known"),
        ('[[ahci]]\nbehind="x"\nports = [{ kind = "empty" }]', "ahci[0].behind is 'x'"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, message: str) -> None:
    assert message in refusal(tmp_path, text)


def test_what_is_no_toml_is_refused_with_the_place(tmp_path: Path) -> None:
    assert "is no valid TOML" in refusal(tmp_path, "cpus = ")
    assert "line 2" in refusal(tmp_path, "cpus = 4\nram_mib = x\n")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for name, complaint in (
        ("missing", "does not exist"),
        (".", "is a directory"),
        ("binary", "is no UTF-8 text"),
    ):
        with pytest.raises(ConfigError, match=complaint):
            load_config(tmp_path / name)
