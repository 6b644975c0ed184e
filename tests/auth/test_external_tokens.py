"""Tokens of external issuers as bearers."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ringback_server.auth.claim_rules import ClaimPath, Condition, Pattern, Rule, Wanted
from ringback_server.auth.external_issuers import ExternalIssuer
from ringback_server.auth.external_tokens import ExternalTokens
from ringback_server.auth.key_sets import ExternalKey, KeySet
from ringback_server.auth.refusals import Refusal
from ringback_server.auth.tokens import Authenticator
from ringback_server.errors import OverloadedError, PermissionDeniedError
from ringback_server.model.principals import Grant
from tests.auth.forge import base64url, signing_input
from tests.auth.instances import ADMIN, URL, Instance
from tests.oidc_issuer import AUDIENCE, IssuerKey, LocalIssuer, key_set

_ISSUER = "https://login.example.org/realms/one"
#: changes the entry of an issuer
Change = Callable[[ExternalIssuer], ExternalIssuer]
_WORKFLOW = "projects/local/locations/here/workflows/orders"


class _Keys:
    """Key sets that a test changes; it counts how often keys were looked up."""

    def __init__(self, **sets: KeySet) -> None:
        self.sets = sets
        self.lookups = 0
        self.reachable = True

    def find(self, issuer: str, kid: str, algorithm: str) -> ExternalKey | None:
        """Return a key."""
        self.lookups += 1
        if not self.reachable:
            raise OverloadedError
        return self.sets[issuer].find(kid, algorithm)

    def holds(self, issuer: str, key: ExternalKey) -> bool:
        """Tell whether the key is there."""
        return key in self.sets[issuer]


class _Door:
    """An instance that takes tokens of two issuers, called one and two."""

    def __init__(
        self, instance: Instance, key: IssuerKey, change: Change = lambda entry: entry
    ) -> None:
        self.instance = instance
        self.credentials = instance.credentials
        self.one = LocalIssuer(_ISSUER, [key])
        self.two = LocalIssuer("https://two.example.org", [IssuerKey.new(kid="two")])
        self.keys = _Keys(one=key_set(self.one.keys), two=key_set(self.two.keys))
        one = ExternalIssuer(name="one", url=self.one.url, audiences=frozenset({AUDIENCE}))
        self.configured = [
            change(one),
            replace(one, name="two", url=self.two.url),
        ]
        instance.authenticator = Authenticator(
            instance.issuer,
            self.credentials,
            self.credentials,
            instance.clock,
            urls=(URL,),
            external=ExternalTokens(self.configured, self.keys, self.credentials),
        )

    def token(self, **claims: object) -> str:
        """Return a good token of issuer one, its claims changed."""
        return self.one.token(self.instance.clock.now(), claims)

    def with_header(self, **header: object) -> str:
        """Return a token of issuer one with another header; None removes a member."""
        key = self.one.keys[0]
        made = {"alg": key.algorithm, "kid": key.kid, "typ": "JWT", **header}
        present = {name: value for name, value in made.items() if value is not None}
        return self.one.token(self.instance.clock.now(), header=present)

    def refusal(self, token: str) -> Refusal:
        """Return why a token is refused."""
        return self.instance.refusal(token)


@pytest.fixture(params=["ES256", "RS256", "EdDSA"])
def any_door(instance: Instance, request: pytest.FixtureRequest) -> _Door:
    """Return a door to an issuer that signs with each algorithm."""
    return _Door(instance, IssuerKey.new(request.param, "first"))


@pytest.fixture
def door(instance: Instance) -> _Door:
    """Return a door to an issuer that signs with ES256."""
    return _Door(instance, IssuerKey.new("ES256", "first"))


def test_external_token_gives_its_principal_when_genuine(any_door: _Door) -> None:
    """The principal is the issuer's subject, whatever of the allowed algorithms was used."""
    authenticate = any_door.instance.authenticator.authenticate
    token = any_door.token(sub="auth0|17", jti="a-7")

    principal = authenticate(token)

    assert "principal://one/subject/auth0|17" == principal.email
    assert "one:a-7" == principal.token_id
    assert any_door.instance.clock.now() + 600 == principal.expire_time
    assert principal.permissions is None
    assert () == principal.grants
    assert principal == authenticate(token)


