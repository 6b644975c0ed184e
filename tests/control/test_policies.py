"""The verbs on policies: what may be granted where, to whom, and by whom."""

from __future__ import annotations

import pytest

from ringback_server.control import policies, roles, workflows
from ringback_server.control.caller import Caller
from ringback_server.control.policies import PolicyName
from ringback_server.control.roles import RoleChanges
from ringback_server.control.workflows import WorkflowSpec
from ringback_server.errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    PermissionDeniedError,
    StaleEtagError,
)
from ringback_server.model.names import (
    CallbackName,
    ProjectName,
    RootName,
    ServiceAccountName,
    WorkflowName,
)
from ringback_server.model.resources import Binding
from tests.replacing import replace
from tests.services import ADMIN, INVOKER, NOBODY, PARENT, VIEWER, Service

PROJECT = ProjectName("local")
W = WorkflowName("local", "us-central1", "w")
ACCOUNT = ServiceAccountName("local", VIEWER)
INVOKE = "roles/workflows.invoker"
SEND = "workflows.callbacks.send"
SET_ABOVE = "resourcemanager.projects.setIamPolicy"
SET = "workflows.workflows.setIamPolicy"


def bound(email: str, role: str = INVOKE, until: float | None = None) -> Binding:
    """Return a binding as callers send it."""
    return Binding(email=email, role=role, resource="", expire_time=until)


def may(service: Service, email: str, name: PolicyName, permission: str = SEND) -> bool:
    """Tell what an account is told that it may do."""
    return [permission] == policies.test(service.caller(email), name, [permission])


@pytest.fixture
def callback(service: Service) -> CallbackName:
    """Return an endpoint that waits."""
    return service.endpoint(service.execution("w").name)


def test_policy_when_set_on_each_kind(service: Service, callback: CallbackName) -> None:
    """What is granted counts at once there and below, and what is taken away no longer does."""
    caller = service.caller()
    for name in (PROJECT, W, callback):
        written = policies.replace(caller, name, [bound(NOBODY)])
        assert [replace(bound(NOBODY), resource=str(name))] == list(written.bindings)
        assert written == policies.get(caller, name)
        assert may(service, NOBODY, callback)
        policies.replace(caller, name, [], written.etag)
        assert not may(service, NOBODY, callback)

    assert not may(service, NOBODY, ACCOUNT, "iam.serviceAccounts.actAs")
    policies.replace(caller, ACCOUNT, [bound(NOBODY, "roles/iam.serviceAccountUser")])
    assert may(service, NOBODY, ServiceAccountName("-", VIEWER), "iam.serviceAccounts.actAs")
    assert not may(service, NOBODY, ServiceAccountName("-", ADMIN), "iam.serviceAccounts.actAs")


def test_policy_when_it_has_changed_since(service: Service) -> None:
    """A stale etag changes nothing."""
    caller = service.caller()
    read = policies.get(caller, PROJECT)
    policies.replace(caller, PROJECT, [bound(NOBODY)], read.etag)

    with pytest.raises(StaleEtagError):
        policies.replace(caller, PROJECT, [], read.etag)


def test_policy_when_a_member_is_named_twice(service: Service) -> None:
    """The binding that lasts longest holds."""
    written = policies.replace(
        service.caller(), PROJECT, [bound(NOBODY, until=2e9), bound(NOBODY), bound(NOBODY)]
    )

    assert [None] == [binding.expire_time for binding in written.bindings]


def test_policy_when_a_binding_has_expired(service: Service) -> None:
    """It grants nothing, and is still shown."""
    policies.replace(service.caller(), PROJECT, [bound(NOBODY, until=1.0)])

    assert not may(service, NOBODY, W)
    assert 1 == len(policies.get(service.caller(), PROJECT).bindings)


@pytest.mark.parametrize(
    ("binding", "complaint"),
    [
        (bound(NOBODY, "roles/none"), "no role"),
        (bound(NOBODY, "projects/other/roles/sender"), "no role"),
        (bound(NOBODY, "projects/local/roles/absent"), "no role"),
        (bound(NOBODY, "roles/workflows.viewer"), "permits nothing"),
        (bound(NOBODY, "roles/iam.serviceAccountUser"), "permits nothing"),
        (bound("absent@local.iam.gserviceaccount.com"), "does not exist"),
    ],
)
def test_policy_of_a_callback_when_a_binding_makes_no_sense(
    service: Service, callback: CallbackName, binding: Binding, complaint: str
) -> None:
    """A role that permits nothing there, or that is not there, is refused."""
    roles.create(service.caller(), ProjectName("other"), "sender", RoleChanges(permissions=[SEND]))

    with pytest.raises(InvalidArgumentError, match=complaint):
        policies.replace(service.caller(), callback, [binding])


