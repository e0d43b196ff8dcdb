"""Settings of all tests."""

from __future__ import annotations

from hypothesis import settings

# A slow machine is no failure; a failing example prints how to repeat it.
settings.register_profile("anos-sim", deadline=None, print_blob=True)
settings.load_profile("anos-sim")
