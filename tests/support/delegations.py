"""A delegation tree made by hand, as large or small as a test wants, and its graph.

The processes do not run: what a view shows can be written down here, line by line,
and stays the same when the system that we boot changes.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from anos_sim.hw.arch import DEFAULT
from anos_sim.stage3.abi import Rights, Sysno
from anos_sim.stage3.capability import Capability, Origin, Site
from anos_sim.stage3.channel import Channel, NameTable
from anos_sim.stage3.cookie import CookieJar
from anos_sim.stage3.delegation import DelegationTree
from anos_sim.stage3.kernel import Kernel
from anos_sim.stage3.notification import Notification
from anos_sim.stage3.objects import KernelObject, PhysicalRange, SystemCall, VectorRange
from anos_sim.stage3.process import Process, ProcessState
from anos_sim.stage3.symbols import Symbols
from anos_sim.toolchain.inspect.graph import CapabilityGraph, CarriedMessage, Traffic
from anos_sim.toolchain.inspect.snapshot import snapshot

US = 1_000_000
ALL = (1 << 12) - 1
R = Rights


class Delegations:
    """A tree with processes and a clock; each delegation takes a microsecond."""

    def __init__(self, policy: str = "derived") -> None:
        self.tree = DelegationTree(CookieJar(1))
        self.processes: list[Process] = []
        self.names = NameTable()
        self.time_ps = 0
        self.policy = policy
        self._next_pid = 1

    def process(self, name: str) -> Process:
        """A process that holds nothing."""
        process = Process(self._next_pid, cast(Any, None), {}, {}, {}, name=name)
        self._next_pid += 1
        process.path = f"boot:/{name}.elf"
        self.processes.append(process)
        return process

    def end(self, process: Process) -> None:
        """Its capabilities go; what was derived from them stays."""
        for capability in list(process.capabilities.values()):
            self.tree.drop(capability)
        process.state = ProcessState.DEAD
        self.processes.remove(process)

    def origin(self, how: str, actor: Process | None, sender: Process | None = None) -> Origin:
        """Now, by a call of `actor`, in a message of `sender` whose number is the time in us."""
        self.time_ps += US
        message = self.time_ps // US if sender is not None else 0
        return Origin(self.time_ps, how, _site(actor), message, _site(sender))

    def root(self, holder: Process, target: KernelObject, rights: int, how: str) -> Capability:
        """What the kernel grants."""
        actor = None if how == "power-on" else holder
        return self.tree.root(holder, target, rights, self.origin(how, actor))

    def give(self, source: Capability, holder: Process, rights: int = ALL) -> Capability:
        """What the holder of `source` gives away."""
        return self.tree.delegate(source, holder, rights, self.origin("give", source.holder))

    def graph(self, **facts: Any) -> CapabilityGraph:
        """What is looked at; `facts` are what only events tell."""
        kernel = SimpleNamespace(
            tree=self.tree,
            names=self.names,
            symbols=Symbols(),
            policy=SimpleNamespace(name=self.policy),
            machine=SimpleNamespace(
                memory=SimpleNamespace(begin=0, end=1 << 28, size_bytes=1 << 28),
                addresses=DEFAULT.addresses,
                config=SimpleNamespace(arch=DEFAULT.name),
                functions=[],
                framebuffer=SimpleNamespace(physical=0xFD00_0000, size_bytes=0x1000),
            ),
            all_processes=lambda: self.processes,
            now_ps=lambda: self.time_ps,
        )
        graph = snapshot(cast(Kernel, kernel))
        object.__setattr__(graph, "places", None)
        for name, value in facts.items():
            object.__setattr__(graph, name, value)
        return graph


def _site(process: Process | None) -> Site | None:
    if process is None:
        return None
    return Site(process.pid, process.name, process.pid, 0x200_0020, 0x200_0100)


def call(number: Sysno) -> SystemCall:
    """A system call as an object; nobody makes it."""
    return SystemCall(number, lambda *_: 0)


def small_system() -> Delegations:
    """init, a broker that has ended, a driver and a shell: a bit of everything."""
    made = Delegations()
    init, broker, driver = (made.process(name) for name in ("init", "broker", "driver"))
    calls = [
        made.root(init, call(each), R.CALL | R.GRANT, "power-on")
        for each in (Sysno.SEND_MESSAGE, Sysno.RECV_MESSAGE, Sysno.DEBUG_PRINT)
    ]
    devices = made.root(
        init, PhysicalRange(0x1000_0000, 0x2_0000_0000), R.READ | R.WRITE | R.GRANT, "power-on"
    )
    vectors = made.root(init, VectorRange(0x40, 0x60), R.RECEIVE | R.GRANT, "power-on")
    for each in calls:
        made.give(made.give(each, broker), driver, R.CALL)
    window = made.give(devices, broker)
    page = PhysicalRange(0xFD00_0000, 0xFD00_1000)
    part = made.tree.mint(window, broker, ALL, made.origin("mint_range", broker), part=page)
    made.give(part, driver, R.READ | R.WRITE)
    made.give(vectors, driver, R.RECEIVE)
    made.end(broker)
    shell = made.process("shell")
    made.give(calls[0], shell, R.CALL)
    store = made.root(driver, Channel(1, driver), ALL & 0x3E, "create_channel")
    made.names.register(b"STORE", cast(Channel, store.target), store)
    origin = made.origin("find_named_channel", init)
    found = made.tree.delegate(store, init, R.SEND | R.GRANT, origin)
    made.tree.mint(found, shell, R.SEND, made.origin("transfer", init, shell), badge=7)
    made.root(init, driver, R.OBSERVE | R.KILL | R.REVOKE | R.GRANT, "build_process")
    made.root(shell, Notification(1), R.SEND | R.RECEIVE | R.GRANT, "create_notification")
    return made


def small_graph() -> CapabilityGraph:
    """The graph of `small_system`, with what events would have told."""
    made = small_system()
    number = made.time_ps // US - 2
    return made.graph(
        recorded=True,
        carried={number: CarriedMessage(number, 1, 0x11, 4)},
        traffic=(Traffic(4, 3, 1, 12), Traffic(1, 3, 1, 1)),
    )
