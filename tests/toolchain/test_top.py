"""`anos-sim top` shows what is the case at each event, and changes nothing by that."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from anos_sim.stage3.event_log import EventLog
from anos_sim.stage3.events import Event, EventKind
from anos_sim.toolchain.cli import main, make_parser
from anos_sim.toolchain.event_file import EventFile
from anos_sim.toolchain.look.model import LATELY_PS, Model, Share
from anos_sim.toolchain.look.player import SPEEDS_PS, Player
from anos_sim.toolchain.look.runners import Runners
from anos_sim.toolchain.look.screen import TopApp
from anos_sim.toolchain.look.source import FileEvents
from anos_sim.toolchain.look.stage import Stage
from anos_sim.toolchain.look.top import open_source
from anos_sim.toolchain.options import elf_folder
from anos_sim.toolchain.session import Session
from support.boot import boot_system
from support.terminal import screen_text, wait_until

HELLO = str(elf_folder() / "tests" / "hello.elf")
FULL_SPEED = len(SPEEDS_PS) - 1
Act = Callable[[Pilot[None], Stage], Awaitable[None]]


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The events of a whole boot, as a file."""
    path = tmp_path_factory.mktemp("events") / "boot.events"
    assert main(["run", "--quiet", "--events", str(path)]) == 0
    return path


def source_of(*arguments: str) -> Session | FileEvents:
    """What a command line would play."""
    return open_source(make_parser().parse_args(["top", *arguments]))


def watch(
    source: Session | FileEvents,
    act: Act,
    *,
    paused: bool = False,
    speed: int = FULL_SPEED,
    width: int = 130,
) -> Stage:
    """Show a source in a terminal, act on it, and quit."""
    player = Player(paused=paused, speed=speed)
    stage = Stage(player, source)
    stage.start()

    async def run() -> None:
        app = TopApp(player)
        async with app.run_test(size=(width, 40)) as pilot:
            await act(pilot, stage)
            await pilot.press("q")

    try:
        asyncio.run(run())
    finally:
        player.quit()
        stage.join()
        if isinstance(source, Session):
            source.close()
    assert stage.error is None
    return stage


async def to_the_end(pilot: Pilot[None], stage: Stage) -> None:
    """Wait until all has been shown."""
    await wait_until(pilot, lambda: not stage.is_alive())
    app: Any = pilot.app
    app.draw()
    await pilot.pause()


def hash_of(path: Path) -> str:
    """The hash of a file's events."""
    file = EventFile(path)
    for _ in file:
        pass
    assert file.end is not None
    return str(file.end["hash"])


# ---- what it shows ----


def test_the_screen_shows_processes_cpus_channels_and_the_log(events: Path) -> None:
    text = ""

    async def act(pilot: Pilot[None], stage: Stage) -> None:
        nonlocal text
        await to_the_end(pilot, stage)
        text = screen_text(pilot.app)

    watch(source_of(), act)
    lines = text.splitlines()
    assert "shell[5] switched off, full speed" in lines[0]
    assert f"{sum(1 for _ in EventFile(events)):,} events" in lines[0]
    assert "power OK" in lines[1]
    rows = {line.split()[1]: line.split() for line in lines[3:12]}
    names = "SYSTEM kterminal ramfs devman shell pcidrv serialdrv ahcidrv fat32drv"
    assert list(rows) == names.split()
    assert rows["pcidrv"][2] == "ended"
    assert rows["fat32drv"][2] == "receiving"
    assert int(rows["SYSTEM"][6]) > 50, "it has pages"
    assert "SYSTEM::VFS      SYSTEM[1]" in text
    assert any(line.endswith("%  idle") for line in lines)
    assert "fat32drv: disk0: is FAT32, 40960 KiB, label 'SAMPLE'" in text
    assert lines[-1].split()[:4] == ["q", "quit", "space", "pause"]


def test_a_narrow_terminal_has_the_tables_below_each_other() -> None:
    async def act(pilot: Pilot[None], stage: Stage) -> None:
        await to_the_end(pilot, stage)
        lines = screen_text(pilot.app).splitlines()
        heads = [number for number, line in enumerate(lines) if line.split()[:1] == ["CPU"]]
        processes = next(number for number, line in enumerate(lines) if "PROCESS" in line)
        assert heads
        assert heads[0] > processes + 1

    watch(source_of(), act, width=85)


@pytest.mark.parametrize("kind", ["events", "recording"])
def test_files_and_recordings_look_like_the_run(kind: str, events: Path, tmp_path: Path) -> None:
    source = str(events)
    if kind == "recording":
        source = str(tmp_path / "boot.anos")
        assert main(["run", "--quiet", "--record", source]) == 0
    pictures = []
    for arguments in ([], [source]):
        stage = watch(source_of(*arguments), to_the_end)
        pictures.append(stage.player.picture)
    live, played = pictures
    assert played.log == live.log
    assert played.channels == live.channels
    assert played.events == live.events
    for before, after in zip(live.processes, played.processes, strict=True):
        assert (after.name, after.state, after.cpu_ps, after.sent, after.received) == (
            before.name, before.state, before.cpu_ps, before.sent, before.received,
        )  # fmt: skip
        assert after.pages == (before.pages if kind == "recording" else None)