@pytest.mark.parametrize("typ", ["at+jwt", "application/at+jwt", "JWT", None])
def test_external_token_is_accepted_when_typed_as_issuers_do(door: _Door, typ: str | None) -> None:
    """Access tokens of real issuers have these types, or none."""
    token = door.with_header(typ=typ)

    assert "principal://one/subject/someone" == (
        door.instance.authenticator.authenticate(token).email
    )


@pytest.mark.parametrize("typ", ["jwt", "dpop+jwt", "logout+jwt", "id_token", " ", 1, "JOSE"])
def test_external_token_is_refused_when_it_is_of_another_type(door: _Door, typ: object) -> None:
    """What was made for another use is no access token."""
    assert door.refusal(door.with_header(typ=typ)) is Refusal.TYPE


def test_external_token_is_accepted_when_it_has_a_thumbprint(door: _Door) -> None:
    """GitHub's tokens have an `x5t` beside their `kid`; nothing looks at it."""
    assert door.instance.authenticator.authenticate(door.with_header(x5t="AAAA"))


@pytest.mark.parametrize("member", ["jwk", "jku", "x5u", "x5c", "crit", "b64", "zip", "enc", "cty"])
def test_external_token_is_refused_when_its_header_brings_a_key(door: _Door, member: str) -> None:
    """No header member may bring a key along or change how the token is read."""
    assert door.refusal(door.with_header(**{member: "x"})) is Refusal.HEADER


def test_external_token_is_refused_when_its_own_key_is_in_the_header(door: _Door) -> None:
    """A key that a token brings, or says where to find, is never used."""
    intruder = IssuerKey.new("ES256", "first")
    now = door.instance.clock.now()
    for extra in ({"jwk": intruder.jwk()}, {"jku": "https://evil.example.org/keys"}, {}):
        header = {"alg": "ES256", "kid": "first", "typ": "JWT", **extra}
        token = door.one.token(now, key=intruder, header=header)

        assert door.refusal(token) in {Refusal.HEADER, Refusal.SIGNATURE}


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "HS512", "PS256", "ES384", "RS512"])
def test_external_token_is_refused_when_its_algorithm_is_not_allowed(
    door: _Door, algorithm: str
) -> None:
    """The algorithms are the entry's, never what the token says."""
    assert door.refusal(door.with_header(alg=algorithm)) is Refusal.ALGORITHM


def test_external_token_is_refused_when_an_allowed_algorithm_is_another_keys(door: _Door) -> None:
    """A key is good for one algorithm; saying another finds no key."""
    assert door.refusal(door.with_header(alg="RS256")) is Refusal.KEY_UNKNOWN


def test_external_token_is_refused_when_its_entry_narrows_the_algorithms(
    instance: Instance,
) -> None:
    """An entry with algorithms takes no others."""
    door = _Door(
        instance,
        IssuerKey.new("ES256", "first"),
        lambda entry: replace(entry, algorithms=frozenset({"RS256"})),
    )

    assert door.refusal(door.token()) is Refusal.ALGORITHM


@pytest.mark.parametrize("encoding", ["pem", "der", "jwk"])
def test_external_token_is_refused_when_the_public_key_served_as_a_secret(
    instance: Instance, encoding: str
) -> None:
    """The known confusion: HMAC with the issuer's public key, in any form of it."""
    key = IssuerKey.new("RS256", "first")
    door = _Door(instance, key)
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
        claims = {"iss": _ISSUER, "sub": "x", "aud": AUDIENCE, "iat": 1, "exp": 2}
        signed = signing_input({"alg": said, "kid": "first", "typ": "JWT"}, claims)
        tag = hmac.new(secret, signed.encode(), hashlib.sha256).digest()

        assert door.refusal(f"{signed}.{base64url(tag)}") in {
            Refusal.ALGORITHM,
            Refusal.SIGNATURE,
        }


