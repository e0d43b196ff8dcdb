"""The `anos-cc` command."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from anos_sim.toolchain.errors import UserError

from .compiler import DRIVER_SUFFIXES, Tools
from .linker import Linker
from .options import USAGE, Options, parse


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; returns the exit status: 1 if a source is wrong, 2 if the command is."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if "--help" in given or "-h" in given:
        print(USAGE)
        return 0
    if "--version" in given:
        from importlib.metadata import version

        print(f"anos-cc of anos-sim {version('anos-sim')}")
        return 0
    try:
        options = parse(given)
        return _compile_all(options, Tools.find(options))
    except UserError as error:
        print(f"anos-cc: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _compile_all(options: Options, tools: Tools) -> int:
    if options.stage:
        jobs = [(source, _result(options, source)) for source in options.sources]
        return tools.compile(options, jobs, options.stage)
    output = options.output or Path(f"{_first_file(options).stem}.elf")
    _check_writable(output)
    with TemporaryDirectory(prefix="anos-cc-") as folder:
        objects = {
            source: Path(folder, f"{number}-{source.stem}.o")
            for number, source in enumerate(options.sources)
        }
        status = tools.compile(options, [*objects.items()], "-c")
        made = Path(folder, "linked")
        status = status or Linker(tools, options, objects).link(made)
        if status == 0:
            _put(made, output)
        return status


def _result(options: Options, source: Path) -> Path | None:
    """What a source is compiled to, if nothing is linked; None: it goes to stdout."""
    result = options.output
    if result is None and options.stage != "-E":
        result = Path(f"{source.stem}{DRIVER_SUFFIXES[options.stage]}")
    if result is not None:
        _check_writable(result)
    return result


def _first_file(options: Options) -> Path:
    return next(each for each in options.linked if isinstance(each, Path))


def _check_writable(path: Path) -> None:
    """Complain before the work is done, not after it."""
    folder = path.parent
    if not folder.is_dir():
        raise UserError(f"cannot write {path}: there is no folder {folder}")
    if path.is_dir():
        raise UserError(f"cannot write {path}: it is a folder")
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise UserError(f"cannot write {path}: Permission denied")


def _put(made: Path, output: Path) -> None:
    try:
        output.write_bytes(made.read_bytes())
    except OSError as error:
        raise UserError(f"cannot write {output}: {error.strerror}") from None


if __name__ == "__main__":
    sys.exit(main())
