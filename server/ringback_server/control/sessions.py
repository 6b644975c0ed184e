"""The verbs on logins of people, on the sessions that they give, and on tokens."""

from __future__ import annotations

import re
from typing import Final

from ringback_server.auth.attenuation import CALLBACK_LIFETIME
from ringback_server.auth.claims import LEEWAY
from ringback_server.control.auditing import note
from ringback_server.control.caller import Caller, Page, requires
from ringback_server.control.oauth_accounts import account_of
from ringback_server.control.paging import PageRequest, PageSizes, page, position
from ringback_server.control.refusals import check_unbound, refused
from ringback_server.errors import FailedPreconditionError, NotFoundError, UnauthenticatedError
from ringback_server.model.logins import Login, Session
from ringback_server.model.names import RootName, ServiceAccountName

_PAGE = PageSizes(default=100, maximum=1_000)
#: ids of external issuers can have any characters, and 200 of them behind the issuer's name
_TOKEN_ID: Final = re.compile(r".{1,300}", re.DOTALL)
#: what the header of a JWT begins with, an object in base64url
_HEADER_BEGINS: Final = "eyJ"


@requires("ringback.deviceCodes.approve")
def approve_login(
    caller: Caller,
    name: ServiceAccountName,
    *,
    user_code: str,
    validate_only: bool = False,
    deny: bool = False,
) -> Login:
    """Let in whoever shows a user code, as an account, or `deny` it; return what it asked for.

    The caller must be able to make tokens of the account: it can do no more by this. With
    `validate_only` nothing is decided. Raise NotFoundError for an unknown account or code,
    InvalidArgumentError for what is no code, FailedPreconditionError for a disabled account, and
    TooManyAttemptsError; PermissionDeniedError also for a token that is bound to a resource.
    """
    backend = caller.backend
    backend.access.check(caller.principal, "iam.serviceAccounts.getAccessToken", str(name))
    check_unbound(caller.principal, "A session")
    account = account_of(caller, name)
    if account.disabled:
        raise FailedPreconditionError(f"The account {account.email} is disabled.")
    login = backend.approval.find(user_code, caller.principal.email)
    if not validate_only and deny:
        backend.approval.deny(login)
    elif not validate_only:
        backend.approval.approve(login, account.email)
    return login


@requires("ringback.sessions.list")
def list_(caller: Caller, name: ServiceAccountName, request: PageRequest) -> Page[Session]:
    """Return a page of the sessions of an account that go on, oldest first.

    Raise NotFoundError for an unknown account, InvalidArgumentError for a bad page.
    """
    account = account_of(caller, name)
    limit, scope = _PAGE.limit(request.size), f"sessions {account.email}"
    after = position(scope, request.token, tuple[float, str]) or (0.0, "")
    store, now = caller.backend.store.sessions, caller.backend.clock.now()
    return page(
        scope,
        store.of_account(account.email, now=now, after=after, limit=limit + 1),
        limit,
        place=lambda row: (row.create_time, row.session_id),
        item=lambda row: row,
    )


@requires("ringback.sessions.delete")
def delete(caller: Caller, name: ServiceAccountName, session_id: str) -> None:
    """End a session of an account with all its tokens; NotFoundError if none goes on."""
    account, store = account_of(caller, name), caller.backend.store.sessions
    found = store.get(session_id)
    if found is None or found.email != account.email or not store.revoke(session_id):
        raise NotFoundError(
            f"The account {account.email} has no session {session_id}.",
            reason="SESSION_NOT_FOUND",
        )


@requires("ringback.tokens.revoke")
def revoke_token(caller: Caller, name: ServiceAccountName, token: str) -> None:
    """Revoke a token that speaks for an account; one that counts no longer is no error.

    Raise NotFoundError for an account that is unknown or of another project than the name says,
    and InvalidArgumentError for the token of another account.
    """
    account = account_of(caller, name)
    try:
        principal = caller.backend.bearers.authenticate(token)
    except UnauthenticatedError:
        return
    if principal.email != account.email:
        raise refused("token", "token is not one of this account")
    _note_token(principal.token_id)
    until = principal.expire_time + LEEWAY
    caller.backend.store.credentials.revoke(principal.token_id, until)


@requires("ringback.tokens.revoke")
def revoke_token_id(caller: Caller, name: RootName, token_id: str, until: float | None) -> None:
    """Revoke a token by its id, whoever issued it and whomever it speaks for.

    `until` is when it has expired by itself at the latest, in Unix seconds: it is remembered for
    so long, and by default for longer than any token counts. Raise InvalidArgumentError for what
    is no id, such as the token itself, and for a time that is past.
    """
    del name
    if not _TOKEN_ID.fullmatch(token_id) or token_id.startswith(_HEADER_BEGINS):
        raise refused("token_id", "token_id must be the id of a token, as the audit has it")
    now = caller.backend.clock.now()
    if until is not None and until <= now:
        raise refused("until", "until must be a time to come")
    _note_token(token_id)
    end = now + CALLBACK_LIFETIME if until is None else until
    caller.backend.store.credentials.revoke(token_id, end + LEEWAY)


def _note_token(token_id: str) -> None:
    noted = note()
    if noted is not None:
        noted.issued_token_id = token_id
