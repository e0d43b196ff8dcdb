"""Who talks to whom as a graph: Graphviz text, or an SVG picture drawn here.

In the picture clients are on the left of their servers; an arrow is as wide as the
messages are many, and says how many there are and their median latency.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from xml.sax.saxutils import escape

import attrs

from anos_sim.toolchain.duration import show_time

from .traffic import Way

BOX_WIDTH, BOX_HEIGHT = 132, 40
COLUMN_WIDTH, ROW_HEIGHT = 300, 92
MARGIN = 40
STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#1d2433}"
    ".label{font-size:11px;fill:#46506a;paint-order:stroke;stroke:#fff;stroke-width:4px}"
    ".box{fill:#eef3fb;stroke:#4a6fa5;stroke-width:1.2px}"
    ".way{fill:none;stroke:#7d93b5}"
)


@attrs.define
class _Arrow:
    """All ways from one process to another; its latency is that of the busiest one."""

    client: str
    server: str
    ways: list[Way]

    @property
    def messages(self) -> int:
        return sum(way.messages for way in self.ways)

    def label(self) -> str:
        """`33 messages, 12.1 us`."""
        count = f"{self.messages:,} message{'s' if self.messages != 1 else ''}"
        time_ps = self.ways[0].median_ps
        return f"{count}, {show_time(time_ps)}" if time_ps is not None else count


def _arrows(ways: Sequence[Way]) -> list[_Arrow]:
    arrows: dict[tuple[str, str], _Arrow] = {}
    for way in ways:
        key = way.client, way.server
        arrows.setdefault(key, _Arrow(*key, [])).ways.append(way)
    return list(arrows.values())


def to_dot(ways: Sequence[Way]) -> str:
    """The graph for Graphviz, an edge for each way."""
    lines = ["digraph ipc {", "  rankdir=LR;", "  node [shape=box, style=rounded];"]
    for way in ways:
        time = f"\\n{show_time(way.median_ps)}" if way.median_ps is not None else ""
        label = f"{_quoted(way.channel)}\\n{way.messages} x{time}"
        lines.append(f'  "{_quoted(way.client)}" -> "{_quoted(way.server)}" [label="{label}"];')
    return "\n".join([*lines, "}"]) + "\n"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def columns(arrows: Sequence[tuple[str, str]]) -> dict[str, int]:
    """A column for each node: arrows lead to the right but for those that close a circle."""
    clients: dict[str, dict[str, None]] = {}
    for client, server in arrows:
        clients.setdefault(client, {})
        if client != server:
            clients.setdefault(server, {})[client] = None
    rest, column = dict.fromkeys(clients), dict[str, int]()
    while rest:
        waiting = {name: sum(client in rest for client in clients[name]) for name in rest}
        name = min(waiting, key=waiting.__getitem__)
        del rest[name]
        before = [column[client] for client in clients[name] if client in column]
        column[name] = 1 + max(before, default=-1)
    return column


def to_svg(ways: Sequence[Way]) -> str:
    """The graph as a picture."""
    arrows = _arrows(ways)
    column = columns([(arrow.client, arrow.server) for arrow in arrows])
    places = _places(column)
    width = 2 * MARGIN + max(column.values(), default=0) * COLUMN_WIDTH + BOX_WIDTH
    height = max([y for _, y in places.values()], default=0) + BOX_HEIGHT + ROW_HEIGHT
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">',
        f"<style>{STYLE}</style>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="9" '
        'markerHeight="9" markerUnits="userSpaceOnUse" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="#7d93b5"/></marker></defs>',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    most = max((arrow.messages for arrow in arrows), default=1)
    drawn = [_draw(arrow, places, column, most) for arrow in arrows]
    lines += [path for path, _ in drawn]
    for name, (x, y) in places.items():
        box = f'x="{x}" y="{y}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}"'
        lines.append(f'<rect class="box" {box} rx="7"/>')
        middle = f'x="{x + BOX_WIDTH // 2}" y="{y + 25}"'
        lines.append(f'<text {middle} text-anchor="middle">{escape(name)}</text>')
    lines += [label for _, label in drawn]
    return "\n".join([*lines, "</svg>"]) + "\n"


def _places(column: dict[str, int]) -> dict[str, tuple[int, int]]:
    """The upper left corner of every box; the columns are centred."""
    counts: dict[int, int] = {}
    for index in column.values():
        counts[index] = counts.get(index, 0) + 1
    most = max(counts.values(), default=0)
    rows: dict[int, int] = {}
    places = {}
    for name, index in column.items():
        row = rows.get(index, 0)
        rows[index] = row + 1
        y = MARGIN + row * ROW_HEIGHT + (most - counts[index]) * ROW_HEIGHT // 2
        places[name] = MARGIN + index * COLUMN_WIDTH, y
    return places


def _draw(
    arrow: _Arrow, places: dict[str, tuple[int, int]], column: dict[str, int], most: int
) -> tuple[str, str]:
    """An arrow and its label."""
    (x0, y0), (x1, y1) = places[arrow.client], places[arrow.server]
    if column[arrow.client] < column[arrow.server]:
        x0, y0, y1 = x0 + BOX_WIDTH, y0 + BOX_HEIGHT // 2, y1 + BOX_HEIGHT // 2
        bend = (x1 - x0) // 2
        path = f"M{x0} {y0}C{x0 + bend} {y0} {x1 - bend} {y1} {x1} {y1}"
        x, y = x0 + bend, (y0 + y1) // 2 - 6
    else:  # back, or to itself: below the boxes
        x0, x1 = x0 + BOX_WIDTH * 2 // 3, x1 + BOX_WIDTH // 3
        y0, y1 = y0 + BOX_HEIGHT, y1 + BOX_HEIGHT
        low = max(y0, y1) + 44
        path = f"M{x0} {y0}C{x0} {low} {x1} {low} {x1} {y1}"
        x, y = (x0 + x1) // 2, low - 4
    width = 1 + 4 * math.log1p(arrow.messages) / math.log1p(most)
    channels = "; ".join(f"{way.channel}: {way.messages}" for way in arrow.ways)
    return (
        f'<path class="way" d="{path}" stroke-width="{width:.1f}" marker-end="url(#tip)">'
        f"<title>{escape(channels)}</title></path>",
        f'<text class="label" x="{x}" y="{y}" text-anchor="middle">{escape(arrow.label())}</text>',
    )
