"""Names for addresses: from the system image, its RAMFS, and files the user names."""

from __future__ import annotations

import io
from bisect import bisect_right
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .process import Process


class SymbolTable:
    """The functions of one ELF file, read when the first address is asked for."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @cached_property
    def _functions(self) -> tuple[list[int], list[tuple[int, str]]]:
        from elftools.common.exceptions import ELFError  # needed for a report only
        from elftools.elf.elffile import ELFFile
        from elftools.elf.sections import SymbolTableSection

        functions: dict[int, tuple[int, str]] = {}
        try:
            elf = ELFFile(io.BytesIO(self._data))
            for section in elf.iter_sections():
                if isinstance(section, SymbolTableSection):
                    for symbol in section.iter_symbols():
                        if symbol["st_info"]["type"] == "STT_FUNC" and symbol.name:
                            functions[symbol["st_value"]] = (symbol["st_size"], symbol.name)
        except (ELFError, ValueError, KeyError):
            functions.clear()
        starts = sorted(functions)
        return starts, [functions[start] for start in starts]

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


class Symbols:
    """Symbol tables by program name (`ahcidrv`), or by file name (`ahcidrv.elf`)."""

    def __init__(self) -> None:
        self._tables: dict[str, SymbolTable] = {}

    def add(self, file_name: str, data: bytes) -> None:
        """Take an ELF file's symbols; a file that is none adds nothing. The first one counts."""
        if data[:4] == b"\x7fELF":
            self._tables.setdefault(file_name.removesuffix(".elf"), SymbolTable(data))

    def add_folder(self, folder: Path) -> None:
        """Take all ELF files of a folder."""
        for path in sorted(folder.glob("*.elf")):
            self.add(path.name, path.read_bytes())

    def describe(self, process: Process, address: int) -> str:
        """The address's function as a suffix ` function+0x12`, or nothing."""
        table = self._tables.get(process.name)
        found = table.find(address) if table is not None else None
        return f" {found}" if found else ""
