"""How clients show who they are, and the grant client_credentials."""

from __future__ import annotations

import base64

import pytest

from ringback_server.auth.grants import JWT_BEARER
from ringback_server.errors import FailedPreconditionError
from tests.auth.forge import forge
from tests.auth.instances import ADMIN, SCOPE, URL, VIEWER
from tests.auth.oauth.desk import ASSERTION_TYPE, CLI, Desk, basic, by_key
from tests.replacing import replace

CREDENTIALS = {"grant_type": "client_credentials"}
IAM = "https://www.googleapis.com/auth/iam"
REFUSED = ("invalid_client", 401)


@pytest.mark.parametrize("named", ["address", "unique id"])
def test_token_when_a_secret_is_sent(desk: Desk, named: str) -> None:
    """By Basic authentication or in the form, with the address or the unique id."""
    secret = desk.secret()
    client_id = VIEWER if named == "address" else desk.unique_id(VIEWER)
    answers = [
        desk.exchange(CREDENTIALS, basic(client_id, secret)),
        desk.exchange({**CREDENTIALS, "client_id": client_id, "client_secret": secret}),
    ]

    for answer in answers:
        principal = desk.authenticator.authenticate(str(answer.pop("access_token")))
        assert VIEWER == principal.email
        assert {"expires_in": 3600, "token_type": "Bearer", "scope": SCOPE} == answer


def test_token_when_a_scope_is_asked_for(desk: Desk) -> None:
    """What is granted is told; scopes that open nothing are left out, as is a refresh token."""
    form = {**CREDENTIALS, "scope": f"openid {IAM} offline_access"}
    answer = desk.exchange(form, basic(VIEWER, desk.secret()))

    assert IAM == answer["scope"]
    assert "refresh_token" not in answer
    refused = desk.refusal({**CREDENTIALS, "scope": "openid"}, basic(VIEWER, desk.secret()))
    assert ("invalid_scope", 400) == refused


def test_secret_when_it_does_not_count(desk: Desk) -> None:
    """Wrong, expired, deleted, of another account or of a disabled one: one refusal for all."""
    good, brief = desk.secret(), desk.secret(expire_time=desk.clock.now() + 10)
    assert desk.counts(desk.exchange(CREDENTIALS, basic(VIEWER, brief))["access_token"])
    desk.clock.advance(11)
    for client_id, secret in (
        (VIEWER, "rbs_wrong"),
        (VIEWER, brief),
        (VIEWER, f"{good} "),
        (ADMIN, good),
        ("nobody@local.iam.gserviceaccount.com", good),
        ("1", good),
    ):
        assert REFUSED == desk.refusal(CREDENTIALS, basic(client_id, secret)), client_id
    desk.store.credentials.set_disabled(VIEWER, disabled=True, guard_projects=False)
    assert REFUSED == desk.refusal(CREDENTIALS, basic(VIEWER, good))


def test_secret_when_its_account_is_made_anew(desk: Desk) -> None:
    """A secret of an account that was deleted opens nothing of one with the same address."""
    secret = desk.secret()
    account = desk.store.credentials.account(VIEWER)
    assert account is not None
    desk.store.credentials.delete_account(VIEWER, guard_projects=False)
    desk.store.credentials.add_account(replace(account, unique_id="2" * 21))

    assert REFUSED == desk.refusal(CREDENTIALS, basic(VIEWER, secret))


def test_secrets_when_there_are_many(desk: Desk) -> None:
    """Two count at once; a third is refused."""
    first, second = desk.secret(), desk.secret()

    assert desk.exchange(CREDENTIALS, basic(VIEWER, first))
    assert desk.exchange(CREDENTIALS, basic(VIEWER, second))
    with pytest.raises(FailedPreconditionError):
        desk.secret()


def test_secret_when_the_store_is_read(desk: Desk) -> None:
    """The store holds no secret."""
    secret = desk.secret()
    path = desk.store.data_dir.database

    content = b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
    assert VIEWER.encode() in content
    assert secret.removeprefix("rbs_").encode() not in content


def test_client_when_it_uses_several_ways(desk: Desk) -> None:
    """Exactly one way is allowed in a request."""
    secret, assertion = desk.secret(), by_key(desk.assertion())
    header, posted = basic(VIEWER, secret), {"client_id": VIEWER, "client_secret": secret}
    for form, authorization in (
        ({**CREDENTIALS, **posted}, header),
        (assertion, header),
        ({**assertion, **posted}, None),
        ({**CREDENTIALS, "client_id": ADMIN}, header),
        ({**assertion, "client_id": ADMIN}, None),
    ):
        assert ("invalid_request", 400) == desk.refusal(form, authorization)


BASICS = {
    "another scheme": "Bearer x.y.z",
    "no base64": "Basic !",
    "no colon": "Basic " + base64.b64encode(b"abc").decode(),
    "no name": "Basic " + base64.b64encode(b":abc").decode(),
    "no ASCII": "Basic " + base64.b64encode("é:x".encode()).decode(),
    "control characters": "Basic " + base64.b64encode(b"a%00b:x").decode(),
    "wrong escapes": "Basic " + base64.b64encode(b"%ff:x").decode(),
    "empty": "Basic",
}


@pytest.mark.parametrize("header", BASICS.values(), ids=BASICS.keys())
def test_client_when_basic_authentication_is_malformed(desk: Desk, header: str) -> None:
    """It is refused like a wrong secret."""
    assert REFUSED == desk.refusal(CREDENTIALS, header)


