"""What is forged or made for something else, as a token of an external issuer."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from contextlib import suppress

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ringback_server.auth.claim_rules import ClaimPath, Condition, Pattern, Rule, Wanted
from ringback_server.auth.refusals import Refusal
from ringback_server.errors import UnauthenticatedError
from ringback_server.model.principals import Grant
from tests.auth.foreign_door import ISSUER, Door
from tests.auth.forge import base64url, signing_input
from tests.auth.instances import ADMIN, Instance
from tests.oidc_issuer import AUDIENCE, IssuerKey
from tests.replacing import replace

_WORKFLOW = "projects/local/locations/here/workflows/orders"


@pytest.fixture(params=["ES256", "RS256", "EdDSA"])
def any_door(instance: Instance, request: pytest.FixtureRequest) -> Door:
    """Return a door to an issuer that signs with each algorithm."""
    return Door(instance, IssuerKey.new(request.param, "first"))


@pytest.fixture
def door(instance: Instance) -> Door:
    """Return a door to an issuer that signs with ES256."""
    return Door(instance, IssuerKey.new("ES256", "first"))


@pytest.fixture
def ruled_door(instance: Instance) -> Door:
    """Return a door to an issuer whose claims are looked into."""
    grant = Grant(role="roles/workflows.invoker", resource=_WORKFLOW)
    conditions = (_condition("team", "r**d"), _condition("realm_access.roles", "a*"))
    rules = tuple(Rule((condition,), grant) for condition in conditions)
    return Door(
        instance, IssuerKey.new("ES256", "first"), lambda entry: replace(entry, rules=rules)
    )


@pytest.mark.parametrize("member", ["jwk", "jku", "x5u", "x5c", "crit", "b64", "zip", "enc", "cty"])
def test_external_token_is_refused_when_its_header_brings_a_key(door: Door, member: str) -> None:
    """No header member may bring a key along or change how the token is read."""
    assert door.refusal(door.with_header(**{member: "x"})) is Refusal.HEADER


def test_external_token_is_refused_when_its_own_key_is_in_the_header(door: Door) -> None:
    """A key that a token brings, or says where to find, is never used."""
    intruder = IssuerKey.new("ES256", "first")
    now = door.instance.clock.now()
    for extra in ({"jwk": intruder.jwk()}, {"jku": "https://evil.example.org/keys"}, {}):
        header = {"alg": "ES256", "kid": "first", "typ": "JWT", **extra}
        token = door.one.token(now, key=intruder, header=header)

        assert door.refusal(token) in {Refusal.HEADER, Refusal.SIGNATURE}


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "HS512", "PS256", "ES384", "RS512"])
def test_external_token_is_refused_when_its_algorithm_is_not_allowed(
    door: Door, algorithm: str
) -> None:
    """The algorithms are the entry's, never what the token says."""
    assert door.refusal(door.with_header(alg=algorithm)) is Refusal.ALGORITHM


def test_external_token_is_refused_when_an_allowed_algorithm_is_another_keys(door: Door) -> None:
    """A key is good for one algorithm; saying another finds no key."""
    assert door.refusal(door.with_header(alg="RS256")) is Refusal.KEY_UNKNOWN


