"""The architectures that tests run on: all, as far as their programs are built."""

from __future__ import annotations

import pytest

from anos_sim.hw import arch as hardware
from anos_sim.toolchain.guest.zig import TARGETS
from anos_sim.toolchain.options import elf_folder

DEFAULT = hardware.default_arch()
"""That of tests which name none: `pytest --arch` says it."""
ADDRESSES = hardware.ARCHITECTURES[DEFAULT].addresses
"""Of its board."""


def only_if_built(arch: str) -> pytest.MarkDecorator:
    """Skips a test for an architecture that `anos-sim build --arch` has not built for."""
    is_built = (elf_folder(arch) / "system.elf").exists()
    return pytest.mark.skipif(not is_built, reason=f"nothing is built for {arch}")


ARCHITECTURES = [pytest.param(arch, marks=only_if_built(arch)) for arch in TARGETS]
"""For a fixture or a mark."""
architectures = pytest.mark.parametrize("arch", ARCHITECTURES)

HAS_DEVICES = hardware.ARCHITECTURES[DEFAULT].devices_on_stage3
"""Has a program under bearer any?"""
bearer_has_devices = pytest.mark.skipif(
    not HAS_DEVICES,
    reason=f"under bearer there are no devices on {DEFAULT}, as STAGE3 has none there",
)
BEARER_DEVICES = pytest.param("bearer", marks=bearer_has_devices)
"""The policy, for a test whose programs need a device."""
