"""JWTs that an account signed itself, as bearers and as assertions."""

from __future__ import annotations

import pytest

from ringback_server.auth.keys import (
    ALGORITHMS,
    new_private_key,
    private_pem,
    public_pem,
    read_private_key,
)
from ringback_server.auth.refusals import Refusal
from ringback_server.model.resources import AccountKey
from tests.auth.forge import forge, opened
from tests.auth.instances import ADMIN, JTI, SCOPE, URL, VIEWER, Instance
from tests.replacing import replace

HOSTS = ("workflowexecutions", "workflows", "iamcredentials")
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
AUDIENCES = [f"https://{host}.googleapis.com" for host in HOSTS] + [URL]


@pytest.mark.parametrize("audience", AUDIENCES)
@pytest.mark.parametrize("end", ["", "/"])
def test_account_token_is_accepted_for_each_service(
    instance: Instance, audience: str, end: str
) -> None:
    """Google's services and our own address are audiences, with and without the final slash."""
    principal = instance.authenticator.authenticate(instance.account_token(aud=audience + end))

    assert (ADMIN, None, None) == (principal.email, principal.permissions, principal.resource)


@pytest.mark.parametrize("audience", [None, ""])
def test_account_token_is_accepted_when_it_has_the_scope_and_no_audience(
    instance: Instance, audience: str | None
) -> None:
    """Node's clients always send it so, and Go's with an audience that is empty."""
    token = instance.account_token(aud=audience, scope=f"openid {SCOPE}")

    assert ADMIN == instance.authenticator.authenticate(token).email


WRONG_CLAIMS: list[tuple[dict[str, object], Refusal]] = [
    ({"aud": None}, Refusal.SCOPE),
    ({"aud": None, "scope": "openid"}, Refusal.SCOPE),
    ({"aud": None, "scope": ""}, Refusal.CLAIM),
    ({"scope": "openid"}, Refusal.SCOPE),
    ({"aud": "https://storage.googleapis.com/", "scope": SCOPE}, Refusal.AUDIENCE),
    ({"aud": "https://workflows.googleapis.com.evil.example/"}, Refusal.AUDIENCE),
    ({"aud": "https://workflows.googleapis.com//"}, Refusal.AUDIENCE),
    ({"aud": f"{URL}/token"}, Refusal.AUDIENCE),
    ({"aud": "https://oauth2.googleapis.com/token"}, Refusal.AUDIENCE),
    ({"aud": ["https://workflows.googleapis.com/"]}, Refusal.CLAIM),
    ({"aud": ""}, Refusal.SCOPE),
    ({"iss": VIEWER}, Refusal.ISSUER),
    ({"iss": VIEWER, "sub": VIEWER}, Refusal.ISSUER),
    ({"iss": None}, Refusal.CLAIM),
    ({"sub": VIEWER}, Refusal.SUBJECT),
    ({"sub": None}, Refusal.CLAIM),
    ({"iat": None}, Refusal.CLAIM),
    ({"exp": None}, Refusal.CLAIM),
    ({"exp": 1_800_003_631}, Refusal.LIFETIME),
    ({"exp": 1_800_000_000.5}, Refusal.CLAIM),
    ({"exp": -5}, Refusal.CLAIM),
    ({"iat": 1_799_996_400, "exp": 1_800_000_031}, Refusal.LIFETIME),
    ({"iat": 1_799_996_400, "exp": 1_799_999_970}, Refusal.EXPIRED),
    ({"iat": 1_800_000_031}, Refusal.NOT_YET_VALID),
    ({"nbf": 1_800_000_031}, Refusal.NOT_YET_VALID),
]


@pytest.mark.parametrize(("changes", "refusal"), WRONG_CLAIMS, ids=repr)
def test_account_token_is_refused_when_a_claim_is_wrong(
    instance: Instance, changes: dict[str, object], refusal: Refusal
) -> None:
    """An account speaks for itself alone, to this service alone, for an hour at most."""
    assert instance.refusal(instance.account_token(**changes)) is refusal


def test_assertion_is_refused_as_bearer(instance: Instance) -> None:
    """What is meant for the token endpoint opens nothing else."""
    for changes in ({}, {"sub": ADMIN}, {"aud": f"{URL}/token", "sub": ADMIN}):
        assert instance.refusal(instance.assertion(**changes)) is Refusal.AUDIENCE


@pytest.mark.parametrize("typ", ["jwt", "at+jwt", "application/at+jwt", "", None, "JWT "])
def test_account_token_is_refused_when_typed_otherwise(instance: Instance, typ: str | None) -> None:
    """The type is JWT to the letter."""
    _, claims = opened(instance.account_token())
    token = forge(instance.account_header(typ=typ), claims, instance.keys.admin_pem)

    assert instance.refusal(token) in {Refusal.TYPE, Refusal.KEY_UNKNOWN}


@pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS256", "ES256", "rs256", "HS256"])
def test_account_token_is_refused_when_its_algorithm_is_another(
    instance: Instance, algorithm: str
) -> None:
    """The algorithm is RS256."""
    _, claims = opened(instance.account_token())
    token = forge(instance.account_header(alg=algorithm), claims, instance.keys.admin_pem)

    assert instance.refusal(token) is Refusal.ALGORITHM


