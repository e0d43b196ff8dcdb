"""Rows of text in columns."""

from __future__ import annotations

from collections.abc import Collection, Sequence


def render(rows: Sequence[Sequence[str]], right: Collection[int] = ()) -> str:
    """Align columns, two spaces apart; columns in `right` are right-aligned."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
