"""`python -m anos_sim.toolchain` is `anos-sim`."""

import sys

from .cli import main

sys.exit(main())
