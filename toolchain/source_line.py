"""Source lines of addresses in programs, from DWARF; read when first asked, then kept."""

from __future__ import annotations

import io
import posixpath
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from anos_sim.stage3.symbols import Symbols


class LineTable:
    """The line table of one ELF file (DWARF 5, 6.2)."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @cached_property
    def _rows(self) -> tuple[list[int], list[tuple[str, int] | None]]:
        """Addresses where a source line begins, in order; None where a sequence ends."""
        from elftools.common.exceptions import DWARFError, ELFError  # slow to import
        from elftools.elf.elffile import ELFFile

        found: dict[int, tuple[str, int] | None] = {}
        try:
            elf = ELFFile(io.BytesIO(self._data))
            if elf.has_dwarf_info():
                dwarf = elf.get_dwarf_info()
                for unit in dwarf.iter_CUs():
                    program = dwarf.line_program_for_CU(unit)
                    if program is None:
                        continue
                    for sequence in _sequences(program):
                        *lines, (end, _) = sequence
                        found.update(lines)
                        found.setdefault(end, None)
        except (ELFError, DWARFError, ValueError, KeyError, AssertionError):
            found.clear()
        starts = sorted(found)
        return starts, [found[start] for start in starts]

    def find(self, address: int) -> tuple[str, int] | None:
        """File and line of the code at an address; None if nothing is known of it."""
        starts, lines = self._rows
        at = bisect_right(starts, address) - 1
        return lines[at] if at >= 0 else None


def _sequences(program: Any) -> Iterator[list[tuple[int, tuple[str, int] | None]]]:
    """Runs of code: where each line begins, and where the last one ends.

    One that begins at 0 is of a function that the linker has left out.
    """
    names = _file_names(program)
    sequence: list[tuple[int, tuple[str, int] | None]] = []
    for entry in program.get_entries():
        state = entry.state
        if state is None:
            continue
        name = names.get(state.file)
        sequence.append((state.address, (name, state.line) if name is not None else None))
        if state.end_sequence:
            if sequence[0][0]:
                yield sequence
            sequence = []


def _file_names(program: Any) -> dict[int, str]:
    """By file number of a line program: its path as the compiler was told it."""
    header = program.header
    first = 0 if header["version"] >= 5 else 1
    folders = [_text(folder) for folder in header["include_directory"]]
    names = {}
    for number, entry in enumerate(header["file_entry"], first):
        name = _text(entry.name)
        at = entry.dir_index - first
        folder = folders[at] if 0 <= at < len(folders) else ""
        names[number] = posixpath.normpath(posixpath.join(folder, name))
    return names


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


class Places:
    """Functions and source lines of the programs whose symbols are known."""

    def __init__(self, symbols: Symbols) -> None:
        self._symbols = symbols
        self._lines: dict[str, LineTable] = {}
        self._described: dict[tuple[str, int, bool], str] = {}

    def function(self, program: str, address: int) -> str | None:
        """`function+0x12`, or None."""
        table = self._symbols.table(program)
        return table.find(address) if table is not None else None

    def line(self, program: str, address: int) -> str | None:
        """`servers/ahcidrv/main.c:120`, or None."""
        lines = self._lines.get(program)
        if lines is None:
            table = self._symbols.table(program)
            if table is None:
                return None
            lines = self._lines[program] = LineTable(table.data)
        found = lines.find(address)
        return f"{found[0]}:{found[1]}" if found is not None else None

    def describe(self, program: str, address: int, is_return: bool = False) -> str:
        """`function+0x12 (file.c:3)`, as much of it as is known, else the address.

        `is_return`: the address follows a call, whose line is meant.
        """
        key = program, address, is_return
        text = self._described.get(key)
        if text is None:
            text = self.function(program, address) or f"{address:#x}"
            line = self.line(program, address - 1 if is_return else address)
            if line is not None:
                text += f" ({line})"
            self._described[key] = text
        return text