def test_what_a_program_calls_itself_cannot_disturb_the_screen() -> None:
    player = Player()
    names = ["[red]red[/]", "[/b]", "a\x1b[2Jb", "c\nd", "\udce4"]

    async def run() -> None:
        app = TopApp(player)
        async with app.run_test(size=(130, 40)) as pilot:
            for pid, name in enumerate(names, start=1):
                start = (pid, name, "", 0)
                player.model.add(Event(pid, 0, 0, pid, name, 0, EventKind.PROCESS_START, start))
                log = (pid, name)
                player.model.add(Event(pid, 0, 0, pid, name, 0, EventKind.LOG, log))
            player.end("[bold")
            app.draw()
            await pilot.pause()
            text = screen_text(app)
            assert "[red]red[/]" in text
            assert "[/b]" in text
            assert "\x1b" not in text
            assert text.count("a\N{REPLACEMENT CHARACTER}[2Jb") >= 2

    asyncio.run(run())


# ---- keys ----


def test_steps_stop_at_the_next_event_call_and_message(events: Path) -> None:
    everything = list(EventFile(events))
    stops: list[int] = []

    async def act(pilot: Pilot[None], stage: Stage) -> None:
        player = stage.player
        await wait_until(pilot, lambda: player.picture.mode == "paused")
        assert player.picture.events == 0
        for key in "eeecccmemc":
            before = player.picture.events
            await pilot.press(key)
            await wait_until(
                pilot,
                lambda before=before: (  # type: ignore[misc]
                    player.picture.mode == "paused" and player.picture.events > before
                ),
            )
            stops.append(player.picture.events)

    for source in (source_of(), source_of(str(events))):
        stops.clear()
        watch(source, act, paused=True)
        expected, at = [], 0
        for key in "eeecccmemc":
            kind = {"c": EventKind.SYSCALL, "m": EventKind.SEND}.get(key)
            at += 1
            while kind is not None and everything[at - 1].kind is not kind:
                at += 1
            expected.append(at)
        assert stops == expected


def test_space_pauses_and_goes_on() -> None:
    async def act(pilot: Pilot[None], stage: Stage) -> None:
        player = stage.player
        await wait_until(pilot, lambda: player.picture.events > 0)
        await pilot.press("space")
        await wait_until(pilot, lambda: player.picture.mode == "paused")
        shown = player.picture.events
        await pilot.pause(0.3)
        assert player.picture.events == shown
        assert stage.is_alive()
        for _ in SPEEDS_PS:
            await pilot.press("plus")
        await pilot.press("space")
        await to_the_end(pilot, stage)
        assert player.picture.events > shown

    watch(source_of(), act, speed=0)


def test_plus_and_minus_change_the_speed_within_bounds() -> None:
    async def act(pilot: Pilot[None], stage: Stage) -> None:
        player = stage.player
        await wait_until(pilot, lambda: player.picture.speed == "100 us/s")
        for key, speed in (("plus", "1 ms/s"), ("minus", "100 us/s"), ("minus", "10 us/s")):
            await pilot.press(key)
            await wait_until(pilot, lambda speed=speed: player.picture.speed == speed)  # type: ignore[misc]
        for _ in SPEEDS_PS:
            await pilot.press("minus")
        await wait_until(pilot, lambda: player.picture.speed == "1 us/s")
        for _ in SPEEDS_PS:
            await pilot.press("plus")
        await wait_until(pilot, lambda: player.picture.speed == "full speed")

    watch(source_of(), act, paused=True, speed=2)


def test_help_tells_the_keys_and_any_key_closes_it() -> None:
    async def act(pilot: Pilot[None], stage: Stage) -> None:
        await pilot.press("question_mark")
        await pilot.pause()
        assert "to the next message" in screen_text(pilot.app)
        await pilot.press("x")
        await pilot.pause()
        assert "to the next message" not in screen_text(pilot.app)

    watch(source_of(), act, paused=True)


def test_quitting_ends_the_run() -> None:
    async def act(pilot: Pilot[None], stage: Stage) -> None:
        await wait_until(pilot, lambda: stage.player.picture.mode == "paused")

    stage = watch(source_of(), act, paused=True)
    assert stage.outcome is not None
    assert stage.outcome.cause == "the viewer has quit"


# ---- nothing changes ----


def test_watching_does_not_change_the_run(events: Path) -> None:
    assert watch(source_of(), to_the_end).hash == hash_of(events)


