"""What all verbs need."""

from __future__ import annotations

from google.protobuf.duration_pb2 import Duration

from ringback_client.calls import Calls
from ringback_client.names import Place


class PlacedVerbs:
    """Verbs that call one server, and complete short names."""

    def __init__(self, calls: Calls, place: Place) -> None:
        """Take the way to the server, and where short names belong."""
        self._call = calls
        self._place = place

    @property
    def place(self) -> Place:
        """Where short names belong."""
        return self._place


def duration(seconds: float) -> Duration:
    """Return so many seconds as a message."""
    message = Duration()
    message.FromNanoseconds(int(seconds * 1e9))
    return message
