"""The verbs on credentials: making short-lived tokens of service accounts."""

from __future__ import annotations

from collections.abc import Sequence

from ringback_server.auth.issuer import IssuedToken
from ringback_server.control import accounts
from ringback_server.control.caller import Caller, requires
from ringback_server.control.refusals import refused
from ringback_server.model.names import ServiceAccountName
from ringback_server.store.accounts import no_account

_MAX_LIFETIME = 3_600.0


@requires("iam.serviceAccounts.getAccessToken")
def generate_access_token(
    caller: Caller,
    name: ServiceAccountName,
    *,
    scope: Sequence[str],
    lifetime: float | None = None,
    delegates: Sequence[str] = (),
    permissions: Sequence[str] = (),
) -> IssuedToken:
    """Make an access token of an account, valid for `lifetime` seconds, by default an hour.

    `permissions` narrows what it may be used for; none are all that the account has.
    Raise InvalidArgumentError for a bad field, NotFoundError for an unknown account, and
    PermissionDeniedError for a permission that the account does not have.
    """
    _check_delegates(delegates)
    if not any(scope):
        raise refused("scope", "scope must name at least one scope")
    lifetime = _MAX_LIFETIME if lifetime is None else lifetime
    if not 0 < lifetime <= _MAX_LIFETIME:
        raise refused("lifetime", f"lifetime must be over 0 and at most {_MAX_LIFETIME:.0f} s")
    _check_account(caller, name)
    return caller.backend.issuer.access_token(
        name.email,
        scope=" ".join(scope),
        lifetime=lifetime,
        client=caller.principal.email,
        permissions=permissions or None,
    )


@requires("iam.serviceAccounts.getOpenIdToken")
def generate_id_token(
    caller: Caller,
    name: ServiceAccountName,
    *,
    audience: str,
    include_email: bool = False,
    delegates: Sequence[str] = (),
) -> IssuedToken:
    """Make an ID token of an account for an audience, valid for an hour.

    `include_email`: it also names the account by its e-mail address.
    Raise InvalidArgumentError for a bad field, and NotFoundError for an unknown account.
    """
    _check_delegates(delegates)
    if not audience:
        raise refused("audience", "audience must say whom the token is for")
    _check_account(caller, name)
    return caller.backend.issuer.id_token(name.email, audience, include_email=include_email)


def _check_delegates(delegates: Sequence[str]) -> None:
    """Raise InvalidArgumentError for what no token is made for."""
    if delegates:
        raise refused("delegates", "delegates are not supported")


def _check_account(caller: Caller, name: ServiceAccountName) -> None:
    """Raise NotFoundError unless there is an account that may be used."""
    if accounts.present(caller, name).disabled:
        raise no_account(name)
