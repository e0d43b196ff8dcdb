"""Are two messages the same? Whom to, tag, size, badge, page, capabilities, and the answer."""

from __future__ import annotations

from collections import Counter

from anos_sim.hw.memory import FRAME_BYTES

from .likeness import WORD_BYTES, Likeness
from .protocols import fields_in
from .story import Sent, Story, describe

SHOWN_BYTES = 16


class MessageLikeness:
    """Compares messages of two stories; counts in `tolerated` what differs and does not matter."""

    def __init__(
        self, first: Story, second: Story, likeness: Likeness, tolerated: Counter[str]
    ) -> None:
        self._first, self._second = first, second
        self._likeness = likeness
        self._tolerated = tolerated
        self._has_pages = first.has_pages and second.has_pages

    def differ(
        self, one: Sent, other: Sent, after: tuple[Sent | None, Sent | None] = (None, None)
    ) -> str:
        """In what they differ; empty if in nothing that matters.

        `after` are the messages that the two threads send next.
        """
        what = self._ends_of(one, other)
        if what:
            return what
        for name in ("tag", "badge"):
            values = getattr(one, name), getattr(other, name)
            if self._word(f"messages whose {name} is", *values):
                return f"its {name} is {values[0]:#x}, and {values[1]:#x}"
        what = self._page(one, other, False, "page", after)
        if what:
            return what
        if one.size != other.size:
            return f"its size is {one.size}, and {other.size}"
        what = self._carried(one, other)
        if what or one.fate != other.fate:
            return what or self._fate(one, other)
        if self._word("answers that are", one.reply, other.reply):
            return f"its answer is {one.reply:#x}, and {other.reply:#x}"
        return self._page(one, other, True, "answer's page")

    def _ends_of(self, one: Sent, other: Sent) -> str:
        ours = self._first.channels.get(one.channel), self._first.process(one.receiver)
        theirs = self._second.channels.get(other.channel), self._second.process(other.receiver)
        if (ours[0] and ours[0].identity) != (theirs[0] and theirs[0].identity):
            names = self._first.channel(one.channel), self._second.channel(other.channel)
            return f"it goes to {names[0]}, and to {names[1]}"
        if ours[1] != theirs[1] and ((one.receiver and other.receiver) or not self._is_cut()):
            return f"{ours[1]} receives it, and {theirs[1]}"
        return ""

    def _is_cut(self) -> bool:
        return self._first.was_cut or self._second.was_cut

    def _fate(self, one: Sent, other: Sent) -> str:
        if self._is_cut() and "open" in (one.fate, other.fate):
            self._tolerated["messages that wait for an answer when one run was cut"] += 1
            return ""
        return f"it is {one.fate}, and {other.fate}"

    def _carried(self, one: Sent, other: Sent) -> str:
        ours, theirs = ([held.cls for held in each.carried] for each in (one, other))
        if ours == theirs:
            return ""
        texts = []
        for story, sent in ((self._first, one), (self._second, other)):
            each = [
                f"{describe(held.target.identity)} to {story.process(held.holder)}"
                for held in sent.carried
                if held.target is not None
            ]
            texts.append(", ".join(each) or "none")
        return f"capabilities pass with it: {texts[0]}; and {texts[1]}"

    def _word(self, what: str, one: int, other: int) -> bool:
        """Do they differ?"""
        kind = self._likeness.words(one, other)
        if kind:
            self._tolerated[f"{what} {kind}"] += 1
        return kind == ""

    def _page(
        self,
        one: Sent,
        other: Sent,
        is_answer: bool,
        name: str,
        after: tuple[Sent | None, Sent | None] = (None, None),
    ) -> str:
        if not self._has_pages:
            return ""
        ours = self._first.pages.get((one.number, is_answer), b"")
        theirs = self._second.pages.get((other.number, is_answer), b"")
        begin = 0
        if is_answer:
            parts = self._first.written.get(one.number), self._second.written.get(other.number)
            if parts[0] is None and parts[1] is None:
                return ""
            known = [part for part in parts if part is not None]
            begin = min(part[0] for part in known) & -WORD_BYTES
            end = max(part[1] for part in known)
            ours, theirs = self._answer(self._first, one), self._answer(self._second, other)
            ours, theirs = ours[begin:end], theirs[begin:end]
        fields = fields_in(self._first.channel(one.channel), one.tag, is_answer)
        following = (
            self._following(self._first, one, after[0]),
            self._following(self._second, other, after[1]),
        )
        kinds, at = self._likeness.memory(ours, theirs, lambda at: fields(begin + at), following)
        if at >= 0:
            at -= at % WORD_BYTES
            shown = [each[at : at + SHOWN_BYTES].hex(" ") or "nothing" for each in (ours, theirs)]
            return f"its {name} differs at byte {begin + at}: {shown[0]}, and {shown[1]}"
        self._tolerated.update(f"pages that differ by {kind}" for kind in kinds)
        return ""

    @staticmethod
    def _following(story: Story, sent: Sent, after: Sent | None) -> bytes:
        """What the next message to the same server has: programs print in pieces."""
        if after is None or after.channel != sent.channel:
            return b""
        return story.pages.get((after.number, False), b"")

    @staticmethod
    def _answer(story: Story, sent: Sent) -> bytes:
        """The page after the answer; it is that of the message if nothing was written there."""
        asked = story.pages.get((sent.number, False), b"")
        return story.pages.get((sent.number, True), asked)

    def describe(self, story: Story, sent: Sent) -> str:
        """A message in words, with the numbers of its own run."""
        page = f", {sent.size} of {FRAME_BYTES} bytes" if sent.size else ""
        badge = f", badge {sent.badge:#x}" if sent.badge else ""
        to = story.channel(sent.channel)
        receiver = f" ({story.process(sent.receiver)})" if sent.receiver else ""
        answer = f"answered {sent.reply:#x}" if sent.fate == "answered" else sent.fate
        return f"#{sent.number} to {to}{receiver}: tag {sent.tag:#x}{page}{badge}; {answer}"
