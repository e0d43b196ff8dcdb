"""A Perfetto trace as it is written: tracks, slices, flows and counters, packet by packet.

The clock is virtual time, in nanoseconds since power-on. Names are interned: each is
written once and then goes by a number. CPUs are a little apart in time, and a thread that
moves from one to another may be earlier there: on a track, time then stands still.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, TYPE_CHECKING

from anos_sim.toolchain.errors import UserError

if TYPE_CHECKING:
    from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import TracePacket

SEQUENCE = 1
PS_PER_NS = 1000
Arguments = Mapping[str, int | str]


def require_perfetto() -> None:
    """Say so if the package is missing.

    Raises:
        UserError: it is.
    """
    try:
        import perfetto.trace_builder.proto_builder  # noqa: F401
    except ImportError:
        raise UserError(
            "anos-sim trace needs the package perfetto: pip install 'anos-sim[trace]'"
        ) from None


class TraceWriter:
    """Writes packets to a file. Tracks go by the numbers that the `..._track` methods return.

    Raises:
        UserError: the package `perfetto` is not installed.
    """

    def __init__(self, file: IO[bytes]) -> None:
        require_perfetto()
        from perfetto.protos.perfetto.trace import perfetto_trace_pb2
        from perfetto.trace_builder.proto_builder import StreamingTraceProtoBuilder

        self._builder = StreamingTraceProtoBuilder(file)
        packet_type = perfetto_trace_pb2.TracePacket
        event = perfetto_trace_pb2.TrackEvent
        self._begin, self._end = event.TYPE_SLICE_BEGIN, event.TYPE_SLICE_END
        self._instant, self._counter = event.TYPE_INSTANT, event.TYPE_COUNTER
        self._ranked = perfetto_trace_pb2.TrackDescriptor.EXPLICIT
        self._needs_state = packet_type.SEQ_NEEDS_INCREMENTAL_STATE
        self._tracks = 0
        self._times_ps: dict[int, int] = {}
        self._event_names: dict[str, int] = {}
        self._argument_names: dict[str, int] = {}
        first = self._packet()
        first.sequence_flags = packet_type.SEQ_INCREMENTAL_STATE_CLEARED
        first.trace_packet_defaults.SetInParent()
        self._builder.write_packet(first)

    # ---- tracks ----

    def process_track(self, pid: int, name: str) -> int:
        """A process; the tracks of its threads go below it by its pid."""
        packet, track = self._new_track()
        packet.track_descriptor.process.pid = pid
        packet.track_descriptor.process.process_name = name
        self._builder.write_packet(packet)
        return track

    def thread_track(self, pid: int, tid: int, name: str) -> int:
        """A thread of a process."""
        packet, track = self._new_track()
        packet.track_descriptor.thread.pid = pid
        packet.track_descriptor.thread.tid = tid
        packet.track_descriptor.thread.thread_name = name
        self._builder.write_packet(packet)
        return track

    def track(self, name: str, parent: int = 0, rank: int = 0, ranked: bool = False) -> int:
        """A track of its own, below `parent` if there is one; `ranked`: it orders its children."""
        packet, track = self._new_track()
        packet.track_descriptor.name = name
        packet.track_descriptor.sibling_order_rank = rank
        if ranked:
            packet.track_descriptor.child_ordering = self._ranked
        if parent:
            packet.track_descriptor.parent_uuid = parent
        self._builder.write_packet(packet)
        return track

    def counter_track(self, name: str, parent: int, unit: str) -> int:
        """A counter of something."""
        packet, track = self._new_track()
        packet.track_descriptor.name = name
        packet.track_descriptor.parent_uuid = parent
        packet.track_descriptor.counter.unit_name = unit
        self._builder.write_packet(packet)
        return track

    # ---- what happens on them ----

    def begin(
        self, track: int, time_ps: int, name: str, arguments: Arguments, flow: int | None = None
    ) -> None:
        """A slice begins; slices of one `flow` are joined by arrows."""
        self._event(self._begin, track, time_ps, name, arguments, flow)

    def end(self, track: int, time_ps: int, arguments: Arguments) -> None:
        """The youngest open slice of a track ends."""
        self._event(self._end, track, time_ps, None, arguments, None)

    def instant(self, track: int, time_ps: int, name: str, arguments: Arguments) -> None:
        """Something happens at once."""
        self._event(self._instant, track, time_ps, name, arguments, None)

    def count(self, track: int, time_ps: int, value: int) -> None:
        """A counter's value from here on."""
        packet = self._packet(self._not_back(track, time_ps))
        event = packet.track_event
        event.type = self._counter
        event.track_uuid = track
        event.counter_value = value
        self._builder.write_packet(packet)

    def _event(
        self,
        kind: int,
        track: int,
        time_ps: int,
        name: str | None,
        arguments: Arguments,
        flow: int | None,
    ) -> None:
        packet = self._packet(self._not_back(track, time_ps))
        event = packet.track_event
        event.type = kind
        event.track_uuid = track
        if name is not None:
            event.name_iid = self._intern(packet, self._event_names, "event_names", name)
        if flow is not None:
            event.flow_ids.append(flow)
        for key, value in arguments.items():
            annotation = event.debug_annotations.add()
            names = self._argument_names
            annotation.name_iid = self._intern(packet, names, "debug_annotation_names", key)
            if isinstance(value, str):
                annotation.string_value = value
            elif value < 0:
                annotation.int_value = value
            else:
                annotation.uint_value = value
        self._builder.write_packet(packet)

    def _not_back(self, track: int, time_ps: int) -> int:
        last_ps = self._times_ps.get(track, 0)
        if time_ps < last_ps:
            return last_ps
        self._times_ps[track] = time_ps
        return time_ps

    def _new_track(self) -> tuple[TracePacket, int]:
        self._tracks += 1
        packet = self._packet()
        packet.track_descriptor.uuid = self._tracks
        return packet, self._tracks

    def _packet(self, time_ps: int | None = None) -> TracePacket:
        packet = self._builder.create_packet()
        packet.trusted_packet_sequence_id = SEQUENCE
        if time_ps is not None:
            packet.timestamp = time_ps // PS_PER_NS
            packet.sequence_flags = self._needs_state
        return packet

    @staticmethod
    def _intern(packet: TracePacket, known: dict[str, int], table: str, text: str) -> int:
        number = known.get(text)
        if number is None:
            number = known[text] = len(known) + 1
            entry = getattr(packet.interned_data, table).add()
            entry.iid = number
            entry.name = text
        return number
