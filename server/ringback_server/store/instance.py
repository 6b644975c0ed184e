"""What a server remembers about itself."""

from __future__ import annotations

from ringback_server.store.database import Connection, Database

_GET = "SELECT value FROM instance WHERE key = ?"
_SET = """
INSERT INTO instance (key, value) VALUES (?, ?)
ON CONFLICT (key) DO UPDATE SET value = excluded.value
"""


class Instance:
    """Texts by key: the instance's id, the ports it used last."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def get(self, key: str) -> str | None:
        """Return what was set under a key, None if nothing was."""

        def get(connection: Connection) -> str | None:
            row = connection.execute(_GET, (key,)).fetchone()
            return None if row is None else str(row[0])

        return self._database.read(get)

    def set(self, key: str, value: str) -> None:
        """Remember a text under a key, in place of any before."""
        self._database.write(lambda connection: connection.execute(_SET, (key, value)).rowcount)