def test_external_token_is_refused_when_another_issuers_key_signed_it(door: _Door) -> None:
    """Each issuer's tokens are verified with its own keys, also under the same key id."""
    now = door.instance.clock.now()
    foreign = door.two.keys[0]
    assert door.refusal(door.one.token(now, key=foreign)) is Refusal.KEY_UNKNOWN

    same_kid = replace(foreign, kid="first")
    assert door.refusal(door.one.token(now, key=same_kid)) is Refusal.SIGNATURE


WRONG_CLAIMS: list[tuple[dict[str, object], Refusal]] = [
    ({"aud": "https://other.test"}, Refusal.AUDIENCE),
    ({"aud": f"{AUDIENCE}/"}, Refusal.AUDIENCE),
    ({"aud": ["https://other.test", f"{AUDIENCE} "]}, Refusal.AUDIENCE),
    ({"aud": []}, Refusal.AUDIENCE),
    ({"aud": [AUDIENCE, 1]}, Refusal.CLAIM),
    ({"aud": [[AUDIENCE]]}, Refusal.CLAIM),
    ({"aud": {AUDIENCE: True}}, Refusal.CLAIM),
    ({"aud": ""}, Refusal.CLAIM),
    ({"aud": None}, Refusal.CLAIM),
    ({"sub": None}, Refusal.CLAIM),
    ({"sub": ""}, Refusal.CLAIM),
    ({"sub": 17}, Refusal.CLAIM),
    ({"sub": ["someone"]}, Refusal.CLAIM),
    ({"sub": "a\nb"}, Refusal.CLAIM),
    ({"sub": "a\u202eb"}, Refusal.CLAIM),
    ({"sub": "x" * 513}, Refusal.CLAIM),
    ({"jti": 7}, Refusal.CLAIM),
    ({"jti": "\n"}, Refusal.CLAIM),
    ({"exp": None}, Refusal.CLAIM),
    ({"iat": None}, Refusal.CLAIM),
    ({"exp": 1.9e9}, Refusal.CLAIM),
    ({"exp": -1}, Refusal.CLAIM),
    ({"exp": 10**30}, Refusal.CLAIM),
]


@pytest.mark.parametrize(("changes", "refusal"), WRONG_CLAIMS, ids=repr)
def test_external_token_is_refused_when_a_claim_is_wrong(
    door: _Door, changes: dict[str, object], refusal: Refusal
) -> None:
    """Each claim must be there and of its form; the audience must be one of the entry's."""
    assert door.refusal(door.token(**changes)) is refusal


def test_external_token_is_accepted_when_one_of_its_audiences_is_ours(door: _Door) -> None:
    """Keycloak's tokens are for several services."""
    token = door.token(aud=["account", AUDIENCE])

    assert door.instance.authenticator.authenticate(token)


@pytest.mark.parametrize("twin", [b'{"aud": "x", ', b'{"iss": "x", ', b'{"a": {"b": 1, "b": 2}, '])
def test_external_token_is_refused_when_a_claim_is_repeated(door: _Door, twin: bytes) -> None:
    """Two readers could take different ones."""
    now = int(door.instance.clock.now())
    claims = {"iss": _ISSUER, "sub": "x", "aud": AUDIENCE, "iat": now, "exp": now + 60}
    raw = json.dumps(claims).encode().replace(b"{", twin, 1)
    header = {"alg": "ES256", "kid": "first", "typ": "JWT"}

    assert door.refusal(door.one.keys[0].sign(header, raw)) is Refusal.MALFORMED


@pytest.mark.parametrize(
    "issuer",
    [f"{_ISSUER}/", _ISSUER.upper(), f" {_ISSUER}", "https://login.example.org/realms/two", ""],
)
def test_external_token_is_no_such_token_when_its_issuer_differs_by_a_letter(
    door: _Door, issuer: str
) -> None:
    """`iss` is compared to the letter; anything else is one of our own tokens, or none."""
    before = door.keys.lookups

    assert door.refusal(door.token(iss=issuer)) is Refusal.KEY_UNKNOWN
    assert before == door.keys.lookups


