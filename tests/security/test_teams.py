"""What one team does to another on the same server: nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.security.attacked import Attacked
from tests.security.teams import Teams, teams_of

OWNER = "roles/owner"
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
