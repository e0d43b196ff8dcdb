"""The architectures that tests run on: all, as far as their programs are built."""

from __future__ import annotations

import pytest

from anos_sim.toolchain.guest.zig import TARGETS
from anos_sim.toolchain.options import elf_folder


def only_if_built(arch: str) -> pytest.MarkDecorator:
    """Skips a test for an architecture that `anos-sim build --arch` has not built for."""
    is_built = (elf_folder(arch) / "system.elf").exists()
    return pytest.mark.skipif(not is_built, reason=f"nothing is built for {arch}")


ARCHITECTURES = [pytest.param(arch, marks=only_if_built(arch)) for arch in TARGETS]
"""For a fixture or a mark."""
architectures = pytest.mark.parametrize("arch", ARCHITECTURES)
