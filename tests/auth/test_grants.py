"""The token endpoint's one grant: a JWT bearer assertion."""

from __future__ import annotations

import pytest

from ringback_server.auth.grants import JWT_BEARER, OAuthError
from tests.auth.forge import forge, opened
from tests.auth.instances import ADMIN, SCOPE, URL, VIEWER, Instance


def exchange(instance: Instance, assertion: str, **form: str) -> dict[str, object]:
    """Send a token request."""
    return instance.grants.exchange({"grant_type": JWT_BEARER, "assertion": assertion, **form})


def refused(instance: Instance, assertion: str) -> tuple[str, str]:
    """Return error and description of a token request that is refused."""
    with pytest.raises(OAuthError) as caught:
        exchange(instance, assertion)
    assert caught.value.status == 400
    return caught.value.error, caught.value.description


@pytest.mark.parametrize("audience", ["https://oauth2.googleapis.com/token", f"{URL}/token"])
def test_assertion_gives_an_access_token(instance: Instance, audience: str) -> None:
    """Google's constant audience and our own address are both right (SPEC 6.6)."""
    answer = exchange(instance, instance.assertion(aud=audience))

    principal = instance.authenticator.authenticate(str(answer.pop("access_token")))
    assert {"expires_in": 3600, "token_type": "Bearer", "scope": SCOPE} == answer
    assert ADMIN == principal.email
    assert principal.permissions is not None
    assert "workflows.callbacks.send" in principal.permissions


def test_assertion_may_be_used_again_until_it_expires(instance: Instance) -> None:
    """Its holder has the key and could sign another."""
    assertion = instance.assertion()
    first, second = exchange(instance, assertion), exchange(instance, assertion)

    assert first["access_token"] != second["access_token"]
    instance.clock.advance(3630)
    assert ("invalid_grant", "The assertion has expired.") == refused(instance, assertion)


def test_scope_may_come_with_the_form(instance: Instance) -> None:
    """RFC 7521 puts it there; google-auth, which has it in the assertion, sends an empty claim."""
    for scope in ("", None):
        answer = exchange(instance, _with_scope(instance, scope), scope=SCOPE)

        assert SCOPE == answer["scope"]


def _with_scope(instance: Instance, scope: str | None) -> str:
    _, claims = opened(instance.assertion())
    claims = {**claims, "scope": scope} if scope is not None else _without(claims, "scope")
    return forge(instance.account_header(), claims, instance.keys.admin_pem)


def _without(claims: dict[str, object], name: str) -> dict[str, object]:
    return {claim: value for claim, value in claims.items() if claim != name}


@pytest.mark.parametrize(
    "scope", ["openid", "https://www.googleapis.com/auth/devstorage.read_only", SCOPE + "/", None]
)
def test_assertion_is_refused_when_its_scope_is_another(
    instance: Instance, scope: str | None
) -> None:
    """The one scope of this service must be asked for."""
    assert refused(instance, instance.assertion(scope=scope))[0] == "invalid_scope"


WRONG = {
    "bearer": {"aud": "https://workflowexecutions.googleapis.com/", "sub": ADMIN},
    "bearer without audience": {"aud": None, "sub": ADMIN},
    "our address": {"aud": URL},
    "other endpoint": {"aud": "https://example.org/token"},
    "audience list": {"aud": ["https://oauth2.googleapis.com/token"]},
    "other subject": {"sub": VIEWER},
    "other issuer": {"iss": VIEWER},
    "no issuer": {"iss": None},
    "no expiry": {"exp": None},
    "fraction": {"exp": 1_800_000_000.5},
    "too long": {"exp": 1_800_003_631},
    "not yet": {"iat": 1_800_000_031},
}


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG.keys())
def test_assertion_is_refused_when_a_claim_is_wrong(
    instance: Instance, changes: dict[str, object]
) -> None:
    """One vague sentence answers whatever is wrong with an assertion."""
    expected = ("invalid_grant", "The assertion is not valid.")

    assert expected == refused(instance, instance.assertion(**changes))


def test_assertion_is_refused_when_it_is_no_assertion(instance: Instance) -> None:
    """Access tokens, ID tokens and garbage are no assertions."""
    kid = instance.credentials.signers[0].kid
    _, claims = opened(instance.assertion())
    for token in (
        "garbage",
        instance.access_token(),
        instance.access_token(aud="https://oauth2.googleapis.com/token"),
        instance.issuer.id_token(ADMIN, "https://oauth2.googleapis.com/token").token,
        instance.sign_access(instance.account_header(alg="ES256", kid=kid), claims),
        forge(instance.account_header(), claims, instance.keys.viewer_pem),
    ):
        assert refused(instance, token)[0] == "invalid_grant"


def test_assertion_is_refused_when_key_or_account_is_disabled(instance: Instance) -> None:
    """Neither gives tokens any more."""
    assertion = instance.assertion()
    instance.credentials.disable_key(instance.keys.admin.kid)
    assert refused(instance, assertion)[0] == "invalid_grant"
    instance.credentials.add_account_key(instance.keys.admin)
    instance.credentials.disable_account(ADMIN)
    assert refused(instance, assertion)[0] == "invalid_grant"


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": JWT_BEARER}, "invalid_request"),
        ({"grant_type": JWT_BEARER, "assertion": ""}, "invalid_request"),
        ({"grant_type": "password", "username": "a"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
    ],
)
def test_request_is_refused_when_incomplete_or_of_another_grant(
    instance: Instance, form: dict[str, str], error: str
) -> None:
    """The codes are those of RFC 6749."""
    with pytest.raises(OAuthError) as caught:
        instance.grants.exchange(form)

    assert (error, 400) == (caught.value.error, caught.value.status)


def test_id_token_is_issued_when_a_target_audience_is_named(instance: Instance) -> None:
    """As Google's endpoint does, in place of an access token."""
    assertion = instance.assertion(scope=None, target_audience="https://run.example.org")

    answer = exchange(instance, assertion)

    header, claims = opened(str(answer.pop("id_token")))
    assert {} == answer
    assert ("JWT", "ES256") == (header["typ"], header["alg"])
    assert ("https://run.example.org", ADMIN) == (claims["aud"], claims["email"])


@pytest.mark.parametrize("audience", ["", 7, "a\nb", ["x"]])
def test_id_token_is_refused_when_its_target_audience_is_no_text(
    instance: Instance, audience: object
) -> None:
    """An audience is printable text."""
    error, _ = refused(instance, instance.assertion(target_audience=audience))

    assert error == "invalid_request"
