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
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
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
            UserError: an archive is not there, or there is no main().
        """
        trace = [part for name in WITHOUT_MEANING for part in ("-y", name)]
        done = self._run(result, trace)
        calls, rest = self._sort(done.stderr)
        if rest:
            print(self._in_words(rest), file=sys.stderr)
        if names := _called(done.stdout, self._is_ours):
            calls = self._who_calls(names, result.parent)
        for text in dict.fromkeys(map(str, calls)):
            if self._options.let_fail and not done.returncode:
                text = text.replace(SHOWN, ": warning: ", 1)
            print(text, file=sys.stderr)
        return 1 if done.returncode or (calls and not self._options.let_fail) else 0

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
        done = tools.run("ld.lld", *flags, *more, *inputs, "-o", result)
        return _Done(done.returncode, done.stdout, done.stderr)

    def _inputs(self) -> list[Path]:
        inputs = []
        for each in self._options.linked:
            if isinstance(each, Path):
                inputs.append(self._objects.get(each, each))
            elif each[2:] not in IN_LIBC:
                inputs.append(self._tools.archive_of(each[2:], self._options.folders))
        return inputs

    def _who_calls(self, names: Sequence[str], folder: Path) -> list[Call]:
        """Where functions are called, told by the linker when they are taken away from it.

        So what is left out of the program because nothing needs it does not count. An
        object that names them all keeps the linker from taking a weak one for optional.
        """
        strong = folder / "strong.s"
        strong.write_text("".join(f".quad {WRAP}{name}\n" for name in names))
        self._tools.assemble(strong, strong.with_suffix(".o"))
        wraps = ["--error-limit=0", *(f"--wrap={name}" for name in names)]
        done = self._run(folder / "unlinked", [*wraps, str(strong.with_suffix(".o"))])
        return self._sort(done.stderr)[0]

    def _sort(self, text: str) -> tuple[list[Call], str]:
        """The linker's complaints about calls without meaning, and its other ones."""
        calls: list[Call] = []
        rest = []
        for block in re.split(r"\n{2,}", text.strip()):
            plain = _COLOUR.sub("", block)
            undefined = _UNDEFINED.search(plain)
            name = undefined[1].removeprefix(WRAP) if undefined else ""
            if name in WITHOUT_MEANING:
                calls += [Call(name, place) for place in self._places(plain)]
            else:
                rest.append(block)
        return calls, "\n\n".join(rest)

    def _places(self, block: str) -> list[str]:
        """Where an undefined symbol is used: `a.c:12`, or `a.o, in main()`."""
        places = []
        for line in block.splitlines():
            if named := _PLACE.match(line):
                places.append(named[1])
            elif (inside := _INSIDE.match(line)) and ":" not in places[-1]:  # no line is known
                places[-1] = f"{self._source_of(inside[1])}, in {inside[2]}()"
        return places

    def _source_of(self, file: str) -> str:
        for source, made in self._objects.items():
            if str(made) == file:
                return str(source)
        return file

    def _in_words(self, text: str) -> str:
        """The linker's complaints without our temporary files."""
        if "undefined symbol: main\n" in f"{_COLOUR.sub('', text)}\n":
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
