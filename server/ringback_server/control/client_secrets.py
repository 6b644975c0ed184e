"""The verbs on secrets of service accounts that are OAuth clients."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import uuid4

from ringback_server.auth.oauth.opaque import Kind, digest, new_opaque
from ringback_server.control.caller import Caller, requires
from ringback_server.control.oauth_accounts import account_of
from ringback_server.control.refusals import check_unbound, refused
from ringback_server.errors import NotFoundError
from ringback_server.model.logins import ClientSecret
from ringback_server.model.names import ServiceAccountName

#: two, so that one can be replaced by another while both count
_MOST = 2
_LONGEST = 10 * 365 * 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NewClientSecret:
    """A secret with what nobody can be told again."""

    record: ClientSecret
    secret: str = field(repr=False)


@requires("ringback.clientSecrets.create")
def create(
    caller: Caller, name: ServiceAccountName, *, ttl: float | None = None
) -> NewClientSecret:
    """Make a secret of an account, which counts for `ttl` seconds, or until it is deleted.

    Raise NotFoundError for an unknown account, FailedPreconditionError if it has two already, and
    InvalidArgumentError for a bad `ttl`. Raise PermissionDeniedError also for a call with a token
    that is bound to a resource.
    """
    check_unbound(caller.principal, "A client secret")
    if ttl is not None and not 0 < ttl <= _LONGEST:
        raise refused("ttl", "ttl must be over 0 s and at most ten years")
    account = account_of(caller, name)
    now, secret = caller.backend.clock.now(), new_opaque(Kind.CLIENT)
    record = ClientSecret(
        secret_id=str(uuid4()),
        email=account.email,
        account_id=account.unique_id,
        digest=digest(secret),
        create_time=now,
        expire_time=None if ttl is None else now + ttl,
    )
    caller.backend.store.client_secrets.add(record, most=_MOST)
    return NewClientSecret(record=record, secret=secret)


@requires("ringback.clientSecrets.list")
def list_(caller: Caller, name: ServiceAccountName) -> list[ClientSecret]:
    """Return the secrets of an account, oldest first; NotFoundError for an unknown one."""
    account = account_of(caller, name)
    found = caller.backend.store.client_secrets.of_account(account.email)
    return [secret for secret in found if secret.account_id == account.unique_id]


@requires("ringback.clientSecrets.delete")
def delete(caller: Caller, name: ServiceAccountName, secret_id: str) -> None:
    """Delete a secret of an account, which counts no longer; NotFoundError if there is none."""
    account = account_of(caller, name)
    if not caller.backend.store.client_secrets.delete(account.email, secret_id):
        raise NotFoundError(
            f"The account {account.email} has no secret {secret_id}.",
            reason="CLIENT_SECRET_NOT_FOUND",
        )
