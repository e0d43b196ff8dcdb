"""Settings of all tests."""

from __future__ import annotations

from hypothesis import Phase, settings

# A slow machine is no failure; a failing example prints how to repeat it.
settings.register_profile("anos-sim", deadline=None, print_blob=True)
# The second one shows a failure as it was found, at once.
settings.register_profile(
    "unshrunk", deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate]
)
settings.load_profile("anos-sim")
