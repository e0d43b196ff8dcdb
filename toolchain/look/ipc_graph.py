"""Who talks to whom as a graph: Graphviz text, or an SVG picture drawn here.

In the picture the processes stand in a circle, so that no arrow crosses a box. An arrow
is wider the more messages there are, and says how many and their median latency.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from xml.sax.saxutils import escape

import attrs

from anos_sim.toolchain.duration import show_time

from .traffic import Way

BOX_WIDTH, BOX_HEIGHT = 132, 40
MARGIN = 30
BEND, TIP = 0.08, 11
LABEL_AT = (0.4, 0.5, 0.3, 0.6, 0.22, 0.7, 0.78)
LABEL_CHAR, LABEL_HEIGHT = 6.7, 15
NAME_CHARS_MAX = 17
STYLE = """
text { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.paper { fill: #ffffff } .name { fill: #1f2328; font-weight: bold }
.label { fill: #1f2328; font-size: 11px }
.halo { fill: #ffffff; stroke: #ffffff; stroke-width: 4; font-size: 11px }
.box { fill: #f6f8fa; stroke: #8c959f } .way { fill: none; stroke: #0969da } .tip { fill: #0969da }
@media (prefers-color-scheme: dark) {
.paper { fill: #0d1117 } .name, .label { fill: #e6edf3 }
.halo { fill: #0d1117; stroke: #0d1117 }
.box { fill: #161b22; stroke: #484f58 } .way { stroke: #58a6ff } .tip { fill: #58a6ff } }
"""
_Point = tuple[float, float]


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


def to_svg(ways: Sequence[Way]) -> str:
    """The graph as a picture."""
    arrows = _arrows(ways)
    names = dict.fromkeys(name for arrow in arrows for name in (arrow.client, arrow.server))
    radius = max(170, len(names) * 34)
    width, height = 2 * (radius * 3 // 2 + BOX_WIDTH), 2 * (radius + BOX_HEIGHT + MARGIN)
    places = {}
    for index, name in enumerate(names):
        angle = 2 * math.pi * index / len(names) - math.pi / 2
        x = width / 2 + radius * 1.5 * math.cos(angle)
        places[name] = x, height / 2 + radius * math.sin(angle)
    most = max((arrow.messages for arrow in arrows), default=1)
    labels = [(float(BOX_WIDTH), place) for place in places.values()]
    drawn = [_draw(arrow, places, most, labels) for arrow in arrows]
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">',
        f"<style>{STYLE}</style>",
        f'<rect class="paper" width="{width}" height="{height}"/>',
        *(path for path, _ in drawn),
    ]
    lines += [_box(name, place) for name, place in places.items()]
    lines += [label for _, label in drawn]
    return "\n".join([*lines, "</svg>"]) + "\n"


def _box(name: str, place: _Point) -> str:
    """A process; a name that is too long is told in full when one points at it."""
    x, y = place
    short = name if len(name) <= NAME_CHARS_MAX else name[: NAME_CHARS_MAX - 1] + "\u2026"
    return (
        f'<rect class="box" x="{x - BOX_WIDTH / 2:.0f}" y="{y - BOX_HEIGHT / 2:.0f}" '
        f'width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="6"/>'
        f'<text class="name" x="{x:.0f}" y="{y + 4:.0f}" text-anchor="middle">{escape(short)}'
        f"<title>{escape(name)}</title></text>"
    )


def _draw(
    arrow: _Arrow, places: dict[str, _Point], most: int, labels: list[tuple[float, _Point]]
) -> tuple[str, str]:
    """An arrow and its label: bent a little, so that one back does not lie on it."""
    begin, end = places[arrow.client], places[arrow.server]
    across, down = end[0] - begin[0], end[1] - begin[1]
    if arrow.client == arrow.server:
        begin, end = (begin[0] - 24, begin[1]), (end[0] + 24, end[1])
        bend = begin[0] + 24, begin[1] + 3 * BOX_HEIGHT
    else:
        bend = begin[0] + across / 2 - down * BEND, begin[1] + down / 2 + across * BEND
    begin, end = _at_border(begin, bend), _at_border(end, bend)
    x, y = _label_place((begin, bend, end), arrow.label(), labels)
    width = 1 + 3 * math.log1p(arrow.messages) / math.log1p(most)
    channels = "; ".join(f"{way.channel}: {way.messages}" for way in arrow.ways)
    curve = "M{:.0f} {:.0f}Q{:.0f} {:.0f} {:.0f} {:.0f}".format(*begin, *bend, *end)
    text = f'x="{x:.0f}" y="{y:.0f}" text-anchor="middle">{escape(arrow.label())}</text>'
    return (
        f'<path class="way" d="{curve}" stroke-width="{width:.1f}">'
        f"<title>{escape(channels)}</title></path>"
        f'<path class="tip" d="{_tip(bend, end)}"/>',
        f'<text class="halo" {text}<text class="label" {text}',
    )


def _label_place(
    curve: tuple[_Point, _Point, _Point], text: str, labels: list[tuple[float, _Point]]
) -> _Point:
    """A place on a curve where a label covers none of those placed before, if there is one."""
    width = LABEL_CHAR * len(text)
    tried = []
    for at in LABEL_AT:
        x, y = (
            (1 - at) ** 2 * begin + 2 * at * (1 - at) * bend + at**2 * end
            for begin, bend, end in zip(*curve, strict=True)
        )
        tried.append((x, y))
        if all(
            abs(x - other_x) > (width + other) / 2 or abs(y - other_y) > LABEL_HEIGHT
            for other, (other_x, other_y) in labels
        ):
            labels.append((width, (x, y)))
            return x, y
    labels.append((width, tried[0]))
    return tried[0]


def _at_border(centre: _Point, towards: _Point) -> _Point:
    """Where a line from a box's centre leaves it."""
    across, down = towards[0] - centre[0], towards[1] - centre[1]
    share = max(abs(across) / (BOX_WIDTH / 2 + 3), abs(down) / (BOX_HEIGHT / 2 + 3), 1)
    return centre[0] + across / share, centre[1] + down / share


def _tip(before: _Point, end: _Point) -> str:
    """An arrow's tip at the end of a line from `before`."""
    across, down = end[0] - before[0], end[1] - before[1]
    length = math.hypot(across, down) or 1
    x, y = TIP * across / length, TIP * down / length
    corners = (end[0], end[1], end[0] - x - y / 2, end[1] - y + x / 2)
    return "M{:.0f} {:.0f}L{:.0f} {:.0f} {:.0f} {:.0f}z".format(
        *corners, end[0] - x + y / 2, end[1] - y - x / 2
    )
