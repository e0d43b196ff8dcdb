"""The terminal view of `anos-sim top`: draws the player's pictures, passes keys on to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import DataTable, Footer, RichLog, Static

from anos_sim.toolchain.duration import show_time

from .picture import Picture
from .player import Player

REFRESH_SECONDS = 0.1
HELP = """\
[b]anos-sim top[/b]: a run, shown event by event.

[b]space[/b]  pause, or go on
[b]e[/b]      one event
[b]c[/b]      to the next system call
[b]m[/b]      to the next message
[b]+ -[/b]    faster, slower
[b]q[/b]      quit
[b]?[/b]      this help; any key closes it

CPU shares are of the last millisecond of virtual time.
Idle times are skipped. Watching changes nothing in the run."""

Rows = Mapping[str, Sequence[str]]


class HelpScreen(ModalScreen[None]):
    """The keys."""

    CSS = """
    HelpScreen { align: center middle; }
    #help { width: 74; height: auto; padding: 1 2; border: round $primary; background: $surface; }
    """

    def compose(self) -> ComposeResult:
        """Its one widget."""
        yield Static(HELP, id="help")

    def on_key(self) -> None:
        """Any key closes it."""
        self.dismiss()


class Table(DataTable[Text]):
    """Rows by a key; only what has changed is drawn again."""

    def __init__(self, columns: Sequence[str], name: str) -> None:
        super().__init__(id=name, cursor_type="none", zebra_stripes=False)
        self._titles = columns
        self._shown: dict[str, tuple[str, ...]] = {}

    def on_mount(self) -> None:
        """Add the columns."""
        for title in self._titles:
            self.add_column(title, key=title)

    def show(self, rows: Rows) -> None:
        """Make these the rows."""
        for key in [key for key in self._shown if key not in rows]:
            self.remove_row(key)
            del self._shown[key]
        for key, row in rows.items():
            before = self._shown.get(key)
            self._shown[key] = tuple(row)
            if before is None:
                self.add_row(*map(Text, row), key=key)
                continue
            for title, old, new in zip(self._titles, before, row, strict=True):
                if old != new:
                    self.update_cell(key, title, Text(new), update_width=True)


class TopApp(App[None]):
    """Shows what a player plays."""

    TITLE = "anos-sim top"
    ENABLE_COMMAND_PALETTE = False
    CSS = """
    #status { height: auto; padding: 0 1; background: $boost; }
    #upper { height: 3fr; }
    #processes { width: 3fr; }
    #right { width: 2fr; }
    #cpus { height: auto; max-height: 50%; }
    #channels { height: 1fr; }
    .-narrow #upper { layout: vertical; }
    .-narrow #processes, .-narrow #right { width: 1fr; height: 1fr; }
    #log { height: 2fr; border-top: solid $primary; }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (118, "-wide")]  # noqa: RUF012 - typed by App
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "pause", "pause"),
        Binding("e", "step_event", "event"),
        Binding("c", "step_call", "call"),
        Binding("m", "step_message", "message"),
        Binding("plus,equals_sign", "faster", "faster", key_display="+"),
        Binding("minus", "slower", "slower", key_display="-"),
        Binding("question_mark,h", "help", "help", key_display="?"),
        Binding("q,ctrl+c,ctrl+q", "leave", "quit", key_display="q"),
    ]

    def __init__(self, player: Player) -> None:
        super().__init__()
        self.player = player
        self._drawn: Picture | None = None
        self._lines = 0

    def compose(self) -> ComposeResult:
        """Status, processes, CPUs and channels, log, keys."""
        yield Static(id="status", markup=False)
        with Horizontal(id="upper"):
            yield Table(
                ["PID", "PROCESS", "STATE", "CPU %", "CPU TIME", "PAGES", "SENT", "RECEIVED"],
                "processes",
            )
            with Vertical(id="right"):
                yield Table(["CPU", "BUSY", "RUNS"], "cpus")
                yield Table(["CHANNEL", "SERVER", "MESSAGES", "WAITING"], "channels")
        yield RichLog(id="log", wrap=False, auto_scroll=True)
        yield Footer()

    def on_mount(self) -> None:
        """Draw from now on."""
        self.set_interval(REFRESH_SECONDS, self.draw)
        self.draw()

    def draw(self) -> None:
        """Show the newest picture, if it is a new one."""
        picture = self.player.picture
        if picture is self._drawn or not self.query("#status"):
            return
        self._drawn = picture
        self.query_one("#status", Static).update(status(picture))
        self.query_one("#processes", Table).show(process_rows(picture))
        self.query_one("#cpus", Table).show(cpu_rows(picture))
        self.query_one("#channels", Table).show(channel_rows(picture))
        new = min(picture.log_lines - self._lines, len(picture.log))
        log = self.query_one("#log", RichLog)
        for line in picture.log[len(picture.log) - new :]:
            log.write(line)
        self._lines = picture.log_lines

    def action_pause(self) -> None:
        """Hold, or go on."""
        self.player.toggle_pause()

    def action_step_event(self) -> None:
        """One event."""
        self.player.step_event()

    def action_step_call(self) -> None:
        """To the next system call."""
        self.player.step_call()

    def action_step_message(self) -> None:
        """To the next message."""
        self.player.step_message()

    def action_faster(self) -> None:
        """Play faster."""
        self.player.change_speed(1)

    def action_slower(self) -> None:
        """Play slower."""
        self.player.change_speed(-1)

    def action_help(self) -> None:
        """Show the keys."""
        self.push_screen(HelpScreen())

    def action_leave(self) -> None:
        """End the run and the view."""
        self.player.quit()
        self.exit()


def status(picture: Picture) -> str:
    """Two lines: how far the run is, and what happened last."""
    frames = f", {picture.free_frames:,} frames free" if picture.free_frames is not None else ""
    return (
        f"{picture.time_ps / 1e12:.9f} s  {picture.mode}, {picture.speed}  |  "
        f"{picture.events:,} events, {picture.messages:,} messages, {picture.ready} ready{frames}\n"
        f"{picture.last}"
    )


def process_rows(picture: Picture) -> Rows:
    """The rows of the processes' table, by pid."""
    return {
        str(row.pid): (
            f"{row.pid:>3}",
            row.name,
            row.state,
            f"{row.cpu_percent:5.1f}",
            f"{show_time(row.cpu_ps):>8}",
            f"{row.pages:>6}" if row.pages is not None else "     -",
            f"{row.sent:>5}",
            f"{row.received:>8}",
        )
        for row in picture.processes
    }


def cpu_rows(picture: Picture) -> Rows:
    """The rows of the CPUs' table, by index."""
    return {
        str(row.index): (f"{row.index:>3}", f"{row.busy_percent:4.0f}%", row.running or "idle")
        for row in picture.cpus
    }


def channel_rows(picture: Picture) -> Rows:
    """The rows of the channels' table, by name."""
    return {
        str(index): (row.name, row.server, f"{row.messages:>8}", f"{row.waiting:>7}")
        for index, row in enumerate(picture.channels)
    }
