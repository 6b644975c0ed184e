"""The connections of one HTTP server: no more than it can hold, and room for those who come."""

from __future__ import annotations

from typing import Protocol

#: so many unless told otherwise
MOST = 10_000


class Connection(Protocol):
    """One connection, as long as it may be closed to make room."""

    def make_room(self) -> None:
        """Close it."""
        ...


class Connections:
    """Counts connections; when there are too many, closes the one that keeps it waiting longest.

    One keeps the server waiting while the next thing to happen is that its client sends something:
    a request, or the rest of one. So nobody can shut others out by holding connections. Those
    whose requests are being answered are never closed. Used on the event loop alone.
    """

    def __init__(self, most: int = MOST) -> None:
        """Hold at most so many."""
        self._most = most
        self._count = 0
        # In the order in which they began to wait.
        self._waiting: dict[Connection, None] = {}

    def __repr__(self) -> str:
        return f"<Connections {self._count} of {self._most}, {len(self._waiting)} wait>"

    def came(self, connection: Connection) -> None:
        """Take a connection in, and close one if there are too many: itself if all are busy."""
        self._count += 1
        self._waiting[connection] = None
        if self._count > self._most:
            longest = next(iter(self._waiting))
            del self._waiting[longest]
            longest.make_room()

    def waits(self, connection: Connection) -> None:
        """Note that the client is to send something."""
        self._waiting.pop(connection, None)
        self._waiting[connection] = None

    def works(self, connection: Connection) -> None:
        """Note that a request is being answered."""
        self._waiting.pop(connection, None)

    def went(self, connection: Connection) -> None:
        """Forget a connection that is closed."""
        self._count -= 1
        self._waiting.pop(connection, None)
