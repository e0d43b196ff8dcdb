"""The picture as text for Graphviz: `anos-sim caps --dot | dot -Tsvg`."""

from __future__ import annotations

from collections.abc import Iterator

from .graph import CapabilityGraph
from .picture import Box, make_picture
from .words import object_text, plural, rights_text, title


def dot_lines(graph: CapabilityGraph) -> Iterator[str]:
    """A digraph: processes as records, shared objects as ovals, delegation dashed."""
    picture = make_picture(graph)
    yield "digraph capabilities {"
    yield f"  label={_quote(title(graph))};"
    yield "  rankdir=LR;"
    yield '  node [fontname="monospace", fontsize=10];'
    yield '  edge [fontname="monospace", fontsize=9];'
    for box in picture.boxes:
        yield f"  p{box.process.index} [shape=box, label={_quote(_label(box))}];"
    for target in picture.shared:
        yield f"  o{target.index} [shape=oval, label={_quote(object_text(target))}];"
    for box in picture.boxes:
        if box.giver is not None:
            edge = f"p{box.giver} -> p{box.process.index}"
            yield f"  {edge} [style=dashed, label={_quote(box.given)}];"
    for link in picture.links:
        label = _quote(rights_text(link.rights))
        direction = {"serve": ", dir=back", "share": ", dir=none"}.get(link.way, "")
        yield f"  p{link.process} -> o{link.target} [label={label}{direction}];"
    yield "}"


def _label(box: Box) -> str:
    lines = [str(box.process)]
    if box.calls:
        lines.append(plural(box.calls, "system call"))
    lines += [f"{line.text}: {line.rights}" if line.rights else line.text for line in box.lines]
    return "\n".join(lines)


def _quote(text: str) -> str:
    """A string of the DOT language; each line of it is left-aligned."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\n", "\\l") + ("\\l" if "\n" in escaped else "") + '"'
