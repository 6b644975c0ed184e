"""Access tokens of this server as bearers."""

from __future__ import annotations

import pytest

from ringback_server.auth.issuer import Issuer
from ringback_server.auth.keys import new_private_key, private_pem
from ringback_server.auth.refusals import Refusal
from ringback_server.errors import UnauthenticatedError
from ringback_server.model.principals import Principal
from tests.auth.forge import forge
from tests.auth.instances import ADMIN, JTI, SCOPE, Instance


def test_access_token_gives_its_principal_when_genuine(instance: Instance) -> None:
    """Everything a token says of its bearer is in the principal."""
    token = instance.access_token(permissions=["p", "q"], resource="projects/local")

    expected = Principal(
        email=ADMIN,
        permissions=frozenset({"p", "q"}),
        resource="projects/local",
        token_id=JTI,
        expire_time=instance.clock.now() + 3600,
    )
    assert expected == instance.authenticator.authenticate(token)
    assert expected == instance.authenticator.authenticate(token)


def test_access_token_is_accepted_under_its_long_type(instance: Instance) -> None:
    """RFC 9068 allows `application/at+jwt` as well."""
    header = instance.access_header(typ="application/at+jwt")
    token = instance.sign_access(header, instance.access_claims())

    assert ADMIN == instance.authenticator.authenticate(token).email


@pytest.mark.parametrize("typ", ["JWT", "jwt", "AT+JWT", "at+jwt ", "", None, "application/jwt", 1])
def test_access_token_is_refused_when_typed_otherwise(
    instance: Instance, typ: str | int | None
) -> None:
    """The type must be right to the letter; what our key signed as a JWT is no bearer."""
    token = instance.sign_access(instance.access_header(typ=typ), instance.access_claims())

    assert instance.refusal(token) in {Refusal.TYPE, Refusal.KEY_UNKNOWN}


WRONG_CLAIMS: list[tuple[dict[str, object], Refusal]] = [
    ({"iss": "urn:ringback:two"}, Refusal.ISSUER),
    ({"iss": "https://accounts.google.com"}, Refusal.ISSUER),
    ({"iss": ["urn:ringback:one"]}, Refusal.CLAIM),
    ({"iss": None}, Refusal.CLAIM),
    ({"aud": "urn:ringback:two:api"}, Refusal.AUDIENCE),
    ({"aud": "urn:ringback:one:ap"}, Refusal.AUDIENCE),
    ({"aud": "urn:ringback:one:api/"}, Refusal.AUDIENCE),
    ({"aud": "https://workflowexecutions.googleapis.com/"}, Refusal.AUDIENCE),
    ({"aud": ["urn:ringback:one:api"]}, Refusal.CLAIM),
    ({"aud": None}, Refusal.CLAIM),
    ({"sub": None}, Refusal.CLAIM),
    ({"sub": ""}, Refusal.CLAIM),
    ({"sub": "admin\n"}, Refusal.CLAIM),
    ({"sub": "nobody@local.iam.gserviceaccount.com"}, Refusal.ACCOUNT),
    ({"jti": None}, Refusal.CLAIM),
    ({"jti": 7}, Refusal.CLAIM),
    ({"jti": "\ud800"}, Refusal.CLAIM),
    ({"client_id": None}, Refusal.CLAIM),
    ({"scope": None}, Refusal.CLAIM),
    ({"scope": "openid"}, Refusal.SCOPE),
    ({"scope": SCOPE + "x"}, Refusal.SCOPE),
    ({"permissions": "workflows.callbacks.send"}, Refusal.CLAIM),
    ({"permissions": [1]}, Refusal.CLAIM),
    ({"resource": ""}, Refusal.CLAIM),
    ({"resource": 1}, Refusal.CLAIM),
]


@pytest.mark.parametrize(("changes", "refusal"), WRONG_CLAIMS, ids=repr)
def test_access_token_is_refused_when_a_claim_is_wrong(
    instance: Instance, changes: dict[str, object], refusal: Refusal
) -> None:
    """Each claim must be there, of its form, and ours to the letter."""
    assert instance.refusal(instance.access_token(**changes)) is refusal


@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
@pytest.mark.parametrize(
    "value", [1.8e9, -1, 10**18, 2**64, "1800000000", True, [1], 1e400, float("nan")], ids=repr
)
def test_access_token_is_refused_when_a_time_is_no_whole_second(
    instance: Instance, name: str, value: object
) -> None:
    """Fractions, negative and huge numbers, text and booleans are not times."""
    token = instance.access_token(**{name: value})

    assert instance.refusal(token) in {Refusal.CLAIM, Refusal.MALFORMED}


