"""Tokens in the shape that known issuers give them, against the entries that the page shows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from ringback_server.auth.external_tokens import ExternalTokens
from ringback_server.auth.issuer_file import read_issuers
from ringback_server.auth.jws import taken_apart
from ringback_server.auth.key_sets import ExternalKey
from ringback_server.auth.refusals import Refusal, TokenError
from ringback_server.model.principals import Principal
from tests.auth.instances import changed
from tests.auth.memory_store import MemoryCredentials
from tests.certificates import self_signed
from tests.oidc_issuer import IssuerKey, key_set

DOCUMENT = Path(__file__).parents[2] / "docs" / "external-issuers.md"
NOW = 1_800_000_000
WORKFLOW = "projects/local/locations/us-central1/workflows/orders"

_RINGBACK = "https://ringback.example.org"


@dataclass(frozen=True, slots=True)
class _Shape:
    """The header that an issuer writes beside `alg` and `kid`, and its claims."""

    header: Mapping[str, object]
    claims: Mapping[str, object]
    subject: str


SHAPES = {
    "keycloak": _Shape(
        {"typ": "JWT"},
        {
            "exp": NOW + 300,
            "iat": NOW,
            "jti": "trrtcc:8f0c",
            "iss": "https://login.example.org/realms/acme",
            "aud": ["ringback", "account"],
            "sub": "1b671a64-40d5-491e-99b0-da01ff1f3341",
            "typ": "Bearer",
            "azp": "orders-service",
            "acr": "1",
            "realm_access": {"roles": ["offline_access", "workflow-invoker"]},
            "resource_access": {"account": {"roles": ["manage-account"]}},
            "scope": "profile email",
            "email_verified": False,
        },
        "1b671a64-40d5-491e-99b0-da01ff1f3341",
    ),
    "auth0": _Shape(
        {"typ": "at+jwt"},
        {
            "iss": "https://acme.eu.auth0.com/",
            "sub": "k3yd0fth3cl13nt@clients",
            "aud": _RINGBACK,
            "iat": NOW,
            "exp": NOW + 86_400,
            "azp": "k3yd0fth3cl13nt",
            "gty": "client-credentials",
            "permissions": [],
        },
        "k3yd0fth3cl13nt@clients",
    ),
    "github": _Shape(
        {"typ": "JWT", "x5t": "ykNaY4qM_ta4k2TgZOCEYLkcYlA"},
        {
            "jti": "example-id",
            "sub": "repo:octo/orders:environment:production",
            "environment": "production",
            "aud": _RINGBACK,
            "ref": "refs/heads/main",
            "sha": "example-sha",
            "repository": "octo/orders",
            "repository_id": "1296269",
            "repository_owner": "octo",
            "repository_owner_id": "65",
            "repository_visibility": "private",
            "actor": "octocat",
            "run_id": "9",
            "run_attempt": "2",
            "runner_environment": "github-hosted",
            "head_ref": "",
            "base_ref": "",
            "event_name": "workflow_dispatch",
            "ref_type": "branch",
            "workflow": "deploy",
            "job_workflow_ref": "octo/orders/.github/workflows/deploy.yml@refs/heads/main",
            "iss": "https://token.actions.githubusercontent.com",
            "nbf": NOW - 600,
            "iat": NOW,
            "exp": NOW + 300,
        },
        "repo:octo/orders:environment:production",
    ),
    "cluster": _Shape(
        {},
        {
            "aud": ["ringback"],
            "exp": NOW + 3607,
            "iat": NOW,
            "nbf": NOW,
            "iss": "https://kubernetes.default.svc.cluster.local",
            "jti": "ea28ed49-2e11-4280-9ec5-bc3d1d84661a",
            "kubernetes.io": {
                "namespace": "shop",
                "node": {"name": "n1", "uid": "646e7c5e"},
                "pod": {"name": "orders-1", "uid": "3ca3df1f"},
                "serviceaccount": {"name": "orders", "uid": "da68f9c6"},
            },
            "sub": "system:serviceaccount:shop:orders",
        },
        "system:serviceaccount:shop:orders",
    ),
    "google": _Shape(
        {"typ": "JWT"},
        {
            "aud": _RINGBACK,
            "azp": "117412345678901234567",
            "email": "ci@acme.iam.gserviceaccount.com",
            "email_verified": True,
            "exp": NOW + 3600,
            "iat": NOW,
            "iss": "https://accounts.google.com",
            "sub": "117412345678901234567",
        },
        "117412345678901234567",
    ),
}


class _Door:
    """The entries of the page, with keys of our own."""

    def __init__(self, folder: Path) -> None:
        certificate, _ = self_signed(folder)
        blocks = re.findall(r"```yaml\nissuers:\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
        text = re.sub(r"ca_file: .*", f"ca_file: {certificate}", "".join(blocks))
        (folder / "issuers.yaml").write_text(f"issuers:\n{text}")
        self.key = IssuerKey.new("RS256", "of-the-issuer")
        self._set = key_set([self.key])
        issuers = read_issuers(folder / "issuers.yaml")
        self._tokens = ExternalTokens(issuers, self, MemoryCredentials())

    def find(self, issuer: str, kid: str, algorithm: str) -> ExternalKey | None:
        """Return the key."""
        del issuer
        return self._set.find(kid, algorithm)

    def holds(self, issuer: str, key: ExternalKey) -> bool:
        """Tell whether it is the key."""
        del issuer
        return key in self._set

    def principal(self, name: str, **claims: object) -> Principal:
        """Return whom a token of a shape speaks for, its claims changed; raises TokenError."""
        shape = SHAPES[name]
        header = {"alg": "RS256", "kid": self.key.kid, **shape.header}
        token = taken_apart(self.key.sign(header, changed(shape.claims, claims)))
        kind = self._tokens.select(token)
        assert kind is not None
        return kind.verify(token, NOW)


@pytest.fixture
def door(tmp_path: Path) -> _Door:
    """Return the door that the page describes."""
    return _Door(tmp_path)


@pytest.mark.parametrize("name", SHAPES)
def test_entry_of_the_page_gives_its_role_when_a_token_is_as_issuers_make_it(
    door: _Door, name: str
) -> None:
    """Each example works with a token of the real shape."""
    principal = door.principal(name)

    assert f"principal://{name}/subject/{SHAPES[name].subject}" == principal.email
    assert [WORKFLOW] == [grant.resource for grant in principal.grants]


NOTHING: list[tuple[str, dict[str, object]]] = [
    ("keycloak", {"realm_access": {"roles": ["offline_access"]}}),
    ("keycloak", {"realm_access": {"roles": "workflow-invoker-not"}}),
    ("keycloak", {"realm_access": None, "realm_access.roles": ["workflow-invoker"]}),
    ("auth0", {"sub": "auth0|k3yd0fth3cl13nt@clients"}),
    ("github", {"repository": "octo/other", "sub": "repo:octo/other:environment:production"}),
    ("github", {"repository_id": "1296270"}),
    ("github", {"repository_id": 1296269}),
    ("github", {"environment": None, "sub": "repo:octo/orders:ref:refs/heads/main"}),
    ("github", {"ref": "refs/pull/17/merge", "event_name": "pull_request"}),
    ("github", {"event_name": "pull_request"}),
    ("github", {"event_name": "pull_request_target"}),
    ("github", {"ref": "refs/heads/main2"}),
    ("github", {"ref": "refs/tags/main"}),
    ("cluster", {"kubernetes.io": {"namespace": "shop", "serviceaccount": {"name": "default"}}}),
    ("cluster", {"kubernetes.io": {"namespace": "other", "serviceaccount": {"name": "orders"}}}),
    ("cluster", {"kubernetes.io": None, "kubernetes": {"io": {"namespace": "shop"}}}),
    ("google", {"sub": "117412345678901234568"}),
]


@pytest.mark.parametrize(("name", "claims"), NOTHING, ids=repr)
def test_entry_of_the_page_gives_nothing_when_the_token_is_somebody_elses(
    door: _Door, name: str, claims: dict[str, object]
) -> None:
    """Other roles, repositories, branches, events, accounts and subjects get no role."""
    assert () == door.principal(name, **claims).grants


REFUSED: list[tuple[str, dict[str, object], Refusal]] = [
    # ID and refresh tokens, and those of another client.
    ("keycloak", {"typ": "ID"}, Refusal.CLAIM),
    ("keycloak", {"typ": "Refresh"}, Refusal.CLAIM),
    ("keycloak", {"azp": "another-client"}, Refusal.CLAIM),
    ("keycloak", {"aud": "account"}, Refusal.AUDIENCE),
    ("auth0", {"aud": "k3yd0fth3cl13nt"}, Refusal.AUDIENCE),
    ("github", {"aud": "https://github.com/octo"}, Refusal.AUDIENCE),
    ("github", {"exp": NOW + 7200}, Refusal.LIFETIME),
    ("cluster", {"aud": ["https://kubernetes.default.svc.cluster.local"]}, Refusal.AUDIENCE),
    ("cluster", {"exp": NOW + 31_536_000}, Refusal.LIFETIME),
    ("google", {"aud": "32555940559.apps.googleusercontent.com"}, Refusal.AUDIENCE),
]


@pytest.mark.parametrize(("name", "claims", "refusal"), REFUSED, ids=repr)
def test_entry_of_the_page_refuses_tokens_that_are_for_something_else(
    door: _Door, name: str, claims: dict[str, object], refusal: Refusal
) -> None:
    """Tokens for other services, ID tokens, and those that last for a year are none for us."""
    with pytest.raises(TokenError) as caught:
        door.principal(name, **claims)
    assert refusal is caught.value.refusal
