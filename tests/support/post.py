"""What IPC promises, as simply as it can be said: letters, and who waits for what.

`authority.py` says who holds what. Here a step says what the threads that wait shall
wake with: `wakes` must then be exactly what has happened, no more and no less.
"""

from __future__ import annotations

import attrs

from anos_sim.stage3.abi import MASK64, Status
from anos_sim.stage3.process import Process

from .authority import Authority, Node, Thing
from .slots import Passed
from .theatre import Answer, Puppet


@attrs.define(eq=False)
class Letter:
    """One message, from its send until it is answered."""

    sender: Puppet
    through: Node
    tag: int
    word: int
    """What its page begins with, 0 if it has none."""
    slots: list[Passed]
    wants: bool
    """Whether its sender takes capabilities with the answer."""
    receiver: Process | None = None
    cookie: int = 0
    window: int = 0
    """Where its receiver has its page."""
    waits: bool = True
    """Whether the sender still waits for the answer."""


@attrs.define(eq=False)
class Wait:
    """A receiver that waits; where it wants the page (0: nowhere), and until when."""

    puppet: Puppet
    through: Node
    window: int
    wants: bool
    deadline_ps: int | None


class Post:
    """All letters and all who wait to receive."""

    def __init__(self, authority: Authority) -> None:
        self.authority = authority
        self.letters: list[Letter] = []
        """Not answered yet, in the order of their sending."""
        self.waits: list[Wait] = []
        self.wakes: dict[Puppet, Answer] = {}
        self.successors: dict[Thing, int] = {}
        """Of supervised channels: the generation of who serves them next."""
        self.heard: dict[Node, int] = {}
        """By capability: which of them it was sent through last, if the channel had one."""

    def queue(self, channel: Thing) -> list[Letter]:
        """Letters that nobody has received yet."""
        return [e for e in self.letters if e.through.thing == channel and e.receiver is None]

    def receivers(self, channel: Thing) -> list[Wait]:
        """Who waits on a channel, first come first."""
        return [wait for wait in self.waits if wait.through.thing == channel]

    def served_by(self, process: Process) -> list[Letter]:
        """Received and not answered by a process."""
        return [letter for letter in self.letters if letter.receiver is process]

    def is_idle(self, puppet: Puppet) -> bool:
        """Can it make a call?"""
        sends = any(letter.sender is puppet and letter.waits for letter in self.letters)
        return puppet.alive and not sends and not any(w.puppet is puppet for w in self.waits)

    # ---- steps ----

    def answer(self, letter: Letter, value: int) -> Status:
        """Its sender goes on with the value, FAILURE if that is 0; what the replier gets."""
        self.letters.remove(letter)
        if not letter.waits:
            return Status.FAILURE
        self.wake(letter.sender, Status.OK if value else Status.FAILURE, value)
        return Status.OK

    def fails(self, letter: Letter) -> None:
        """Who had it ends: its sender hears of the successor, if there is one."""
        through = letter.through
        successor = 0 if through.ended else self.successors.get(through.thing, 0)
        if not successor:
            self.answer(letter, 0)
            return
        self.letters.remove(letter)
        self.heard[through] = successor + 1
        if letter.waits:
            self.wake(letter.sender, Status.RESTARTED, successor)

    def restarts(self, channel: Thing, generation: int) -> None:
        """A channel's supervisor says who serves it next; with another one the queue hears it."""
        before = self.successors.get(channel, 0)
        self.successors[channel] = generation
        for letter in self.queue(channel) if before and generation not in (0, before) else ():
            self.letters.remove(letter)
            self.heard[letter.through] = generation
            if letter.waits:
                self.wake(letter.sender, Status.RESTARTED, generation - 1)

    def is_told(self, through: Node) -> int:
        """Who sends hears first of a restart since its last message: the generation, or 0."""
        successor = self.successors.get(through.thing, 0)
        before = self.heard.get(through, 0)
        if not successor or before == successor:
            return 0
        self.heard[through] = successor
        return successor - 1 if before else 0

    def time_out(self, wait: Wait) -> None:
        """Nothing came in time."""
        self.waits.remove(wait)
        self.wake(wait.puppet, Status.TIMED_OUT)

    def ends(self, process: Process) -> None:
        """A process is about to end: its letters go, those that it served fail."""
        for letter in list(self.letters):
            if letter.sender.process is process:
                letter.waits = False
                if letter.receiver is None:
                    self.letters.remove(letter)
        for letter in self.served_by(process):
            self.fails(letter)
        self.waits = [wait for wait in self.waits if wait.puppet.process is not process]

    def settle(self) -> None:
        """Capabilities have gone: nobody goes on waiting by what is dead.

        By a right that was taken: INCAPABLE. On a channel that has ended: FAILURE; but a
        letter that was received by then can still be answered.
        """
        for letter in list(self.letters):
            through, queued = letter.through, letter.receiver is None
            if not through.alive and letter.waits and (queued or not through.ended):
                failed = Status.FAILURE if through.ended else Status.INCAPABLE
                self.wake(letter.sender, failed)
                letter.waits = False
                if queued:
                    self.letters.remove(letter)
        for wait in list(self.waits):
            if not wait.through.alive:
                self.waits.remove(wait)
                ended = wait.through.ended
                self.wake(wait.puppet, Status.FAILURE if ended else Status.INCAPABLE)

    def wake(self, puppet: Puppet, status: Status, value: int = 0) -> None:
        """A thread shall have come back from its wait with this."""
        assert puppet not in self.wakes
        self.wakes[puppet] = Answer(status & MASK64, value)
