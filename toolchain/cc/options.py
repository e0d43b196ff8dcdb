"""The command line of `anos-cc`: what a C compiler has, as far as it means something here.

What is for the compiler alone (`-D`, `-I`, `-W...`, `-f...`, `-O2`, `-std=...`) is handed to
clang as it is, and clang says what it thinks of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import attrs

from anos_sim.hw.arch import default_arch
from anos_sim.toolchain.errors import UserError
from anos_sim.toolchain.guest.zig import TARGETS, Target

SOURCE_SUFFIXES = (".c", ".i", ".s", ".S")
LANGUAGES = (".C", ".cc", ".cpp", ".cxx", ".m", ".mm", ".rs", ".go", ".zig")
"""Sources that somebody may try: they are not C."""
IN_LIBC = ("c", "m", "pthread", "rt", "dl", "util", "crypt", "resolv", "xnet")
"""Names behind `-l` whose functions are in the C library anyway."""
IGNORED = ("-static", "-pthread", "-pipe")
REFUSED = {
    "-shared": "there are no shared libraries here; leave it out",
    "-dynamic": "there are no shared libraries here; leave it out",
    "-rdynamic": "there are no shared libraries here; leave it out",
    "-T": "where a program lies in memory is fixed; leave it out",
    "-march=native": "programs run on a simulated processor; leave it out",
    "-m32": "programs have 64 bits; leave it out",
}
WITH_VALUE = (
    "-D", "-I", "-U", "-include", "-imacros", "-isystem", "-iquote", "-idirafter", "-x",
    "-MF", "-MT", "-MQ", "-Xclang", "-mllvm",
)  # fmt: skip
"""Options of clang whose value may be the next argument."""

USAGE = """\
usage: anos-cc [options] FILE...

Compile C and assembly (.c, .i, .s, .S) and link it with objects (.o) and archives (.a)
to a program for Anos, for `anos-sim run --add PROGRAM` (docs/programs.md).

  -o FILE          what to write; without it the first file's name with .elf
  -c               compile to objects (.o), do not link
  -S, -E           stop with assembly, or after the preprocessor
  -O0 ... -O3, -Os how much to optimize; without it -O0, as clang does
  -g               keep source lines: `anos-sim bt` and reports of crashes show them
  -I, -D, -U, -include, -isystem, -std=, -W..., -f...   as for clang
  -l NAME, -L DIR  link libNAME.a; what libm and libpthread have is always there
  -s               leave out the names of functions
  -Wl,OPTION       an option for the linker, ld.lld
  --target NAME    the processor: x86_64 or riscv64; without it that of ANOS_SIM_ARCH, or
                   x86_64
  --let-fail       functions without meaning here (fork, socket, ...) are a warning, no
                   error: a call of one fails with ENOSYS
  -v               show the commands
  --version, --help

