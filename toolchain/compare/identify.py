"""Gives capabilities and objects their identities, once all of a run is known."""

from __future__ import annotations

import re
from typing import Any

from .story import WINDOW_BYTES, Classes, Held, Identity, Object, Story

_RANGE = re.compile(r"memory (0x[0-9a-f]+)-(0x[0-9a-f]+)")
_VECTORS = re.compile(r"vectors (0x[0-9a-f]+)-(0x[0-9a-f]+)")
_CHANNEL = re.compile(r"channel (\d+)")


def identify(story: Story, classes: Classes) -> None:
    """Fill in `target` and `cls` of all capabilities, and what is known by them."""
    by_cookie = {held.cookie: held for held in story.held}
    counts: dict[Identity, int] = {}
    done: dict[int, None] = {}
    for held in story.held:
        path = [held]
        while id(path[-1]) not in done:  # at the beginning of a log parents may come later
            parent = path[-1].parent or by_cookie.get(path[-1].parent_cookie)
            path[-1].parent = parent
            if parent is None or parent in path or id(parent) in done:
                break
            path.append(parent)
        for each in reversed(path):
            if id(each) not in done:
                done[id(each)] = None
                _identify(each, story, counts, classes)
    for label in story.threads.values():
        story.sequences.setdefault(label, [])
    for sent in story.messages:
        story.sequences.setdefault(story.threads.get(sent.sender, ""), []).append(sent)


def _identify(held: Held, story: Story, counts: dict[Identity, int], classes: Classes) -> None:
    parent = held.parent
    if parent is not None and parent.target and parent.object_text == held.object_text:
        held.target = parent.target
    else:
        held.target = _object(held, story, counts)
    match = _CHANNEL.fullmatch(held.object_text)
    if match is not None:
        story.channels.setdefault(int(match[1]), held.target)
    above = parent.cls if parent is not None else 0
    holder = story.process(held.holder)
    held.cls = classes.number(above, holder, held.target.identity, held.rights, held.how)
    story.cookies[held.cookie] = "capability", held.cls


def _object(held: Held, story: Story, counts: dict[Identity, int]) -> Object:
    text = held.object_text
    kind, _, rest = text.partition(" ")
    if kind == "call":
        return Object(("call", rest), text)
    start, size, shape = 0, 0, 0
    match = _RANGE.fullmatch(text)
    if match is not None:
        start = int(match[1], 0)
        size = shape = int(match[2], 0) + 1 - start
    vectors = _VECTORS.fullmatch(text)
    if vectors is not None:
        shape = int(vectors[2], 0) + 1 - int(vectors[1], 0)
    if kind not in ("memory", "vectors", "vector", "channel", "notification"):
        kind = "process"
    elif text.startswith("memory object"):
        kind = "memory object"
    if not held.actor:
        identity: Identity = (kind, held.how)
        made = Object(identity if kind == "memory" else (*identity, text), text, start, size)
    else:
        made = _made(held, story, counts, kind, Object((kind,), text, start, size), shape)
    if size and made not in story.ranges:
        story.ranges.append(made)
    return made


def _made(
    held: Held, story: Story, counts: dict[Identity, int], kind: str, raw: Object, shape: int
) -> Object:
    """An object that a program had made: its maker's n-th of this kind, made in this way."""
    maker = story.threads.get(held.actor, "nobody")
    if held.client:  # any thread may have served it, and others' requests before or after it
        client = story.threads.get(held.client, "nobody")
        maker = f"{story.process(story.pids.get(held.actor, 0))} for {client}"
    whole = held.parent.target if held.parent is not None else None
    of = whole.identity if whole is not None else None
    key: tuple[Any, ...] = (kind, maker, held.how, of)
    number = counts[key] = counts.get(key, 0) + 1
    offset = -1
    if whole is not None and raw.size and whole.size < WINDOW_BYTES:
        offset = raw.start - whole.start
    shape = 0 if shape >= WINDOW_BYTES else shape
    return Object((*key, number, shape, offset), raw.text, raw.start, raw.size)
