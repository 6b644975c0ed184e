"""Who did what: the record that the audit keeps of a request."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class AuditKind(IntEnum):
    """What a request is to the audit; a request that is several things is the greatest of them."""

    #: nothing that is known: it was refused before
    NONE = 0
    #: something was read
    DATA_READ = 1
    #: an execution was started or cancelled, a callback was sent
    DATA_WRITE = 2
    #: a workflow, an account, a key, a role or a policy was changed, or a token was made
    ADMIN_WRITE = 3


class AuditEntry(NamedTuple):
    """One request, or several alike that were refused; never holds any part of a token.

    It is a tuple because each write has one: as it is, it is the row that is stored.
    """

    #: Unix seconds
    time: float
    #: whose it is: the project of the resource, empty for what is of none
    project: str
    kind: int
    #: who asked, empty for one who did not say so believably, and the id of the token
    principal: str
    token_id: str
    #: the RPC as `Service/Method`, or what part of the HTTP edge answered
    method: str
    resource: str
    #: what was asked for last
    permission: str
    #: the name of a code: OK, PERMISSION_DENIED and so on
    status: str
    #: why it was refused, or what became of a callback
    reason: str
    #: the address with its port; `inside` for what a workflow asked this server
    peer: str
    #: grpc or http
    edge: str
    request_id: str
    #: of a callback that was sent
    payload_id: str = ""
    #: of a token that was made
    issued_token_id: str = ""
    #: how many requests it stands for
    times: int = 1


class StoredAuditEntry(NamedTuple):
    """An entry and its number, which grows from entry to entry."""

    number: int
    entry: AuditEntry

    @property
    def text_bytes(self) -> int:
        """The bytes of its texts, about."""
        entry = self.entry
        return len(entry.principal) + len(entry.resource) + len(entry.method) + len(entry.reason)
