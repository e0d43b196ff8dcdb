"""The picture drawn as SVG: one file, no fonts or programs needed, for light and dark pages.

Processes stand on the left, each below and right of the one that gave it most of
what it holds; shared objects stand on the right. Text is monospace, so its width is
known without a font.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import log2
from xml.sax.saxutils import escape, quoteattr

import attrs

from .graph import CapabilityGraph, ObjectNode
from .picture import Box, Line, Link, Picture, make_picture
from .words import plural, rights_text, title

CHAR, LINE = 7.25, 18
MARGIN, INDENT, GAP = 24, 34, 26
HEAD, PAD = 26, 12
BOX_MIN, PILL_WIDTH, PILL_HEIGHT, PILL_GAP = 330, 190, 38, 16
LANE = 190
PORT_GAP = 8
TEXT_MAX = 62
LEGEND = (
    ("send", "may send to it"),
    ("serve", "receives from it"),
    ("share", "shares its memory"),
    ("give", "gave most of what it holds"),
)
STYLE = """
text { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.paper { fill: #ffffff } .name, .title { fill: #1f2328 } .name { font-weight: bold }
.text { fill: #1f2328 } .quiet { fill: #6e7781 }
.box { fill: #f6f8fa; stroke: #8c959f } .head { fill: #dfe7f1 }
.pill { fill: #fff8e5; stroke: #bf8700 }
.send { stroke: #0969da } .serve { stroke: #1a7f37 } .give { stroke: #8c959f }
.share { stroke: #bf8700 }
.send, .serve, .share, .give { fill: none; stroke-width: 1.5 } .give { stroke-dasharray: 5 4 }
.tip-send { fill: #0969da } .tip-serve { fill: #1a7f37 } .tip-give { fill: #8c959f }
.physical { fill: #bc4c00 } .vectors, .vector { fill: #8250df } .process { fill: #57606a }
.notification, .memory { fill: #bf8700 } .more { fill: none }
@media (prefers-color-scheme: dark) {
.paper { fill: #0d1117 } .name, .title, .text { fill: #e6edf3 } .quiet { fill: #8b949e }
.box { fill: #161b22; stroke: #484f58 } .head { fill: #263345 }
.pill { fill: #2b2313; stroke: #9e6a03 }
.share { stroke: #d29922 }
.send { stroke: #58a6ff } .serve { stroke: #3fb950 } .give { stroke: #6e7681 }
.tip-send { fill: #58a6ff } .tip-serve { fill: #3fb950 } .tip-give { fill: #6e7681 }
.physical { fill: #f0883e } .vectors, .vector { fill: #bc8cff } .process { fill: #8b949e }
.notification, .memory { fill: #d29922 } }
"""


@attrs.define
class _Place:
    """Where a box or a pill stands; `ports` counts the links that were drawn at it."""

    x: float
    y: float
    width: float
    height: float
    links: int = 0
    drawn: int = 0

    def port(self) -> float:
        """The height at which the next link ends: they share its side evenly."""
        self.drawn += 1
        return self.y + self.height * self.drawn / (self.links + 1)


def to_svg(graph: CapabilityGraph) -> str:
    """The whole picture."""
    return _Drawing(graph, make_picture(graph)).draw()


class _Drawing:
    """One picture with the places of its boxes."""

    def __init__(self, graph: CapabilityGraph, picture: Picture) -> None:
        self._graph = graph
        self._picture = picture
        self._boxes = self._place_boxes()
        right = max((place.x + place.width for place in self._boxes.values()), default=BOX_MIN)
        self._pills = self._place_pills(right + LANE)
        self._width = right + MARGIN + (LANE + PILL_WIDTH if self._pills else 0)
        places = [*self._boxes.values(), *self._pills.values()]
        bottom = max((place.y + place.height for place in places), default=MARGIN)
        self._legend_y = bottom + 2 * GAP
        self._height = self._legend_y + MARGIN

    def _place_boxes(self) -> dict[int, _Place]:
        places = {}
        y = MARGIN + 2 * GAP
        width = max((_box_width(box) for box in self._picture.boxes), default=BOX_MIN)
        links = Counter(link.process for link in self._picture.links)
        for box in self._picture.boxes:
            height = HEAD + LINE * len(box.lines) + (PAD if box.lines else 0)
            height = max(height, PORT_GAP * (links[box.process.index] + 1))
            places[box.process.index] = _Place(MARGIN + INDENT * box.depth, y, width, height)
            y += height + GAP
            places[box.process.index].links = links[box.process.index]
        return places

    def _place_pills(self, x: float) -> dict[int, _Place]:
        """Shared objects, each at the height of those who hold it, none on another."""
        links = self._picture.links
        wanted = []
        for target in self._picture.shared:
            ends = [self._boxes[link.process] for link in links if link.target == target.index]
            middle = sum(place.y + place.height / 2 for place in ends) / len(ends)
            wanted.append((middle, target.index))
        places = {}
        y = MARGIN + 2.0 * GAP
        for middle, index in sorted(wanted):
            y = max(y, middle - PILL_HEIGHT / 2)
            places[index] = _Place(x, y, PILL_WIDTH, PILL_HEIGHT)
            y += PILL_HEIGHT + PILL_GAP
        for link in links:
            places[link.target].links += 1
        return places

    # ---- drawing ----

    def draw(self) -> str:
        """All of it, back to front."""
        size = f'width="{self._width:.0f}" height="{self._height:.0f}"'
        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} '
            f'viewBox="0 0 {self._width:.0f} {self._height:.0f}" role="img">',
            f"<title>{escape(title(self._graph))}</title>",
            f"<style>{STYLE}</style>",
            '<rect class="paper" width="100%" height="100%"/>',
            _text(MARGIN, MARGIN + LINE / 2, "title", title(self._graph)),
        ]
        lines += self._gifts()
        lines += self._links()
        for box in self._picture.boxes:
            lines += self._box(box, self._boxes[box.process.index])
        for target in self._picture.shared:
            lines += self._pill(target, self._pills[target.index])
        lines += self._legend()
        return "\n".join([*lines, "</svg>"]) + "\n"

    def _gifts(self) -> Iterator[str]:
        """From each giver down to the boxes that stand below it."""
        for box in self._picture.boxes:
            if box.giver is None:
                continue
            giver, place = self._boxes[box.giver], self._boxes[box.process.index]
            x, y = giver.x + INDENT / 2, place.y + HEAD / 2
            path = f"M{x:.0f} {giver.y + giver.height:.0f}V{y:.0f}H{place.x - 8:.0f}"
            named = f"{self._graph.processes[box.giver]} gave {box.process}: {box.given}"
            yield from _path("give", path, named)
            yield _tip("give", place.x, y, 1)

    def _links(self) -> Iterator[str]:
        """Curves between holders and shared objects; the tip says where messages go."""
        order = {index: place.y for index, place in self._pills.items()}
        begins: dict[Link, float] = {}
        for link in sorted(self._picture.links, key=lambda link: order[link.target]):
            begins[link] = self._boxes[link.process].port()
        for link in sorted(self._picture.links, key=lambda link: begins[link]):
            box, pill = self._boxes[link.process], self._pills[link.target]
            x, y, to_x, to_y = box.x + box.width, begins[link], pill.x, pill.port()
            way = link.way
            begin = x + 8 if way == "serve" else x
            end = to_x - 8 if way == "send" else to_x
            middle = (begin + end) / 2
            curve = f"C{middle:.0f} {y:.1f} {middle:.0f} {to_y:.1f} {end:.0f} {to_y:.1f}"
            path = f"M{begin:.0f} {y:.1f}{curve}"
            width = 1.3 + log2(1 + link.messages) / 4
            yield from _path(way, path, self._describe(link), f' style="stroke-width:{width:.1f}"')
            if way == "serve":
                yield _tip(way, x, y, -1)
            elif way == "send":
                yield _tip(way, to_x, to_y, 1)

    def _describe(self, link: Link) -> str:
        process, target = self._graph.processes[link.process], self._graph.objects[link.target]
        text = f"{process} holds {target}: {rights_text(link.rights)}"
        if link.messages:
            verb = "received" if link.way == "serve" else "sent"
            text += f"; {verb} {plural(link.messages, 'message')}"
        return text

    def _box(self, box: Box, place: _Place) -> Iterator[str]:
        x, y, width = place.x, place.y, place.width
        frame = f'x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" rx="6"'
        yield f'<rect class="box" {frame} height="{place.height:.0f}"/>'
        yield f'<rect class="head" {frame} height="{HEAD}"/>'
        yield _text(x + PAD, y + 17, "name", str(box.process))
        if box.calls:
            calls = plural(box.calls, "system call")
            yield _text(x + width - PAD, y + 17, "quiet", calls, "end")
        for number, line in enumerate(box.lines):
            middle = y + HEAD + PAD / 2 + LINE * (number + 0.5)
            square = f'x="{x + PAD:.0f}" y="{middle - 4:.0f}" width="8" height="8" rx="2"'
            yield f'<rect class="{line.kind}" {square}/>'
            yield _text(x + PAD + 16, middle + 4, "text", _cut(line.text))
            yield _text(x + width - PAD, middle + 4, "quiet", line.rights, "end")

    def _pill(self, target: ObjectNode, place: _Place) -> Iterator[str]:
        frame = f'x="{place.x:.0f}" y="{place.y:.0f}" width="{place.width:.0f}"'
        yield f'<rect class="pill" {frame} height="{place.height:.0f}" rx="19"/>'
        x = place.x + place.width / 2
        if target.names:
            yield _text(x, place.y + 16, "name", _cut(target.names[0], 24), "middle")
            yield _text(x, place.y + 31, "quiet", target.text, "middle")
        else:
            yield _text(x, place.y + 23, "text", target.text, "middle")

    def _legend(self) -> Iterator[str]:
        x, y = float(MARGIN), self._legend_y
        ways = {link.way for link in self._picture.links}
        if any(box.giver is not None for box in self._picture.boxes):
            ways.add("give")
        for way, meaning in LEGEND:
            if way not in ways:
                continue
            yield f'<path class="{way}" d="M{x:.0f} {y:.0f}h32"/>'
            if way != "share":
                yield _tip(way, x + 40, y, 1)
            yield _text(x + 50, y + 4, "quiet", meaning)
            x += 50 + CHAR * len(meaning) + 28


def _box_width(box: Box) -> float:
    longest = max((_line_chars(line) for line in box.lines), default=0)
    return max(BOX_MIN, 2 * PAD + 16 + CHAR * longest)


def _line_chars(line: Line) -> int:
    return len(_cut(line.text)) + 2 + len(line.rights)


def _cut(text: str, length: int = TEXT_MAX) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _text(x: float, y: float, kind: str, text: str, anchor: str = "start") -> str:
    place = f'x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}"'
    return f"<text class={quoteattr(kind)} {place}>{escape(text)}</text>"


def _path(way: str, path: str, meaning: str, style: str = "") -> Iterator[str]:
    yield f'<path class="{way}" d="{path}"{style}><title>{escape(meaning)}</title></path>'


def _tip(way: str, x: float, y: float, direction: int) -> str:
    """The tip of an arrow that ends at x, y; `direction` is 1 to the right, -1 to the left."""
    back = x - 9 * direction
    return f'<path class="tip-{way}" d="M{x:.0f} {y:.1f}L{back:.0f} {y - 4:.1f}V{y + 4:.1f}z"/>'
