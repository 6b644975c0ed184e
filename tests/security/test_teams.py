"""What one team does to another on the same server: nothing."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest

from tests.gateway.browsers import fields_of
from tests.security.attacked import Attacked
from tests.security.stage import SERVICE
from tests.security.teams import Member, Teams, teams_of
from tests.waiting import until

OWNER = "roles/owner"
#: policies, and the roles in each, that an account of another team is bound by
_FLOODED, _ROLES = 100, 100
#: seconds; without bounds it is many times as much
_SLOWER = 0.005
ACCOUNT_ADMIN = "roles/iam.serviceAccountAdmin"


@pytest.fixture
def teams(target: Attacked) -> Iterator[Teams]:
    """Return the teams of the server that is attacked."""
    with teams_of(target) as made:
        yield made


@pytest.mark.parametrize("way", ["disable", "delete"])
def test_account_when_another_team_makes_it_its_last_owner(teams: Teams, way: str) -> None:
    """It is disabled and deleted by those whose account it is all the same."""
    red, blue = teams.project("red"), teams.project("blue")
    victim, security = teams.member("red", "victim"), teams.member("red", "security")
    attacker = teams.member("blue", "attacker")
    teams.grant(red, (ACCOUNT_ADMIN, security))
    teams.grant(blue, (OWNER, attacker))
    token = victim.token()
    assert attacker.set_policy(f"projects/{blue}", [(OWNER, victim.email)]).is_success

    name = f"projects/{red}/serviceAccounts/{victim.email}"
    answer = (
        security.call("POST", f"{name}:disable", {})
        if way == "disable"
        else security.call("DELETE", name)
    )

    assert answer.is_success, answer.text
    listing = f"projects/{red}/locations/here/workflows"
    assert 401 == teams.call("GET", listing, token).status_code


def test_calls_when_another_team_binds_the_caller_to_a_thousand_things(teams: Teams) -> None:
    """What others grant an account elsewhere makes neither its calls nor its tokens slow."""
    red, blue = teams.project("red"), teams.project("blue")
    victim, attacker = teams.member("red", "victim"), teams.member("blue", "attacker")
    teams.grant(red, ("roles/workflows.viewer", victim))
    teams.grant(blue, (OWNER, attacker))
    before = _calls(victim, red)

    flood = [(role, victim.email) for role in _roles(attacker, blue)]
    for number in range(_FLOODED):
        made = attacker.call(
            "POST", f"projects/{blue}/serviceAccounts", {"accountId": f"bait-{number:04}"}
        )
        name = f"projects/{blue}/serviceAccounts/{made.json()['email']}"
        assert attacker.set_policy(name, flood).is_success

    assert _calls(victim, red) < before + _SLOWER


def test_refusal_when_another_caller_is_refused_a_thousand_things(teams: Teams) -> None:
    """The audit tells of it all the same, whatever somebody else asks for in that minute."""
    red = teams.project("red")
    noise, probe = teams.member("blue", "noise-maker"), teams.member("green", "quiet-probe")
    token = noise.token()
    for number in range(1_100):
        answer = teams.call("GET", f"projects/{red}/locations/l{number}/workflows", token)
        assert 403 == answer.status_code

    secret = f"projects/{red}/locations/here/workflows/secret"
    assert 403 == probe.call("GET", secret).status_code

    listing = f'projects/{red}/auditEntries?filter=principal%3D"{quote(probe.email)}"'
    entries = until(lambda: teams.done("GET", listing).get("auditEntries"))
    assert [secret] == [entry["resource"] for entry in entries]
    listing = f'projects/{red}/auditEntries?filter=principal%3D"{quote(noise.email)}"'
    assert "OTHERS" in {one["status"] for one in teams.done("GET", listing)["auditEntries"]}


def test_client_when_others_guess_its_secret_from_the_same_address(teams: Teams) -> None:
    """It is let in all the same, as behind a proxy everybody has one address."""
    client = teams.member("red", "client")
    secrets = f"projects/{teams.project('red')}/serviceAccounts/{client.email}/secrets"
    right = {
        "grant_type": "client_credentials",
        "client_id": client.email,
        "client_secret": str(teams.done("POST", secrets, {})["secret"]),
    }
    for _ in range(30):
        assert not teams.http.post("/token", data={**right, "client_secret": "x"}).is_success

    assert teams.http.post("/token", data=right).is_success


def test_login_when_strangers_guess_codes_from_many_addresses(
    teams: Teams, target: Attacked
) -> None:
    """Those who may approve it do so all the same."""
    account = teams.member("red", "person").email
    statuses: list[int] = []
    for number in range(31):
        here = httpx.HTTPTransport(local_address=f"127.0.1.{number + 1}")
        with httpx.Client(base_url=target.server.http, transport=here) as stranger:
            form = fields_of(stranger.get("/device"))
            for _ in range(10):
                guess = stranger.post("/device", data={**form, "user_code": "BBBB-BBBB"})
                statuses.append(guess.status_code)
    assert 429 == statuses[-1]

    begun = teams.http.post("/device_authorization", data={"client_id": "ringback-cli"}).json()
    name = f"projects/{teams.project('red')}/serviceAccounts/{account}"
    assert teams.done("POST", f"{name}:approveLogin", {"userCode": begun["user_code"]})


def test_signed_jwt_when_another_team_registers_the_key_that_signed_it(teams: Teams) -> None:
    """A key that the server keeps for one account, and publishes, is nobody else's."""
    red, blue = teams.project("red"), teams.project("blue")
    victim, attacker = teams.member("red", "victim"), teams.member("blue", "attacker")
    teams.grant(red, ("roles/workflows.viewer", victim))
    teams.grant(blue, (OWNER, attacker))

    def listed() -> int:
        now = int(time.time())
        claims = {"iss": victim.email, "sub": victim.email, "aud": SERVICE}
        payload = json.dumps({**claims, "iat": now, "exp": now + 600})
        name = f"projects/-/serviceAccounts/{victim.email}"
        token = teams.done("POST", f"{name}:signJwt", {"payload": payload})["signedJwt"]
        listing = f"projects/{red}/locations/here/workflows"
        return teams.call("GET", listing, str(token)).status_code

    assert 200 == listed()

    published = teams.http.get(f"/service_accounts/v1/metadata/x509/{victim.email}").json()
    (certificate,) = published.values()
    keys = f"projects/{blue}/serviceAccounts/{attacker.email}/keys"
    sent = {"publicKeyData": base64.b64encode(certificate.encode()).decode()}
    answer = attacker.call("POST", f"{keys}:upload", sent)

    assert 409 == answer.status_code, answer.text
    assert 200 == listed()


