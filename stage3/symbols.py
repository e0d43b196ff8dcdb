"""Names for addresses: from the system image, its RAMFS, and files the user names."""

from __future__ import annotations

import io
from bisect import bisect_right
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from .process import Process


class SymbolTable:
    """The functions of one program, read when the first address is asked for.

    Of several ELF files of it the first one that is not stripped counts.
    """

    def __init__(self, data: bytes) -> None:
        self._files = [data]

    def add(self, data: bytes) -> None:
        """Another file of this program."""
        self._files.append(data)

    @property
    def data(self) -> bytes:
        """The file that counts."""
        return self._read[0]

    @property
    def _functions(self) -> tuple[list[int], list[tuple[int, str]]]:
        return self._read[1]

    @cached_property
    def _read(self) -> tuple[bytes, tuple[list[int], list[tuple[int, str]]]]:
        for data in self._files:
            functions = _read_functions(data)
            if functions[0]:
                return data, functions
        return self._files[0], ([], [])

    def find(self, address: int) -> str | None:
        """`function+0x12`, or None if no function is there."""
        starts, functions = self._functions
        at = bisect_right(starts, address) - 1
        if at < 0:
            return None
        size, name = functions[at]
        offset = address - starts[at]
        if size and offset > size:
            return None
        return f"{name}+{offset:#x}" if offset else name


def _read_functions(data: bytes) -> tuple[list[int], list[tuple[int, str]]]:
    """The start of each function, in order; size and name of each."""
    from elftools.common.exceptions import ELFError  # needed for a report only
    from elftools.elf.elffile import ELFFile
    from elftools.elf.sections import SymbolTableSection

    functions: dict[int, tuple[int, str]] = {}
    try:
        elf = ELFFile(io.BytesIO(data))
        for section in elf.iter_sections():
            if isinstance(section, SymbolTableSection):
                for symbol in section.iter_symbols():
                    if symbol["st_info"]["type"] == "STT_FUNC" and symbol.name:
                        functions[symbol["st_value"]] = (symbol["st_size"], symbol.name)
    except (ELFError, ValueError, KeyError):
        functions.clear()
    starts = sorted(functions)
    return starts, [functions[start] for start in starts]


class Symbols:
    """Symbol tables by program name (`ahcidrv`), or by file name (`ahcidrv.elf`).

    `line_of` tells the source line of an address in a program, as `main.c:12`, if whoever
    looks at the system knows how.
    """

    def __init__(self) -> None:
        self._tables: dict[str, SymbolTable] = {}
        self.line_of: Callable[[str, int], str | None] = lambda _program, _address: None

    def add(self, file_name: str, data: bytes) -> None:
        """Take an ELF file's symbols; a file that is none adds nothing.

        Of several with one name the first counts that has symbols: those in a RAMFS may be
        stripped.
        """
        if data[:4] == b"\x7fELF":
            name = file_name.removesuffix(".elf")
            table = self._tables.get(name)
            if table is None:
                self._tables[name] = SymbolTable(data)
            else:
                table.add(data)

    def add_folder(self, folder: Path) -> None:
        """Take all ELF files of a folder."""
        for path in sorted(folder.glob("*.elf")):
            self.add(path.name, path.read_bytes())

    def table(self, program: str) -> SymbolTable | None:
        """The symbols of a program, by its name."""
        return self._tables.get(program)

    def describe(self, process: Process, address: int, is_return: bool = False) -> str:
        """The address's function as a suffix ` function+0x12 (main.c:12)`, or nothing.

        `is_return`: the address follows a call, whose line is meant.
        """
        table = self._tables.get(process.name)
        found = table.find(address) if table is not None else None
        if not found:
            return ""
        line = self.line_of(process.name, address - 1 if is_return else address)
        return f" {found} ({line})" if line else f" {found}"