Our headers are <anos/...>: <anos/abi.h> has the system calls. Exit status: 0; 1 if the
source is wrong; 2 if the command is."""


@attrs.frozen
class Options:
    """A command line, understood. `stage` is where to stop: "", "-c", "-S" or "-E"."""

    sources: tuple[Path, ...]
    linked: tuple[Path | str, ...]
    """All inputs in order: files, and `-lNAME`."""
    folders: tuple[Path, ...]
    output: Path | None
    stage: str
    debug: bool
    strip: bool
    verbose: bool
    let_fail: bool
    target: str
    for_clang: tuple[str, ...]
    for_linker: tuple[str, ...]


def parse(arguments: Sequence[str]) -> Options:
    """Return what a command line says.

    Raises:
        UserError: it cannot be meant; one sentence.
    """
    return _Parser(arguments).options()


class _Parser:
    def __init__(self, arguments: Sequence[str]) -> None:
        self._rest = list(arguments)
        self._clang: list[str] = []
        self._linker: list[str] = []
        self._inputs: list[Path | str] = []
        self._folders: list[Path] = []
        self._output: Path | None = None
        self._stage = ""
        self._flags: set[str] = set()
        self._choose_target(default_arch())

    def options(self) -> Options:
        """Read all arguments."""
        while self._rest:
            self._take(self._rest.pop(0))
        files = [each for each in self._inputs if isinstance(each, Path)]
        sources = tuple(each for each in files if each.suffix in SOURCE_SUFFIXES)
        if not files:
            raise UserError("no input: name a C file; see anos-cc --help")
        if self._stage and self._output is not None and len(sources) > 1:
            raise UserError(f"{self._stage} of {len(sources)} sources cannot go to one -o file")
        for each in files:
            _check_input(each, TARGETS[self._target])
        return Options(
            sources=sources,
            linked=tuple(self._inputs),
            folders=tuple(self._folders),
            output=self._output,
            stage=self._stage,
            debug="-g" in self._flags,
            strip="-s" in self._flags,
            verbose="-v" in self._flags,
            let_fail="--let-fail" in self._flags,
            target=self._target,
            for_clang=tuple(self._clang),
            for_linker=tuple(self._linker),
        )

    def _take(self, argument: str) -> None:
        name, equals, value = argument.partition("=")
        if not argument.startswith("-") or argument == "-":
            self._inputs.append(Path(argument))
        elif argument in REFUSED:
            raise UserError(f"{argument}: {REFUSED[argument]}")
        elif argument in ("-c", "-S", "-E"):
            self._stage = argument
        elif argument in ("-s", "-v", "--let-fail"):
            self._flags.add(argument)
        elif argument in IGNORED:
            pass
        elif argument.startswith("-o"):
            self._output = Path(argument[2:] or self._next(argument))
        elif argument.startswith("-l"):
            self._inputs.append(f"-l{argument[2:] or self._next(argument)}")
        elif argument.startswith("-L"):
            self._folders.append(Path(argument[2:] or self._next(argument)))
        elif argument.startswith("-Wl,"):
            self._linker += argument.split(",")[1:]
        elif argument == "-Xlinker":
            self._linker.append(self._next(argument))
        elif name in ("--target", "-target"):
            self._choose_target(value if equals else self._next(argument))
        else:
            self._pass_on(argument)

    def _pass_on(self, argument: str) -> None:
        if argument.startswith("-g"):
            self._flags.discard("-g")
            if argument != "-g0":
                self._flags.add("-g")
        self._clang.append(argument)
        if argument in WITH_VALUE:
            self._clang.append(self._next(argument))

    def _next(self, argument: str) -> str:
        if not self._rest:
            raise UserError(f"{argument} needs a value behind it")
        return self._rest.pop(0)

    def _choose_target(self, name: str) -> None:
        if name not in TARGETS:
            raise UserError(f"--target {name}: programs can be made for {', '.join(TARGETS)} only")
        self._target = name


def _check_input(path: Path, target: Target) -> None:
    if path.suffix in LANGUAGES:
        raise UserError(f"{path} is no C: anos-cc compiles C (.c) and assembly (.s, .S)")
    if path.is_dir():
        raise UserError(f"{path} is a folder; name the files in it")
    try:
        with path.open("rb") as file:
            start = file.read(20)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    if path.suffix not in SOURCE_SUFFIXES:
        _check_object(path, start, target)


def _check_object(path: Path, start: bytes, target: Target) -> None:
    """Is it an archive, or an ELF file to be linked for this processor?"""
    if start.startswith(b"!<arch>\n"):
        return
    if not start.startswith(b"\x7fELF"):
        raise UserError(
            f"{path} is neither a source ({', '.join(SOURCE_SUFFIXES)}) nor an object or archive"
        )
    kind, machine = (int.from_bytes(start[at : at + 2], "little") for at in (16, 18))
    if start[4] != 2 or machine != target.machine:
        raise UserError(f"{path} is not for {target.name}; compile it with anos-cc")
    if kind != 1:
        what = {2: "a program", 3: "a shared library"}.get(kind, "no object")
        raise UserError(f"{path} is {what}; link objects (.o) and archives (.a)")