@pytest.mark.parametrize("issuer", [[_ISSUER], {"": _ISSUER}, 1, None])
def test_external_token_is_refused_when_its_issuer_is_no_text(door: _Door, issuer: object) -> None:
    """A list with the issuer in it is not the issuer."""
    assert door.refusal(door.token(iss=issuer)) is Refusal.KEY_UNKNOWN


def test_external_token_is_refused_when_it_is_not_valid_now(door: _Door) -> None:
    """Its times are looked at as those of our own tokens, with the same leeway."""
    now = int(door.instance.clock.now())
    assert door.refusal(door.token(iat=now - 900, exp=now - 31)) is Refusal.EXPIRED
    assert door.refusal(door.token(iat=now + 31)) is Refusal.NOT_YET_VALID
    assert door.refusal(door.token(nbf=now + 31)) is Refusal.NOT_YET_VALID
    assert door.instance.authenticator.authenticate(door.token(iat=now - 900, exp=now - 29))


def test_external_token_is_refused_when_it_is_valid_for_too_long(instance: Instance) -> None:
    """An entry says how long tokens may be valid."""
    door = _Door(
        instance, IssuerKey.new("ES256", "first"), lambda entry: replace(entry, max_lifetime=300)
    )
    now = int(instance.clock.now())

    assert door.refusal(door.token()) is Refusal.LIFETIME
    assert instance.authenticator.authenticate(door.token(iat=now, exp=now + 300))


def test_external_token_is_refused_when_a_required_claim_is_wrong(instance: Instance) -> None:
    """What an entry requires of all tokens, each must have."""
    required = (_condition("azp", "cli"), _condition("email_verified", wanted=True))
    door = _Door(
        instance, IssuerKey.new("ES256", "first"), lambda entry: replace(entry, required=required)
    )

    assert door.refusal(door.token()) is Refusal.CLAIM
    assert door.refusal(door.token(azp="cli", email_verified="true")) is Refusal.CLAIM
    assert instance.authenticator.authenticate(door.token(azp="cli", email_verified=True))


def test_external_token_opens_what_its_claims_are_given(instance: Instance) -> None:
    """A rule gives its role on its resource to the tokens that match, and to no others."""
    grant = Grant(role="roles/workflows.invoker", resource=_WORKFLOW)
    rule = Rule((_condition("realm_access.roles", "deployer"),), grant)
    door = _Door(
        instance, IssuerKey.new("ES256", "first"), lambda entry: replace(entry, rules=(rule,))
    )
    authenticate = instance.authenticator.authenticate
    permission = "workflows.executions.create"

    principal = authenticate(door.token(realm_access={"roles": ["user", "deployer"]}))
    other = authenticate(door.token(realm_access={"roles": ["user"]}))

    assert (grant,) == principal.grants
    instance.access.check(principal, permission, _WORKFLOW)
    for who, wanted, where in (
        (principal, permission, "projects/local/locations/here/workflows/orders2"),
        (principal, permission, "projects/local"),
        (principal, "workflows.workflows.delete", _WORKFLOW),
        (other, permission, _WORKFLOW),
    ):
        with pytest.raises(PermissionDeniedError):
            instance.access.check(who, wanted, where)


def test_external_token_cannot_name_one_of_our_accounts(door: _Door) -> None:
    """A subject is one of its issuer's; the administrator's address is only text there."""
    principal = door.instance.authenticator.authenticate(door.token(sub=ADMIN))

    assert f"principal://one/subject/{ADMIN}" == principal.email
    assert frozenset() == door.instance.access.granted(principal, "*")


