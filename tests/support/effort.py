"""How long the fuzzers run: seconds in `make test`, minutes in `make check`, hours by hand."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

FUZZ_SECONDS = float(os.environ.get("ANOS_SIM_FUZZ_SECONDS", "10"))
"""For each of them."""
EFFORT = FUZZ_SECONDS / 10
"""How many times as many examples as in `make test`."""

MACHINES = settings(
    max_examples=max(1, round(30 * EFFORT)),
    stateful_step_count=50,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    derandomize=EFFORT == 1,
)
"""Of the rule machines for capabilities and for messages."""
