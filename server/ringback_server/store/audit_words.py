"""Stores audit entries small: texts that repeat are numbers of words.

There is one, the writer's, which remembers the words that it used lately, for a while. When it
begins anew, it notes with each word that it uses from which entry on that was. So of a word that
was not used since, all entries that refer to it are older, and no entry has to be looked at to
know that it can be removed (`Expiry`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from ringback_server.model.audit import AuditEntry
from ringback_server.store.audit_packing import Packed, pack, pack_peer, pack_resource
from ringback_server.store.database import Row

_INSERT: Final = """
INSERT INTO audit_entry (time, project, kind, principal, token_id, method, resource, resource_uid,
                         resource_rest, permission, status, reason, host, port, edge, request_id,
                         payload_id, issued_token_id, times)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_NEXT: Final = "SELECT IFNULL(MAX(id), 0) + 1 FROM audit_entry"
_USE: Final = """
INSERT INTO audit_word (text, used) VALUES (?, ?)
    ON CONFLICT (text) DO UPDATE SET used = excluded.used
RETURNING id
"""
#: words that are remembered, and the seconds for which they are
_REMEMBERED: Final = 4_096
#: ids of tokens that are in use
_TOKENS: Final = 1_024
_DAY: Final = 86_400.0


class AuditWords:
    """The writer's way to store entries."""

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._known: _Known | None = None
        self._began = 0.0

    def store(self, connection: sqlite3.Connection, entries: Sequence[AuditEntry]) -> None:
        """Store entries, at least one, and the words in them that are new."""
        known = self._known
        if known is None or len(known) >= _REMEMBERED or abs(entries[0].time - self._began) >= _DAY:
            ((since,),) = connection.execute(_NEXT).fetchall()
            known = self._known = _Known(connection, since)
            self._began = entries[0].time
        connection.executemany(_INSERT, [_row(entry, known) for entry in entries])

    def forget(self) -> None:
        """Remember nothing: what was stored last is undone, and words with it."""
        self._known = None


class _Known(dict[str, int | None]):
    """Numbers of words; of one that is not known, by storing it."""

    def __init__(self, connection: sqlite3.Connection, since: int) -> None:
        super().__init__({"": None})
        self._connection = connection
        self._since = since

    def __missing__(self, text: str) -> int:
        # Ids of others' tokens may have characters that are none.
        stored = text.encode(errors="replace").decode()
        ((number,),) = self._connection.execute(_USE, (stored, self._since)).fetchall()
        self[text] = number
        return int(number)

    def of_id(self, text: str) -> bytes | int | None:
        """Return what stands for the id of a token."""
        packed = _packed_id(text)
        return self[packed] if isinstance(packed, str) else packed


@lru_cache(_TOKENS)
def _packed_id(text: str) -> Packed:
    return pack(text)


def _row(entry: AuditEntry, known: _Known) -> Row:
    """Return an entry in the order of the columns; one look at each field is cheaper than more."""
    (time, project, kind, principal, token_id, method, resource, permission, status, reason) = (
        entry[:10]
    )
    (peer, edge, request_id, payload_id, issued_token_id, times) = entry[10:]
    head, uid, rest = pack_resource(resource)
    host, port = pack_peer(peer)
    return (
        time,
        known[project],
        int(kind),
        known[principal],
        known.of_id(token_id),
        known[method],
        known[head],
        uid,
        rest,
        known[permission],
        known[status],
        known[reason],
        known[host],
        port,
        known[edge],
        pack(request_id),
        pack(payload_id),
        known.of_id(issued_token_id),
        times,
    )