@pytest.mark.parametrize("name", ["exp", "iat"])
def test_access_token_is_refused_when_a_time_is_missing(instance: Instance, name: str) -> None:
    """A token says from when and until when it counts."""
    assert instance.refusal(instance.access_token(**{name: None})) is Refusal.CLAIM


def test_access_token_is_refused_when_it_expires_before_it_begins(instance: Instance) -> None:
    """Such a token is a mistake."""
    now = int(instance.clock.now())

    assert instance.refusal(instance.access_token(iat=now, exp=now - 1)) is Refusal.CLAIM


@pytest.mark.parametrize("seen_before", [True, False])
def test_access_token_expires_after_the_leeway(instance: Instance, *, seen_before: bool) -> None:
    """It counts until 30 s after `exp`, whether it was seen before or not."""
    token, late = instance.access_token(), instance.access_token(jti="late")
    instance.clock.advance(3600 + 29.9)
    if seen_before:
        instance.authenticator.authenticate(token)

    instance.clock.advance(0.1)

    assert instance.refusal(token) is Refusal.EXPIRED
    assert instance.refusal(late) is Refusal.EXPIRED
    with pytest.raises(UnauthenticatedError) as caught:
        instance.authenticator.authenticate(token)
    assert caught.value.reason == "TOKEN_EXPIRED"


@pytest.mark.parametrize("name", ["iat", "nbf"])
def test_access_token_is_refused_when_not_yet_valid(instance: Instance, name: str) -> None:
    """A clock may be 30 s ahead, and no more."""
    now = int(instance.clock.now())

    assert instance.authenticator.authenticate(instance.access_token(**{name: now + 30}))
    assert instance.refusal(instance.access_token(**{name: now + 31})) is Refusal.NOT_YET_VALID


def test_access_token_is_refused_when_another_key_signed_it(instance: Instance) -> None:
    """Our `kid` with a stranger's signature is refused."""
    stranger = private_pem(new_private_key("ES256"))
    token = forge(instance.access_header(), instance.access_claims(), stranger)

    assert instance.refusal(token) is Refusal.SIGNATURE


def test_access_token_is_refused_when_an_account_signed_it(instance: Instance) -> None:
    """No account can make an access token of its own."""
    admin_kid = instance.keys.admin.kid
    for header in (
        instance.access_header(alg="RS256"),
        instance.access_header(alg="RS256", kid=admin_kid),
        instance.access_header(kid=admin_kid),
    ):
        token = forge(header, instance.access_claims(), instance.keys.admin_pem)

        assert instance.refusal(token) in {Refusal.ALGORITHM, Refusal.KEY_UNKNOWN}


def test_access_token_is_refused_when_it_comes_from_another_instance(instance: Instance) -> None:
    """Two instances with one signing key, as after a copied data dir, stay apart."""
    other = Issuer(instance.credentials, instance.ring, instance.clock, instance_id="two")

    assert instance.refusal(other.access_token(ADMIN).token) is Refusal.ISSUER


def test_id_token_is_refused_as_bearer(instance: Instance) -> None:
    """An ID token is no access token, even one whose audience is this service."""
    for audience in (instance.issuer.audience, "https://workflowexecutions.googleapis.com/"):
        token = instance.issuer.id_token(ADMIN, audience).token

        assert instance.refusal(token) is Refusal.KEY_UNKNOWN


def test_access_token_is_refused_at_once_when_revoked(instance: Instance) -> None:
    """Revocation reaches tokens that were seen before."""
    token = instance.access_token()
    principal = instance.authenticator.authenticate(token)

    instance.credentials.revocations.add(principal.token_id)

    assert instance.refusal(token) is Refusal.REVOKED


def test_access_token_is_refused_at_once_when_its_account_is_disabled(instance: Instance) -> None:
    """So does the end of an account."""
    token = instance.access_token()
    instance.authenticator.authenticate(token)

    instance.credentials.disable_account(ADMIN)

    assert instance.refusal(token) is Refusal.ACCOUNT


def test_access_token_outlives_a_new_signing_key_but_not_the_end_of_its_own(
    instance: Instance,
) -> None:
    """Keys rotate with an overlap; when an old key goes, so do its tokens."""
    token = instance.access_token()
    instance.authenticator.authenticate(token)

    instance.ring.rotate(overlap=3600)
    assert instance.authenticator.authenticate(token).email == ADMIN
    assert instance.authenticator.authenticate(instance.access_token(jti="new")).email == ADMIN

    instance.credentials.signers.pop()
    assert instance.refusal(token) is Refusal.KEY_UNKNOWN
