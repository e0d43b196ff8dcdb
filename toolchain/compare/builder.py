"""Events become a `Story`: first all is written down, at the end everything gets its identity."""

from __future__ import annotations

from collections.abc import Iterable

from anos_sim.stage3.events import Event, EventKind
from anos_sim.toolchain.look.names import clean

from .identify import identify
from .story import Classes, End, Held, Line, Sent, Story


class Builder:
    """Takes the events of one run; `finish` returns its story."""

    def __init__(self, title: str) -> None:
        self.story = Story(title)
        self._children: dict[str, int] = {}
        self._thread_counts: dict[int, int] = {}
        self._held: dict[int, Held] = {}
        self._messages: dict[int, Sent] = {}
        self._sending: dict[int, Sent] = {}
        """By thread: the message that it waits for the answer of."""
        self._serving: dict[int, Sent] = {}
        self._answered: dict[int, Sent] = {}
        self._going: dict[int, list[Held]] = {}
        """By thread: capabilities of an answer that has not been sent yet."""
        self._over = False
        self._actions = {
            EventKind.PROCESS_START: self._process_start,
            EventKind.PROCESS_END: self._process_end,
            EventKind.THREAD_START: self._thread_start,
            EventKind.CAPABILITY: self._capability,
            EventKind.HELD: self._given,
            EventKind.MOVED: self._gone,
            EventKind.REVOKED: self._gone,
            EventKind.DROPPED: self._gone,
            EventKind.NAMED: self._named,
            EventKind.SEND: self._send,
            EventKind.RECEIVE: self._receive,
            EventKind.REPLY: self._reply,
            EventKind.UNANSWERED: self._unanswered,
            EventKind.LOG: self._line,
            EventKind.REBOOT: self._reboot,
        }

    def hear(self, events: Iterable[Event]) -> None:
        """Take a batch of events."""
        for event in events:
            action = self._actions.get(event.kind)
            if action is not None and not self._over:
                action(event)

    def finish(self, classes: Classes) -> Story:
        """All has been heard."""
        identify(self.story, classes)
        return self.story

    # ---- processes ----

    def _process_start(self, event: Event) -> None:
        pid, parent = event.value("holder"), event.value("parent")
        name = clean(event.text("name"))
        above = self.story.processes.get(parent, "") if parent > 1 else ""
        label = f"{above}/{name}" if above else name
        number = self._children[label] = self._children.get(label, 0) + 1
        self.story.processes[pid] = f"{label} #{number}" if number > 1 else label

    def _thread_start(self, event: Event) -> None:
        pid = event.value("holder")
        number = self._thread_counts[pid] = self._thread_counts.get(pid, 0) + 1
        self.story.pids[event.tid] = pid
        label = self.story.process(pid)
        self.story.threads[event.tid] = f"{label} thread {number}" if number > 1 else label

    def _process_end(self, event: Event) -> None:
        end = End(event.time_ps, event.text("how"), event.value("status"), event.text("cause"))
        self.story.ends[self.story.process(event.value("holder"))] = end

    def _line(self, event: Event) -> None:
        label = self.story.threads.get(event.tid) or self.story.process(event.value("holder"))
        self.story.lines.setdefault(label, []).append(Line(event.time_ps, event.text("text")))

    def _reboot(self, event: Event) -> None:
        self._over = True
        self.story.complaint = f"{event.text('cause')}: compared up to there"

    # ---- capabilities ----

    def _capability(self, event: Event) -> None:
        parent = event.value("parent")
        served = self._serving.get(event.tid)
        made = Held(
            cookie=event.value("cookie"),
            parent=self._held.get(parent),
            parent_cookie=parent,
            holder=event.value("holder"),
            object_text=event.text("object"),
            rights=event.value("rights"),
            how=event.text("how"),
            actor=event.tid,
            time_ps=event.time_ps,
            client=served.sender if served is not None else 0,
        )
        self._held[made.cookie] = made
        self.story.held.append(made)
        if made.how in ("transfer", "move"):
            sending = self._sending.get(event.tid)
            going = sending.carried if sending else self._going.setdefault(event.tid, [])
            going.append(made)
        elif made.how in ("take", "give") and served is not None:
            served.carried.append(made)
        elif made.how == "reply_message" and event.tid in self._answered:
            self._answered[event.tid].carried.append(made)

    def _given(self, event: Event) -> None:
        held = self._held.get(event.value("cookie"))
        if held is not None:
            held.holder = event.value("holder")

    def _gone(self, event: Event) -> None:
        held = self._held.get(event.value("cookie"))
        if held is not None:
            held.alive = False

    def _named(self, event: Event) -> None:
        names = self.story.channel_names.setdefault(event.value("channel"), [])
        names.append(clean(event.text("name")))

    # ---- messages ----

    def _send(self, event: Event) -> None:
        channel, tag, size, badge = (
            event.value(name) for name in ("channel", "tag", "size", "badge")
        )
        number = event.value("message")
        sent = Sent(number, event.time_ps, event.tid, channel, tag, size, badge)
        self._messages[sent.number] = self._sending[event.tid] = sent
        self.story.messages.append(sent)

    def _receive(self, event: Event) -> None:
        sent = self._messages.get(event.value("message"))
        if sent is not None:
            sent.receiver = event.pid
            self._serving[event.tid] = sent
            label = self.story.threads.get(sent.sender, "")
            self.story.cookies[event.value("cookie")] = "message", label

    def _reply(self, event: Event) -> None:
        sent = self._messages.get(event.value("message"))
        if sent is not None:
            sent.fate, sent.reply = "answered", event.value("value")
            sent.carried += self._going.pop(event.tid, ())
            self._answered[event.tid] = sent
            self._end(sent)

    def _unanswered(self, event: Event) -> None:
        sent = self._messages.get(event.value("message"))
        if sent is not None:
            sent.fate = "unanswered"
            self._end(sent)

    def _end(self, sent: Sent) -> None:
        if self._sending.get(sent.sender) is sent:
            del self._sending[sent.sender]
        for tid in [tid for tid, served in self._serving.items() if served is sent]:
            del self._serving[tid]
