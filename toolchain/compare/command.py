"""`anos-sim compare`: two recordings side by side."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from anos_sim.toolchain.duration import show_time

if TYPE_CHECKING:
    from .difference import Comparison, Difference, Side
    from .story import Story

SHOWN_MAX = 10
PS_PER_NS = 1000


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "compare",
        help="find the first difference that matters between two runs",
        description="Compare two recordings, of two architectures or two versions: the messages "
        "of each thread, the capability trees, what was printed and how it ended. Addresses, "
        "cookies and times do not count (docs/compare.md). Files of events do as well; they have "
        "no contents of messages.",
        epilog="exit status: 0 if the runs are the same, 1 if they differ, 2 if a file cannot be "
        "read or a recording not be run again",
    )
    for name, text in (("first", "A.anos"), ("second", "B.anos")):
        parser.add_argument(
            name, metavar=text, help="a recording (`run --record`), or events (`run --events`)"
        )
    parser.add_argument("--all", action="store_true", help="show every difference, not ten")
    parser.add_argument("--json", action="store_true", help="as JSON, for scripts")
    parser.set_defaults(run=run_compare)


def run_compare(arguments: argparse.Namespace) -> int:
    """Do it; returns the exit status."""
    from .difference import compare
    from .story import Classes
    from .take import take

    classes = Classes()
    first, second = (take(path, classes) for path in (arguments.first, arguments.second))
    found = compare(first, second)
    if arguments.json:
        print(json.dumps(_data(first, second, found), indent=2))
    else:
        print("\n".join(_lines(first, second, found, arguments.all)))
    return 1 if found.differences else 0


def _lines(first: Story, second: Story, found: Comparison, show_all: bool) -> list[str]:
    lines = [
        f"{letter}  {each.title}{_facts(each)}" for letter, each in (("A", first), ("B", second))
    ]
    lines += [f"{each.title}: {each.complaint}" for each in (first, second) if each.complaint]
    lines.append("")
    differences = found.differences
    if differences:
        lines += ["the first difference:", *_difference(differences[0]), ""]
        rest = differences[1:] if show_all else differences[1:SHOWN_MAX]
        if rest:
            lines.append(f"and {len(differences) - 1} more, the first of each thread:")
            lines += [f"  {each.kind} {each.where}: {each.what}" for each in rest]
            if len(rest) < len(differences) - 1:
                lines.append("  ... (--all shows them)")
            lines.append("")
    else:
        lines.append("the runs exchange the same messages and delegate the same capabilities")
    lines.append(
        "the same: " + ", ".join(f"{count:,} {what}" for what, count in found.same.items())
    )
    tolerated = [f"  {count:>6,} {what}" for what, count in sorted(found.tolerated.items())]
    if tolerated:
        lines += ["different, but it does not matter:", *tolerated]
    return lines + [f"note: {each}" for each in _remarks(first, second, found)]


def _facts(story: Story) -> str:
    facts = [each for each in (story.arch, story.policy) if each]
    if story.cpus:
        facts.append(f"{story.cpus} CPU{'s' if story.cpus > 1 else ''}")
    return f": {', '.join(facts)}" if facts else ""


def _remarks(first: Story, second: Story, found: Comparison) -> list[str]:
    remarks = list(found.remarks)
    for each in (first, second):
        if not each.has_pages:
            remarks.append(f"{each.title} has events only: contents of messages are not compared")
        if each.was_cut:
            remarks.append(f"{each.title} was ended from outside: the other may have come further")
    return remarks


def _difference(difference: Difference) -> list[str]:
    return [
        f"  {difference.kind} {difference.where}: {difference.what}",
        f"    A  {_side(difference.first)}",
        f"    B  {_side(difference.second)}",
    ]


def _side(side: Side) -> str:
    return side.text if side.time_ps is None else f"{side.text}, at {show_time(side.time_ps)}"


def _data(first: Story, second: Story, found: Comparison) -> dict[str, Any]:
    return {
        "same": not found.differences,
        "runs": [
            {"file": each.title, "arch": each.arch or None, "policy": each.policy or None,
             "cpus": each.cpus, "complaint": each.complaint or None}
            for each in (first, second)
        ],
        "differences": [
            {"kind": each.kind, "where": each.where, "what": each.what,
             "first": _side_data(each.first), "second": _side_data(each.second)}
            for each in found.differences
        ],
        "compared": dict(found.same),
        "tolerated": dict(sorted(found.tolerated.items())),
        "notes": _remarks(first, second, found),
    }  # fmt: skip


def _side_data(side: Side) -> dict[str, Any]:
    return {
        "time_ns": side.time_ps / PS_PER_NS if side.time_ps is not None else None,
        "text": side.text,
    }
