"""Boot a system, run it to a moment and take its capability graph."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager

from anos_sim.hw.clock import PS_PER_S
from anos_sim.stage3.kernel import Kernel
from anos_sim.toolchain.duration import parse_duration
from anos_sim.toolchain.options import RunOptions, add_system_options, read_options
from anos_sim.toolchain.session import Session

from .graph import CapabilityGraph
from .snapshot import snapshot
from .watch import Watch

DEFAULT_END_PS = PS_PER_S


def boot_and_snapshot(*arguments: str, at: str | None = None) -> CapabilityGraph:
    """The capability graph of a system that has been booted.

    `arguments` are those of `anos-sim ps`: `"machine.toml"`, `"--for", "20ms"`, `"--caps",
    "bearer"`. `at` is a moment, as `"20ms"`; without it, the end of the run, or one second.

    Raises:
        UserError, ConfigError, ImageError: an argument is wrong.
    """
    parser = argparse.ArgumentParser(prog="boot_and_snapshot", exit_on_error=False)
    add_system_options(parser)
    options = read_options(parser.parse_args(arguments))
    with run_to(options, parse_duration(at) if at else None) as (kernel, watch):
        return snapshot(kernel, watch)


@contextmanager
def run_to(options: RunOptions, at_ps: int | None) -> Iterator[tuple[Kernel, Watch]]:
    """A system run to a moment, with who watched it from its boot on."""
    session = Session(options)
    try:
        kernel = session.kernel
        watch = Watch(kernel)
        if at_ps is not None:
            kernel.end_ps = at_ps
        elif options.end_ps is None:
            kernel.end_ps = DEFAULT_END_PS
        session.run()
        watch.flush()
        yield kernel, watch
    finally:
        session.close()
