"""SYSTEM and one child of it that share a channel: what most tests of messages need."""

from __future__ import annotations

from anos_sim.stage3.abi import ObjectKind, Rights, Status, Sysno
from anos_sim.stage3.process import Process

from .slots import Passed, read_transfer, write_transfer
from .theatre import Puppet, Theatre

OK = Status.OK


class Pair:
    """SYSTEM and one child of it; `line` and `there` are their cookies of one channel."""

    def __init__(self, theatre: Theatre) -> None:
        self.theatre = theatre
        self.kernel = theatre.kernel
        self.system = theatre.puppets[0]
        self.line = self.value(self.system, Sysno.CREATE_CHANNEL)
        calls = [*self.system.process.calls, self.line]
        self.child = self.made(calls)
        self.there = theatre.stack_words(self.child.process, len(calls) + 2)[-1]

    def made(self, words: list[int]) -> Puppet:
        """A child with these words on its stack."""
        child = self.theatre.create_process(self.system, words)
        assert isinstance(child, Puppet)
        return child

    def value(self, puppet: Puppet, number: Sysno, *arguments: int) -> int:
        """What a call that must be OK returns."""
        answer = self.theatre.call(puppet, number, *arguments)
        assert answer is not None
        assert answer.status is OK
        return answer.value

    def status(self, puppet: Puppet, number: Sysno, *arguments: int) -> Status:
        """What comes of a call."""
        answer = self.theatre.call(puppet, number, *arguments)
        assert answer is not None
        return answer.status

    def rights(self, process: Process, cookie: int) -> Rights:
        """What a cookie allows there."""
        return Rights(process.capabilities[cookie].rights)

    def send(self, slots: list[Passed]) -> int:
        """The child sends, SYSTEM receives; the message."""
        write_transfer(self.theatre, self.child, slots)
        arguments = (self.there, 1, 0, 0, self.child.arguments)
        assert self.theatre.call(self.child, Sysno.SEND_TRANSFER, *arguments) is None
        return self.receive()

    def receive(self) -> int:
        """SYSTEM receives."""
        write_transfer(self.theatre, self.system, [])
        arguments = (self.line, 0, 0, 0, self.system.arguments)
        return self.value(self.system, Sysno.RECV_TRANSFER, *arguments)

    def arrived(self, puppet: Puppet) -> list[tuple[int, int]]:
        """The capabilities that came with a message."""
        return read_transfer(self.theatre, puppet)[1]

    def device(self) -> int:
        """SYSTEM's cookie of the device memory."""
        held = self.system.process.capabilities.items()
        return next(c for c, h in held if h.target.identity[0] is ObjectKind.PHYSICAL)
