"""`anos-sim caps check POLICY.toml`: does a system keep to a policy?"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from anos_sim.stage3.cpu import Cpu
from anos_sim.stage3.event_log import EventLog
from anos_sim.stage3.events import Event, EventKind
from anos_sim.stage3.kernel import Kernel
from anos_sim.toolchain.duration import show_time
from anos_sim.toolchain.errors import UserError
from anos_sim.toolchain.inspect.history import History
from anos_sim.toolchain.inspect.history_graph import history_graph
from anos_sim.toolchain.inspect.policy_check import Violation, check, check_held, unknown_names
from anos_sim.toolchain.inspect.policy_file import NoPath, Rule, read_policy
from anos_sim.toolchain.inspect.snapshot import snapshot
from anos_sim.toolchain.inspect.watch import Watch
from anos_sim.toolchain.inspect.words import plural
from anos_sim.toolchain.replay import session_at
from anos_sim.toolchain.session import Session

from .options import add_graph_options, print_lines


def add_parser(views: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the view."""
    parser = views.add_parser(
        "check",
        help="whether a system keeps to a policy",
        description="Check the rules of a policy file (docs/capabilities.md describes it): at the "
        "end of a run, at a moment (--at), or all the time (--always).",
        epilog="exit status: 0 if all rules hold, 1 if one does not, with how that came, 2 on a "
        "mistake in the file",
    )
    parser.add_argument("policy", metavar="POLICY.toml", help="the rules")
    parser.add_argument(
        "--always", action="store_true",
        help="check every capability that there ever was, and ways whenever one is made",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="as JSON, for scripts")
    add_graph_options(parser)
    parser.set_defaults(run=run_check)


def run_check(arguments: argparse.Namespace) -> int:
    """Do it; returns the exit status."""
    rules = read_policy(arguments.policy)
    observers: list[_Observer] = []

    def listen(session: Session) -> None:
        if session.kernel.policy.name != "derived":
            raise UserError(
                "caps check needs --caps derived: under bearer whoever knows a number may use it, "
                "so no rule holds"
            )
        observers.append(_Observer(session.kernel, rules, arguments.always))

    session, status = session_at(arguments, listen)
    try:
        violations = observers[0].finish()
        unknown = list(unknown_names(rules, observers[0].seen))
        time = show_time(observers[0].graph.time_ps)
    finally:
        session.close()
    if arguments.json:
        print(json.dumps(_data(rules, violations), indent=2))
    else:
        for violation in violations:
            print_lines(violation.lines())
        when = f"all the time until {time}" if arguments.always else f"at {time}"
        broken = len({violation.rule.place for violation in violations})
        verb = "holds" if len(rules) == 1 else "hold"
        if broken:
            print(f"{broken} of {plural(len(rules), 'rule')} broken, {when}")
        else:
            print(f"{plural(len(rules), 'rule')} of {arguments.policy} {verb}, {when}")
    sys.stdout.flush()
    for sentence in unknown:
        print(f"anos-sim: {sentence}", file=sys.stderr)
    return 1 if violations else status


class _Observer:
    """Looks at a kernel as often as the rules need."""

    def __init__(self, kernel: Kernel, rules: list[Rule], always: bool) -> None:
        self._kernel = kernel
        self._rules = rules
        self._always = always
        self._ways = [rule for rule in rules if isinstance(rule, NoPath)]
        self._broken: dict[Rule, Violation] = {}
        if always:
            kernel.record(_EveryTurn(keep=False))
        self._watch = Watch(kernel)
        self._history = History(kernel)
        if always and self._ways and kernel.events is not None:
            kernel.events.listen(self._hear)

    def _hear(self, events: list[Event]) -> None:
        if any(event.kind == EventKind.CAPABILITY for event in events):
            rules = [rule for rule in self._ways if rule not in self._broken]
            for violation in check(rules, snapshot(self._kernel)):
                self._broken.setdefault(violation.rule, violation)

    def finish(self) -> list[Violation]:
        """The run is over: all violations, in the order of the rules."""
        self._history.flush()
        self.graph = self.seen = snapshot(self._kernel, self._watch)
        if not self._always:
            return check(self._rules, self.graph)
        ever = self.seen = history_graph(self._history, self.graph)
        found: list[Violation] = []
        for rule in self._rules:
            if not isinstance(rule, NoPath):
                found += check_held(rule, ever)
            elif rule in self._broken:
                found.append(self._broken[rule])
        return found


class _EveryTurn(EventLog):
    """Tells who listens after every turn of the loop."""

    def pass_on(self, cpu: Cpu) -> None:
        """A CPU's turn is over."""
        super().pass_on(cpu)
        self.flush()


def _data(rules: list[Rule], violations: list[Violation]) -> dict[str, Any]:
    return {
        "rules": len(rules),
        "violations": [
            {
                "place": each.rule.place,
                "why": each.rule.why,
                "text": each.text,
                "evidence": list(each.evidence),
            }
            for each in violations
        ],
    }
