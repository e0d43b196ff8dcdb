"""Reads a Perfetto trace back with Perfetto's own messages."""

from __future__ import annotations

from pathlib import Path

import attrs
from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import Trace, TrackEvent


@attrs.frozen
class Slice:
    """A slice; times in ns. `depth` counts the slices around it, `flows` are its arrows."""

    track: int
    name: str
    begin: int
    end: int
    depth: int
    flows: tuple[int, ...]
    arguments: dict[str, int | str]


@attrs.define
class Parsed:
    """What a trace holds, by track (its uuid)."""

    processes: dict[int, str] = attrs.field(factory=dict)
    """By pid: its name."""
    threads: dict[int, tuple[int, int, str]] = attrs.field(factory=dict)
    """By track: pid, tid and name."""
    names: dict[int, str] = attrs.field(factory=dict)
    """By track: its name."""
    parents: dict[int, int] = attrs.field(factory=dict)
    slices: list[Slice] = attrs.field(factory=list)
    instants: list[tuple[int, int, str]] = attrs.field(factory=list)
    """Track, time, name."""
    counters: dict[str, list[tuple[int, int]]] = attrs.field(factory=dict)
    """By name: time and value."""

    def under(self, name: str) -> dict[int, str]:
        """The tracks below the one of this name."""
        roots = {track for track, own in self.names.items() if own == name}
        return {
            track: self.names[track] for track, parent in self.parents.items() if parent in roots
        }


def parse(path: Path) -> Parsed:
    """Read a trace; fails where Perfetto would complain, or draw nonsense.

    Every event's track has been told before; times do not go back on a track; every
    slice has its end; interned names are known.
    """
    trace = Trace()
    trace.ParseFromString(path.read_bytes())
    parsed = Parsed()
    event_names: dict[int, str] = {}
    argument_names: dict[int, str] = {}
    open_slices: dict[int, list[Slice]] = {}
    times: dict[int, int] = {}
    for packet in trace.packet:
        for entry in packet.interned_data.event_names:
            event_names[entry.iid] = entry.name
        for entry in packet.interned_data.debug_annotation_names:
            argument_names[entry.iid] = entry.name
        if packet.HasField("track_descriptor"):
            _describe(parsed, packet.track_descriptor)
        if not packet.HasField("track_event"):
            continue
        event = packet.track_event
        track, time = event.track_uuid, packet.timestamp
        assert track in parsed.names, "an event on a track that nobody has described"
        assert time >= times.get(track, 0), f"time goes back on {parsed.names[track]}"
        times[track] = time
        arguments = {
            argument_names[each.name_iid]: getattr(each, each.WhichOneof("value"))
            for each in event.debug_annotations
        }
        stack = open_slices.setdefault(track, [])
        if event.type == TrackEvent.TYPE_COUNTER:
            counter = parsed.counters.setdefault(parsed.names[track], [])
            counter.append((time, event.counter_value))
        elif event.type == TrackEvent.TYPE_INSTANT:
            parsed.instants.append((track, time, event_names[event.name_iid]))
        elif event.type == TrackEvent.TYPE_SLICE_BEGIN:
            name, flows = event_names[event.name_iid], tuple(event.flow_ids)
            stack.append(Slice(track, name, time, -1, len(stack), flows, arguments))
        else:
            assert event.type == TrackEvent.TYPE_SLICE_END
            assert stack, f"an end without a slice on {parsed.names[track]}"
            begun = stack.pop()
            merged = begun.arguments | arguments
            parsed.slices.append(attrs.evolve(begun, end=time, arguments=merged))
    left = [each.name for stack in open_slices.values() for each in stack]
    assert not left, "slices without an end"
    return parsed


def _describe(parsed: Parsed, descriptor: object) -> None:
    track = descriptor.uuid  # type: ignore[attr-defined]
    name = descriptor.name  # type: ignore[attr-defined]
    assert track not in parsed.names, "two tracks of one number"
    if descriptor.HasField("process"):  # type: ignore[attr-defined]
        process = descriptor.process  # type: ignore[attr-defined]
        name = process.process_name
        parsed.processes[process.pid] = name
    elif descriptor.HasField("thread"):  # type: ignore[attr-defined]
        thread = descriptor.thread  # type: ignore[attr-defined]
        name = thread.thread_name
        assert thread.pid in parsed.processes
        parsed.threads[track] = thread.pid, thread.tid, name
    parsed.names[track] = name
    if descriptor.parent_uuid:  # type: ignore[attr-defined]
        parsed.parents[track] = descriptor.parent_uuid  # type: ignore[attr-defined]
        assert descriptor.parent_uuid in parsed.names  # type: ignore[attr-defined]
