"""Machine descriptions: limits, and the sentences that refuse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from anos_sim.hw.config import (
    AhciConfig,
    BridgeConfig,
    ConfigError,
    CostsConfig,
    FramebufferConfig,
    MachineConfig,
    PortConfig,
)

EMPTY = PortConfig("empty")


@pytest.mark.parametrize(
    ("key", "low", "high"),
    [
        ("cpus", 1, 16),
        ("ram_mib", 32, 3072),
        ("seed", 0, (1 << 64) - 1),
        ("epoch", 0, 253_402_300_799),
    ],
)
def test_limits_are_inclusive_and_named(key: str, low: int, high: int) -> None:
    for good in (low, high):
        allowed: dict[str, Any] = {key: good}
        assert getattr(attrs.evolve(MachineConfig(), **allowed), key) == good
    for bad in (low - 1, high + 1, True, 1.5, "4", None):
        refused: dict[str, Any] = {key: bad}
        with pytest.raises(ConfigError) as refusal:
            attrs.evolve(MachineConfig(), **refused)
        expected = f"{key} is {bad!r}; it must be an integer from {low} to {high}"
        assert str(refusal.value) == expected


def test_the_defaults_are_those_of_the_design() -> None:
    config = MachineConfig()
    assert (config.cpus, config.ram_mib, config.seed) == (4, 256, 0)
    assert config.framebuffer == FramebufferConfig(1280, 800)
    assert config.costs == CostsConfig(250, 200, 100, 20_000, 500, 50_000)
    assert not config.write


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: FramebufferConfig(100, 100),
            "width x height is 100 x 100, 40000 bytes; it must be a multiple of 4096 bytes"
            " and at most 28 MiB",
        ),
        (lambda: FramebufferConfig(4096, 4096), "at most 28 MiB"),
        (lambda: FramebufferConfig(63, 800), "width is 63; it must be an integer from 64 to 4096"),
        (
            lambda: PortConfig("floppy"),
            """kind is 'floppy'; it must be "disk", "empty" or "atapi\"""",
        ),
        (lambda: PortConfig("disk"), "image is missing; a disk needs the path of its image file"),
        (lambda: PortConfig("atapi", "x"), """image is 'x'; only kind "disk" has an image"""),
        (lambda: AhciConfig(()), "ports has 0 entries; it must have 1 to 32"),
        (lambda: AhciConfig((EMPTY,) * 33), "ports has 33 entries; it must have 1 to 32"),
        (
            lambda: MachineConfig(ahci=(AhciConfig((EMPTY,), "a"),)),
            "ahci[0].behind is 'a'; the names of bridges are none: there is no [[bridge]] before",
        ),
        (
            lambda: MachineConfig(bridge=(BridgeConfig("a"), BridgeConfig("b", "c"))),
            "bridge[1].behind is 'c'; the names of bridges are a",
        ),
        (
            lambda: MachineConfig(bridge=(BridgeConfig("a"), BridgeConfig("a"))),
            "bridge[1].name is 'a', as is an earlier one's",
        ),
        (
            lambda: MachineConfig(bridge=tuple(BridgeConfig(str(n)) for n in range(8))),
            "there are 8 bridges; at most 7 fit",
        ),
        (
            lambda: MachineConfig(disks=("x",) * 10, ahci=(AhciConfig((EMPTY,)),) * 7),
            "ahci and disks make 17 controllers; at most 16 fit",
        ),
    ],
)
def test_what_does_not_fit_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        make()
    assert message in str(refusal.value)


def test_every_key_is_documented() -> None:
    document = Path(__file__).parents[2] / "docs" / "configuration.md"
    text = document.read_text("utf-8")
    for kind in (
        MachineConfig,
        FramebufferConfig,
        CostsConfig,
        BridgeConfig,
        AhciConfig,
        PortConfig,
    ):
        for field in attrs.fields(kind):
            assert f"`{field.name}`" in text or f"[{field.name}]" in text, field.name