def test_external_token_is_refused_from_its_revocation_on(door: _Door) -> None:
    """A token is revoked by its issuer's name and `jti`; the same `jti` elsewhere is another."""
    authenticate = door.instance.authenticator.authenticate
    token = door.token(jti="j")
    assert authenticate(token)
    door.credentials.revocations |= {"j", "two:j"}
    assert authenticate(token)

    door.credentials.revocations.add("one:j")

    assert door.refusal(token) is Refusal.REVOKED


@pytest.mark.parametrize("token_id", [None, "x" * 201])
def test_external_token_is_revoked_by_its_hash_when_it_has_no_short_id(
    door: _Door, token_id: str | None
) -> None:
    """Such a token is known by a hash of what was signed."""
    token = door.token(jti=token_id)
    known = door.instance.authenticator.authenticate(token).token_id
    signed = token.rpartition(".")[0].encode()
    assert f"sha256:{hashlib.sha256(signed).hexdigest()[:32]}" == known

    door.credentials.revocations.add(known)

    assert door.refusal(token) is Refusal.REVOKED


def test_external_token_is_refused_once_its_key_is_gone(door: _Door) -> None:
    """A token that was seen before counts no longer than its key, also under the same key id."""
    token = door.token()
    assert door.instance.authenticator.authenticate(token)
    door.one.keys = [IssuerKey.new("ES256", "first")]

    door.keys.sets["one"] = key_set(door.one.keys)

    assert door.refusal(token) is Refusal.KEY_UNKNOWN


def test_external_token_needs_a_key_id_unless_there_is_one_key(door: _Door) -> None:
    """Without a `kid` nothing is guessed."""
    nameless = door.with_header(kid=None)
    assert door.instance.authenticator.authenticate(nameless)

    door.one.keys.append(IssuerKey.new("RS256", "second"))
    door.keys.sets["one"] = key_set(door.one.keys)

    assert door.refusal(door.with_header(kid=None, jti="other")) is Refusal.KEY_UNKNOWN


def test_external_token_is_worth_another_try_when_keys_cannot_be_had(door: _Door) -> None:
    """Nobody can tell whether such a token is good, so it is not called bad."""
    door.keys.reachable = False

    with pytest.raises(OverloadedError):
        door.instance.authenticator.authenticate(door.token())


def test_own_tokens_are_ours_when_there_are_external_issuers(door: _Door) -> None:
    """Our access tokens and JWTs of service accounts never ask for an issuer's key."""
    instance = door.instance
    authenticate = instance.authenticator.authenticate

    assert ADMIN == authenticate(instance.access_token()).email
    assert ADMIN == authenticate(instance.account_token()).email
    assert 0 == door.keys.lookups


@pytest.mark.parametrize("changed", ["x5t", "typ", "kid"])
def test_own_token_is_refused_when_only_external_tokens_may_be_so(
    door: _Door, changed: str
) -> None:
    """What is allowed to external issuers is not allowed to us."""
    instance = door.instance
    value = "AAAA" if changed == "x5t" else None
    header = instance.access_header(**{changed: value})

    assert instance.refusal(instance.sign_access(header, instance.access_claims())) in {
        Refusal.HEADER,
        Refusal.TYPE,
        Refusal.KEY_UNKNOWN,
    }


def test_tokens_are_never_taken_for_another_kind(door: _Door) -> None:
    """Our key under a foreign issuer, an account's key under one, and theirs under ours: none."""
    instance = door.instance
    ours_as_theirs = instance.access_token(iss=_ISSUER, aud=AUDIENCE)
    accounts_as_theirs = instance.account_token(iss=_ISSUER, aud=AUDIENCE)
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
def test_external_token_is_refused_when_it_is_spoilt(any_door: _Door, spoil: Spoil) -> None:
    """Zero and huge signatures, padding, and what is cut off or added."""
    assert any_door.refusal(spoil(any_door.token())) in {Refusal.MALFORMED, Refusal.SIGNATURE}


def _condition(path: str, wanted: Wanted) -> Condition:
    return Condition(ClaimPath.parse(path), (Pattern.of(wanted),))
