"""How long the fuzzers run: seconds in `make test`, minutes in `make check`, hours by hand."""

from __future__ import annotations

import os

FUZZ_SECONDS = float(os.environ.get("ANOS_SIM_FUZZ_SECONDS", "10"))
"""For each of them."""
EFFORT = FUZZ_SECONDS / 10
"""How many times as many examples as in `make test`."""
