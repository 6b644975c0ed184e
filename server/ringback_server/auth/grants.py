"""The OAuth token endpoint: what an account can exchange for a token (RFC 6749, RFC 7523)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ringback_server.auth.assertions import Assertions, token_audiences
from ringback_server.auth.attenuation import DEFAULT_LIFETIME
from ringback_server.auth.claims import CLOUD_PLATFORM, Claims
from ringback_server.auth.issuer import Issuer
from ringback_server.auth.jws import read
from ringback_server.auth.refusals import Refusal, TokenError
from ringback_server.auth.scopes import IAM, granted_scope
from ringback_server.auth.stores import KeyStore, Revocations
from ringback_server.clock import Clock
from ringback_server.model.logins import Session

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class OAuthError(Exception):
    """A request is refused: `error` is RFC 6749's code, `status` the HTTP status.

    `retry_after`: after how many seconds it is worth trying again. `ended`: the session that the
    request brought to its end.
    """

    def __init__(
        self,
        error: str,
        description: str,
        status: int = 400,
        *,
        retry_after: float | None = None,
        ended: Session | None = None,
    ) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description
        self.status = status
        self.retry_after = retry_after
        self.ended = ended


class Grants:
    """Exchanges grants for tokens.

    An assertion may be used until it expires: its holder has the key, and could sign another. One
    that was revoked counts no longer, nor one that a client has shown who it is with.
    """

    def __init__(
        self,
        issuer: Issuer,
        keys: KeyStore,
        revocations: Revocations,
        clock: Clock,
        *,
        urls: Iterable[str] = (),
    ) -> None:
        """Take the seams, and the `urls` under which `/token` of this server is reached."""
        self._issuer = issuer
        self._revocations = revocations
        self._clock = clock
        self._assertions = Assertions(keys, clock)
        self._audiences = token_audiences(urls)

    def exchange(self, form: Mapping[str, str]) -> dict[str, object]:
        """Return the JSON answer to a token request; raises OAuthError.

        The one grant is a JWT bearer assertion. It yields an access token or, if it names a
        `target_audience`, an ID token, as Google's token endpoint does.
        """
        grant_type = form.get("grant_type", "")
        if not grant_type:
            raise OAuthError("invalid_request", "grant_type is missing.")
        if grant_type != JWT_BEARER:
            raise OAuthError("unsupported_grant_type", f"grant_type must be {JWT_BEARER}.")
        claims = self._assertion(form.get("assertion", ""))
        email = claims.text("iss")
        if "target_audience" in claims:
            return self._id_token(email, claims)
        return self._access_token(email, claims, form.get("scope"))

    def _assertion(self, assertion: str) -> Claims:
        if not assertion:
            raise OAuthError("invalid_request", "assertion is missing.")
        try:
            return self._verified(assertion)
        except TokenError as error:
            expired = error.refusal is Refusal.EXPIRED
            sentence = "The assertion has expired." if expired else "The assertion is not valid."
            raise OAuthError("invalid_grant", sentence) from error

    def _verified(self, assertion: str) -> Claims:
        token = read(assertion)
        claims = self._assertions.verify(token, self._clock.now())
        if claims.text("aud") not in self._audiences:
            raise TokenError(Refusal.AUDIENCE)
        if self._revocations.revoked(token.token_id):
            raise TokenError(Refusal.REVOKED)
        return claims

    def _access_token(self, email: str, claims: Claims, asked: str | None) -> dict[str, object]:
        # The answer tells what the token opens, whatever else was asked for.
        scope = granted_scope(self._scope(claims) or asked or "")
        if not scope:
            raise OAuthError("invalid_scope", f"The scope must hold {CLOUD_PLATFORM} or {IAM}.")
        issued = self._issuer.access_token(email, scope=scope)
        return {
            "access_token": issued.token,
            "expires_in": DEFAULT_LIFETIME,
            "token_type": "Bearer",
            "scope": scope,
        }

    def _scope(self, claims: Claims) -> str | None:
        """Return the scope of an assertion; google-auth writes an empty one if it has none."""
        if claims.blank("scope"):
            return None
        try:
            return claims.text("scope")
        except TokenError as error:
            raise OAuthError("invalid_scope", "The scope is not valid.") from error

    def _id_token(self, email: str, claims: Claims) -> dict[str, object]:
        try:
            audience = claims.text("target_audience")
        except TokenError as error:
            raise OAuthError("invalid_request", "target_audience is not valid.") from error
        return {"id_token": self._issuer.id_token(email, audience).token}
