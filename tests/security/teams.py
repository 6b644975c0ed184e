"""Accounts of several teams on one server, as what each sends over HTTP."""

from __future__ import annotations

import base64
import itertools
import json
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import httpx

from ringback_server.auth.claims import CLOUD_PLATFORM
from ringback_server.auth.grants import JWT_BEARER
from tests.auth.forge import forge
from tests.security.attacked import Attacked
from tests.waiting import PATIENCE

_numbers = itertools.count()


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An account of a team, and its key."""

    teams: Teams
    email: str
    #: the content of its key file
    key: Mapping[str, str] = field(repr=False)

    def call(self, method: str, resource: str, document: object = None) -> httpx.Response:
        """Call a REST method with a new token, good for what the account may do now."""
        return self.teams.call(method, resource, self.token(), document)

    def token(self) -> str:
        """Exchange an assertion for an access token."""
        answer = self.teams.http.post("/token", data=self.grant())
        assert answer.is_success, answer.text
        return str(answer.json()["access_token"])

    def grant(self) -> dict[str, str]:
        """Return the form that exchanges an assertion."""
        now = int(time.time())
        header = {"typ": "JWT", "alg": "ES256", "kid": self.key["private_key_id"]}
        claims = {"iss": self.email, "aud": self.key["token_uri"], "scope": CLOUD_PLATFORM}
        signed = forge(header, {**claims, "iat": now, "exp": now + 300}, self.key["private_key"])
        return {"grant_type": JWT_BEARER, "assertion": signed}

    def set_policy(self, resource: str, members: Sequence[tuple[str, str]]) -> httpx.Response:
        """Replace the policy of a resource by (role, address) pairs."""
        return self.call("POST", f"{resource}:setIamPolicy", _policy(members))


@dataclass(frozen=True, slots=True, kw_only=True)
class Teams:
    """A server, and its administrator who gives each team what it asks for."""

    http: httpx.Client
    admin: str = field(repr=False)
    #: differs from test to test, so that none finds what another left behind
    number: int = field(default_factory=lambda: next(_numbers))

    def project(self, team: str) -> str:
        """Return the id of a team's project."""
        return f"{team}-{self.number}"

    def call(
        self, method: str, resource: str, token: str, document: object = None
    ) -> httpx.Response:
        """Call a REST method with a token."""
        headers = {"Authorization": f"Bearer {token}"}
        return self.http.request(method, f"/v1/{resource}", headers=headers, json=document)

    def done(self, method: str, resource: str, document: object = None) -> dict[str, Any]:
        """Call a REST method as the administrator, which must succeed."""
        answer = self.call(method, resource, self.admin, document)
        assert answer.is_success, answer.text
        return cast("dict[str, Any]", answer.json())

    def grant(self, project: str, *members: tuple[str, Member]) -> None:
        """Set the policy of a project to (role, member) pairs, as the administrator."""
        pairs = [(role, member.email) for role, member in members]
        self.done("POST", f"projects/{project}:setIamPolicy", _policy(pairs))

    def member(self, team: str, name: str) -> Member:
        """Make an account of a team with a key, so that it can log in."""
        accounts = f"projects/{self.project(team)}/serviceAccounts"
        email = str(self.done("POST", accounts, {"accountId": name})["email"])
        made = self.done("POST", f"{accounts}/{email}/keys", {"keyAlgorithm": "KEY_ALG_EC_P256"})
        file = json.loads(base64.b64decode(made["privateKeyData"]))
        return Member(teams=self, email=email, key=file)


@contextmanager
def teams_of(target: Attacked) -> Generator[Teams]:
    """Yield the teams of a server."""
    with httpx.Client(base_url=target.server.http, timeout=PATIENCE) as http:
        yield Teams(http=http, admin=target.token)


def _policy(members: Sequence[tuple[str, str]]) -> dict[str, object]:
    bindings = [{"role": role, "members": [f"serviceAccount:{email}"]} for role, email in members]
    return {"policy": {"bindings": bindings}}
