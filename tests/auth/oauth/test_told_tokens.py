"""Introspection, revocation, tokeninfo and the metadata."""

from __future__ import annotations

import pytest

from ringback_server.auth.grants import OAuthError
from ringback_server.auth.oauth.revocation import Revoked
from ringback_server.auth.oauth.server import AuthorizationServer
from tests.auth.forge import opened
from tests.auth.instances import ADMIN, SCOPE, URL, VIEWER
from tests.auth.oauth.desk import CLI, Desk, basic, refreshing, request


def introspected(desk: Desk, token: str, email: str = VIEWER) -> dict[str, object]:
    """Introspect a token as an account."""
    secrets = desk.store.client_secrets
    for known in secrets.of_account(email):
        secrets.delete(email, known.secret_id)
    header = basic(email, desk.secret(email))
    return desk.server.introspection.answer(request({"token": token}, header))


def revoked(desk: Desk, token: str, email: str = VIEWER) -> Revoked | None:
    """Revoke a token as an account."""
    return desk.server.revocation.revoke(
        request({"token": token}, basic(email, desk.secret(email)))
    )


def test_introspection_of_an_access_token(desk: Desk) -> None:
    """All its claims are told to an account that authenticates."""
    issued = desk.issuer.access_token(VIEWER, client=ADMIN)
    told = introspected(desk, issued.token)

    assert told.pop("permissions")
    assert {
        "active": True,
        "token_type": "Bearer",
        "username": VIEWER,
        "scope": SCOPE,
        "client_id": ADMIN,
        "exp": issued.expire_time,
        "iat": issued.expire_time - 3600,
        "sub": VIEWER,
        "aud": "urn:ringback:one:api",
        "iss": "urn:ringback:one",
        "jti": issued.token_id,
    } == told


def test_introspection_of_what_does_not_count(desk: Desk) -> None:
    """Only that is told, whatever the reason."""
    issued = desk.issuer.access_token(VIEWER)
    brief = desk.issuer.access_token(VIEWER, lifetime=10)
    desk.store.credentials.revoke(issued.token_id, issued.expire_time)
    spent = desk.session()["refresh_token"]
    desk.refresh(spent)
    foreign = desk.session(ADMIN)["refresh_token"]
    desk.clock.advance(60)
    for token in (
        "garbage",
        "a.b.c",
        issued.token,
        brief.token,
        desk.issuer.id_token(VIEWER, "x").token,
        desk.assertion(),
        spent,
        foreign,
        desk.device()["device_code"],
    ):
        assert {"active": False} == introspected(desk, token)


def test_introspection_of_a_refresh_token(desk: Desk) -> None:
    """The account that it speaks for is told."""
    told = introspected(desk, desk.session()["refresh_token"])

    assert (True, "refresh_token", CLI, VIEWER) == (
        told["active"],
        told["token_type"],
        told["client_id"],
        told["sub"],
    )


@pytest.mark.parametrize("authorization", [None, "Bearer x", basic(VIEWER, "rbs_x")])
def test_introspection_when_nobody_authenticates(desk: Desk, authorization: str | None) -> None:
    """Neither nobody nor a public client is told anything."""
    for form in ({"token": "x"}, {"token": "x", "client_id": CLI}):
        with pytest.raises(OAuthError) as caught:
            desk.server.introspection.answer(request(form, authorization))
        assert caught.value.status in {400, 401}


def test_revocation_of_an_access_token(desk: Desk) -> None:
    """The account and the client of a token revoke it, others do not, and twice is once."""
    own, made = desk.issuer.access_token(VIEWER), desk.issuer.access_token(ADMIN, client=VIEWER)
    other = desk.issuer.access_token(ADMIN)
    header = basic(VIEWER, desk.secret())
    tokens = (own.token, own.token, made.token, "garbage", "a.b.c")
    found = [desk.server.revocation.revoke(request({"token": token}, header)) for token in tokens]

    assert [
        Revoked(email=VIEWER, token_id=own.token_id),
        None,
        Revoked(email=ADMIN, token_id=made.token_id),
        None,
        None,
    ] == found
    assert [False, False] == [desk.counts(one.token) for one in (own, made)]
    with pytest.raises(OAuthError) as caught:
        desk.server.revocation.revoke(request({"token": other.token}, header))
    assert caught.value.error == "unauthorized_client"
    assert desk.counts(other.token)