def test_pausing_and_stepping_does_not_change_the_run(events: Path) -> None:
    async def act(pilot: Pilot[None], stage: Stage) -> None:
        player = stage.player
        for key in ("e", "c", "space", "m", "e", "space", "minus", "m", "plus", "c", "c", "e"):
            await pilot.press(key)
            await pilot.pause(0.02)
        for _ in SPEEDS_PS:
            await pilot.press("plus")
        await pilot.press("space")
        await wait_until(pilot, lambda: player.picture.mode != "paused")
        await to_the_end(pilot, stage)

    assert watch(source_of(), act, paused=True).hash == hash_of(events)


# ---- the model ----


def test_the_model_agrees_with_the_kernel() -> None:
    log = EventLog()
    booted = boot_system(events=log)
    with closing(booted):
        model = Model()
        for event in log.events:
            model.add(event)
        picture = model.picture("", "", {})
        rows = {row.pid: row for row in picture.processes}
        kernel = booted.kernel
        assert picture.messages == kernel.statistics.messages
        assert picture.free_frames == kernel.frames.free_count
        assert picture.ready == sum(cpu.queue.count for cpu in kernel.cpus)
        assert picture.log_lines == len(booted.lines)
        for process in kernel.processes.values():
            row = rows[process.pid]
            assert row.threads == len(process.threads)
            assert row.cpu_ps >= sum(thread.cpu_ps for thread in process.threads)
            assert row.state in {thread.state.value for thread in process.threads}
        ended = [row.pid for row in picture.processes if row.state == "ended"]
        assert set(rows) - set(ended) == set(kernel.processes)


def test_a_message_waits_from_its_send_to_its_reply(events: Path) -> None:
    model = Model()
    waiting: set[int] = set()
    for event in EventFile(events):
        model.add(event)
        if event.kind is EventKind.SEND:
            waiting.add(event.value("message"))
        elif event.kind is EventKind.REPLY:
            waiting.remove(event.value("message"))
        else:
            continue
        channels = model.picture("", "", {}).channels
        assert sum(channel.waiting for channel in channels) == len(waiting)
    assert len(waiting) == 1, "the shell reads on"


def test_a_thread_that_another_cpu_took_over_runs_there_only() -> None:
    def event(cpu: int, tid: int, kind: EventKind, *fields: int | str) -> Event:
        return Event(1, 0, cpu, 1, "p", tid, kind, fields)

    runners = Runners()
    for tid in (1, 2, 3):
        runners.hear(event(0, tid, EventKind.THREAD_START, 1, 0, 1))
    runners.hear(event(0, 1, EventKind.SWITCH))
    assert (runners.running, list(runners.ready)) == ({0: 1}, [2, 3])
    runners.hear(event(1, 1, EventKind.SWITCH))
    assert runners.changed == {0: 0, 1: 1}
    assert runners.running == {0: 0, 1: 1}
    runners.hear(event(1, 2, EventKind.SWITCH))
    assert (runners.running, list(runners.ready)) == ({0: 0, 1: 2}, [3, 1])
    runners.hear(event(1, 2, EventKind.BLOCK, "sleeping"))
    assert runners.running == {0: 0, 1: 0}
    assert not runners.hear(event(1, 2, EventKind.LOG, 1, "text"))


def test_a_share_is_of_the_last_while() -> None:
    share = Share()
    share.add(0, LATELY_PS)
    assert share.percent(LATELY_PS) == 100
    assert share.percent(LATELY_PS * 3 // 2) == 50
    share.add(2 * LATELY_PS, 2 * LATELY_PS + LATELY_PS // 4)
    assert share.percent(2 * LATELY_PS + LATELY_PS // 2) == 25
    assert share.percent(9 * LATELY_PS) == 0
    assert share.total_ps == LATELY_PS * 5 // 4


def test_a_long_time_on_a_cpu_counts_in_both_windows() -> None:
    share = Share()
    share.add(0, 10 * LATELY_PS + LATELY_PS // 2)
    assert share.percent(10 * LATELY_PS + LATELY_PS // 2) == 100
    assert share.percent(11 * LATELY_PS) == 50


# ---- the command ----


def test_it_wants_a_terminal(events: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["top", str(events)]) == 2
    assert "needs a terminal" in capsys.readouterr().err


def test_without_the_package_one_sentence_tells_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "textual", None)
    assert main(["top"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "pip install 'anos-sim[top]'" in error


def test_a_simulation_that_fails_ends_the_view(events: Path) -> None:
    damaged = FileEvents(make_parser().parse_args(["top", str(events)]))
    damaged._file.path = events.parent / "gone"
    stage = Stage(Player(speed=FULL_SPEED), damaged)
    stage.start()
    stage.join()
    assert "cannot read" in str(stage.error)
    assert "cannot read" in stage.player.picture.mode
