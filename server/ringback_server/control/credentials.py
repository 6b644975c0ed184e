"""The verbs on credentials: making short-lived tokens of service accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ringback_server.auth.access import held_permissions
from ringback_server.auth.attenuation import DEFAULT_LIFETIME, Bounds, inherited, narrowed
from ringback_server.auth.claims import CLOUD_PLATFORM
from ringback_server.auth.issuer import IssuedToken
from ringback_server.auth.permissions import unknown_permission
from ringback_server.control import accounts
from ringback_server.control.auditing import note
from ringback_server.control.caller import Caller, requires, resolved
from ringback_server.control.refusals import check_unbound, refused
from ringback_server.model.names import ServiceAccountName, parse_resource
from ringback_server.model.resources import ServiceAccount
from ringback_server.store.accounts import no_account

_IMPERSONATE: Final = "iam.serviceAccounts.getAccessToken"
_UNBOUND: Final = Bounds()


def generate_access_token(
    caller: Caller,
    name: ServiceAccountName,
    *,
    scope: Sequence[str],
    bounds: Bounds = _UNBOUND,
    delegates: Sequence[str] = (),
) -> IssuedToken:
    """Make an access token of an account, which is good for as little as `bounds` says.

    It takes iam.serviceAccounts.getAccessToken on the account, unless a caller makes one of its
    own account that is good for no more than the token it calls with (see auth/attenuation).
    Raise InvalidArgumentError for a bad field, NotFoundError for an unknown account, and
    PermissionDeniedError for a permission that the account does not have and for what would be
    wider than the token of the call.
    """
    if name.email == caller.principal.email and not _may_impersonate(caller, name):
        _check_request(scope, delegates)
        _account(caller, resolved(caller.backend, name))
        return make_own(caller, bounds, scope=" ".join(scope))
    return _generate(caller, name, scope=scope, bounds=bounds, delegates=delegates)


def make_own(caller: Caller, bounds: Bounds, *, scope: str = CLOUD_PLATFORM) -> IssuedToken:
    """Make a token of the caller's account that is no wider than the one it calls with.

    Raise as `generate_access_token` does.
    """
    principal = caller.principal
    name = ServiceAccountName.of(principal.email)
    _account(caller, name)
    bounds = _meant(caller, bounds)
    if _may_impersonate(caller, name):
        return _made(caller, principal.email, scope, inherited(bounds, principal))
    now = caller.backend.clock.now()
    granted = held_permissions(caller.backend.store.credentials, principal.email, now=now)
    bounds = narrowed(bounds, principal, granted=granted, now=now)
    return _made(caller, principal.email, scope, bounds)


@requires(_IMPERSONATE)
def _generate(
    caller: Caller,
    name: ServiceAccountName,
    *,
    scope: Sequence[str],
    bounds: Bounds,
    delegates: Sequence[str],
) -> IssuedToken:
    _check_request(scope, delegates)
    bounds = inherited(_meant(caller, bounds), caller.principal)
    _account(caller, name)
    return _made(caller, name.email, " ".join(scope), bounds)


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
    check_unbound(caller.principal, "An ID token")
    _check_delegates(delegates)
    if not audience:
        raise refused("audience", "audience must say whom the token is for")
    _account(caller, name)
    return caller.backend.issuer.id_token(name.email, audience, include_email=include_email)


def _may_impersonate(caller: Caller, name: ServiceAccountName) -> bool:
    found = caller.backend.access.granted(caller.principal, str(resolved(caller.backend, name)))
    return _IMPERSONATE in found


def _made(caller: Caller, email: str, scope: str, bounds: Bounds) -> IssuedToken:
    issued = caller.backend.issuer.access_token(
        email,
        scope=scope,
        lifetime=DEFAULT_LIFETIME if bounds.lifetime is None else bounds.lifetime,
        client=caller.principal.email,
        permissions=bounds.permissions,
        resource=bounds.resource,
        method=bounds.method,
    )
    noted = note()
    if noted is not None:
        # Also of one's own, for which nothing was checked.
        noted.checked(_IMPERSONATE, str(ServiceAccountName.of(email)))
        ids = (noted.issued_token_id, issued.token_id)
        noted.issued_token_id = ",".join(filter(None, ids))
    return issued


def _meant(caller: Caller, bounds: Bounds) -> Bounds:
    """Return bounds whose resource is named as permissions are checked on it.

    Raise InvalidArgumentError for what is no permission, and for what is no resource.
    """
    unknown = unknown_permission(bounds.permissions or ())
    if unknown:
        raise refused("permissions", unknown)
    if bounds.resource is None:
        return bounds
    name = resolved(caller.backend, parse_resource(bounds.resource))
    return replace(bounds, resource=str(name))


def _check_request(scope: Sequence[str], delegates: Sequence[str]) -> None:
    _check_delegates(delegates)
    if not any(scope):
        raise refused("scope", "scope must name at least one scope")


@requires("iam.serviceAccounts.signBlob")
def sign_blob(
    caller: Caller, name: ServiceAccountName, *, payload: bytes, delegates: Sequence[str] = ()
) -> tuple[str, bytes]:
    """Sign bytes with a key that is kept for an account; return the key's id and the signature.

    Raise InvalidArgumentError for a bad field, NotFoundError for an unknown account, and
    PermissionDeniedError for a call with a token that is bound to a resource.
    """
    _check_signing(caller, delegates)
    return caller.backend.managed_keys.sign(_account(caller, name), payload)


@requires("iam.serviceAccounts.signJwt")
def sign_jwt(
    caller: Caller, name: ServiceAccountName, *, payload: str, delegates: Sequence[str] = ()
) -> tuple[str, str]:
    """Sign a JSON object of claims with a key that is kept for an account; return its id too.

    A JWT for this service, or for its token endpoint, counts as if the account had signed it.
    Raise as `sign_blob` does.
    """
    _check_signing(caller, delegates)
    return caller.backend.managed_keys.sign_jwt(_account(caller, name), payload)


def _check_signing(caller: Caller, delegates: Sequence[str]) -> None:
    """Refuse what would be good for more than the token of the call: a JWT has no bounds."""
    _check_delegates(delegates)
    check_unbound(caller.principal, "What an account signs")


def _check_delegates(delegates: Sequence[str]) -> None:
    """Raise InvalidArgumentError for what no token is made for."""
    if delegates:
        raise refused("delegates", "delegates are not supported")


def _account(caller: Caller, name: ServiceAccountName) -> ServiceAccount:
    """Return an account that may be used; raise NotFoundError if there is none."""
    account = accounts.present(caller, name)
    if account.disabled:
        raise no_account(name)
    return account