def test_policy_when_members_are_of_elsewhere(service: Service) -> None:
    """Accounts of other projects, and people, are not looked for."""
    members = ["x@other.iam.gserviceaccount.com", "principal://idp/subject/ann"]
    written = policies.replace(service.caller(), PROJECT, [bound(one) for one in members])

    assert set(members) == {binding.email for binding in written.bindings}
    with pytest.raises(InvalidArgumentError, match="does not exist"):
        policies.replace(service.caller(), RootName(), [bound(members[0]), bound(ADMIN)])


def test_policy_when_there_is_no_such_resource(service: Service) -> None:
    """It is not found, for who may look; projects need not be made."""
    absent = ServiceAccountName("other", VIEWER)
    names = (W, absent, CallbackName("local", "us-central1", "w", "e", "c"))
    for name in names:
        with pytest.raises(NotFoundError):
            policies.get(service.caller(), name)
        with pytest.raises(PermissionDeniedError):
            policies.get(service.caller(VIEWER), name)

    assert () == policies.get(service.caller(), ProjectName("new")).bindings


def test_policy_when_the_workflow_is_made_anew(service: Service, callback: CallbackName) -> None:
    """What was granted on a workflow, or below, is gone with it."""
    caller = service.caller()
    for name in (W, callback):
        policies.replace(caller, name, [bound(NOBODY)])
    workflows.delete(caller, W)
    workflows.create(caller, PARENT, "w", WorkflowSpec(source="- done:\n    return: 1\n"))

    assert () == policies.get(caller, W).bindings
    assert not may(service, NOBODY, callback)


def test_owner_when_the_last_would_go(service: Service) -> None:
    """The last owner of everything stays; a project's, unless somebody above takes it away."""
    caller = service.caller()
    with pytest.raises(FailedPreconditionError, match="without an owner"):
        policies.replace(caller, RootName(), [bound(VIEWER)])

    policies.replace(caller, PROJECT, [bound(NOBODY, "roles/owner")])
    with pytest.raises(FailedPreconditionError, match="without an owner"):
        policies.replace(service.caller(NOBODY), PROJECT, [bound(INVOKER)])
    policies.replace(caller, PROJECT, [bound(INVOKER)])
    assert [INVOKER] == [binding.email for binding in policies.get(caller, PROJECT).bindings]


def narrowed(service: Service, *permissions: str, resource: str | None = None) -> Caller:
    """Return the administrator with a token that is good for less."""
    issued = service.issuer.access_token(ADMIN, permissions=permissions, resource=resource)
    return service.admission.admit(f"Bearer {issued.token}")


def test_policy_when_the_token_is_good_for_less(service: Service, callback: CallbackName) -> None:
    """A token sets policies only if it names that, and only of its resource and below."""
    for caller, name in (
        (narrowed(service, SEND), W),
        (narrowed(service, SEND, resource=str(callback)), callback),
        (narrowed(service, SET), PROJECT),
        (narrowed(service, SET), RootName()),
        (narrowed(service, SET), callback),
        (narrowed(service, SET, SET_ABOVE, resource=str(W)), PROJECT),
        (
            narrowed(service, SET_ABOVE, resource=str(PROJECT)),
            RootName(),
        ),
        (narrowed(service, SET, resource=f"{W}x"), W),
    ):
        with pytest.raises(PermissionDeniedError):
            policies.replace(caller, name, [bound(NOBODY)])

    policies.replace(narrowed(service, SET, resource=str(W)), W, [bound(NOBODY)])
    assert may(service, NOBODY, callback)


def test_policy_when_asked_what_a_narrow_token_may(service: Service) -> None:
    """Only what the token names is told, and only below its resource."""
    caller = narrowed(service, SEND, resource=str(W))

    assert [SEND] == policies.test(caller, W, [SEND, SET])
    assert [] == policies.test(caller, PROJECT, [SEND, SET])
    with pytest.raises(InvalidArgumentError, match="no permission"):
        policies.test(caller, W, ["workflows.*"])
    with pytest.raises(InvalidArgumentError, match="at most"):
        policies.test(caller, W, [SEND] * 101)