@pytest.mark.parametrize("encoding", ["pem", "der", "jwk"])
def test_external_token_is_refused_when_the_public_key_served_as_a_secret(
    instance: Instance, encoding: str
) -> None:
    """The known confusion: HMAC with the issuer's public key, in any form of it."""
    key = IssuerKey.new("RS256", "first")
    door = Door(instance, key)
    public = key.key.public_key()
    form = (
        (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        if encoding == "pem"
        else (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    )
    secret = public.public_bytes(*form)
    if encoding == "jwk":
        secret = json.dumps(key.jwk()).encode()
    for said in ("HS256", "RS256"):
        claims = {"iss": ISSUER, "sub": "x", "aud": AUDIENCE, "iat": 1, "exp": 2}
        signed = signing_input({"alg": said, "kid": "first", "typ": "JWT"}, claims)
        tag = hmac.new(secret, signed.encode(), hashlib.sha256).digest()

        assert door.refusal(f"{signed}.{base64url(tag)}") in {
            Refusal.ALGORITHM,
            Refusal.SIGNATURE,
        }


def test_external_token_is_refused_when_another_issuers_key_signed_it(door: Door) -> None:
    """Each issuer's tokens are verified with its own keys, also under the same key id."""
    now = door.instance.clock.now()
    foreign = door.two.keys[0]
    assert door.refusal(door.one.token(now, key=foreign)) is Refusal.KEY_UNKNOWN

    same_kid = replace(foreign, kid="first")
    assert door.refusal(door.one.token(now, key=same_kid)) is Refusal.SIGNATURE


@pytest.mark.parametrize("twin", [b'{"aud": "x", ', b'{"iss": "x", ', b'{"a": {"b": 1, "b": 2}, '])
def test_external_token_is_refused_when_a_claim_is_repeated(door: Door, twin: bytes) -> None:
    """Two readers could take different ones."""
    now = int(door.instance.clock.now())
    claims = {"iss": ISSUER, "sub": "x", "aud": AUDIENCE, "iat": now, "exp": now + 60}
    raw = json.dumps(claims).encode().replace(b"{", twin, 1)
    header = {"alg": "ES256", "kid": "first", "typ": "JWT"}

    assert door.refusal(door.one.keys[0].sign(header, raw)) is Refusal.MALFORMED


@pytest.mark.parametrize(
    "issuer",
    [f"{ISSUER}/", ISSUER.upper(), f" {ISSUER}", "https://login.example.org/realms/two", ""],
)
def test_external_token_is_no_such_token_when_its_issuer_differs_by_a_letter(
    door: Door, issuer: str
) -> None:
    """`iss` is compared to the letter; anything else is one of our own tokens, or none."""
    before = door.keys.lookups

    assert door.refusal(door.token(iss=issuer)) is Refusal.KEY_UNKNOWN
    assert before == door.keys.lookups


@pytest.mark.parametrize("issuer", [[ISSUER], {"": ISSUER}, 1, None])
def test_external_token_is_refused_when_its_issuer_is_no_text(door: Door, issuer: object) -> None:
    """A list with the issuer in it is not the issuer."""
    assert door.refusal(door.token(iss=issuer)) is Refusal.KEY_UNKNOWN


def test_own_tokens_are_ours_when_there_are_external_issuers(door: Door) -> None:
    """Our access tokens and JWTs of service accounts never ask for an issuer's key."""
    instance = door.instance
    authenticate = instance.authenticator.authenticate

    assert ADMIN == authenticate(instance.access_token()).email
    assert ADMIN == authenticate(instance.account_token()).email
    assert 0 == door.keys.lookups


@pytest.mark.parametrize("changed", ["x5t", "typ", "kid"])
def test_own_token_is_refused_when_only_external_tokens_may_be_so(door: Door, changed: str) -> None:
    """What is allowed to external issuers is not allowed to us."""
    instance = door.instance
    value = "AAAA" if changed == "x5t" else None
    header = instance.access_header(**{changed: value})

    assert instance.refusal(instance.sign_access(header, instance.access_claims())) in {
        Refusal.HEADER,
        Refusal.TYPE,
        Refusal.KEY_UNKNOWN,
    }


def test_tokens_are_never_taken_for_another_kind(door: Door) -> None:
    """Our key under a foreign issuer, an account's key under one, and theirs under ours: none."""
    instance = door.instance
    ours_as_theirs = instance.access_token(iss=ISSUER, aud=AUDIENCE)
    accounts_as_theirs = instance.account_token(iss=ISSUER, aud=AUDIENCE)
    theirs_as_ours = door.token(**instance.access_claims())
    theirs_as_accounts = door.token(
        iss=ADMIN, sub=ADMIN, aud="https://workflowexecutions.googleapis.com/"
    )
    kid = instance.credentials.signers[0].kid
    claims = instance.access_claims()
    with_our_kid = door.one.keys[0].sign(instance.access_header(kid=kid), claims)

    for token in (ours_as_theirs, accounts_as_theirs, theirs_as_ours, theirs_as_accounts):
        assert door.refusal(token) in {Refusal.KEY_UNKNOWN, Refusal.ALGORITHM}
    assert door.refusal(with_our_kid) is Refusal.SIGNATURE


Spoil = Callable[[str], str]
SPOILS: list[Spoil] = [
    lambda token: f"{token}=",
    lambda token: f"{token}A",
    lambda token: token[:-2],
    lambda token: token.rpartition(".")[0] + ".",
    lambda token: token.rpartition(".")[0] + "." + base64url(bytes(64)),
    lambda token: token.rpartition(".")[0] + "." + base64url(b"\xff" * 64),
    lambda token: f"{token}.x.y",
    lambda token: token.replace(".", "..", 1),
]


@pytest.mark.parametrize("spoil", SPOILS)
def test_external_token_is_refused_when_it_is_spoilt(any_door: Door, spoil: Spoil) -> None:
    """Zero and huge signatures, padding, and what is cut off or added."""
    assert any_door.refusal(spoil(any_door.token())) in {Refusal.MALFORMED, Refusal.SIGNATURE}


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
CLAIM = st.sampled_from(["iss", "sub", "aud", "exp", "iat", "nbf", "jti", "team", "realm_access"])
HEADER = st.sampled_from(["typ", "alg", "kid", "x5t", "crit"])


@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    header=st.dictionaries(HEADER, JSON, max_size=2),
    claims=st.dictionaries(CLAIM, JSON, max_size=3),
)
def test_external_token_is_answered_when_it_is_any_json(
    ruled_door: Door, header: dict[str, object], claims: dict[str, object]
) -> None:
    """Any JSON value in any claim that is genuinely signed gives a principal or is refused."""
    key = ruled_door.one.keys[0]
    made = {"alg": key.algorithm, "kid": key.kid, "typ": "JWT", **header}
    now = int(ruled_door.instance.clock.now())
    good = {"iss": ISSUER, "sub": "x", "aud": AUDIENCE, "iat": now, "exp": now + 60}
    with suppress(UnauthenticatedError):
        principal = ruled_door.instance.authenticator.authenticate(
            key.sign(made, {**good, **claims})
        )
        assert principal.email.startswith("principal://one/subject/")


def _condition(path: str, wanted: Wanted) -> Condition:
    return Condition(ClaimPath.parse(path), (Pattern.of(wanted),))
