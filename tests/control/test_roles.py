"""The verbs on roles, and what custom roles come to."""

from __future__ import annotations

import pytest

from ringback_server.auth.permissions import ROLES
from ringback_server.control import policies, roles
from ringback_server.control.paging import PageRequest
from ringback_server.control.roles import RoleChanges
from ringback_server.errors import InvalidArgumentError, NotFoundError
from ringback_server.model.names import ProjectName, RoleName
from ringback_server.model.resources import Binding
from ringback_server.model.roles import RoleStage
from tests.services import NOBODY, Service

PROJECT = ProjectName("local")
NAME = RoleName("local", "sender")
SEND, CREATE = "workflows.callbacks.send", "workflows.executions.create"


def test_custom_role_when_it_changes(service: Service) -> None:
    """Whoever has it has at each moment what it permits then, and nothing once it is gone."""
    caller = service.caller()
    roles.create(caller, PROJECT, "sender", RoleChanges(permissions=[SEND], stage=RoleStage.GA))
    binding = Binding(email=NOBODY, role=str(NAME), resource="")
    policies.replace(caller, PROJECT, [binding])

    def may() -> list[str]:
        return policies.test(service.caller(NOBODY), PROJECT, [SEND, CREATE])

    found = [may()]
    for changes in (
        RoleChanges(permissions=[CREATE]),
        RoleChanges(stage=RoleStage.DISABLED),
        RoleChanges(stage=RoleStage.BETA, permissions=[SEND, CREATE]),
    ):
        roles.update(caller, NAME, changes)
        found.append(may())
    roles.delete(caller, NAME)
    roles.create(caller, PROJECT, "sender", RoleChanges(permissions=[SEND]))

    assert [[SEND], [CREATE], [], [SEND, CREATE], []] == [*found, may()]


@pytest.mark.parametrize(
    ("role_id", "changes", "complaint"),
    [
        ("no", RoleChanges(), "role_id"),
        ("a-b-c", RoleChanges(), "role_id"),
        ("sender", RoleChanges(permissions=["workflows.callbacks.*"]), "no permission"),
        ("sender", RoleChanges(title="x" * 101), "100 bytes"),
        ("sender", RoleChanges(description="x" * 257), "256 bytes"),
    ],
)
def test_create_when_a_field_is_bad(
    service: Service, role_id: str, changes: RoleChanges, complaint: str
) -> None:
    """It is refused with what is wrong, and nothing is made."""
    with pytest.raises(InvalidArgumentError, match=complaint):
        roles.create(service.caller(), PROJECT, role_id, changes)
    with pytest.raises(InvalidArgumentError):
        roles.create(service.caller(), ProjectName("-"), "sender", RoleChanges())

    assert () == roles.list_(service.caller(), PROJECT, PageRequest()).items


def test_lists_when_there_are_pages(service: Service) -> None:
    """Pages of both kinds of roles have each role once, by name."""
    for role_id in ("ccc", "aaa", "bbb"):
        roles.create(service.caller(), PROJECT, role_id, RoleChanges())
    first = roles.list_(service.caller(), PROJECT, PageRequest(size=2))
    last = roles.list_(service.caller(), PROJECT, PageRequest(size=2, token=first.next_token))
    predefined, token = list[str](), ""
    while not predefined or token:
        page = roles.list_predefined(PageRequest(size=5, token=token))
        predefined += [role.name for role in page.items]
        token = page.next_token

    assert ["aaa", "bbb", "ccc"] == [r.name.split("/")[-1] for r in (*first.items, *last.items)]
    assert list(ROLES) == predefined


def test_role_when_there_is_none(service: Service) -> None:
    """It is not found, of either kind."""
    with pytest.raises(NotFoundError):
        roles.get(service.caller(), NAME)
    with pytest.raises(NotFoundError):
        roles.get_predefined("roles/none")
    assert ROLES["roles/owner"] == roles.get_predefined("roles/owner")
