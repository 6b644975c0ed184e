"""The audit of the token endpoint: which tokens were made for whom, and what was refused."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import ParamSpec, cast

from ringback_server.auth.grants import OAuthError
from ringback_server.control.caller import Backend
from ringback_server.model.audit import AuditEntry, AuditKind
from ringback_server.tracing import current

Parameters = ParamSpec("Parameters")
Document = Mapping[str, object]

_METHOD = "token"
#: members of an answer that are tokens with claims
_TOKENS = ("access_token", "id_token")
#: what a device hears that asks again and again: nothing was refused
_NOT_YET = frozenset({"authorization_pending", "slow_down"})


def audited_exchange(
    exchange: Callable[Parameters, Document], backend: Backend
) -> Callable[Parameters, Document]:
    """Return what exchanges grants as before, and stores who got a token before it is given out."""

    def audited(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Document:
        try:
            document = exchange(*args, **kwargs)
        except OAuthError as error:
            if error.error not in _NOT_YET:
                backend.audit.refused(_entry(backend, "UNAUTHENTICATED", error.error.upper()))
            raise
        for name in _TOKENS:
            if isinstance(token := document.get(name), str):
                backend.audit.store(_made(_entry(backend, "OK", ""), _claims(token)))
        return document

    return audited


def _entry(backend: Backend, status: str, reason: str) -> AuditEntry:
    scope = current()
    return AuditEntry(
        time=backend.clock.now(),
        project="",
        kind=AuditKind.ADMIN_WRITE,
        principal="",
        token_id="",
        method=_METHOD,
        resource="",
        permission="",
        status=status,
        reason=reason,
        peer=scope.peer,
        edge=scope.edge,
        request_id=scope.request_id,
    )


def _made(entry: AuditEntry, claims: Mapping[str, object]) -> AuditEntry:
    """Return the entry with whose token it is; the account is what it was made of."""
    email = str(claims.get("email") or claims.get("sub") or "")
    return entry._replace(
        principal=email,
        project=email.partition("@")[2].partition(".")[0],
        resource=f"projects/-/serviceAccounts/{email}",
        issued_token_id=str(claims.get("jti") or ""),
    )


def _claims(token: str) -> Mapping[str, object]:
    """Return the claims of a token that this server has just made."""
    payload = token.split(".")[1]
    raw = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    return cast("Mapping[str, object]", json.loads(raw))
