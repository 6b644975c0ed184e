"""Every kind of token, code and secret in every place of the authorization server."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from ringback_server.auth.grants import JWT_BEARER, OAuthError
from tests.auth.forge import forge
from tests.auth.instances import SCOPE, URL, VIEWER
from tests.auth.oauth.desk import Desk, basic, by_key, polling, redeeming, refreshing, request

_GOOGLE = "https://oauth2.googleapis.com/token"


def _device_code(desk: Desk) -> str:
    shown = desk.device()
    desk.approve(shown["user_code"])
    return str(shown["device_code"])


def _signed(desk: Desk, **claims: object) -> str:
    """Sign a JWT of VIEWER as Google's libraries do."""
    now = int(desk.clock.now())
    header = {"typ": "JWT", "alg": "RS256", "kid": desk.keys.viewer.kid}
    whole = {"iss": VIEWER, "iat": now, "exp": now + 60, **claims}
    return forge(header, whole, desk.keys.viewer_pem)


#: kind -> what makes one
KINDS: Mapping[str, Callable[[Desk], str]] = {
    "access token": lambda desk: desk.issuer.access_token(VIEWER).token,
    "access token of a session": lambda desk: str(desk.session()["access_token"]),
    "ID token": lambda desk: desk.issuer.id_token(VIEWER, f"{URL}/token").token,
    "refresh token": lambda desk: str(desk.session()["refresh_token"]),
    "authorization code": lambda desk: desk.code(),
    "device code": _device_code,
    "user code": lambda desk: str(desk.device()["user_code"]),
    "client secret": lambda desk: desk.secret(),
    "client assertion": lambda desk: desk.assertion(),
    "assertion": lambda desk: _signed(desk, aud=_GOOGLE, scope=SCOPE),
    "self-signed token": lambda desk: _signed(desk, sub=VIEWER, aud=f"{URL}/"),
}


def _exchanged(form: Callable[[str], dict[str, str]]) -> Callable[[Desk, str], bool]:
    """Return what sends a token request and tells whether it was granted."""

    def send(desk: Desk, token: str) -> bool:
        try:
            return bool(desk.exchange(form(token)))
        except OAuthError:
            return False

    return send


def _introspected(desk: Desk, token: str) -> bool:
    asked = request({"token": token}, basic(VIEWER, desk.secret()))
    return bool(desk.server.introspection.answer(asked)["active"])


def _secret(token: str) -> dict[str, str]:
    return {"grant_type": "client_credentials", "client_id": VIEWER, "client_secret": token}


def _grant(token: str) -> dict[str, str]:
    return {"grant_type": JWT_BEARER, "assertion": token, "scope": SCOPE}


_ACCESS = frozenset({"access token", "access token of a session"})
#: place -> what sends a token there and tells whether it was taken, and the kinds that must be
PLACES: Mapping[str, tuple[Callable[[Desk, str], bool], frozenset[str]]] = {
    "bearer": (lambda desk, token: desk.counts(token), _ACCESS | {"self-signed token"}),
    "refresh token": (_exchanged(refreshing), frozenset({"refresh token"})),
    "code": (_exchanged(redeeming), frozenset({"authorization code"})),
    "device code": (
        _exchanged(lambda token: polling({"device_code": token})),
        frozenset({"device code"}),
    ),
    "client secret": (_exchanged(_secret), frozenset({"client secret"})),
    "client assertion": (_exchanged(by_key), frozenset({"client assertion"})),
    "assertion": (_exchanged(_grant), frozenset({"assertion"})),
    "introspection": (_introspected, _ACCESS | {"refresh token"}),
}


@pytest.mark.parametrize("place", PLACES)
def test_token_when_it_is_sent_to_the_authorization_server(place: str, desk: Desk) -> None:
    """Each kind is taken in its own place, and nowhere else."""
    send, right = PLACES[place]
    taken: set[str] = set()
    for kind, make in KINDS.items():
        for known in desk.store.client_secrets.of_account(VIEWER):
            desk.store.client_secrets.delete(VIEWER, known.secret_id)
        if send(desk, make(desk)):
            taken.add(kind)
        # Neither failures nor logins of one test are to be too many.
        desk.clock.advance(61)

    assert right == taken
