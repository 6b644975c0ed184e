"""The tokens that this server issues: access tokens (RFC 9068) and ID tokens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import uuid4

from ringback_server.auth.access import held_permissions
from ringback_server.auth.attenuation import DEFAULT_LIFETIME, Bounds
from ringback_server.auth.claims import CLOUD_PLATFORM, printable
from ringback_server.auth.key_ring import KeyRing
from ringback_server.auth.keys import PublicKey
from ringback_server.auth.scopes import opens_anything, within_scope
from ringback_server.auth.stores import TokenStore
from ringback_server.clock import Clock
from ringback_server.errors import (
    FieldViolation,
    InvalidArgumentError,
    NotFoundError,
    PermissionDeniedError,
)
from ringback_server.model.names import ServiceAccountName, resource

#: the media type of an access token, in `typ`
AT_JWT = "at+jwt"


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedToken:
    """A token to hand out; `expire_time` is a whole Unix second."""

    token: str = field(repr=False)
    expire_time: int
    token_id: str


class Issuer:
    """Signs tokens in the name of this server.

    `iss` and `audience` name the instance, or its public URL: never an address or a port, so
    that tokens outlive a move of the server.
    """

    def __init__(
        self,
        store: TokenStore,
        keys: KeyRing,
        clock: Clock,
        *,
        instance_id: str,
        public_url: str | None = None,
    ) -> None:
        self._store = store
        self._keys = keys
        self._clock = clock
        self.iss = public_url or f"urn:ringback:{instance_id}"
        # Apart from `iss`, so that a token about this server is not one for it.
        self.audience = f"{public_url}/api" if public_url else f"urn:ringback:{instance_id}:api"

    def access_token(
        self,
        email: str,
        *,
        scope: str = CLOUD_PLATFORM,
        lifetime: float = DEFAULT_LIFETIME,
        permissions: Iterable[str] | None = None,
        resource: str | None = None,
        method: str | None = None,
        client: str | None = None,
    ) -> IssuedToken:
        """Issue an access token that speaks for an account.

        `scope` is space-separated; `lifetime` in seconds; `permissions` narrows what the account
        is granted now, None takes all of it; `resource` bounds the token to a resource name and
        what lies below, `method` to callbacks that are sent with this HTTP method; `client` is who
        asked for it, the account itself by default. Bounds says what goes together.
        Raises InvalidArgumentError, and PermissionDeniedError for permissions that the account
        does not have.
        """
        if not printable(scope) or not opens_anything(scope):
            raise _invalid("scope", f"scope must contain {CLOUD_PLATFORM}")
        if resource is not None and not printable(resource):
            raise _invalid("resource", "resource must be a resource name")
        named = within_scope(self._permissions(email, permissions, resource), scope)
        Bounds(permissions=named, resource=resource, method=method, lifetime=lifetime).check()
        account = self._store.account(email)
        claims = {
            "aud": self.audience,
            "client_id": client or email,
            # An account that gets this address later has another.
            "account_id": None if account is None else account.unique_id,
            "scope": scope,
            "permissions": sorted(named),
            "resource": resource,
            "method": method,
        }
        found = {name: value for name, value in claims.items() if value is not None}
        return self._signed(AT_JWT, email, found, lifetime)

    def id_token(
        self, email: str, audience: str, *, include_email: bool = True, nonce: str | None = None
    ) -> IssuedToken:
        """Issue an ID token that tells `audience` who an account is; valid for an hour.

        Without its e-mail address the account is named by its unique id alone. `nonce` is what
        a login was asked for with.
        Raises InvalidArgumentError, and NotFoundError if there is no such account.
        """
        if not printable(audience):
            raise _invalid("audience", "audience must be printable ASCII text")
        account = self._store.account(email)
        if account is None:
            raise NotFoundError(
                f"Service account {email} was not found.",
                reason="SERVICE_ACCOUNT_NOT_FOUND",
                resource=resource(ServiceAccountName("-", email)),
            )
        claims: dict[str, object] = {"aud": audience, "azp": account.unique_id}
        if include_email:
            claims |= {"email": email, "email_verified": True}
        if nonce is not None:
            claims["nonce"] = nonce
        return self._signed("JWT", account.unique_id, claims, DEFAULT_LIFETIME)

    def jwks(self) -> dict[str, object]:
        """Return the JWK set (RFC 7517) of the keys whose signatures count: public members."""
        return self._keys.jwks()

    def algorithms(self) -> list[str]:
        """Return the algorithms of the keys whose signatures count."""
        now = self._clock.now()
        return [key.algorithm for key in self._keys.verifying_keys(now)]

    def verification_key(self, kid: str) -> PublicKey | None:
        """Return the public half of one of the signing keys, None if `kid` names none that counts.

        A new key is known at once, and one that retires or is revoked counts no longer from then.
        """
        return self._keys.verifying(kid)

    def _permissions(
        self, email: str, asked: Iterable[str] | None, resource: str | None
    ) -> frozenset[str]:
        granted = held_permissions(self._store, email, now=self._clock.now(), touching=resource)
        if asked is None:
            return granted
        missing = sorted(frozenset(asked) - granted)
        if missing:
            where = f" on {resource}" if resource else ""
            raise PermissionDeniedError(
                f"Permission '{missing[0]}' is not granted to {email}{where}.",
                reason="IAM_PERMISSION_DENIED",
                facts={"permission": missing[0]},
            )
        return frozenset(asked)

    def _signed(
        self, typ: str, sub: str, claims: Mapping[str, object], lifetime: float
    ) -> IssuedToken:
        now = int(self._clock.now())
        expire_time, token_id = now + int(lifetime), str(uuid4())
        whole = {**claims, "iss": self.iss, "sub": sub, "iat": now, "exp": expire_time}
        token = self._keys.sign(typ, {**whole, "jti": token_id}, expire_time=expire_time)
        return IssuedToken(token=token, expire_time=expire_time, token_id=token_id)


def _invalid(field_name: str, message: str) -> InvalidArgumentError:
    violation = FieldViolation(field=field_name, description=message)
    return InvalidArgumentError(message, violations=(violation,))
