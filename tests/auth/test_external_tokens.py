"""Tokens of external issuers as bearers."""

from __future__ import annotations

import hashlib

import pytest

from ringback_server.auth.claim_rules import ClaimPath, Condition, Pattern, Rule, Wanted
from ringback_server.auth.refusals import Refusal
from ringback_server.errors import OverloadedError, PermissionDeniedError
from ringback_server.model.principals import Grant
from tests.auth.foreign_door import Door
from tests.auth.instances import ADMIN, Instance
from tests.oidc_issuer import AUDIENCE, IssuerKey, key_set
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


def test_external_token_gives_its_principal_when_genuine(any_door: Door) -> None:
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
def test_external_token_is_accepted_when_typed_as_issuers_do(door: Door, typ: str | None) -> None:
    """Access tokens of real issuers have these types, or none."""
    token = door.with_header(typ=typ)

    assert "principal://one/subject/someone" == (
        door.instance.authenticator.authenticate(token).email
    )


@pytest.mark.parametrize("typ", ["jwt", "dpop+jwt", "logout+jwt", "id_token", " ", 1, "JOSE"])
def test_external_token_is_refused_when_it_is_of_another_type(door: Door, typ: object) -> None:
    """What was made for another use is no access token."""
    assert door.refusal(door.with_header(typ=typ)) is Refusal.TYPE


def test_external_token_is_accepted_when_it_has_a_thumbprint(door: Door) -> None:
    """GitHub's tokens have an `x5t` beside their `kid`; nothing looks at it."""
    assert door.instance.authenticator.authenticate(door.with_header(x5t="AAAA"))


def test_external_token_is_refused_when_its_entry_narrows_the_algorithms(
    instance: Instance,
) -> None:
    """An entry with algorithms takes no others."""
    door = Door(
        instance,
        IssuerKey.new("ES256", "first"),
        lambda entry: replace(entry, algorithms=frozenset({"RS256"})),
    )

    assert door.refusal(door.token()) is Refusal.ALGORITHM


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
    door: Door, changes: dict[str, object], refusal: Refusal
) -> None:
    """Each claim must be there and of its form; the audience must be one of the entry's."""
    assert door.refusal(door.token(**changes)) is refusal


def test_external_token_is_accepted_when_one_of_its_audiences_is_ours(door: Door) -> None:
    """Keycloak's tokens are for several services."""
    token = door.token(aud=["account", AUDIENCE])

    assert door.instance.authenticator.authenticate(token)


def test_external_token_is_refused_when_it_is_not_valid_now(door: Door) -> None:
    """Its times are looked at as those of our own tokens, with the same leeway."""
    now = int(door.instance.clock.now())
    assert door.refusal(door.token(iat=now - 900, exp=now - 31)) is Refusal.EXPIRED
    assert door.refusal(door.token(iat=now + 31)) is Refusal.NOT_YET_VALID
    assert door.refusal(door.token(nbf=now + 31)) is Refusal.NOT_YET_VALID
    assert door.instance.authenticator.authenticate(door.token(iat=now - 900, exp=now - 29))


def test_external_token_is_refused_when_it_is_valid_for_too_long(instance: Instance) -> None:
    """An entry says how long tokens may be valid."""
    door = Door(
        instance, IssuerKey.new("ES256", "first"), lambda entry: replace(entry, max_lifetime=300)
    )
    now = int(instance.clock.now())

    assert door.refusal(door.token()) is Refusal.LIFETIME
    assert instance.authenticator.authenticate(door.token(iat=now, exp=now + 300))


def test_external_token_is_refused_when_a_required_claim_is_wrong(instance: Instance) -> None:
    """What an entry requires of all tokens, each must have."""
    required = (_condition("azp", "cli"), _condition("email_verified", wanted=True))
    door = Door(
        instance, IssuerKey.new("ES256", "first"), lambda entry: replace(entry, required=required)
    )

    assert door.refusal(door.token()) is Refusal.CLAIM
    assert door.refusal(door.token(azp="cli", email_verified="true")) is Refusal.CLAIM
    assert instance.authenticator.authenticate(door.token(azp="cli", email_verified=True))


def test_external_token_opens_what_its_claims_are_given(instance: Instance) -> None:
    """A rule gives its role on its resource to the tokens that match, and to no others."""
    grant = Grant(role="roles/workflows.invoker", resource=_WORKFLOW)
    rule = Rule((_condition("realm_access.roles", "deployer"),), grant)
    door = Door(
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


def test_external_token_cannot_name_one_of_our_accounts(door: Door) -> None:
    """A subject is one of its issuer's; the administrator's address is only text there."""
    principal = door.instance.authenticator.authenticate(door.token(sub=ADMIN))

    assert f"principal://one/subject/{ADMIN}" == principal.email
    assert frozenset() == door.instance.access.granted(principal, "*")


def test_external_token_is_refused_from_its_revocation_on(door: Door) -> None:
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
    door: Door, token_id: str | None
) -> None:
    """Such a token is known by a hash of what was signed."""
    token = door.token(jti=token_id)
    known = door.instance.authenticator.authenticate(token).token_id
    signed = token.rpartition(".")[0].encode()
    assert f"sha256:{hashlib.sha256(signed).hexdigest()[:32]}" == known

    door.credentials.revocations.add(known)

    assert door.refusal(token) is Refusal.REVOKED


def test_external_token_is_refused_once_its_key_is_gone(door: Door) -> None:
    """A token that was seen before counts no longer than its key, also under the same key id."""
    token = door.token()
    assert door.instance.authenticator.authenticate(token)
    door.one.keys = [IssuerKey.new("ES256", "first")]

    door.keys.sets["one"] = key_set(door.one.keys)

    assert door.refusal(token) is Refusal.KEY_UNKNOWN


def test_external_token_needs_a_key_id_unless_there_is_one_key(door: Door) -> None:
    """Without a `kid` nothing is guessed."""
    nameless = door.with_header(kid=None)
    assert door.instance.authenticator.authenticate(nameless)

    door.one.keys.append(IssuerKey.new("RS256", "second"))
    door.keys.sets["one"] = key_set(door.one.keys)

    assert door.refusal(door.with_header(kid=None, jti="other")) is Refusal.KEY_UNKNOWN


def test_external_token_is_worth_another_try_when_keys_cannot_be_had(door: Door) -> None:
    """Nobody can tell whether such a token is good, so it is not called bad."""
    door.keys.reachable = False

    with pytest.raises(OverloadedError):
        door.instance.authenticator.authenticate(door.token())


def _condition(path: str, wanted: Wanted) -> Condition:
    return Condition(ClaimPath.parse(path), (Pattern.of(wanted),))
