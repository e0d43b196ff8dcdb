"""A story from a recording, which is run again for it, or from a file of events."""

from __future__ import annotations

from anos_sim.stage3.channel import Message
from anos_sim.stage3.event_log import EventLog
from anos_sim.stage3.events import Event
from anos_sim.toolchain.errors import UserError
from anos_sim.toolchain.event_file import EventFile
from anos_sim.toolchain.look.source import is_event_file
from anos_sim.toolchain.recording import is_recording, read_recording
from anos_sim.toolchain.session import Session

from .builder import Builder
from .story import Classes, Story

PAGE_BYTES = 4096
BATCH_EVENTS = 4096


def take(path: str, classes: Classes) -> Story:
    """The story that a file tells.

    Raises:
        UserError: it is neither, or cannot be had again.
    """
    if is_event_file(path):
        return _read(path, classes)
    if is_recording(path):
        return _replay(path, classes)
    try:
        open(path, "rb").close()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    raise UserError(
        f"{path} is neither a recording (`anos-sim run --record FILE.anos`) nor events "
        "(`anos-sim run --events FILE`)"
    )


def _read(path: str, classes: Classes) -> Story:
    builder = Builder(path)
    file = EventFile(path)
    cpus = 0
    batch: list[Event] = []
    for event in file:
        cpus = max(cpus, event.cpu + 1)
        batch.append(event)
        if len(batch) >= BATCH_EVENTS:
            builder.hear(batch)
            batch.clear()
    builder.hear(batch)
    story = builder.finish(classes)
    story.cpus = cpus
    if file.end is None:
        story.was_cut = True
        story.complaint = story.complaint or "stops before its end: the run did not finish"
    return story


class _Pages:
    """Keeps what was on the messages' pages when they were sent and when they were answered."""

    def __init__(self, session: Session, story: Story) -> None:
        self._memory, self._story = session.machine.memory, story
        self._known: dict[bytes, bytes] = {}
        self._sent: dict[int, bytes] = {}

    def see(self, message: Message, is_answer: bool) -> None:
        """A message's page now. Of an answer counts what its server has written."""
        address, number = message.frame_address, message.number
        if not address or not message.counted or message.abandoned:
            return
        page = self._memory.read(address, PAGE_BYTES)
        if not is_answer:
            self._sent[number] = page
            self._story.pages[number, False] = self._keep(page[: message.size_bytes])
            return
        before = self._sent.pop(number, None)
        if before is None or before == page:
            return
        changed = [at for at in range(PAGE_BYTES) if before[at] != page[at]]
        self._story.written[number] = changed[0], changed[-1] + 1
        self._story.pages[number, True] = self._keep(page)

    def _keep(self, page: bytes) -> bytes:
        """Without the zeros at its end, and only once if it is there already."""
        data = page.rstrip(b"\0")
        return self._known.setdefault(data, data)


def _replay(path: str, classes: Classes) -> Story:
    recording = read_recording(path)
    options = recording.options()
    session = Session(options)
    try:
        session.follows_reboots = False
        builder = Builder(path)
        story = builder.story
        log = EventLog(keep=False)
        log.listen(builder.hear)
        log.on_page = _Pages(session, story).see
        _watch_disks(session, story)
        session.kernel.record(log)
        outcome = session.run()
        log.flush()
        story.cpus = len(session.kernel.cpus)
        story.policy = session.kernel.policy.name
    finally:
        session.close()
    builder.finish(classes)
    story.arch, story.has_pages = options.arch, True
    story.outcome = outcome.status, outcome.cause
    limited = options.end_ps is not None or options.until is not None
    story.was_cut = outcome.interrupted or (limited and not outcome.power_off and not outcome.panic)
    return story


def _watch_disks(session: Session, story: Story) -> None:
    """Keep what is written to the disks, sector by sector."""
    for number, disk in enumerate(session.machine.disks):
        hash_write = disk.on_write

        def see(sector: int, data: bytes, number: int = number, then: object = hash_write) -> None:
            if callable(then):
                then(sector, data)
            for at in range(0, len(data), 512):
                story.sectors[number, sector + at // 512] = bytes(data[at : at + 512])

        disk.on_write = see
