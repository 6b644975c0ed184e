"""The tokens that this server issues."""

from __future__ import annotations

import json

import jwt
import pytest

from ringback_server.auth.issuer import Issuer
from ringback_server.auth.permissions import ROLES
from ringback_server.errors import InvalidArgumentError, NotFoundError, PermissionDeniedError
from ringback_server.model.resources import Binding
from tests.auth.forge import opened
from tests.auth.instances import ADMIN, SCOPE, VIEWER, Instance


def test_access_token_follows_rfc_9068(instance: Instance) -> None:
    """Header and claims are those of the profile, and permissions are sorted."""
    issued = instance.issuer.access_token(VIEWER)

    header, claims = opened(issued.token)
    assert {"typ": "at+jwt", "alg": "ES256", "kid": instance.credentials.signers[0].kid} == header
    assert {
        "iss": "urn:ringback:one",
        "aud": "urn:ringback:one:api",
        "sub": VIEWER,
        "client_id": VIEWER,
        "iat": 1_800_000_000,
        "exp": 1_800_003_600,
        "jti": issued.token_id,
        "scope": SCOPE,
        "permissions": sorted(ROLES["roles/workflows.viewer"].permissions),
        "account_id": instance.credentials.accounts[VIEWER].unique_id,
    } == claims
    assert issued.expire_time == 1_800_003_600


def test_access_token_verifies_with_the_published_keys(instance: Instance) -> None:
    """Anybody can check a token with the JWK set and an ordinary library."""
    instance.ring.rotate()
    token = instance.issuer.access_token(ADMIN).token
    keys = jwt.PyJWKSet.from_dict(instance.issuer.jwks())

    key = keys[jwt.get_unverified_header(token)["kid"]]

    signed = jwt.PyJWS().decode(token, key, algorithms=["ES256"])
    assert ADMIN == json.loads(signed)["sub"]
    assert 2 == len(keys.keys)


def test_jwks_holds_public_members_only(instance: Instance) -> None:
    """No private member leaves in the key set."""
    keys: list[dict[str, str]] = json.loads(json.dumps(instance.issuer.jwks()))["keys"]

    assert [{"kty", "crv", "x", "y", "kid", "use", "alg"}] == [set(key) for key in keys]


def test_issuer_is_named_by_its_public_url_when_it_has_one(instance: Instance) -> None:
    """Neither name ever depends on a port that was picked."""
    issuer = Issuer(
        instance.credentials,
        instance.ring,
        instance.clock,
        instance_id="one",
        public_url="https://r.example",
    )

    _, claims = opened(issuer.access_token(ADMIN).token)

    assert ("https://r.example", "https://r.example/api") == (claims["iss"], claims["aud"])


def test_access_token_is_narrowed_when_asked(instance: Instance) -> None:
    """Permissions, resource, lifetime and who asked are in the token."""
    issued = instance.issuer.access_token(
        ADMIN,
        lifetime=43199.9,
        permissions=["workflows.callbacks.send", "workflows.callbacks.list"],
        resource="projects/local",
        client=VIEWER,
    )

    _, claims = opened(issued.token)
    assert ["workflows.callbacks.list", "workflows.callbacks.send"] == claims["permissions"]
    assert ("projects/local", VIEWER) == (claims["resource"], claims["client_id"])
    assert issued.expire_time == 1_800_043_199


def test_access_token_is_refused_when_it_asks_for_more_than_is_granted(instance: Instance) -> None:
    """A token never names what its account does not have."""
    with pytest.raises(PermissionDeniedError, match=r"workflows\.callbacks\.send"):
        instance.issuer.access_token(VIEWER, permissions=["workflows.callbacks.send"])


def test_access_token_names_no_permission_of_an_expired_binding(instance: Instance) -> None:
    """What is granted is what is granted at the time of issue."""
    instance.credentials.bindings = [
        Binding(
            email=ADMIN, role="roles/workflows.admin", resource="*", expire_time=1_800_000_000.0
        )
    ]

    assert [] == opened(instance.issuer.access_token(ADMIN).token)[1]["permissions"]


@pytest.mark.parametrize("lifetime", [0, -1, 3600.5, float("nan"), float("inf")])
def test_access_token_is_refused_when_its_lifetime_is_out_of_range(
    instance: Instance, lifetime: float
) -> None:
    """From a second to an hour, to a day on a resource."""
    with pytest.raises(InvalidArgumentError) as caught:
        instance.issuer.access_token(ADMIN, lifetime=lifetime)
    with pytest.raises(InvalidArgumentError):
        instance.issuer.access_token(ADMIN, lifetime=lifetime * 24, resource="projects/local")

    assert ["lifetime"] == [violation.field for violation in caught.value.violations]


@pytest.mark.parametrize("scope", ["", "openid", f"{SCOPE} \n"])
def test_access_token_is_refused_when_its_scope_does_not_open_the_service(
    instance: Instance, scope: str
) -> None:
    """A token that could be used for nothing is not issued."""
    with pytest.raises(InvalidArgumentError) as caught:
        instance.issuer.access_token(ADMIN, scope=scope)

    assert ["scope"] == [violation.field for violation in caught.value.violations]


def test_access_token_is_refused_when_its_resource_is_no_name(instance: Instance) -> None:
    """An empty resource must not pass for an unbound token."""
    for resource in ("", "é"):
        with pytest.raises(InvalidArgumentError):
            instance.issuer.access_token(ADMIN, resource=resource)


def test_id_token_says_who_an_account_is(instance: Instance) -> None:
    """With the claims of Google's, and our name."""
    issued = instance.issuer.id_token(ADMIN, "https://run.example.org")

    header, claims = opened(issued.token)
    unique_id = instance.credentials.accounts[ADMIN].unique_id
    assert "JWT" == header["typ"]
    assert {
        "iss": "urn:ringback:one",
        "aud": "https://run.example.org",
        "azp": unique_id,
        "sub": unique_id,
        "email": ADMIN,
        "email_verified": True,
        "iat": 1_800_000_000,
        "exp": 1_800_003_600,
        "jti": issued.token_id,
    } == claims


def test_id_token_is_refused_for_no_account_or_no_audience(instance: Instance) -> None:
    """Both are needed."""
    with pytest.raises(NotFoundError):
        instance.issuer.id_token("nobody@local", "x")
    for audience in ("", "a\n"):
        with pytest.raises(InvalidArgumentError):
            instance.issuer.id_token(ADMIN, audience)


def test_newest_key_signs(instance: Instance) -> None:
    """A rotated key takes over at once."""
    newest = instance.ring.rotate()

    assert newest.kid == opened(instance.issuer.access_token(ADMIN).token)[0]["kid"]


def test_secrets_show_in_no_repr(instance: Instance) -> None:
    """Whatever is printed by accident tells nothing."""
    issued = instance.issuer.access_token(ADMIN)
    instance.authenticator.authenticate(issued.token)

    for thing in (issued, instance.credentials.signers[0], instance.issuer, instance.authenticator):
        assert issued.token not in repr(thing)
        assert "PRIVATE" not in repr(thing)