def test_client_when_it_shows_nothing(desk: Desk) -> None:
    """An account needs a secret or a key, and the command line has no tokens of its own."""
    assert REFUSED == desk.refusal(CREDENTIALS)
    assert REFUSED == desk.refusal({**CREDENTIALS, "client_id": VIEWER})
    assert REFUSED == desk.refusal({**CREDENTIALS, "client_id": VIEWER, "client_secret": ""})
    unauthorized = desk.refusal({**CREDENTIALS, "client_id": CLI})
    assert ("unauthorized_client", 400) == unauthorized


@pytest.mark.parametrize("audience", [f"{URL}/token", "urn:ringback:one", [f"{URL}/token"]])
def test_token_when_a_key_signs_an_assertion(desk: Desk, audience: object) -> None:
    """For the token endpoint or the issuer, with the address or the unique id."""
    unique_id = desk.unique_id(VIEWER)
    for changes in ({}, {"iss": unique_id, "sub": unique_id}):
        answer = desk.by_key(desk.assertion(aud=audience, **changes))

        assert VIEWER == desk.authenticator.authenticate(str(answer["access_token"])).email


WRONG_ASSERTIONS: dict[str, dict[str, object]] = {
    "another audience": {"aud": "https://example.org/token"},
    "one more audience": {"aud": [f"{URL}/token", "https://example.org"]},
    "no audience": {"aud": None},
    "empty audiences": {"aud": list[str]()},
    "Google's audience": {"aud": "https://oauth2.googleapis.com/token"},
    "no subject": {"sub": None},
    "another subject": {"sub": ADMIN},
    "another issuer": {"iss": ADMIN, "sub": ADMIN},
    "no identity": {"jti": None},
    "no end": {"exp": None},
    "expired": {"exp": 1_799_999_960, "iat": 1_799_999_900},
    "too long": {"exp": 1_800_003_631},
    "in the future": {"iat": 1_800_000_031, "exp": 1_800_000_090},
}


@pytest.mark.parametrize("changes", WRONG_ASSERTIONS.values(), ids=WRONG_ASSERTIONS.keys())
def test_assertion_when_a_claim_is_wrong(desk: Desk, changes: dict[str, object]) -> None:
    """One refusal answers whatever is wrong."""
    assert REFUSED == desk.refusal(by_key(desk.assertion(**changes)))


def test_assertion_when_it_is_used_again(desk: Desk) -> None:
    """It counts once, and another with its `jti` not at all, until it has expired anyway."""
    assertion = desk.assertion(jti="one")
    desk.by_key(assertion)

    assert REFUSED == desk.refusal(by_key(assertion))
    assert REFUSED == desk.refusal(by_key(desk.assertion(jti="one")))
    desk.clock.advance(100)
    assert desk.by_key(desk.assertion(jti="one"))


def test_assertion_when_it_is_signed_by_another_key(desk: Desk) -> None:
    """The key must be of the account, and count."""
    header = {"alg": "RS256", "kid": desk.keys.admin.kid}
    now = int(desk.clock.now())
    claims = {"iss": VIEWER, "sub": VIEWER, "aud": f"{URL}/token", "iat": now, "exp": now + 60}
    forged = forge(header, {**claims, "jti": "x"}, desk.keys.admin_pem)

    assert REFUSED == desk.refusal(by_key(forged))


def test_assertion_when_its_type_is_missing(desk: Desk) -> None:
    """The type of the assertion is said exactly."""
    form = {**CREDENTIALS, "client_assertion": desk.assertion()}

    assert ("invalid_request", 400) == desk.refusal(form)
    form["client_assertion_type"] = f"{ASSERTION_TYPE}s"
    assert ("invalid_request", 400) == desk.refusal(form)


def test_assertion_when_it_is_sent_as_a_bearer_token(desk: Desk) -> None:
    """Used for the token endpoint, it opens nothing else afterwards."""
    assertion = desk.assertion(aud="urn:ringback:one")
    desk.by_key(assertion)

    assert not desk.counts(assertion)


def test_assertion_when_it_is_sent_as_a_grant(desk: Desk) -> None:
    """What a client has shown who it is with gives no second token as a grant of its account."""
    now = int(desk.clock.now())
    header = {"alg": "RS256", "kid": desk.keys.viewer.kid, "typ": "JWT"}
    claims = {"iss": VIEWER, "sub": VIEWER, "aud": f"{URL}/token", "iat": now, "exp": now + 60}
    assertion = forge(header, {**claims, "jti": "one"}, desk.keys.viewer_pem)
    other = forge(header, {**claims, "jti": "two"}, desk.keys.viewer_pem)
    grant = {"grant_type": JWT_BEARER, "scope": SCOPE}
    desk.by_key(assertion)

    assert ("invalid_grant", 400) == desk.refusal({**grant, "assertion": assertion})
    assert desk.exchange({**grant, "assertion": other})


def test_client_when_it_fails_too_often(desk: Desk) -> None:
    """After twenty failures in a minute others wait, but not whoever has the secret."""
    secret = desk.secret()
    wrong = basic(VIEWER, "rbs_wrong")
    found = [desk.refusal(CREDENTIALS, wrong) for _ in range(21)]

    assert [*[REFUSED] * 20, ("temporarily_unavailable", 429)] == found
    assert desk.exchange(CREDENTIALS, basic(VIEWER, secret))
    assert ("temporarily_unavailable", 429) == desk.refusal(CREDENTIALS, wrong)
    assert REFUSED == desk.refusal(CREDENTIALS, wrong, "elsewhere")
    desk.clock.advance(61)
    assert REFUSED == desk.refusal(CREDENTIALS, wrong)