def test_revocation_by_a_public_client(desk: Desk) -> None:
    """It revokes what it was given, and nothing of others."""
    session, other = desk.session(), desk.issuer.access_token(VIEWER)
    form = {"client_id": CLI, "token": session["access_token"]}
    desk.server.revocation.revoke(request(form))

    assert not desk.counts(session["access_token"])
    assert desk.refresh(session["refresh_token"])
    with pytest.raises(OAuthError):
        desk.server.revocation.revoke(request({**form, "token": other.token}))


def test_revocation_of_the_refresh_token_of_others(desk: Desk) -> None:
    """An account that is neither client nor owner does not end a session."""
    token = desk.session()["refresh_token"]
    with pytest.raises(OAuthError):
        revoked(desk, token, ADMIN)

    fresh = desk.refresh(token)["refresh_token"]
    revoked(desk, fresh)
    assert ("invalid_grant", 400) == desk.refusal(refreshing(fresh))


def test_token_info_of_an_access_token(desk: Desk) -> None:
    """In both of Google's shapes: the present one has text throughout."""
    issued = desk.issuer.access_token(VIEWER)
    unique_id = desk.unique_id(VIEWER)
    asked = request({"access_token": issued.token})
    desk.clock.advance(10)

    assert {
        "azp": unique_id,
        "aud": unique_id,
        "sub": unique_id,
        "scope": SCOPE,
        "exp": str(issued.expire_time),
        "expires_in": "3590",
        "email": VIEWER,
        "email_verified": "true",
        "access_type": "online",
    } == desk.server.token_info.answer(asked)
    assert {
        "issued_to": unique_id,
        "audience": unique_id,
        "user_id": unique_id,
        "scope": SCOPE,
        "expires_in": 3590,
        "email": VIEWER,
        "verified_email": True,
        "access_type": "online",
    } == desk.server.token_info.answer(asked, legacy=True)
    offline = request({"access_token": desk.session()["access_token"]})
    assert "offline" == desk.server.token_info.answer(offline)["access_type"]


def test_token_info_of_an_id_token(desk: Desk) -> None:
    """It tells the claims, and by which key they were signed."""
    token = desk.issuer.id_token(VIEWER, "https://a").token
    header, claims = opened(token)
    told = desk.server.token_info.answer(request({"id_token": token}))
    legacy = desk.server.token_info.answer(request({"id_token": token}), legacy=True)

    assert ("https://a", VIEWER, "true", header["kid"], str(claims["exp"])) == (
        told["aud"],
        told["email"],
        told["email_verified"],
        told["kid"],
        told["exp"],
    )
    assert ("https://a", claims["sub"], 3600) == (
        legacy["audience"],
        legacy["user_id"],
        legacy["expires_in"],
    )


def test_token_info_of_anything_else(desk: Desk) -> None:
    """One token, of the kind that the parameter says, that counts."""
    access, identity = (
        desk.issuer.access_token(VIEWER).token,
        desk.issuer.id_token(VIEWER, "a").token,
    )
    for form, error in (
        ({}, "invalid_request"),
        ({"access_token": access, "id_token": identity}, "invalid_request"),
        ({"access_token": identity}, "invalid_token"),
        ({"id_token": access}, "invalid_token"),
        ({"access_token": desk.assertion()}, "invalid_token"),
        ({"id_token": desk.assertion()}, "invalid_token"),
        ({"access_token": "x"}, "invalid_token"),
    ):
        with pytest.raises(OAuthError) as caught:
            desk.server.token_info.answer(request(form))
        assert (error, 400) == (caught.value.error, caught.value.status)


def test_metadata_when_it_is_read(desk: Desk) -> None:
    """The issuer is that of tokens, endpoints are under the URL, and PKCE is by S256 alone."""
    told = desk.server.metadata()
    server: AuthorizationServer = desk.server

    assert "urn:ringback:one" == told["issuer"]
    assert {URL} == {
        str(value).rpartition("/")[0] for name, value in told.items() if name.endswith("_endpoint")
    }
    assert ["S256"] == told["code_challenge_methods_supported"]
    assert list(server.endpoint.grant_types) == told["grant_types_supported"]
    assert ["ES256"] == told["id_token_signing_alg_values_supported"]
