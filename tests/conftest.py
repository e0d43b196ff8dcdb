"""Settings of all tests, and the architecture of those that name none.

Without `--arch` all tests run, on x86_64 where they name nothing. With it those that name an
architecture are left out, and what runs no machine: `make test` does both, one after the other.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import Phase, settings

# A slow machine is no failure; a failing example prints how to repeat it.
settings.register_profile("anos-sim", deadline=None, print_blob=True)
# The second one shows a failure as it was found, at once.
settings.register_profile(
    "unshrunk", deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate]
)
settings.load_profile("anos-sim")

ARCHITECTURES = ("x86_64", "riscv64")
"""Nothing of ours is imported here: what is chosen below must come first."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --arch."""
    parser.addoption(
        "--arch",
        choices=ARCHITECTURES,
        help="the tests that name no architecture, on this one (without it: all tests, and those "
        "on x86_64)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Choose the architecture; child processes have it, too."""
    os.environ["ANOS_SIM_ARCH"] = config.getoption("--arch") or ARCHITECTURES[0]


def runs_anywhere(item: pytest.Item) -> bool:
    """Is it a test of a machine that does not say which?

    The name of an architecture in its own, which has its class, file and parameters, says it.
    """
    named = any(arch in item.nodeid.lower() for arch in ARCHITECTURES)
    marked = any(item.get_closest_marker(name) for name in ("arch", "no_machine"))
    return not named and not marked


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With --arch: leave out what would run as it does without."""
    if config.getoption("--arch") is not None:
        left_out = [item for item in items if not runs_anywhere(item)]
        config.hook.pytest_deselected(items=left_out)
        items[:] = filter(runs_anywhere, items)
