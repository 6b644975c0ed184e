"""Where sealed secrets are, so that all of them can be sealed anew.

A table that keeps secrets has a row in `SEALED`. Each secret is sealed for the context NAME/KEY,
where NAME is that of the row here, and KEY tells the row of the table from others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from ringback_server.store.database import Connection, Database

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedColumn:
    """A column of a table that holds sealed secrets as BLOBs.

    `select` gives pairs of key and secret; `update` takes a secret and the key.
    """

    name: str
    select: str
    update: str


#: every column with sealed secrets
SEALED: Final = (
    SealedColumn(
        name="signing_key.sealed_key",
        select="SELECT kid, sealed_key FROM signing_key WHERE sealed_key IS NOT NULL",
        update="UPDATE signing_key SET sealed_key = ? WHERE kid = ?",
    ),
    SealedColumn(
        name="managed_key.sealed_key",
        select="SELECT kid, sealed_key FROM managed_key WHERE sealed_key IS NOT NULL",
        update="UPDATE managed_key SET sealed_key = ? WHERE kid = ?",
    ),
    SealedColumn(
        name="callback_secret.sealed",
        select="SELECT place, sealed FROM callback_secret",
        update="UPDATE callback_secret SET sealed = ? WHERE place = ?",
    ),
)


class Sealed:
    """All sealed secrets of an instance."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def renew(self, renew: Callable[[bytes, str], bytes]) -> int:
        """Put what `renew` makes of each secret and its context in its place; return how many.

        All or none. What was there before is overwritten in the files. What `renew` raises is
        raised here. For a start, before anything else reads a secret.
        """
        changed = self._database.write(lambda c: securely(c, lambda c: _renewed(c, renew)))
        if changed:
            self._database.flush()
        return changed


def securely(connection: Connection, operation: Callable[[Connection], T]) -> T:
    """Run an operation; what it deletes or replaces is overwritten and not just given up."""
    connection.execute("PRAGMA secure_delete = ON")
    try:
        return operation(connection)
    finally:
        connection.execute("PRAGMA secure_delete = OFF")


def _renewed(connection: Connection, renew: Callable[[bytes, str], bytes]) -> int:
    changed = 0
    for column in SEALED:
        for key, before in connection.execute(column.select).fetchall():
            after = renew(before, f"{column.name}/{key}")
            if after != before:
                changed += connection.execute(column.update, (after, key)).rowcount
    return changed
