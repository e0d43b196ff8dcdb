"""What is different in two stories, thread by thread, object by object; the earliest first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import zip_longest

import attrs

from .likeness import Likeness
from .messages import MessageLikeness
from .story import Held, Sent, Story, describe

NEVER = 1 << 64


@attrs.frozen
class Side:
    """One run's half of a difference: when (ps; None: it is not there), and what there is."""

    time_ps: int | None
    text: str


@attrs.frozen
class Difference:
    """Something that differs: of which kind, of whom or what, in which way."""

    kind: str
    where: str
    what: str
    first: Side
    second: Side

    @property
    def time_ps(self) -> int:
        """When it began, in the run where that was earlier."""
        times = (self.first.time_ps, self.second.time_ps)
        return min((time for time in times if time is not None), default=NEVER)


@attrs.define
class Comparison:
    """All that was found. `same` counts what was compared and is the same, by kind."""

    differences: list[Difference] = attrs.field(factory=list)
    tolerated: Counter[str] = attrs.field(factory=Counter)
    """Differences that do not matter, by what they are."""
    same: Counter[str] = attrs.field(factory=Counter)
    remarks: list[str] = attrs.field(factory=list)


def compare(first: Story, second: Story) -> Comparison:
    """Compare two stories; they were made with the same `Classes`."""
    return _Comparer(first, second).compare()


