"""How much there is in the store, told without counting it."""

from __future__ import annotations

from pathlib import Path

from ringback_server.store.database import Connection, Database

_EXECUTIONS = "SELECT state, executions FROM census ORDER BY state"
_PROBE = """
INSERT INTO instance (key, value) VALUES ('probe', '1')
ON CONFLICT (key) DO UPDATE SET value = value + 1
"""


class Census:
    """Numbers about the store as a whole."""

    def __init__(self, database: Database, file: Path) -> None:
        """Take the database and the file it is in."""
        self._database = database
        self._wal = file.with_name(f"{file.name}-wal")

    def executions(self) -> dict[str, int]:
        """Return how many executions there are, by their public state."""

        def executions(connection: Connection) -> dict[str, int]:
            return dict(connection.execute(_EXECUTIONS).fetchall())

        return self._database.read(executions)

    def wal_bytes(self) -> int:
        """Return the size of the write-ahead log."""
        try:
            return self._wal.stat().st_size
        except FileNotFoundError:
            return 0

    def probe(self) -> None:
        """Bring something to disk; raise what any write raises when that cannot be done."""
        self._database.write(lambda connection: connection.execute(_PROBE).rowcount)
