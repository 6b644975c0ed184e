"""What goes with a resource that is deleted: its policy, and those of what is below it."""

from __future__ import annotations

from ringback_server.store.database import Connection

# The character after a slash: what is in between begins with the name and a slash.
_REMOVE = """
DELETE FROM binding
 WHERE resource = :name OR (resource >= :name || '/' AND resource < :name || '0')
"""


def remove_policies(connection: Connection, name: str) -> None:
    """Remove the bindings on a resource and all that is below it.

    So that they do not count for another that gets its name later. Whoever calls it has the
    credentials forget what they remember.
    """
    connection.execute(_REMOVE, {"name": name})