class _Comparer:
    def __init__(self, first: Story, second: Story) -> None:
        self._first, self._second = first, second
        self._likeness = Likeness(first, second)
        self._found = Comparison()
        self._messages = MessageLikeness(first, second, self._likeness, self._found.tolerated)

    def compare(self) -> Comparison:
        """Do it; each kind of thing in turn."""
        self._processes()
        self._sequences()
        if self._first.cpus == self._second.cpus == 1:
            self._whole()
        self._capabilities()
        self._names()
        self._lines()
        self._ends()
        self._disks()
        self._found.differences.sort(key=lambda each: each.time_ps)
        return self._found

    def _differ(self, kind: str, where: str, what: str, first: Side, second: Side) -> None:
        self._found.differences.append(Difference(kind, where, what, first, second))

    def _processes(self) -> None:
        ours, theirs = (list(story.processes.values()) for story in (self._first, self._second))
        for label in dict.fromkeys((*ours, *theirs)):
            if label in ours and label in theirs:
                self._found.same["processes"] += 1
            else:
                sides = (Side(None, _there(label in each)) for each in (ours, theirs))
                self._differ("process", label, "runs in one only", *sides)

    # ---- messages ----

    def _sequences(self) -> None:
        ours, theirs = self._first.sequences, self._second.sequences
        for label in dict.fromkeys((*ours, *theirs)):
            self._sequence(label, ours.get(label, []), theirs.get(label, []))

    def _sequence(self, label: str, ours: list[Sent], theirs: list[Sent]) -> None:
        for number, (one, other) in enumerate(zip_longest(ours, theirs), 1):
            where = f"{label}, message {number}"
            if one is None or other is None:
                self._further(label, where, one, other, (len(ours), len(theirs)))
                return
            after = _next(ours, number), _next(theirs, number)
            what = self._messages.differ(one, other, after)
            if what:
                sides = self._side(self._first, one), self._side(self._second, other)
                self._differ("message", where, what, *sides)
                return
            self._found.same["messages"] += 1

    def _further(
        self, label: str, where: str, one: Sent | None, other: Sent | None, counts: tuple[int, int]
    ) -> None:
        """One run has more messages of a thread. If the other was cut, nobody can tell."""
        shorter = self._first if one is None else self._second
        if shorter.was_cut:
            self._found.tolerated["threads that came further in one, as the other was cut"] += 1
            return
        numbers = f"{counts[0]} messages, and {counts[1]}"
        sides = self._side(self._first, one), self._side(self._second, other)
        self._differ("message", where, f"only one of the two sends it ({label}: {numbers})", *sides)

    def _side(self, story: Story, sent: Sent | None) -> Side:
        if sent is None:
            return Side(None, "nothing more")
        return Side(sent.time_ps, self._messages.describe(story, sent))

    def _whole(self) -> None:
        """With one CPU each, all messages in the order in which they were sent."""
        for one, other in zip(self._first.messages, self._second.messages, strict=False):
            sides = [
                (story.threads.get(sent.sender), story.channel(sent.channel))
                for story, sent in ((self._first, one), (self._second, other))
            ]
            if sides[0] != sides[1]:
                self._found.remarks.append(
                    f"the order of messages of different threads differs from message "
                    f"{one.number} on: {sides[0][0]} to {sides[0][1]}, and {sides[1][0]} to "
                    f"{sides[1][1]}; with one CPU each that is timing alone"
                )
                return
        self._found.remarks.append("all messages were sent in the same order")

    # ---- capabilities ----

    def _capabilities(self) -> None:
        ours, theirs = _by_class(self._first), _by_class(self._second)
        known = (ours, theirs)
        for key in dict.fromkeys((*ours, *theirs)):
            alive = key[1]
            one, other = ours.get(key, []), theirs.get(key, [])
            held = (one or other)[0]
            assert held.target is not None
            if held.target.is_given_in_parts and one and other:
                if len(one) != len(other):
                    self._found.tolerated["capabilities to parts of device memory"] += 1
                self._found.same["capabilities"] += 1
            elif len(one) == len(other):
                self._found.same["capabilities"] += len(one)
            elif not self._is_below(held, known):
                at = min(len(one), len(other))
                sides = _held_side(one, at, alive), _held_side(other, at, alive)
                state = "" if alive else ", not held any more"
                where = f"{self._holder(held, one)}: {describe(held.target.identity)}{state}"
                what = f"{len(one)} such capabilities, and {len(other)}"
                self._differ("capability", where, what, *sides)

    def _holder(self, held: Held, ours: list[Held]) -> str:
        return (self._first if ours else self._second).process(held.holder)

    @staticmethod
    def _is_below(held: Held, known: tuple[dict[tuple[int, bool], list[Held]], ...]) -> bool:
        """Was it derived from one that the other run has not either? Then that one is told."""
        parent = held.parent
        if parent is None:
            return False
        return not all((parent.cls, True) in each or (parent.cls, False) in each for each in known)

    def _names(self) -> None:
        ours, theirs = _names(self._first), _names(self._second)
        for name in dict.fromkeys((*ours, *theirs)):
            if ours.get(name) != theirs.get(name):
                sides = (Side(None, each.get(name, "nobody has it")) for each in (ours, theirs))
                self._differ("name", name, "is another channel's", *sides)

    # ---- results ----

    def _lines(self) -> None:
        ours, theirs = self._first.lines, self._second.lines
        for label in dict.fromkeys((*ours, *theirs)):
            pairs = zip_longest(ours.get(label, []), theirs.get(label, []))
            for number, (one, other) in enumerate(pairs, 1):
                if one is None or other is None:
                    if (self._first if one is None else self._second).was_cut:
                        break
                    kinds, at = set[str](), 0
                else:
                    kinds, at = self._likeness.texts(one.text, other.text)
                if at >= 0:
                    sides = (
                        Side(line.time_ps, repr(line.text)) if line else Side(None, "no more")
                        for line in (one, other)
                    )
                    self._differ("line", f"{label}, line {number}", "is another text", *sides)
                    break
                self._found.tolerated.update(f"lines of the log by {kind}" for kind in kinds)
                self._found.same["lines of the log"] += 1

    def _ends(self) -> None:
        ours, theirs = self._first.ends, self._second.ends
        for label in dict.fromkeys((*ours, *theirs)):
            ends = one, other = ours.get(label), theirs.get(label)
            if one is not None and other is not None:
                is_same = (one.how, one.status) == (other.how, other.status)
            else:
                is_same = (self._first if one is None else self._second).was_cut
            if not is_same:
                sides = (
                    Side(end.time_ps, f"{end.how}, status {end.status} {end.cause}".strip())
                    if end is not None
                    else Side(None, "does not end")
                    for end in ends
                )
                self._differ("end", label, "ends in another way", *sides)
            elif one is not None and other is not None:
                self._found.same["ends of processes"] += 1
        if self._first.outcome is not None and self._second.outcome is not None:
            outcomes = one_end, other_end = self._first.outcome, self._second.outcome
            if one_end[0] != other_end[0]:
                texts = (Side(None, f"status {status}: {cause}") for status, cause in outcomes)
                self._differ("end", "the run", "ends with another status", *texts)

    def _disks(self) -> None:
        if not (self._first.has_pages and self._second.has_pages):
            return
        ours, theirs = self._first.sectors, self._second.sectors
        for disk, sector in sorted({*ours, *theirs}):
            data = [each.get((disk, sector)) for each in (ours, theirs)]
            if data[0] != data[1]:
                sides = (Side(None, _sector(each)) for each in data)
                where = f"disk {disk}, sector {sector}"
                self._differ("disk", where, "has other contents at the end", *sides)
                return
        self._found.same["sectors written"] += len(ours)


def _next(sequence: list[Sent], number: int) -> Sent | None:
    return sequence[number] if number < len(sequence) else None


def _sector(data: bytes | None) -> str:
    return "not written" if data is None else f"{data[:16].hex(' ')} ..."


def _there(is_there: bool) -> str:
    return "starts" if is_there else "does not start"


def _by_class(story: Story) -> dict[tuple[int, bool], list[Held]]:
    groups: dict[tuple[int, bool], list[Held]] = {}
    for held in story.held:
        groups.setdefault((held.cls, held.alive), []).append(held)
    return groups


def _held_side(some: list[Held], at: int, alive: bool) -> Side:
    if at >= len(some):
        return Side(None, "not held" if alive else "not lost")
    held = some[at]
    return Side(held.time_ps, f"{held.object_text}, rights {held.rights:#x}, by {held.how}")


def _names(story: Story) -> dict[str, str]:
    names: dict[str, str] = {}
    found: Iterator[tuple[int, list[str]]] = iter(story.channel_names.items())
    for number, each in found:
        made = story.channels.get(number)
        for name in each:
            names[name] = describe(made.identity) if made is not None else f"channel {number}"
    return names
