"""Messages in a whole kernel: who sends, receives, loses a right or ends, in any order."""

from __future__ import annotations

import pytest

from anos_sim.stage3.abi import Sysno
from support.architectures import only_if_built
from support.effort import MACHINES
from support.ipc_machine import IpcMachine
from support.puppets import Handlers, Programs
from support.theatre import Puppet


class ProgramsMachine(IpcMachine):
    """The same, made from ring 3."""

    programs = True


TestHandlers = pytest.mark.no_machine(IpcMachine.TestCase)
TestHandlers.settings = MACHINES
TestProgramsOnX86_64 = ProgramsMachine.TestCase
TestProgramsOnX86_64.settings = MACHINES


class RiscvMachine(ProgramsMachine):
    """The same on RISC-V."""

    arch = "riscv64"


TestProgramsOnRiscv64 = only_if_built("riscv64")(RiscvMachine.TestCase)
TestProgramsOnRiscv64.settings = MACHINES


@pytest.mark.parametrize("programs", [False, True])
@pytest.mark.parametrize("way", ["build", "create"])
def test_a_child_made_while_a_message_is_served_does_not_keep_its_page(
    programs: bool, way: str
) -> None:
    """It gets a copy; after the reply neither it nor the server sees what the sender writes."""
    with Programs() if programs else Handlers() as theatre:
        server = theatre.puppets[0]
        calls = list(server.process.calls)
        created = theatre.call(server, Sysno.CREATE_CHANNEL)
        assert created is not None
        client = theatre.create_process(server, [*calls, created.value])
        assert isinstance(client, Puppet)
        channel = theatre.stack_words(client.process, len(calls) + 3)[-1]
        theatre.write(client.process, client.buffer, b"early")
        theatre.call(client, Sysno.SEND_MESSAGE, channel, 1, 8, client.buffer)
        message = theatre.call(server, Sysno.RECV_MESSAGE, created.value, 0, 0, server.window)
        assert message is not None
        if way == "build":
            _, child = theatre.build_process(server, calls)
        else:
            made = theatre.create_process(server, calls)
            assert isinstance(made, Puppet)
            child = made
        theatre.call(server, Sysno.REPLY_MESSAGE, message.value, 1)
        theatre.write(client.process, client.buffer, b"later")
        assert theatre.read(server.process, server.window, 5) == bytes(5)
        assert theatre.read(child.process, server.window, 5) == b"early"
        theatre.finish()
