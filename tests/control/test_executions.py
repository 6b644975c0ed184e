"""Verbs on executions, logs and credentials."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ringback_server.auth.attenuation import Bounds
from ringback_server.control import credentials, executions, logs, workflows
from ringback_server.control.executions import ExecutionSpec
from ringback_server.control.listing import ListRequest
from ringback_server.control.workflows import WorkflowSpec
from ringback_server.errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    PermissionDeniedError,
    UnauthenticatedError,
)
from ringback_server.model.names import LocationName, ServiceAccountName, WorkflowName
from ringback_server.model.resources import Execution, ExecutionState
from tests.replacing import replace
from tests.services import INVOKER, PARENT, VIEWER, Service

ECHO = """
main:
  params: [given]
  steps:
    - say:
        call: sys.log
        args: {text: Given, severity: NOTICE}
    - show:
        call: sys.log
        args: {json: {value: "${given}"}, severity: WARNING}
    - done:
        return: ${given}
"""
SCOPE = "https://www.googleapis.com/auth/cloud-platform"


@pytest.mark.parametrize(
    ("argument", "result"),
    [("", "null"), ("null", "null"), ('{"a":[1,"ä"]}', '{"a":[1,"ä"]}'), ("9007199254740993",) * 2],
)
def test_create_with_an_argument(service: Service, argument: str, result: str) -> None:
    """The argument is JSON text; nothing is null."""
    execution = service.execution("w", ECHO, argument)

    assert result == service.ended(execution.name).result


@pytest.mark.parametrize("argument", ["{", "1 2", "NaN", "x", "[" * 500, '"' + "x" * 32_768 + '"'])
def test_create_with_a_bad_argument(service: Service, argument: str) -> None:
    """An argument that is no JSON, or too long, is refused."""
    with pytest.raises(InvalidArgumentError) as caught:
        service.execution("w", ECHO, argument)

    assert ["execution.argument"] == [violation.field for violation in caught.value.violations]


def test_create_of_an_unknown_workflow(service: Service) -> None:
    """Without a workflow there is no execution."""
    name = WorkflowName(PARENT.project, PARENT.location, "none")
    with pytest.raises(NotFoundError):
        executions.create(service.caller(), name, ExecutionSpec())


def test_cancel_twice(service: Service) -> None:
    """An execution is cancelled once; after its end that is refused."""
    execution = service.execution("w")

    assert ExecutionState.CANCELLED == executions.cancel(service.caller(), execution.name).state
    with pytest.raises(FailedPreconditionError):
        executions.cancel(service.caller(), execution.name)


def test_list_newest_first(service: Service) -> None:
    """Executions are listed newest first, page by page; basic ones lack the argument."""
    caller = service.caller()
    first = service.execution("w", ECHO)
    second = executions.create(caller, first.name.parent, ExecutionSpec(argument="1"))
    page = executions.list_(caller, first.name.parent, ListRequest(size=1), full=True)
    token = page.next_token
    rest = executions.list_(caller, first.name.parent, ListRequest(token=token), full=False)

    assert [second.name, first.name] == [found.name for found in page.items + rest.items]
    assert "1" == page.items[0].argument


def test_wait_until_the_end(service: Service) -> None:
    """A waiter hears of the end as it comes."""
    execution = service.execution("w")
    with ThreadPoolExecutor(1) as pool:
        begun = threading.Event()

        def wait() -> Execution:
            begun.set()
            return executions.wait(service.caller(), execution.name, 10.0)

        waiting = pool.submit(wait)
        assert begun.wait(2.0)
        executions.cancel(service.caller(), execution.name)

        assert ExecutionState.CANCELLED == waiting.result(2.0).state


@pytest.mark.parametrize(("timeout", "time_left"), [(0.0, None), (0.01, None), (30.0, 0.0)])
def test_wait_until_the_timeout(service: Service, timeout: float, time_left: float | None) -> None:
    """When the time is over, the waiter's or the caller's, the execution is shown as it is."""
    execution = service.execution("w")
    caller = service.caller(time_left=time_left)

    assert ExecutionState.ACTIVE == executions.wait(caller, execution.name, timeout).state


def test_wait_when_the_token_is_revoked(service: Service) -> None:
    """Who may wait no longer is sent away, and is told nothing."""
    execution, caller = service.execution("w"), service.caller()
    service.backend.store.credentials.revoke(caller.principal.token_id, 1e12)
    with pytest.raises(UnauthenticatedError) as caught:
        executions.wait(caller, execution.name, 0.01)

    assert "TOKEN_INVALID" == caught.value.reason


def test_wait_when_the_token_expires(service: Service) -> None:
    """No wait goes on for a token that is no longer valid."""
    execution, caller = service.execution("w"), service.caller()
    expired = replace(caller, principal=replace(caller.principal, expire_time=1.0))
    with pytest.raises(UnauthenticatedError) as caught:
        executions.wait(expired, execution.name, 0.01)

    assert "TOKEN_EXPIRED" == caught.value.reason


def test_wait_for_less_than_nothing(service: Service) -> None:
    """A negative timeout is refused."""
    execution = service.execution("w")
    with pytest.raises(InvalidArgumentError):
        executions.wait(service.caller(), execution.name, -1.0)


def test_logs_of_an_execution(service: Service) -> None:
    """Entries are listed oldest first, or newest first, page by page, and filtered."""
    execution = service.execution("w", ECHO, "5")
    service.ended(execution.name)
    caller = service.caller()
    scopes = (execution.name, execution.name.parent, PARENT)
    for scope in scopes:
        found = logs.list_(caller, scope, ListRequest()).items
        assert ["Given", None] == [logged.entry.text for logged in found]
    newest = logs.list_(caller, PARENT, ListRequest(size=1), order_by="timestamp  desc")
    rest = logs.list_(
        caller, PARENT, ListRequest(token=newest.next_token), order_by="timestamp  desc"
    )
    filtered = logs.list_(caller, PARENT, ListRequest(), filter_text="severity>=WARNING").items

    assert ['{"value":5}', None] == [logged.entry.json for logged in newest.items + rest.items]
    assert [str(execution.name)] == [logged.execution for logged in filtered]
    with pytest.raises(InvalidArgumentError):
        logs.list_(caller, PARENT, ListRequest(), order_by="severity")


def test_logs_for_an_invoker(service: Service) -> None:
    """Who may run a workflow may not read its logs."""
    with pytest.raises(PermissionDeniedError):
        logs.list_(service.caller(INVOKER), PARENT, ListRequest())


def test_generate_access_token_for_another(service: Service) -> None:
    """A token creator gets a token that speaks for the other account."""
    issued = credentials.generate_access_token(
        service.caller(),
        ServiceAccountName("-", VIEWER),
        scope=[SCOPE],
        bounds=Bounds(lifetime=60.0),
    )
    caller = service.admission.admit(f"Bearer {issued.token}")

    assert VIEWER == caller.principal.email
    assert abs(issued.expire_time - service.backend.clock.now() - 60) < 5


@pytest.mark.parametrize(
    ("project", "scope", "lifetime", "delegates"),
    [
        ("-", [], 60.0, []),
        ("-", [""], 60.0, []),
        ("-", [SCOPE], 0.0, []),
        ("-", [SCOPE], 3_601.0, []),
        ("-", [SCOPE], 60.0, ["projects/-/serviceAccounts/a"]),
        ("-", ["https://www.googleapis.com/auth/drive"], 60.0, []),
    ],
)
def test_generate_access_token_with_a_bad_field(
    service: Service, project: str, scope: list[str], lifetime: float, delegates: list[str]
) -> None:
    """What this server cannot do is refused."""
    with pytest.raises(InvalidArgumentError):
        credentials.generate_access_token(
            service.caller(),
            ServiceAccountName(project, VIEWER),
            scope=scope,
            bounds=Bounds(lifetime=lifetime),
            delegates=delegates,
        )


def test_generate_access_token_for_nobody(service: Service) -> None:
    """There is no token for an account that does not exist, nor for who may not ask."""
    unknown = ServiceAccountName("-", "who@local.iam.gserviceaccount.com")
    with pytest.raises(NotFoundError):
        credentials.generate_access_token(service.caller(), unknown, scope=[SCOPE])
    with pytest.raises(PermissionDeniedError):
        credentials.generate_access_token(service.caller(VIEWER), unknown, scope=[SCOPE])


def test_names_with_the_number_of_the_project(service: Service) -> None:
    """A project's number is the same project as its id, for every verb."""
    caller = service.caller()
    execution = service.execution("w")
    numbered = replace(execution.name, project=service.backend.settings.project_number)

    started = executions.create(caller, numbered.parent, ExecutionSpec())
    listed = executions.list_(caller, numbered.parent, ListRequest(), full=False)
    cancelled = executions.cancel(caller, numbered)

    assert started.name.parent == execution.name.parent
    assert [started.name, execution.name] == [found.name for found in listed.items]
    assert execution.name == cancelled.name == executions.get(caller, numbered).name


def test_names_with_the_number_when_there_are_two_projects(service: Service) -> None:
    """With workflows in several projects the number is of none of them."""
    execution = service.execution("w")
    other = LocationName("other", PARENT.location)
    workflows.create(service.caller(), other, "w", WorkflowSpec(source=ECHO))
    numbered = replace(execution.name, project=service.backend.settings.project_number)

    with pytest.raises(NotFoundError):
        executions.get(service.caller(), numbered)
