"""Linking a program, and saying what is wrong with it in the words of its author."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import attrs

from anos_sim.toolchain.errors import UserError
from anos_sim.toolchain.guest.programs import LINK_FLAGS

from .compiler import Tools
from .meaning import WITHOUT_MEANING
from .options import IN_LIBC, Options

WRAP = "__wrap_"
SHOWN = ": error: "
_TRACE = re.compile(r"(.*): (reference to|definition of|lazy definition of) (\w+)")
_UNDEFINED = re.compile(r"error: undefined symbol: (\w+)")
_PLACE = re.compile(r">>> referenced by (\S+)")
_INSIDE = re.compile(r">>>\s+(.*):\((.*)\)")


@attrs.frozen
class Call:
    """A call of a function without meaning, where its author finds it."""

    name: str
    place: str

    def __str__(self) -> str:
        return f"{self.place}{SHOWN}{self.name}() has no meaning here: {WITHOUT_MEANING[self.name]}"


class Linker:
    """One link: `objects` are those of the sources, by source."""

    def __init__(self, tools: Tools, options: Options, objects: dict[Path, Path]) -> None:
        self._tools = tools
        self._options = options
        self._objects = objects
        own = {str(path) for path in tools.archives()}
        self._is_ours = lambda file: file.partition("(")[0] in own

    def link(self, result: Path) -> int:
        """Make the program; returns the exit status: 1 if it cannot be linked.

        Raises:
            UserError: an archive is not there.
        """
        trace = [part for name in WITHOUT_MEANING for part in ("-y", name)]
        done = self._run(result, trace)
        said = self._in_words(done.stderr)
        if said:
            print(said, file=sys.stderr)
        if done.returncode:
            return 1
        names = _called(done.stdout, self._is_ours)
        calls = self._calls(names, result.with_name("unlinked")) if names else []
        for call in calls:
            text = str(call)
            if self._options.let_fail:
                text = text.replace(SHOWN, ": warning: ", 1)
            print(text, file=sys.stderr)
        return 1 if calls and not self._options.let_fail else 0

    def _run(self, result: Path, more: Sequence[str]) -> _Done:
        options, tools = self._options, self._tools
        flags: list[str | Path] = ["-m", tools.target.emulation, *LINK_FLAGS, "-T", tools.script]
        if options.strip:
            flags.append("--strip-all")
        elif not options.debug:
            flags.append("--strip-debug")
        if sys.stderr.isatty():
            flags.append("--color-diagnostics=always")
        flags += options.for_linker
        inputs = [*self._inputs(), *tools.archives()]
        done = tools.run("ld.lld", *flags, *more, *inputs, "-o", result, capture=True)
        return _Done(done.returncode, done.stdout, done.stderr)

    def _inputs(self) -> list[Path]:
        inputs = []
        for each in self._options.linked:
            if isinstance(each, Path):
                inputs.append(self._objects.get(each, each))
            elif each[2:] not in IN_LIBC:
                inputs.append(self._tools.archive_of(each[2:], self._options.folders))
        return inputs

    def _calls(self, names: Sequence[str], result: Path) -> list[Call]:
        """Where functions are called, told by the linker when they are taken away from it.

        What is left out of the program because nothing needs it does not count.
        """
        without = self._run(result, [f"--wrap={name}" for name in names])
        calls = []
        name = ""
        place = ""
        for line in without.stderr.splitlines():
            line = re.sub(r"\x1b\[[0-9;]*m", "", line)
            undefined = _UNDEFINED.search(line)
            named = _PLACE.match(line)
            inside = _INSIDE.match(line)
            if undefined:
                name = undefined[1].removeprefix(WRAP)
            elif named:
                place = named[1]
            elif inside and name in names:
                if ":" not in place:  # no line is known
                    place = f"{self._source_of(inside[1])}, in {inside[2]}()"
                calls.append(Call(name, place))
        return calls

    def _source_of(self, file: str) -> str:
        for source, made in self._objects.items():
            if str(made) == file:
                return str(source)
        return file

    def _in_words(self, text: str) -> str:
        """The linker's complaints without our temporary files."""
        if "undefined symbol: main\n" in re.sub(r"\x1b\[[0-9;]*m", "", text):
            raise UserError("there is no main(): one of the sources or objects must define it")
        if "_Thread_local does not work on Anos" in text:
            raise UserError(
                "an object has thread-local variables that were not compiled by anos-cc; "
                "compile its source with anos-cc"
            )
        for source, made in self._objects.items():
            text = text.replace(str(made), str(source))
        return text.strip()


@attrs.frozen
class _Done:
    returncode: int
    stdout: str
    stderr: str


def _called(trace: str, is_ours: object) -> list[str]:
    """The functions of our archives without meaning that a file of the author's names."""
    assert callable(is_ours)
    called: dict[str, None] = {}
    own: set[str] = set()
    for line in trace.splitlines():
        match = _TRACE.fullmatch(line)
        if match is None or match[1] == "<internal>" or is_ours(match[1]):
            continue
        if match[2] == "reference to":
            called[match[3]] = None
        else:
            own.add(match[3])
    return [name for name in called if name not in own]
