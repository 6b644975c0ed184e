"""How the gRPC server treats connections: sizes, pings, age, compression.

None of it is a setting but the age: the bounds are what Google's clients stay within by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

# As bits: a message is sent as it is, or with gzip.
_NO_COMPRESSION, _GZIP = 1 << 0, 1 << 2
# gRPC's middle level: the best algorithm that the caller says it takes, none if it takes none.
_LEVEL = 2

#: answers below so many bytes are sent as they are: compressing them takes longer than sending
COMPRESSED_FROM = 16 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Connections:
    """The bounds of connections."""

    #: the largest request, in bytes, once it is decompressed; beyond it, RESOURCE_EXHAUSTED
    request: int = 4 * 1024 * 1024
    #: the largest metadata of a request, in bytes; beyond it, RESOURCE_EXHAUSTED
    metadata: int = 16 * 1024
    #: calls under way on it at the same time; libraries keep more to themselves until some end
    calls: int = 600
    #: a connection that was silent for so many seconds is pinged, and
    silence: float = 60.0
    #: closed when the ping is not answered for so many
    unanswered: float = 20.0
    #: who pings more often than this many seconds apart, thrice, is sent away; Google's libraries
    #: take no less than 10
    pings: float = 5.0
    #: a new connection that has not spoken TLS and HTTP/2 after so many seconds is closed, and
    handshake: float = 20.0
    #: one without a call for so many is asked to end, which clients do and connect again for the
    #: next call
    idle: float = 1_800.0
    #: calls under way on one connection: more than one principal may have waiting and watching
    streams: int = 600
    #: calls that came and were not taken up yet, of all connections; beyond it they are CANCELLED,
    #: whoever sent them, so that it is never to be reached by a burst of one caller
    pending: int = 100_000
    #: how long a connection lasts, in seconds, before its caller is asked to make a new one, which
    #: a load balancer may lead elsewhere; None for ever
    age: float | None = None
    #: how long calls of a connection of that age may take to end
    last_calls: float = 60.0

    def options(self) -> list[tuple[str, int]]:
        """Return the options of a gRPC server."""
        aging = () if self.age is None else (("age", self.age), ("age_grace", self.last_calls))
        return [
            # A second server on the same port must fail.
            ("grpc.so_reuseport", 0),
            ("grpc.max_receive_message_length", self.request),
            ("grpc.max_send_message_length", -1),
            ("grpc.max_concurrent_streams", self.calls),
            ("grpc.max_metadata_size", self.metadata),
            ("grpc.keepalive_time_ms", _milliseconds(self.silence)),
            ("grpc.keepalive_timeout_ms", _milliseconds(self.unanswered)),
            # The one above is for transports that notice by themselves; this one closes.
            ("grpc.http2.ping_timeout_ms", _milliseconds(self.unanswered)),
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.http2.max_pings_without_data", 0),
            ("grpc.http2.min_ping_interval_without_data_ms", _milliseconds(self.pings)),
            ("grpc.server_handshake_timeout_ms", _milliseconds(self.handshake)),
            ("grpc.max_connection_idle_ms", _milliseconds(self.idle)),
            ("grpc.max_concurrent_streams", self.streams),
            ("grpc.server.max_pending_requests", self.pending),
            ("grpc.server.max_pending_requests_hard_limit", 2 * self.pending),
            ("grpc.compression_enabled_algorithms_bitset", _NO_COMPRESSION | _GZIP),
            ("grpc.default_compression_level", _LEVEL),
            *((f"grpc.max_connection_{name}_ms", _milliseconds(value)) for name, value in aging),
        ]


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1_000)
