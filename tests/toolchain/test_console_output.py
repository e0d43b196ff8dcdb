"""The console's bytes come out as they are, the log's lines between its lines."""

from __future__ import annotations

import io

from anos_sim.stage3.log import LogLine
from anos_sim.toolchain.console_output import ConsoleOutput
from anos_sim.toolchain.typed_input import SERIAL


def line(text: str, process: str = "devman") -> LogLine:
    return LogLine(1_500_000_000, 2, 3 if process != SERIAL else 0, process, text)


class Shown:
    def __init__(self, show_log: bool = True, until_prompt: bool = False) -> None:
        self.bytes = io.BytesIO()
        self.stream = io.TextIOWrapper(self.bytes, write_through=True)
        self.output = ConsoleOutput(self.stream, show_log, until_prompt)


def test_a_log_line_waits_for_the_end_of_the_consoles_line() -> None:
    shown = Shown()
    shown.output.hear_line(line("one"))
    shown.output.hear_console(b"$ l")
    shown.output.hear_line(line("two"))
    shown.output.hear_console(b"s\n\xff\n")
    shown.output.hear_line(line("the console's", SERIAL))
    shown.output.finish()
    assert shown.bytes.getvalue().split(b"\n") == [
        b"   0.001500 cpu2  devman[3]     one",
        b"$ ls",
        b"   0.001500 cpu2  devman[3]     two",
        b"\xff",
        b"",
    ]


def test_what_waits_at_the_end_is_shown() -> None:
    shown = Shown()
    shown.output.hear_console(b"$ ")
    shown.output.hear_line(line("panic"))
    shown.output.finish()
    assert shown.bytes.getvalue() == b"$ \n   0.001500 cpu2  devman[3]     panic\n"


def test_the_log_ends_where_the_prompt_appears_if_that_is_wanted() -> None:
    shown = Shown(until_prompt=True)
    shown.output.hear_line(line("booting"))
    shown.output.hear_console(b"$ \n")
    shown.output.hear_line(line("unseen"))
    shown.output.finish()
    assert b"booting" in shown.bytes.getvalue()
    assert b"unseen" not in shown.bytes.getvalue()


def test_a_stream_without_bytes_gets_text() -> None:
    stream = io.StringIO()
    output = ConsoleOutput(stream, show_log=False)
    output.hear_line(line("hidden"))
    output.hear_console(b"shown\n")
    output.finish()
    assert stream.getvalue() == "shown\n"
