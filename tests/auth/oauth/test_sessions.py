"""Refresh tokens: used once each, bound to their client, and ended with their session."""

from __future__ import annotations

import pytest

from tests.auth.instances import SCOPE, VIEWER
from tests.auth.oauth.desk import CLI, OFFLINE, Desk, basic, refreshing, request

INVALID = ("invalid_grant", 400)
IAM = "https://www.googleapis.com/auth/iam"
_DAY = 86_400


def test_session_when_it_is_refreshed(desk: Desk) -> None:
    """Each refresh token is answered with the next, and with an access token that counts."""
    first = desk.session()
    second = desk.refresh(first["refresh_token"])
    third = desk.refresh(second["refresh_token"])

    assert 3 == len({answer["refresh_token"] for answer in (first, second, third)})
    assert all(desk.counts(answer["access_token"]) for answer in (first, second, third))
    assert (OFFLINE, 3600, "Bearer") == (third["scope"], third["expires_in"], third["token_type"])


def test_session_when_a_refresh_token_is_used_twice(desk: Desk) -> None:
    """The whole session ends at once: refresh tokens and access tokens, old and new."""
    first = desk.session()
    second = desk.refresh(first["refresh_token"])
    other = desk.session()

    assert INVALID == desk.refusal(refreshing(first["refresh_token"]))
    assert INVALID == desk.refusal(refreshing(second["refresh_token"]))
    assert [False, False] == [desk.counts(one["access_token"]) for one in (first, second)]
    assert desk.counts(other["access_token"])
    assert desk.refresh(other["refresh_token"])


def test_session_when_another_client_refreshes_it(desk: Desk) -> None:
    """A refresh token is its client's alone; the attempt ends nothing."""
    session, secret = desk.session(), desk.secret()
    form = {"grant_type": "refresh_token", "refresh_token": session["refresh_token"]}

    assert INVALID == desk.refusal(form, basic(VIEWER, secret))
    assert ("invalid_client", 401) == desk.refusal(form)
    assert desk.refresh(session["refresh_token"])


def test_session_when_it_is_not_used(desk: Desk) -> None:
    """It ends after 14 days without use."""
    session = desk.session()
    desk.clock.advance(14 * _DAY - 1)
    used = desk.refresh(session["refresh_token"])
    desk.clock.advance(14 * _DAY)

    assert INVALID == desk.refusal(refreshing(used["refresh_token"]))


def test_session_when_it_has_gone_on_for_long(desk: Desk) -> None:
    """It ends after 90 days however much it is used, and no token outlives it."""
    token = desk.session()["refresh_token"]
    for _ in range(8):
        desk.clock.advance(11 * _DAY)
        token = desk.refresh(token)["refresh_token"]
    desk.clock.advance(2 * _DAY - 60)
    last = desk.refresh(token)
    desk.clock.advance(60)

    assert 60 == last["expires_in"]
    assert INVALID == desk.refusal(refreshing(last["refresh_token"]))


def test_scope_when_a_session_is_refreshed(desk: Desk) -> None:
    """It can be narrowed for one token, and never widened."""
    shown = desk.device(f"{OFFLINE} {IAM}")
    desk.approve(shown["user_code"])
    token = str(desk.poll(shown)["refresh_token"])
    narrow = desk.refresh(token, scope=IAM)

    permissions = desk.authenticator.authenticate(narrow["access_token"]).permissions
    assert (IAM, frozenset()) == (narrow["scope"], permissions)
    whole = desk.refresh(narrow["refresh_token"])
    assert {SCOPE, IAM, "offline_access"} == set(whole["scope"].split())
    plain = desk.session()["refresh_token"]
    for scope in (IAM, f"{SCOPE} {IAM}", "offline_access", "x"):
        assert ("invalid_scope", 400) == desk.refusal(refreshing(plain, scope=scope))
    assert desk.refresh(plain)


def test_session_when_its_account_is_disabled_or_made_anew(desk: Desk) -> None:
    """It gives no tokens to an account that does not count, nor to another of that address."""
    session = desk.session()
    desk.store.credentials.set_disabled(VIEWER, disabled=True, guard_projects=False)
    assert INVALID == desk.refusal(refreshing(session["refresh_token"]))
    desk.store.credentials.set_disabled(VIEWER, disabled=False, guard_projects=False)
    assert desk.refresh(session["refresh_token"])


@pytest.mark.parametrize("token", ["", "rbr_unknown", "\udcff", "x" * 5000])
def test_refresh_token_when_it_is_none(desk: Desk, token: str) -> None:
    """What is no refresh token is refused."""
    expected = INVALID if token else ("invalid_request", 400)

    assert expected == desk.refusal(refreshing(token))


def test_session_without_offline_access(desk: Desk) -> None:
    """There is a refresh token only if it was asked for."""
    shown = desk.device(SCOPE)
    desk.approve(shown["user_code"])
    answer = desk.poll(shown)

    assert ("refresh_token" in answer, answer["scope"]) == (False, SCOPE)


def test_session_when_the_store_is_read(desk: Desk) -> None:
    """The store holds no token and no code."""
    shown = desk.device()
    desk.approve(shown["user_code"])
    answer = desk.poll(shown)
    path = desk.store.data_dir.database
    content = b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))

    for word in (shown["device_code"], shown["user_code"], str(answer["refresh_token"])):
        assert word.encode() not in content
        assert word.replace("-", "").encode() not in content
    assert str(answer["access_token"]).split(".")[2].encode() not in content


def test_session_when_it_is_swept(desk: Desk) -> None:
    """What has ended is forgotten, a little at a time; what goes on stays."""
    old = desk.session()
    desk.clock.advance(13 * _DAY)
    desk.session()
    desk.clock.advance(2 * _DAY)
    now, expiry = desk.clock.now(), desk.store.expiry

    assert (1, True) == expiry.logins(now, 1)
    assert (1, True) == expiry.logins(now, 1)
    assert (0, False) == expiry.logins(now, 1)
    gone, more = expiry.sessions(now, 100)
    assert (False, 4) == (more, gone)  # one session, its refresh token, two access tokens
    assert INVALID == desk.refusal(refreshing(old["refresh_token"]))
    assert 1 == len(desk.store.sessions.of_account(VIEWER, now=now, limit=10))


def test_session_when_it_is_revoked(desk: Desk) -> None:
    """Its client ends it with a refresh token, new or spent; other clients cannot."""
    first = desk.session()
    second = desk.refresh(first["refresh_token"])

    revoked = desk.server.revocation.revoke(
        request({"client_id": CLI, "token": first["refresh_token"]})
    )

    assert revoked is not None
    assert VIEWER == revoked.email
    assert not desk.counts(second["access_token"])
    assert INVALID == desk.refusal(refreshing(second["refresh_token"]))
