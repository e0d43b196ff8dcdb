"""The recorder: takes what the kernel emits, packs it, and tells who listens.

Recording is cheap: the kernel adds a few words to a list, the CPUs add their
records in C (hw/events.h), and all is packed between two turns of the loop, which
is also the only time when listeners are called: none can change the run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from anos_sim.hw.clock import PS_PER_MS
from anos_sim.hw.event_stream import PLACE, TEXT, EventStream
from anos_sim.hw.vcpu import BLOCKED, EVENTS, NOW, RAN

from .event_reader import EventReader, field_counts
from .events import FIELDS, RULES, Event, EventKind
from .thread import Thread, ThreadState

if TYPE_CHECKING:
    from .channel import Message
    from .cpu import Cpu
    from .kernel import Kernel
    from .process import Process

GATHER_PS = 5 * PS_PER_MS
"""How long events gather before anybody hears of them: the longest turn is not longer."""
_FRAMES = int(EventKind.FRAMES)
TEXTS_MAX = 1 << 16
PASSING = 1 << 32
"""Ids from here on are of texts that only the next record refers to."""

_NOT_WAITING = (
    ThreadState.NEW, ThreadState.READY, ThreadState.RUNNING, ThreadState.SENDING, ThreadState.DEAD,
)  # fmt: skip
"""Or told of by the message that is sent."""

Listener = Callable[[list[Event]], None]
PackedListener = Callable[[bytes], None]


class EventLog:
    """Records the events of one kernel; attach it with `Kernel.record`.

    `listen` hears every event, in batches; `listen_packed` hears the same as packed
    bytes, which are what `hash` is about. With `keep` all events stay in `events`.
    """

    def __init__(self, keep: bool = True) -> None:
        self.words: list[int] = []
        self.extend = self.words.extend
        """Adds a record, (kind, time, tid, field...), in the kernel's fastest paths.

        A time of 0 is that of the record before it: of the call that is being handled.
        """
        self.texts: dict[str, int] = {}
        self._events: list[Event] = []
        self._stream = EventStream(field_counts(FIELDS))
        self._hash = hashlib.blake2b(digest_size=16)
        self._place = -1
        self._flushed_ps = 0
        self._free_count = -1
        self._listeners: list[Listener] = [self._events.extend] if keep else []
        self._packed_listeners: list[PackedListener] = []
        self._reader: EventReader | None = None
        self._kernel: Kernel | None = None
        self.size_bytes = 0
        """How many packed bytes there were so far."""
        self.on_page: Callable[[Message, bool], None] | None = None
        """Sees a message when it is sent, and (True) when it is answered, with its page as it is
        then; it must change nothing."""

    # ---- who listens ----

    def listen(self, listener: Listener) -> None:
        """Call `listener` with every batch of events from the first one on."""
        self._listeners.append(listener)

    def listen_packed(self, listener: PackedListener) -> None:
        """Call `listener` with every batch as packed bytes."""
        self._packed_listeners.append(listener)

    @property
    def events(self) -> list[Event]:
        """All events so far."""
        self.flush()
        return self._events

    def hash(self) -> str:
        """A hash of all events so far."""
        self.flush()
        return self._hash.hexdigest()

    # ---- what the kernel does ----

    def follow(self, kernel: Kernel, cause: str) -> None:
        """Go on with the kernel of a machine that was rebooted."""
        self._detach()
        self.add(EventKind.REBOOT, kernel.now_ps(), 0, (cause,))
        self.attach(kernel)

    def attach(self, kernel: Kernel) -> None:
        """Begin with what there is: processes, threads, capabilities."""
        self._kernel = kernel
        self._stream.attach(self.words)
        kernel.board.words[EVENTS] = self._stream.address
        kernel.board.on_access = self._device_access
        kernel.memory.on_dma = self._dma
        kernel.machine.watch_commands(self._command)
        kernel.machine.serial.input_listeners.append(self._typed)
        kernel.machine.keyboard.input_listeners.append(self._pressed)
        for state in ThreadState:
            self._text(state.value, 0)
        time_ps = kernel.now_ps()
        self.words += (RULES, time_ps, 0, int(not kernel.counts_receivers))
        for cpu in kernel.cpus:
            cpu.state[BLOCKED] = 0
        told: dict[int, None] = {}
        for process in kernel.all_processes():
            self._tell_process(process, time_ps)
            for held in process.capabilities.values():
                if held.cookie not in told:
                    told[held.cookie] = None
                    parent = held.parent.cookie if held.parent is not None else 0
                    holder = held.holder.pid if held.holder is not None else 0
                    rights, how = int(held.rights), held.origin.how
                    fields = (held.cookie, parent, holder, str(held.target), rights, how)
                    self.add(EventKind.CAPABILITY, time_ps, 0, fields)
        for channel, name in kernel.names.all():
            self.add(EventKind.NAMED, time_ps, 0, (channel.number, name))
        threads = [thread for process in kernel.all_processes() for thread in process.threads]
        for thread in threads:
            if thread.state is ThreadState.SENDING and thread.message is not None:
                self._tell_message(thread.message, time_ps)
        for thread in threads:
            if thread.state not in _NOT_WAITING:
                self.add(EventKind.BLOCK, time_ps, thread.tid, (thread.state.value,))

    def _tell_process(self, process: Process, time_ps: int) -> None:
        parent = process.parent.pid if process.parent is not None else 0
        fields = (process.pid, process.name, process.path, parent)
        self.add(EventKind.PROCESS_START, time_ps, 0, fields)
        for thread in process.threads:
            start = (process.pid, 0, int(thread.thread_class))
            self.add(EventKind.THREAD_START, time_ps, thread.tid, start)

    def _tell_message(self, message: Message, time_ps: int) -> None:
        held, to, page = message.capability, message.channel.number, message.frame_address
        sent = (to, message.number, message.tag, message.size_bytes, page, held.cookie, held.badge)
        self.add(EventKind.SEND, time_ps, message.sender.tid, sent)
        receiver = message.receiver
        if receiver is not None and receiver.threads:
            page = page if message.window else 0
            received = (to, message.number, page, message.cookie)
            self.add(EventKind.RECEIVE, time_ps, receiver.threads[0].tid, received)

    def _device_access(self, write: bool, address: int, size: int, value: int) -> None:
        kernel = self._kernel
        if kernel is not None:
            thread = kernel.current.thread if kernel.current is not None else None
            self.emit(EventKind.DEVICE, thread, (write, address, size, value))

    def _dma(self, write: bool, address: int, size_bytes: int) -> None:
        self.emit(EventKind.DMA, None, (write, address, size_bytes))

    def _typed(self, data: bytes) -> None:
        if data and self._kernel is not None:
            self.emit(EventKind.INPUT, None, (self._kernel.machine.serial.name, data.hex()))

    def _pressed(self, data: bytes) -> None:
        if self._kernel is not None:
            self.emit(EventKind.INPUT, None, (self._kernel.machine.keyboard.name, data.hex()))

    def _command(self, *fields: int | str) -> None:
        self.emit(EventKind.COMMAND, None, fields)

    def place(self, cpu: int) -> None:
        """What follows happens on this CPU, or on none (-1)."""
        if cpu != self._place:
            self._place = cpu
            self.words += (PLACE, cpu + 1)

    def emit(self, kind: int, thread: Thread | None, fields: tuple[int | str, ...]) -> None:
        """Add a record of what happens now, where the kernel is."""
        kernel = self._kernel
        if kernel is not None:
            self.place(kernel.current.index if kernel.current is not None else -1)
            self.add(kind, kernel.now_ps(), thread.tid if thread is not None else 0, fields)

    def add(self, kind: int, time_ps: int, tid: int, fields: tuple[int | str, ...]) -> None:
        """Add a record; its texts go before it."""
        assert len(fields) == len(FIELDS[kind]), f"{fields} are not the fields of kind {kind}"
        numbers = [
            self._text(value, slot, kind == EventKind.LOG) if isinstance(value, str) else value
            for slot, value in enumerate(fields)
        ]
        self.words += (int(kind), time_ps, tid, *numbers)

    def _text(self, text: str, slot: int, passing: bool = False) -> int:
        number = self.texts.get(text)
        if number is None:
            if passing or len(self.texts) >= TEXTS_MAX:
                number = PASSING + slot
            else:
                number = self.texts[text] = len(self.texts) + 1
            data = text.encode("utf-8", "surrogateescape")
            words = [int.from_bytes(data[at : at + 8], "little") for at in range(0, len(data), 8)]
            self.words += (TEXT, number, len(data), *words)
        return number

    def pass_on(self, cpu: Cpu) -> None:
        """A CPU's turn is over: tell what has been gathered if it may be much."""
        state = cpu.state
        time_ps = state[NOW]
        if state[BLOCKED]:
            self.words += (int(EventKind.BLOCK), time_ps, state[RAN], state[BLOCKED])
            state[BLOCKED] = 0
        if self._kernel is not None and self._kernel.frames.free_count != self._free_count:
            self._free_count = self._kernel.frames.free_count
            self.words += (_FRAMES, time_ps, 0, self._free_count)
        if time_ps > self._flushed_ps:
            self._flushed_ps = time_ps + GATHER_PS
            self.flush()

    def flush(self) -> None:
        """Tell all that has been gathered. Never while a trap is handled."""
        packed = self._stream.pack() if self._kernel is not None else b""
        if not packed:
            return
        self._hash.update(packed)
        self.size_bytes += len(packed)
        for packed_listener in self._packed_listeners:
            packed_listener(packed)
        if self._listeners:
            if self._reader is None:
                self._reader = EventReader(FIELDS)
            events = self._reader.read(packed)
            for listener in self._listeners:
                listener(events)

    def _detach(self) -> None:
        kernel = self._kernel
        if kernel is not None:
            self.flush()
            kernel.board.words[EVENTS] = 0
            kernel.board.on_access = kernel.memory.on_dma = None
            kernel.machine.watch_commands(None)
            kernel.machine.serial.input_listeners.remove(self._typed)
            kernel.machine.keyboard.input_listeners.remove(self._pressed)
            self._kernel = None

    def close(self) -> None:
        """Record no more; what was recorded so far has been told."""
        self._detach()
        self._stream.close()
        if self._reader is not None:
            self._reader.close()
