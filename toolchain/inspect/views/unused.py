"""`anos-sim caps unused`: what was held but never exercised, and what would have been enough."""

from __future__ import annotations

import argparse
import json

from anos_sim.toolchain.boot_image import read_boot_config, show_boot_config
from anos_sim.toolchain.errors import UserError
from anos_sim.toolchain.inspect.history import History
from anos_sim.toolchain.inspect.manifest import least_privilege
from anos_sim.toolchain.inspect.names import near
from anos_sim.toolchain.inspect.unused import Unused, find_unused, unused_data, unused_lines
from anos_sim.toolchain.replay import session_at
from anos_sim.toolchain.session import Session

from .options import add_graph_options, print_lines


def add_parser(views: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the view."""
    parser = views.add_parser(
        "unused",
        help="what was held but never exercised",
        description="Run a system and tell which capabilities, or which rights of them, were "
        "given but never exercised, neither by their holder nor by whom it passed them on to. "
        "One run shows what one run needs: what is for errors or other machines is listed too.",
    )
    parser.add_argument("--process", metavar="P", help="only what this process (name, pid) held")
    output = parser.add_mutually_exclusive_group()
    output.add_argument(
        "--all", action="store_true", help="also of objects that processes made themselves"
    )
    output.add_argument("--json", action="store_true", help="as JSON, all of it")
    output.add_argument(
        "--least", action="store_true",
        help="print the boot config that would have been enough, for --boot-config",
    )  # fmt: skip
    add_graph_options(parser)
    parser.set_defaults(run=run_unused)


def run_unused(arguments: argparse.Namespace) -> int:
    """Do it; returns the exit status."""
    histories: list[History] = []

    def listen(session: Session) -> None:
        if session.kernel.policy.name != "derived":
            raise UserError(
                "caps unused needs --caps derived: under bearer nobody holds a capability, "
                "whoever knows its number may use it"
            )
        if arguments.least:
            read_boot_config(session.options.image)
        histories.append(History(session.kernel))

    session, status = session_at(arguments, listen)
    try:
        history = histories[0]
        history.flush()
        if arguments.least:
            entries = read_boot_config(session.options.image)
            print(show_boot_config(least_privilege(entries, history)))
            return status
        unused = find_unused(history)
    finally:
        session.close()
    if arguments.process:
        unused = _of_process(history, unused, arguments.process)
    if arguments.json:
        print(json.dumps(unused_data(unused), indent=2))
    else:
        print_lines(unused_lines(history, unused, arguments.all))
    return status


def _of_process(history: History, unused: list[Unused], wanted: str) -> list[Unused]:
    known = {
        pid: (name, str(pid), history.name(pid)) for pid, (name, _) in history.processes.items()
    }
    pids = [pid for pid, names in known.items() if wanted in names]
    if not pids:
        names = [name for each in known.values() for name in each]
        raise UserError(f"no process {wanted!r}{near(wanted, names)}")
    return [each for each in unused if each.pid in pids]
