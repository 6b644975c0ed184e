"""The audit of tokens that are made without an RPC: for whom, and what was refused."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import ParamSpec, cast

from ringback_server.auth.grants import OAuthError
from ringback_server.auth.oauth.revocation import Revoked
from ringback_server.control.auditing import Audit
from ringback_server.control.caller import Backend
from ringback_server.model.account_emails import account_project
from ringback_server.model.audit import AuditEntry, AuditKind
from ringback_server.model.names import ServiceAccountName, SessionName
from ringback_server.tracing import current

Parameters = ParamSpec("Parameters")
Document = Mapping[str, object]

_METHOD = "token"
_REVOKE = "revoke"
_REUSED = "REFRESH_TOKEN_REUSED"
_LOGIN = "login"
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
                entry = _entry(_METHOD, backend.clock.now())
                entry = entry._replace(status="UNAUTHENTICATED", reason=error.error.upper())
                if error.ended is not None:
                    ended = Revoked(email=error.ended.email, session_id=error.ended.session_id)
                    entry = _ended(entry, ended)._replace(reason=_REUSED)
                backend.audit.refused(entry)
            raise
        for name in _TOKENS:
            if isinstance(token := document.get(name), str):
                store_made(backend.audit, _METHOD, token, backend.clock.now())
        return document

    return audited


def audited_revocation(
    revoke: Callable[Parameters, Revoked | None], backend: Backend
) -> Callable[Parameters, Document]:
    """Return what revokes as before, and stores whose token or session counts no more."""

    def audited(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Document:
        revoked = revoke(*args, **kwargs)
        if revoked is not None:
            backend.audit.store(_ended(_entry(_REVOKE, backend.clock.now()), revoked))
        return {}

    return audited


def store_made(audit: Audit, method: str, token: str, now: float) -> None:
    """Store that a token of this server's making is about to be given out, at `now`.

    Raise what `Database.write` raises.
    """
    audit.store(_made(_entry(method, now), _claims(token)))


def store_login(audit: Audit, now: float, person: str, email: str) -> None:
    """Store that a person of an external issuer is about to be let in as an account.

    Raise what `Database.write` raises.
    """
    entry = _entry(_LOGIN, now)._replace(principal=person, project=account_project(email) or "")
    audit.store(entry._replace(resource=str(ServiceAccountName.of(email))))


def refused_login(audit: Audit, now: float, person: str, reason: str) -> None:
    """Note that a person of an external issuer, "" if that is not known, was not let in."""
    status = "PERMISSION_DENIED" if person else "UNAUTHENTICATED"
    audit.refused(_entry(_LOGIN, now)._replace(principal=person, status=status, reason=reason))


def _entry(method: str, now: float) -> AuditEntry:
    scope = current()
    return AuditEntry(
        time=now,
        project="",
        kind=AuditKind.ADMIN_WRITE,
        principal="",
        token_id="",
        method=method,
        resource="",
        permission="",
        status="OK",
        reason="",
        peer=scope.peer,
        edge=scope.edge,
        request_id=scope.request_id,
    )


def _ended(entry: AuditEntry, what: Revoked) -> AuditEntry:
    """Return the entry with whose token or session counts no more."""
    account = ServiceAccountName.of(what.email)
    return entry._replace(
        principal=what.email,
        project=account_project(what.email) or "",
        resource=str(SessionName(account, what.session_id) if what.session_id else account),
        issued_token_id=what.token_id,
    )


def _made(entry: AuditEntry, claims: Mapping[str, object]) -> AuditEntry:
    """Return the entry with whose token it is; the account is what it was made of."""
    email = str(claims.get("email") or claims.get("sub") or "")
    return entry._replace(
        principal=email,
        project=account_project(email) or "",
        resource=str(ServiceAccountName.of(email)),
        issued_token_id=str(claims.get("jti") or ""),
    )


def _claims(token: str) -> Mapping[str, object]:
    """Return the claims of a token that this server has just made."""
    payload = token.split(".")[1]
    raw = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    return cast("Mapping[str, object]", json.loads(raw))