def test_account_token_is_refused_under_the_key_of_another_account(instance: Instance) -> None:
    """With its own key an account speaks for nobody else, and with no other `kid`."""
    _, claims = opened(instance.account_token())
    own_key = forge(
        instance.account_header(kid=instance.keys.viewer.kid), claims, instance.keys.viewer_pem
    )
    other_kid = forge(
        instance.account_header(kid=instance.keys.viewer.kid), claims, instance.keys.admin_pem
    )
    forged = forge(instance.account_header(), claims, instance.keys.viewer_pem)

    assert instance.refusal(own_key) is Refusal.ISSUER
    assert instance.refusal(other_kid) is Refusal.SIGNATURE
    assert instance.refusal(forged) is Refusal.SIGNATURE


def test_account_token_is_refused_when_our_signing_key_signed_it(instance: Instance) -> None:
    """Our own key does not speak for accounts in this way."""
    _, claims = opened(instance.account_token())
    kid = instance.credentials.signers[0].kid
    header = instance.account_header(alg="ES256", kid=kid)

    assert instance.refusal(instance.sign_access(header, claims)) is Refusal.KEY_UNKNOWN


def test_account_token_is_refused_when_its_key_is_of_another_kind(instance: Instance) -> None:
    """The kind of the registered key decides the algorithm, and the header must agree with it."""
    private = instance.signing_pem
    public = public_pem(read_private_key(private.encode()).public_key())
    key = AccountKey(kid="curve", email=ADMIN, public_key=public, create_time=0.0)
    instance.credentials.add_account_key(key)
    _, claims = opened(instance.account_token())

    for algorithm in ("RS256", "EdDSA", "none", "HS256", "ES384"):
        token = forge(instance.account_header(kid="curve", alg=algorithm), claims, private)

        assert instance.refusal(token) is Refusal.ALGORITHM


def test_account_token_is_refused_when_its_stored_key_cannot_be_read(instance: Instance) -> None:
    """A damaged row is no key."""
    key = replace(instance.keys.admin, public_key="damaged")
    instance.credentials.add_account_key(key)

    assert instance.refusal(instance.account_token()) is Refusal.KEY_UNKNOWN


def test_account_token_is_refused_at_once_when_key_or_account_is_disabled(
    instance: Instance,
) -> None:
    """Both reach tokens that were seen before."""
    token = instance.account_token()
    instance.authenticator.authenticate(token)

    instance.credentials.disable_key(instance.keys.admin.kid)
    assert instance.refusal(token) is Refusal.KEY_DISABLED
    instance.credentials.add_account_key(instance.keys.admin)
    assert instance.authenticator.authenticate(token).email == ADMIN
    instance.credentials.disable_account(ADMIN)
    assert instance.refusal(token) is Refusal.ACCOUNT
    del instance.credentials.account_keys[instance.keys.admin.kid]
    assert instance.refusal(token) is Refusal.KEY_UNKNOWN


def test_account_token_is_refused_when_key_or_account_was_disabled_before(
    instance: Instance,
) -> None:
    """And tokens that were not."""
    instance.credentials.disable_key(instance.keys.admin.kid)
    assert instance.refusal(instance.account_token()) is Refusal.KEY_DISABLED
    instance.credentials.add_account_key(instance.keys.admin)
    instance.credentials.disable_account(ADMIN)
    assert instance.refusal(instance.account_token()) is Refusal.ACCOUNT


def test_account_token_is_refused_when_its_key_has_expired(instance: Instance) -> None:
    """A key counts until its certificate ends, for tokens that were taken before too."""
    token = instance.account_token()
    ends = instance.clock.now() + 60.0
    instance.credentials.add_account_key(replace(instance.keys.admin, expire_time=ends))
    instance.authenticator.authenticate(token)

    instance.clock.advance(60.0)

    assert Refusal.KEY_DISABLED is instance.refusal(token)
    assert Refusal.KEY_DISABLED is instance.refusal(instance.account_token(nonce=1))


def test_account_token_is_revoked_by_its_hash_and_not_by_a_claim(instance: Instance) -> None:
    """An account cannot give its token the id of another's."""
    mine, other = instance.account_token(jti=JTI), instance.account_token(jti="b")
    principal = instance.authenticator.authenticate(mine)

    instance.credentials.revocations.update({principal.token_id})

    assert principal.token_id.startswith("sha256:")
    assert instance.refusal(mine) is Refusal.REVOKED
    assert instance.authenticator.authenticate(other).email == ADMIN
    assert JTI == instance.authenticator.authenticate(instance.access_token()).token_id


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_account_token_is_taken_when_its_key_is_of_any_kind(
    instance: Instance, algorithm: str
) -> None:
    """An account may sign with each kind of key, and with each by its own algorithm alone."""
    private = new_private_key(algorithm)
    public = public_pem(private.public_key())
    instance.credentials.add_account_key(
        AccountKey(kid="own", email=ADMIN, public_key=public, create_time=0.0)
    )
    _, claims = opened(instance.account_token())
    _, assertion = opened(instance.assertion())
    for other in (*ALGORITHMS, "none", "HS256"):
        header = instance.account_header(kid="own", alg=other)
        token = forge(header, claims, private_pem(private))
        if other == algorithm:
            assert instance.authenticator.authenticate(token).email == ADMIN
            signed = forge(header, assertion, private_pem(private))
            form = {"grant_type": JWT_BEARER, "assertion": signed}
            assert "access_token" in instance.grants.exchange(form)
        else:
            assert instance.refusal(token) is Refusal.ALGORITHM
