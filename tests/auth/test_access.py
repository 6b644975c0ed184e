"""Claim and resource and binding: all three, at every check."""

from __future__ import annotations

import pytest

from ringback_server.auth.access import under
from ringback_server.auth.permissions import PERMISSIONS, ROLES
from ringback_server.errors import PermissionDeniedError
from ringback_server.model.principals import Grant, Principal
from ringback_server.model.resources import Binding
from tests.auth.instances import ADMIN, JTI, VIEWER, Instance
from tests.replacing import replace

SEND = "workflows.callbacks.send"
WORKFLOW = "projects/local/locations/here/workflows/w"
CALLBACK = f"{WORKFLOW}/executions/e/callbacks/c"
NOBODY = "nobody@local.iam.gserviceaccount.com"


def principal(
    email: str = ADMIN, permissions: set[str] | None = None, resource: str | None = None
) -> Principal:
    """Return a caller."""
    claim = None if permissions is None else frozenset(permissions)
    return Principal(
        email=email, permissions=claim, resource=resource, token_id=JTI, expire_time=0.0
    )


def allowed(instance: Instance, caller: Principal, resource: str = CALLBACK) -> bool:
    """Tell whether the caller may send to the callback."""
    try:
        instance.access.check(caller, SEND, resource)
    except PermissionDeniedError:
        return False
    return True


def test_check_passes_when_a_binding_grants_the_permission(instance: Instance) -> None:
    """Without a claim the bindings decide."""
    assert allowed(instance, principal())
    assert not allowed(instance, principal(VIEWER))
    assert not allowed(instance, principal(NOBODY))


def test_check_fails_with_googles_words(instance: Instance) -> None:
    """The sentence names permission and resource, and not whether that exists."""
    with pytest.raises(PermissionDeniedError) as caught:
        instance.access.check(principal(VIEWER), SEND, CALLBACK)

    expected = f"Permission '{SEND}' denied on resource '{CALLBACK}' (or it may not exist)."
    assert (expected, "IAM_PERMISSION_DENIED") == (caught.value.message, caught.value.reason)


def test_check_fails_when_the_claim_leaves_the_permission_out(instance: Instance) -> None:
    """A token that names permissions has no others, and an empty list has none."""
    assert allowed(instance, principal(permissions={SEND}))
    assert not allowed(instance, principal(permissions={"workflows.callbacks.list"}))
    assert not allowed(instance, principal(permissions=set()))


def test_check_fails_when_only_the_claim_has_the_permission(instance: Instance) -> None:
    """A claim grants nothing by itself."""
    assert not allowed(instance, principal(VIEWER, permissions={SEND}))
    assert not allowed(instance, principal(permissions={"not.a.permission"}))


@pytest.mark.parametrize(
    ("root", "expected"),
    [
        (CALLBACK, True),
        (WORKFLOW, True),
        ("projects/local", True),
        ("*", True),
        (f"{WORKFLOW}2", False),
        (WORKFLOW[:-1], False),
        (f"{WORKFLOW}/", False),
        (f"{CALLBACK}/x", False),
        ("projects/loc", False),
        ("", False),
    ],
)
def test_resource_is_under_a_root_by_whole_segments(
    instance: Instance, root: str, *, expected: bool
) -> None:
    """The same rule bounds tokens and bindings."""
    instance.credentials.bindings = [
        Binding(email=ADMIN, role="roles/workflows.invoker", resource=root)
    ]

    assert expected == under(CALLBACK, root)
    assert expected == allowed(instance, principal())
    instance.credentials.bindings = [
        Binding(email=ADMIN, role="roles/workflows.invoker", resource="*")
    ]
    assert expected == allowed(instance, principal(resource=root))


def test_binding_ends_when_it_expires(instance: Instance) -> None:
    """At its very second."""
    now = instance.clock.now()
    instance.credentials.bindings = [
        Binding(email=ADMIN, role="roles/workflows.admin", resource="*", expire_time=now + 1)
    ]

    assert allowed(instance, principal())
    instance.clock.advance(1)
    assert not allowed(instance, principal())


def test_binding_ends_at_once_when_taken_away(instance: Instance) -> None:
    """Nothing about bindings is remembered."""
    assert allowed(instance, principal(permissions={SEND}))
    instance.credentials.bindings.clear()
    assert not allowed(instance, principal(permissions={SEND}))


def test_binding_grants_nothing_when_its_role_is_unknown(instance: Instance) -> None:
    """A role that this version does not know is empty."""
    instance.credentials.bindings = [Binding(email=ADMIN, role="roles/none", resource="*")]

    assert frozenset() == instance.access.granted(principal(), CALLBACK)


def test_granted_is_claim_and_binding(instance: Instance) -> None:
    """It lists what a check would pass."""
    viewer = ROLES["roles/workflows.viewer"].permissions
    assert viewer == instance.access.granted(principal(VIEWER), CALLBACK)
    one = principal(VIEWER, permissions={SEND, "workflows.callbacks.list"})
    assert {"workflows.callbacks.list"} == instance.access.granted(one, CALLBACK)
    elsewhere = principal(VIEWER, resource="projects/other")
    assert frozenset() == instance.access.granted(elsewhere, CALLBACK)


def test_permissions_belong_to_roles() -> None:
    """Every permission belongs to a role, and roles are as wide as their names say."""
    held = {name: role.permissions for name, role in ROLES.items()}
    assert held["roles/owner"] == PERMISSIONS
    assert PERMISSIONS == frozenset[str]().union(
        *(permissions for name, permissions in held.items() if name != "roles/owner")
    )
    viewer, invoker = held["roles/workflows.viewer"], held["roles/workflows.invoker"]
    editor, admin = held["roles/workflows.editor"], held["roles/workflows.admin"]
    assert SEND not in viewer
    assert SEND in invoker
    assert "workflows.workflows.get" not in invoker
    assert viewer | invoker < editor < admin
    assert {p for p in admin if p.startswith("iam.")} == {"iam.serviceAccounts.actAs"}


def test_check_passes_when_a_grant_of_the_token_gives_the_permission(instance: Instance) -> None:
    """A grant holds on its resource and below, and bindings of the same name add to it."""
    grant = Grant(role="roles/workflows.invoker", resource=WORKFLOW)
    caller = replace(principal("principal://one/subject/a"), grants=(grant,))

    assert allowed(instance, caller)
    assert not allowed(instance, caller, CALLBACK.replace("/w/", "/w2/"))
    assert not allowed(instance, replace(caller, permissions=frozenset[str]()))
    assert not allowed(instance, replace(caller, resource="projects/other"))
    assert not allowed(instance, replace(caller, grants=()))
    unknown = Grant(role="projects/local/roles/gone", resource="*")
    assert not allowed(instance, replace(caller, grants=(unknown,)))

    instance.credentials.add_binding(
        Binding(email=caller.email, role="roles/workflows.invoker", resource="projects/local")
    )

    assert allowed(instance, replace(caller, grants=()))
    assert not allowed(instance, principal("principal://one/subject/a2"))
