"""The audit: entries in the order in which they were stored, which nothing changes."""

from __future__ import annotations

from collections.abc import Sequence

from ringback_server.model.audit import AuditEntry, AuditKind, StoredAuditEntry
from ringback_server.store.companions import accompany, leave
from ringback_server.store.conditions import Column, moment
from ringback_server.store.database import Connection, Database, Row
from ringback_server.store.listing import Found, Query, Scope, Search, Source

# The fields of an AuditEntry in their order.
_ONE = """
SELECT id, time, project, kind, principal, unpacked(token_id), method,
       unpacked_resource(resource_head, resource_uid, resource_rest), permission, status, reason,
       peer, edge, unpacked(request_id), unpacked(payload_id), unpacked(issued_token_id), times
  FROM audit WHERE id = ?
"""
_AFTER = """
SELECT id, time, project, kind, principal, unpacked(token_id), method,
       unpacked_resource(resource_head, resource_uid, resource_rest), permission, status, reason,
       peer, edge, unpacked(request_id), unpacked(payload_id), unpacked(issued_token_id), times
  FROM audit WHERE id > ? ORDER BY id LIMIT ?
"""

_COLUMNS = {
    "timestamp": moment("a.time"),
    "kind": Column(sql="a.kind", adapt=lambda name: int(AuditKind[name])),
    "principal": Column(sql="a.principal"),
    "tokenId": Column(sql="unpacked(a.token_id)"),
    "method": Column(sql="a.method"),
    "resource": Column(sql="unpacked_resource(a.resource_head, a.resource_uid, a.resource_rest)"),
    "permission": Column(sql="a.permission"),
    "status": Column(sql="a.status"),
    "reason": Column(sql="a.reason"),
    "peer": Column(sql="a.peer"),
    "edge": Column(sql="a.edge"),
    "requestId": Column(sql="unpacked(a.request_id)"),
    "payloadId": Column(sql="unpacked(a.payload_id)"),
    "issuedTokenId": Column(sql="unpacked(a.issued_token_id)"),
    "times": Column(sql="a.times"),
}

# Newest first: by the index of the project's entries, or for all projects as they were stored.
_OF_PROJECT = Source(
    rows="audit a",
    scope="a.project_word = (SELECT id FROM audit_word WHERE text = :project)",
    identity="a.id",
    keys=("a.time", "a.id"),
    descending=True,
    timed="timestamp",
    columns=_COLUMNS,
)
_OF_ALL = Source(
    rows="audit a",
    scope="1",
    identity="a.id",
    keys=("a.id",),
    descending=True,
    columns=_COLUMNS,
)


class AuditEntries:
    """What was audited. Writes have their entries stored with them, see `companions`."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def add(self, entries: Sequence[AuditEntry]) -> None:
        """Store entries; once this returns they are on disk."""
        before = accompany(_Given(entries))
        try:
            self._database.write(_nothing)
        finally:
            leave(before)

    def after(self, number: int, limit: int) -> list[StoredAuditEntry]:
        """Return up to `limit` entries that were stored after one, in their order."""

        def after(connection: Connection) -> list[StoredAuditEntry]:
            return [*map(_stored, connection.execute(_AFTER, (number, limit)).fetchall())]

        return self._database.read(after)

    def list(self, project: str | None, query: Query) -> Found[StoredAuditEntry]:
        """Return a page of a project's entries, or of all, newest first unless ordered otherwise.

        Raise what `Search.run` raises.
        """
        source = _OF_ALL if project is None else _OF_PROJECT
        scope: Scope = {} if project is None else {"project": project}
        search = Search(source=source, scope=lambda _connection: scope, fetch=_fetch)
        return search.run(self._database, query)


class _Given:
    """Has entries stored that are there already, with a write of nothing else."""

    def __init__(self, entries: Sequence[AuditEntry]) -> None:
        self._entries = entries

    def claim(self) -> bool:
        return True

    def release(self) -> None:
        pass

    def entries(self, value: object) -> Sequence[AuditEntry]:
        del value
        return self._entries


def _nothing(connection: Connection) -> None:
    del connection


def _fetch(connection: Connection, row: Row) -> StoredAuditEntry:
    (found,) = connection.execute(_ONE, row).fetchall()
    return _stored(found)


def _stored(row: Row) -> StoredAuditEntry:
    return StoredAuditEntry(row[0], AuditEntry(*row[1:]))