def test_token_when_another_team_revokes_it_in_its_own_project(teams: Teams) -> None:
    """Who may revoke tokens of a project's accounts cannot name one of another project there."""
    red, blue = teams.project("red"), teams.project("blue")
    victim, attacker = teams.member("red", "victim"), teams.member("blue", "attacker")
    teams.grant(red, ("roles/workflows.viewer", victim))
    teams.grant(blue, (OWNER, attacker))
    token = victim.token()

    name = f"projects/{blue}/serviceAccounts/{victim.email}"
    assert 404 == attacker.call("POST", f"{name}:revokeToken", {"token": token}).status_code

    listing = f"projects/{red}/locations/here/workflows"
    assert 200 == teams.call("GET", listing, token).status_code


def _roles(attacker: Member, project: str) -> list[str]:
    """Make roles that can be granted on accounts."""
    permits = {"title": "bait", "includedPermissions": ["iam.serviceAccounts.get"]}
    made = [
        attacker.call(
            "POST", f"projects/{project}/roles", {"roleId": f"bait{number}", "role": permits}
        )
        for number in range(_ROLES)
    ]
    return [str(one.json()["name"]) for one in made]


def _calls(member: Member, project: str) -> float:
    """Return how many seconds a call takes, the least of some."""
    token = member.token()
    took: list[float] = []
    for _ in range(10):
        began = time.perf_counter()
        listing = f"projects/{project}/locations/here/workflows"
        assert member.teams.call("GET", listing, token).is_success
        took.append(time.perf_counter() - began)
    return min(took)
